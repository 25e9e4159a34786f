"""Faults: what keeps PayEx from answering. A problem (see `problems`) is an answer."""

import enum
from collections.abc import Mapping
from typing import Final


class FaultCode(enum.StrEnum):
    """The stable code of a fault, which clients read in `extensions.code`."""

    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    LEDGER_NOT_CONFIGURED = "LEDGER_NOT_CONFIGURED"
    OPERATION_BYTES_LIMIT = "OPERATION_BYTES_LIMIT"
    PROCESS_BYTES_LIMIT = "PROCESS_BYTES_LIMIT"
    UPSTREAM_BODY_TOO_LARGE = "UPSTREAM_BODY_TOO_LARGE"
    UPSTREAM_BREAKER_OPEN = "UPSTREAM_BREAKER_OPEN"
    UPSTREAM_ERROR = "UPSTREAM_ERROR"
    UPSTREAM_FORBIDDEN = "UPSTREAM_FORBIDDEN"
    UPSTREAM_LEDGER_NOT_CONFIGURED = "UPSTREAM_LEDGER_NOT_CONFIGURED"
    UPSTREAM_LINK_REFUSED = "UPSTREAM_LINK_REFUSED"
    UPSTREAM_MALFORMED = "UPSTREAM_MALFORMED"
    UPSTREAM_OVERLOADED = "UPSTREAM_OVERLOADED"
    UPSTREAM_QUEUE_TIMEOUT = "UPSTREAM_QUEUE_TIMEOUT"
    UPSTREAM_RATE_LIMITED = "UPSTREAM_RATE_LIMITED"
    UPSTREAM_ROUTE_ABSENT = "UPSTREAM_ROUTE_ABSENT"
    UPSTREAM_TIMEOUT = "UPSTREAM_TIMEOUT"
    UPSTREAM_TOO_MANY_CALLS = "UPSTREAM_TOO_MANY_CALLS"
    UPSTREAM_TOO_MANY_PAGES = "UPSTREAM_TOO_MANY_PAGES"
    UPSTREAM_UNAUTHENTICATED = "UPSTREAM_UNAUTHENTICATED"
    UPSTREAM_UNAVAILABLE = "UPSTREAM_UNAVAILABLE"
    UPSTREAM_UNREACHABLE = "UPSTREAM_UNREACHABLE"


MESSAGES = {
    FaultCode.DEADLINE_EXCEEDED: "The operation's time is up.",
    FaultCode.LEDGER_NOT_CONFIGURED: "The gateway has no credentials for this ledger (ownerNo).",
    FaultCode.OPERATION_BYTES_LIMIT: (
        "PayEx's answers would take more memory than one operation may. Ask for less at a time."
    ),
    FaultCode.PROCESS_BYTES_LIMIT: (
        "PayEx's answers would take more memory than other operations leave free. Try again later, "
        "or ask for less at a time."
    ),
    FaultCode.UPSTREAM_BODY_TOO_LARGE: "PayEx answered with a body larger than the limit.",
    FaultCode.UPSTREAM_BREAKER_OPEN: "PayEx has failed too often; the gateway lets it rest.",
    FaultCode.UPSTREAM_ERROR: "PayEx failed to answer.",
    FaultCode.UPSTREAM_FORBIDDEN: "PayEx refused the gateway's access.",
    FaultCode.UPSTREAM_LEDGER_NOT_CONFIGURED: "The ledger is not configured at PayEx.",
    FaultCode.UPSTREAM_LINK_REFUSED: (
        "PayEx gave a link that cannot be followed: it is none, or leads out of the ledger or to "
        "another route."
    ),
    FaultCode.UPSTREAM_MALFORMED: "PayEx answered with a body that cannot be read.",
    FaultCode.UPSTREAM_OVERLOADED: "The gateway has too many calls to PayEx under way.",
    FaultCode.UPSTREAM_QUEUE_TIMEOUT: (
        "The gateway was too busy to ask PayEx in time. Try again later, or ask for less at a time."
    ),
    FaultCode.UPSTREAM_RATE_LIMITED: "PayEx asks the gateway to slow down.",
    FaultCode.UPSTREAM_ROUTE_ABSENT: "PayEx does not offer this.",
    FaultCode.UPSTREAM_TIMEOUT: "PayEx did not answer in time.",
    FaultCode.UPSTREAM_TOO_MANY_CALLS: "The operation needs more calls to PayEx than the limit.",
    FaultCode.UPSTREAM_TOO_MANY_PAGES: "PayEx spread the list over more pages than the limit.",
    FaultCode.UPSTREAM_UNAUTHENTICATED: "PayEx refused the gateway's credentials for the ledger.",
    FaultCode.UPSTREAM_UNAVAILABLE: "PayEx is not available at the moment.",
    FaultCode.UPSTREAM_UNREACHABLE: "PayEx cannot be reached.",
}

