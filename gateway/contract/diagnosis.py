"""The diagnosis of an answer: what it means, in plain words, and what to do."""

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
    PROBLEM = "problem"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    NOT_ASKED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The meaning of one answer.

    Attributes:
        outcome: how the route answered.
        status: the HTTP status, or None if there was no answer.
        media_type: that of the body, if it has the form of one.
        words: what happened; empty if all went well.
        advice: what to do; empty if there is nothing to do.
        tls: the state of TLS, if the call shows it.
        problem: the problem that PayEx reported.
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
    "Check the client certificate: some servers answer 400 if it is missing or not accepted. See "
    "docs/connect.md."
)
_STRANGER = (
    "Something in front of PayEx may have answered, or another host: check GATEWAY_UPSTREAM_ORIGIN."
)
_UNWRAPPED = (
    "The gateway cannot read this: PayEx documents an object, with lists wrapped in `items`. Ask "
    "PayEx what the route answers."
)
_MEANINGS = {
    401: (
        CallOutcome.REFUSED,
        "PayEx refused the token (401): it has expired, is invalid, or is for another ledger.",
        (
            "Configure the token of the ledger of --owner: each token opens one ledger, and the "
            "production and test systems have different ones. See docs/connect.md. If the token "
            "has expired, ask PayEx for a new one."
        ),
    ),
    403: (
        CallOutcome.REFUSED,
        "PayEx refused access (403).",
        (
            "The client certificate may belong to another tenant, or PayEx may not know this "
            "machine's network: ask PayEx, with the time of the call."
        ),
    ),
    429: (CallOutcome.FAILED, "PayEx asks to slow down (429).", "Check again later."),
    501: (
        CallOutcome.ABSENT,
        "PayEx has not configured this (501).",
        (
            "If every route answers so, ask PayEx to configure the ledger for usage. If only some "
            "do, PayEx does not offer them."
        ),
    ),
}
_ABSENCES = {404, 405, 410}
_CLIENT_ERROR = 4
_MEDIA_TYPE = re.compile(r"(application|text)/[a-z+.-]{1,40}")


def diagnose(answer: Reply | Fault, route: Route) -> Diagnosis:
    """Return the diagnosis of an answer."""
    if isinstance(answer, Fault):
        return _of_fault(answer)
    if answer.status == HTTPStatus.OK:
        return _of_body(answer, route)
    problem = parse_problem(answer.status, answer.body)
    own = problem if problem is not None and problem.is_own else None
    outcome, words, advice = _of_status(answer.status, is_problem=own is not None)
    if own is None or outcome is not CallOutcome.PROBLEM:
        return Diagnosis(outcome=outcome, status=answer.status, words=words, advice=advice)
    return Diagnosis(
        outcome=outcome,
        status=answer.status,
        media_type=_media_type(answer),
        problem=expected(own, route),
        parts=take_apart(answer.body, is_list=False),
    )


def not_asked(why: str) -> Diagnosis:
    """Return the diagnosis of a route that was not requested."""
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
            "The call was refused (400), without a problem of PayEx's.",
            _NGINX,
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        words = f"PayEx failed ({status})."
        return CallOutcome.FAILED, words, "Check again later. If it fails again, ask PayEx."
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
