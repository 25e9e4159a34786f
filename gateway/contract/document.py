"""The report as JSON, for programs."""

from typing import Any

import msgspec

from gateway.contract import wording
from gateway.contract.examination import Examination, Examined, Section
from gateway.contract.field_maps import as_toml
from gateway.contract.findings import Finding
from gateway.contract.wording import Surroundings
from resolvers.payex.api.routes import Billing


def as_json(examination: Examination, seen: Surroundings) -> str:
    """Return the report. docs/connect.md describes `--json`."""
    document = {
        "upstream": seen.origin or "sandbox",
        "tls": wording.tls_words(examination, seen),
        "token": wording.token_words(examination),
        "routes": [_route(one) for one in examination.examined if one.visit.probe is None],
        "problems": [_problem(one) for one in examination.examined if one.visit.probe],
        "fieldMap": {
            name: {**suggestion.kept, **suggestion.guesses}
            for name, suggestion in examination.suggestions.items()
        },
        "fieldMapToml": as_toml(examination.suggestions, examination.merged),
        "result": wording.result_words(examination),
        "status": examination.status.value,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _route(one: Examined) -> dict[str, Any]:
    documented = one.visit.route.holder.billing is Billing.BILLED
    return {
        "route": one.visit.route.template,
        "mark": "documented" if documented else "assumed",
        **_answer(one),
        "problem": wording.problem_words(one) or None,
        "members": _members(one),
    }


def _problem(one: Examined) -> dict[str, Any]:
    return {
        "route": one.visit.route.template,
        "asked": wording.probe_words(one),
        **_answer(one),
        "expected": wording.expected_words(one),
        "problem": wording.problem_words(one) or None,
        "members": _members(one),
    }


def _answer(one: Examined) -> dict[str, Any]:
    diagnosis = one.visit.diagnosis
    return {
        "answer": wording.outcome_words(one),
        "differs": one.differs,
        "httpStatus": diagnosis.status,
        "mediaType": diagnosis.media_type or None,
        "words": diagnosis.words or None,
        "advice": wording.advice(one) or None,
    }


def _members(one: Examined) -> list[dict[str, Any]]:
    return [_member(found, section) for section in one.sections for found in section.findings]


def _member(found: Finding, section: Section) -> dict[str, Any]:
    return {
        "member": wording.place(found, section),
        "field": found.field or None,
        "mark": found.mark,
        "standing": found.standing,
        "differs": found.differs,
        "expected": found.expects or None,
        "types": found.types,
        "otherType": found.unfit,
        "amiss": found.amiss,
        "filled": found.filled,
        "absent": found.absent,
        "of": found.of,
    }