ROUTE_ABSENT_ADVICE: Final = (
    "If every route is absent, look at GATEWAY_UPSTREAM_ORIGIN and GATEWAY_UPSTREAM_SUBDOMAIN. If "
    "only some are, PayEx does not offer them: leave their fields out of queries, and ask PayEx."
)
"""What to look at where a route is absent: in the log, and in the report of the check."""

# These say something of one answer only. Any other fault would meet the next call as well.
_OF_ONE_ANSWER = frozenset(
    {
        FaultCode.UPSTREAM_BODY_TOO_LARGE,
        FaultCode.UPSTREAM_ERROR,
        FaultCode.UPSTREAM_LINK_REFUSED,
        FaultCode.UPSTREAM_MALFORMED,
        FaultCode.UPSTREAM_ROUTE_ABSENT,
        FaultCode.UPSTREAM_TOO_MANY_PAGES,
    }
)


# With these the gateway itself ends the matter: nothing is to be found out at PayEx.
_OF_THE_GATEWAY = frozenset(
    {
        FaultCode.DEADLINE_EXCEEDED,
        FaultCode.LEDGER_NOT_CONFIGURED,
        FaultCode.OPERATION_BYTES_LIMIT,
        FaultCode.PROCESS_BYTES_LIMIT,
        FaultCode.UPSTREAM_BREAKER_OPEN,
        FaultCode.UPSTREAM_OVERLOADED,
        FaultCode.UPSTREAM_QUEUE_TIMEOUT,
        FaultCode.UPSTREAM_TOO_MANY_CALLS,
    }
)


def counts_against_payex(code: FaultCode) -> bool:
    """Whether a call's fault is PayEx's, rather than one of the gateway's own bounds."""
    return code not in _OF_THE_GATEWAY


class Fault(Exception):  # noqa: N818 - PayEx's errors are problems; this is the other lane
    """PayEx could not be asked, or its answer cannot be used.

    Args:
        code: what happened.
        limit: the bound that was exceeded, if any, by the name of its setting.
        hint: what to look at, for the operator's log. It holds no value that PayEx sent.
        instance: PayEx's id of the fault, for PayEx support.
        status: the HTTP status, if one arrived.
        retry_after: seconds after which another attempt may succeed, if known.

    Attributes:
        is_logged: whether it was logged. Operations that share a call share its fault.
        title: the title that the answer gave it, if any.
        measured: what was measured against the limit, such as a wait in seconds, if known.
    """

    def __init__(
        self,
        code: FaultCode,
        *,
        limit: Mapping[str, float] | None = None,
        hint: str = "",
        instance: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(MESSAGES[code])
        self.code = code
        self.limit = dict(limit or {})
        self.measured: float | None = None
        self.hint = hint
        self.is_logged = False
        self.instance = instance
        self.title: str | None = None
        self.status = status
        self.retry_after = retry_after

    @property
    def of_one_answer(self) -> bool:
        """Whether another route of the same ledger may still answer."""
        return self.code in _OF_ONE_ANSWER

    @property
    def of_the_gateway(self) -> bool:
        """Whether one of the gateway's own bounds raised it."""
        held_back = self.code is FaultCode.UPSTREAM_RATE_LIMITED and self.status is None
        return held_back or self.code in _OF_THE_GATEWAY
