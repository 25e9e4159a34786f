"""What an answer means for whoever connects the gateway: in plain words, with what to do."""

import enum
import re
from dataclasses import dataclass, field
from http import HTTPStatus

from gateway.contract.bodies import LISTS, Parts, Unreadable, take_apart
from gateway.contract.calls import Reply
from gateway.contract.connection import timed_out, unreachable
from resolvers.payex.api.faults import ROUTE_ABSENT_ADVICE, Fault, FaultCode
from resolvers.payex.api.problems import Problem, expected, parse_problem
from resolvers.payex.api.routes import Route


class CallOutcome(enum.StrEnum):
    """How one route answered."""

    ANSWERED = "answered"
    PROBLEM = "told a problem"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    UNREACHABLE = "not reachable"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What came of one call.

    Attributes:
        outcome: how the route answered.
        status: the HTTP status, or None when none arrived.
        media_type: that of a body, where it looks like one.
        words: what happened; empty where all went well.
        advice: what to do; empty where there is nothing to do.
        tls: the state of TLS, where the call tells it.
        problem: the problem that PayEx told.
        parts: the body of an answer or of a problem.
    """

    outcome: CallOutcome
    status: int | None = None
    media_type: str = ""
    words: str = ""
    advice: str = ""
    tls: str = ""
    problem: Problem | None = field(default=None, repr=False)
    parts: Parts | None = field(default=None, repr=False)


_NGINX = (
    "Some servers say like this that a client certificate is missing or not accepted: see "
    "docs/connect.md."
)
_STRANGER = (
    "Something that stands before PayEx may have answered, or another host: look at "
    "GATEWAY_UPSTREAM_ORIGIN."
)
_UNWRAPPED = (
    "PayEx documents an object, with lists wrapped in `items`: the gateway cannot read this. Ask "
    "PayEx what the route answers."
)
_MEANINGS = {
    401: (
        CallOutcome.REFUSED,
        "PayEx refused the token (401): it is expired, invalid, or of another ledger.",
        (
            "Give the ledger that --owner names its own token: production and test system have "
            "different ones, and each opens one ledger. See docs/connect.md; ask PayEx for a "
            "new one if it expired."
        ),
    ),
    403: (
        CallOutcome.REFUSED,
        "PayEx refused access (403).",
        (
            "The client certificate may belong to another tenant, or the network before PayEx may "
            "not know this machine: ask PayEx, with the time of the call."
        ),
    ),
    429: (CallOutcome.FAILED, "PayEx asks to slow down (429).", "Check again later."),
    501: (
        CallOutcome.ABSENT,
        "PayEx has not configured this (501).",
        (
            "If every route says so, ask PayEx to set the ledger up for usage. If only some do, "
            "PayEx does not offer them."
        ),
    ),
}
_ABSENCES = {404, 405, 410}
_CLIENT_ERROR = 4
_MEDIA_TYPE = re.compile(r"(application|text)/[a-z+.-]{1,40}")


def diagnose(answer: Reply | Fault, route: Route) -> Diagnosis:
    """Return what an answer means."""
    if isinstance(answer, Fault):
        return _of_fault(answer)
    if answer.status == HTTPStatus.OK:
        return _of_body(answer, route)
    problem = parse_problem(answer.status, answer.body)
    told = problem if problem is not None and problem.is_own else None
    outcome, words, advice = _of_status(answer.status, is_problem=told is not None)
    if told is None or outcome is not CallOutcome.PROBLEM:
        return Diagnosis(outcome=outcome, status=answer.status, words=words, advice=advice)
    return Diagnosis(
        outcome=outcome,
        status=answer.status,
        media_type=_media_type(answer),
        problem=expected(told, route),
        parts=take_apart(answer.body, is_list=False),
    )


def not_asked(why: str) -> Diagnosis:
    """Return the diagnosis of a route that was left out."""
    return Diagnosis(outcome=CallOutcome.NOT_ASKED, words=why)


def _of_status(status: int, *, is_problem: bool) -> tuple[CallOutcome, str, str]:
    if status in _MEANINGS:
        return _MEANINGS[status]
    if status in _ABSENCES and not is_problem:
        words = f"PayEx has no such route: {status}, without a problem of its own."
        return CallOutcome.ABSENT, words, ROUTE_ABSENT_ADVICE
    if is_problem and status // 100 == _CLIENT_ERROR:
        return CallOutcome.PROBLEM, "", ""
    if status == HTTPStatus.BAD_REQUEST:
        return (
            CallOutcome.REFUSED,
            "The call was refused (400), without a problem of PayEx.",
            _NGINX,
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return CallOutcome.FAILED, f"PayEx failed ({status}).", "Check again later; else ask PayEx."
    return CallOutcome.FAILED, f"The answer has the HTTP status {status}.", _STRANGER


def _of_body(answer: Reply, route: Route) -> Diagnosis:
    try:
        parts = take_apart(answer.body, is_list=route.kind in LISTS)
    except Unreadable as what:
        return Diagnosis(
            outcome=CallOutcome.UNREADABLE,
            status=answer.status,
            words=f"The answer is {what}.",
            advice=_UNWRAPPED if str(what).startswith("JSON") else _STRANGER,
        )
    return Diagnosis(
        outcome=CallOutcome.ANSWERED,
        status=answer.status,
        media_type=_media_type(answer),
        parts=parts,
    )


def _media_type(answer: Reply) -> str:
    media_type = answer.content_type.partition(";")[0].strip().casefold()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else ""


def _of_fault(fault: Fault) -> Diagnosis:
    match fault.code:
        case FaultCode.UPSTREAM_UNREACHABLE:
            outcome, connection = CallOutcome.UNREACHABLE, unreachable(fault)
        case FaultCode.UPSTREAM_TIMEOUT:
            outcome, connection = CallOutcome.TIMED_OUT, timed_out(fault)
        case _:
            limits = "".join(f" {name} is {value:g}." for name, value in fault.limit.items())
            words = f"{fault}{limits}"
            return Diagnosis(outcome=CallOutcome.UNREADABLE, words=words, advice=_STRANGER)
    return Diagnosis(
        outcome=outcome, words=connection.words, advice=connection.advice, tls=connection.tls
    )
