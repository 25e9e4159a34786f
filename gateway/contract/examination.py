"""The results of the check, and the exit status that follows from them."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.contract.bodies import LISTS, Object
from gateway.contract.diagnosis import CallOutcome
from gateway.contract.findings import Finding, Standing, compare
from gateway.contract.shapes import PROBLEM, BodyShape, Shapes
from gateway.contract.suggestions import Suggestion, suggest
from gateway.contract.walk import Visit
from resolvers.payex.api.problems import ProblemType
from resolvers.payex.api.routes import Billing, Kind


class Status(enum.IntEnum):
    """The exit status."""

    EXPECTED = 0
    DIFFERS = 1
    NO_USAGE = 2
    NOT_ASKED = 3


@dataclass(frozen=True, slots=True)
class Section:
    """The comparison of one part of a body: the whole (no title), `navigation` or `items`."""

    title: str
    findings: Sequence[Finding]
    of: int


@dataclass(frozen=True, slots=True)
class Examined:
    """One visit, and the comparison of its body."""

    visit: Visit
    sections: Sequence[Section]

    @property
    def findings(self) -> list[Finding]:
        """The findings of all sections."""
        return [found for section in self.sections for found in section.findings]

    @property
    def has_expected_problem(self) -> bool:
        """Whether PayEx refused an impossible number with a documented problem."""
        problem = self.visit.diagnosis.problem
        return problem is not None and problem.kind in self.visit.expected_problems

    @property
    def is_unknown_number(self) -> bool:
        """Whether PayEx does not know a number of the command line."""
        problem = self.visit.diagnosis.problem
        return (
            self.visit.probe is None
            and problem is not None
            and problem.kind is not ProblemType.UNRECOGNIZED
        )

    @property
    def differs(self) -> bool:
        """Whether PayEx differs from what is documented or assumed."""
        if any(found.differs for found in self.findings):
            return True
        match self.visit.diagnosis.outcome:
            case CallOutcome.ABSENT | CallOutcome.UNREADABLE:
                return True
            case CallOutcome.ANSWERED:
                return self.visit.probe is not None
            case CallOutcome.PROBLEM:
                return not (self.has_expected_problem or self.is_unknown_number)
            case _:
                return False

    @property
    def failed(self) -> bool:
        """Whether PayEx could not be reached, failed, or refused the request."""
        return self.visit.diagnosis.outcome in {
            CallOutcome.REFUSED,
            CallOutcome.FAILED,
            CallOutcome.TIMED_OUT,
            CallOutcome.UNREACHABLE,
        }


@dataclass(frozen=True, slots=True)
class Examination:
    """The whole check.

    Attributes:
        examined: each visit with its comparison.
        merged: the comparisons of usage records and of summaries, by `usage_details` and
            `usage_summaries`. Billed and unbilled usage are compared together, because they share a
            field map.
        suggestions: field maps for those of them in which a field lacks its member.
    """

    examined: Sequence[Examined]
    merged: Mapping[str, Sequence[Finding]]
    suggestions: Mapping[str, Suggestion]

    @property
    def compared_usage(self) -> bool:
        """Whether there was a usage record to compare."""
        return bool(self.merged["usage_details"])

    @property
    def status(self) -> Status:
        """The exit status. A difference takes precedence over a failure."""
        if any(one.differs for one in self.examined) and not self.is_without_ledger:
            return Status.DIFFERS
        if any(one.failed for one in self.examined) or self.is_without_ledger:
            return Status.NOT_ASKED
        if any(one.is_unknown_number for one in self.examined) or not self.compared_usage:
            return Status.NO_USAGE
        return Status.EXPECTED

    @property
    def is_without_ledger(self) -> bool:
        """Whether PayEx answers on every route that the ledger is not configured (501)."""
        diagnoses = [one.visit.diagnosis for one in self.examined]
        asked = [found for found in diagnoses if found.outcome is not CallOutcome.NOT_ASKED]
        return all(found.status == _NOT_CONFIGURED for found in asked)

    @property
    def opened(self) -> bool:
        """Whether PayEx accepted the token: it answered, or reported a problem of its own."""
        return any(
            one.visit.diagnosis.outcome in {CallOutcome.ANSWERED, CallOutcome.PROBLEM}
            for one in self.examined
        )


_NOT_CONFIGURED = 501
_MAPS = {"usage_details": Kind.DETAILS, "usage_summaries": Kind.SUMMARIES}


def examine(
    visits: Sequence[Visit], shapes: Shapes, field_map: Mapping[str, Mapping[str, str]]
) -> Examination:
    """Compare the answers with what was expected."""
    merged: dict[str, list[Finding]] = {}
    suggestions: dict[str, Suggestion] = {}
    usage = {"usage_details": shapes.details, "usage_summaries": shapes.summaries}
    for name, shape in usage.items():
        objects = [
            item
            for visit in visits
            if visit.route.kind is _MAPS[name] and visit.diagnosis.parts
            for item in visit.diagnosis.parts.items
        ]
        merged[name] = compare(shape, objects)
        suggestion = suggest(shape, merged[name], objects, field_map[name])
        if suggestion.guesses or any(suggestion.open.values()):
            suggestions[name] = suggestion
    return Examination([_examine(visit, shapes) for visit in visits], merged, suggestions)


def apart(examination: Examination) -> list[str]:
    """Return the fields that only one of billed and unbilled usage has."""
    missing: dict[tuple[Kind, Billing], set[str]] = {}
    for one in examination.examined:
        route = one.visit.route
        fields = [found for found in one.findings if found.field]
        if fields:
            missing[route.kind, route.holder.billing] = {
                found.field for found in fields if found.standing is Standing.MISSING
            }
    return [
        f"{kind.value}.{field}"
        for kind in _MAPS.values()
        if len(sides := [missing[key] for key in missing if key[0] is kind]) > 1
        for field in sorted(sides[0] ^ sides[1])
    ]


def _examine(visit: Visit, shapes: Shapes) -> Examined:
    parts, holder, kind = visit.diagnosis.parts, visit.route.holder, visit.route.kind
    if parts is not None and visit.diagnosis.problem is not None:
        return Examined(visit, [_section("", PROBLEM, [_in_documented_casing(parts.whole)])])
    if parts is None or visit.probe is not None:
        return Examined(visit, [])
    whole = _section("", shapes.whole(holder, kind), [parts.whole])
    if kind not in LISTS:
        return Examined(visit, [whole])
    return Examined(
        visit,
        [
            whole,
            _section("navigation", shapes.navigation(visit.route), parts.navigation),
            _section("items", shapes.element(holder, kind), parts.items),
        ],
    )


def _section(title: str, shape: BodyShape, objects: Sequence[Object]) -> Section:
    return Section(title, compare(shape, objects), len(objects))


def _in_documented_casing(problem: Object) -> Object:
    known = {member.name.casefold(): member.name for member in PROBLEM.members}
    return {known.get(name.casefold(), name): value for name, value in problem.items()}
