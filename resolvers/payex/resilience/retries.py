"""Backoff: which faults are worth another attempt, and how long to wait before it.

PayEx documents neither 429 nor `Retry-After`, so these rules are HTTP's (RFC 9110). Every call is a
GET and may be repeated.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from resolvers.payex.api.faults import FaultCode

_DIGITS = re.compile(r"[0-9]+")
_YEAR = 365 * 86_400.0
_LARGEST_EXPONENT = 1023  # of a float; beyond it the power overflows

_CODES = frozenset(
    {
        FaultCode.UPSTREAM_RATE_LIMITED,
        FaultCode.UPSTREAM_UNAVAILABLE,
        FaultCode.UPSTREAM_UNREACHABLE,
    }
)
_STATUSES = frozenset(
    {
        None,
        HTTPStatus.OK,  # a connection that broke in the middle of the body
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential pauses with full jitter: each is drawn from nothing up to its bound.

    Jitter keeps callers that failed together from coming back together.

    Attributes:
        attempts: calls in all, including the first; 1 means no retry.
        base: the bound of the first pause, in seconds. It doubles with each attempt.
        cap: the largest bound, in seconds.
        retry_after_max: the longest `Retry-After` that the gateway waits for, in seconds.
    """

    attempts: int = 3
    base: float = 0.1
    cap: float = 2.0
    retry_after_max: float = 5.0

    def delay(self, attempt: int, *, random: float, retry_after: float | None) -> float | None:
        """Return the seconds to wait before the next attempt, or None if there should be none.

        There is none if no attempt is left, or if PayEx asks for more than `retry_after_max`.

        Args:
            attempt: the number of the attempt that failed, from 1.
            random: a number in [0, 1), drawn for this pause.
            retry_after: seconds that PayEx asks for. The pause is added to them, so that callers
                who were told the same do not return at once.
        """
        asked = retry_after or 0.0
        if attempt >= self.attempts or asked > self.retry_after_max:
            return None
        bound = min(self.cap, self.base * 2.0 ** min(attempt - 1, _LARGEST_EXPONENT))
        return asked + random * bound


def parse_retry_after(value: str | None, wall: datetime, date: str | None = None) -> float | None:
    """Read a `Retry-After` header.

    Args:
        value: whole seconds, or an HTTP date in any of its three forms.
        wall: the present time, with its time zone.
        date: the `Date` of the same response. If it is there, it replaces `wall`, since the
            gateway's clock may differ from PayEx's.

    Returns:
        Seconds above 0, a year at most; None if the header is absent, cannot be read, or asks for
        no time.
    """
    text = (value or "").strip()
    if _DIGITS.fullmatch(text):
        return min(float(text), _YEAR) or None
    until = _parse_date(text)
    if until is None:
        return None
    left = (until - (_parse_date(date or "") or wall)).total_seconds()
    return min(left, _YEAR) if left > 0 else None


def _parse_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # HTTP dates are in GMT, also the form that does not say so.
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def retryable(code: FaultCode, status: int | None) -> bool:
    """Whether another attempt may succeed: after a broken connection, 429, 502, 503 and 504.

    Another status stays the same, a body that cannot be read is no sign of load, and after a
    timeout no time is left.

    Args:
        code: what went wrong.
        status: the HTTP status, or None when none arrived.
    """
    if status is None and code is FaultCode.UPSTREAM_RATE_LIMITED:
        # The gateway itself held the call back, as PayEx had asked.
        return False
    return code in _CODES and status in _STATUSES
