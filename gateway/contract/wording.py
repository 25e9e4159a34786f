"""The wording of results, shared by the text and the JSON report."""

from dataclasses import dataclass
from typing import assert_never

from gateway.contract.diagnosis import CallOutcome
from gateway.contract.examination import Examination, Examined, Section, Status
from gateway.contract.findings import Finding, Standing
from gateway.contract.names import shown_code, shown_name
from gateway.contract.walk import Probe
from resolvers.payex.api.problems import ProblemType
from resolvers.payex.api.routes import Billing, Kind


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The system that was checked, and the client certificate.

    Attributes:
        origin: PayEx's origin; None for the embedded sandbox.
        subdomain: the segment after `/billing`.
        certificate: the state of the client certificate, in words.
    """

    origin: str | None
    subdomain: str
    certificate: str


_UNAUTHORIZED = 401
_PROBLEM = "application/problem+json"


def place(found: Finding, section: Section) -> str:
    """Return the place of a member in its body: `navigation.next`, `items[].amount`."""
    prefix = {"items": "items[].", "navigation": "navigation."}.get(section.title, "")
    return prefix + shown_name(found.name)


def type_of(found: Finding) -> str:
    """Return the type of a member's values in a word or two; null if all of them are null."""
    types = [name for name in found.types if name != "null"]
    if found.standing is Standing.FOUND and types == ["text"] and found.expects in _KINDS_OF_TEXT:
        return _KINDS_OF_TEXT[found.expects]
    return " or ".join(sorted(types)) or "null"


_KINDS_OF_TEXT = {"date-time": "date-time", "date": "date", "link within the ledger": "link"}


def share(found: Finding) -> str:
    """Return in how many objects a member has a value; empty if all of them have one."""
    return "" if found.filled == found.of else f" in {found.filled} of {found.of}"


def describe(found: Finding) -> str:
    """Return how a member compares with what is expected, as a phrase."""
    expected = f"expected: {found.expects}, {found.mark}"
    match found.standing:
        case Standing.MISSING:
            everywhere = "" if found.of == 1 else f" in all {found.of}"
            return f"missing{everywhere} ({expected})"
        case Standing.OTHER_TYPE:
            words = ", ".join(found.amiss)
            if found.of > 1:
                counts = (f"{words} in {count}" for words, count in found.amiss.items())
                words = f"{', '.join(counts)} of {found.of}"
            return f"{words} ({expected})"
        case Standing.UNMAPPED | Standing.FOUND:
            return type_of(found) + share(found)
        case _:
            assert_never(found.standing)


def probe_words(one: Examined) -> str:
    """Return what the probe requested."""
    billed = one.visit.route.holder.billing is Billing.BILLED
    holder = "invoice" if billed else "customer"
    match one.visit.probe:
        case Probe.IMPOSSIBLE_SUBSCRIPTION:
            return f"no such subscription ({holder})"
        case Probe.MALFORMED_HOLDER:
            return f"malformed {holder} number"
        case _:
            return f"no such {holder}"


def problem_words(one: Examined) -> str:
    """Return the type of the reported problem, and the parameters that it names."""
    problem = one.visit.diagnosis.problem
    if problem is None:
        return ""
    code = shown_code(problem.type)
    if problem.kind is ProblemType.UNRECOGNIZED:
        documented = {kind.value[0] for kind in ProblemType}
        code += " with another status or route" if code in documented else ", not documented"
    blamed = ", ".join(map(shown_name, problem.parameters))
    media_type = one.visit.diagnosis.media_type
    sent = f", sent as {media_type}" if media_type not in {"", _PROBLEM} else ""
    return f"{code} ({problem.status})" + (f", names {blamed}" if blamed else "") + sent


def expected_words(one: Examined) -> str:
    """Return the problems of which one was expected."""
    kinds = (kind.value for kind in one.visit.expected_problems)
    return " or ".join(f"{code} ({status})" for code, status in kinds)


def outcome_words(one: Examined) -> str:
    """Return how a route answered, in a word or two."""
    outcome = one.visit.diagnosis.outcome
    if one.differs and outcome in {CallOutcome.ANSWERED, CallOutcome.PROBLEM}:
        return "differs"
    if outcome is CallOutcome.ANSWERED or one.has_expected_problem:
        return "as expected"
    return outcome.value


def advice(one: Examined) -> str:
    """Return what to do about a route's answer; empty if there is nothing to do."""
    diagnosis = one.visit.diagnosis
    unbilled = one.visit.route.holder.billing is Billing.UNBILLED
    if diagnosis.outcome is CallOutcome.ABSENT and unbilled:
        return f"PayEx does not document the routes below customers. {diagnosis.advice}"
    if one.is_unknown_number:
        option = "--customer" if unbilled else "--invoice"
        if one.visit.route.kind is not Kind.HOLDER:
            option = "--subscription"
        return f"Give {option} a number that has usage at PayEx now."
    return diagnosis.advice


def result_words(examination: Examination) -> str:
    """Return the result of the check as a sentence."""
    findings = [found for one in examination.examined for found in one.findings]
    unmapped = any(found.standing is Standing.UNMAPPED for found in findings)
    match examination.status:
        case Status.EXPECTED:
            text = "Everything is as expected"
            return text + (", except for unmapped members." if unmapped else ".")
        case Status.DIFFERS:
            return "PayEx differs from what is documented or assumed."
        case Status.NO_USAGE:
            return "Not everything could be compared: give numbers that have usage at PayEx now."
        case Status.NOT_ASKED:
            return "The check could not be completed."
        case _:
            assert_never(examination.status)


def token_words(examination: Examination) -> str:
    """Return the state of the ledger's token."""
    if any(one.visit.diagnosis.status == _UNAUTHORIZED for one in examination.examined):
        return "refused"
    return "accepted" if examination.opened else "unknown: no route got far enough"


def tls_words(examination: Examination, seen: Surroundings) -> str:
    """Return the state of TLS."""
    if seen.origin is None:
        return "not used: the sandbox runs in this process"
    if not seen.origin.startswith("https:"):
        return "not used: plain http on this machine"
    diagnoses = [one.visit.diagnosis for one in examination.examined]
    if any(found.status is not None for found in diagnoses):
        return f"established. Client certificate: {seen.certificate}"
    failed = next((found.tls for found in diagnoses if found.tls), "unknown")
    return f"{failed.rstrip('.')}. Client certificate: {seen.certificate}"
