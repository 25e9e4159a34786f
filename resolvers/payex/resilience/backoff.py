"""Backoff: which faults are worth another attempt, and how long to wait before it.

PayEx documents neither 429 nor `Retry-After`, nor what its ingress answers under load; the rules
here are HTTP's (RFC 9110). Every call is a GET, so that none is harmed by being made twice.
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
    """Exponential pauses between attempts, each drawn anew from nothing up to its bound.

    Full jitter spreads callers that failed together over the whole pause, so that they do not
    come back together.

    Attributes:
        attempts: calls in all, with the first one; 1 is no retry.
        base: seconds that the first pause lasts at most. The bound doubles with each attempt.
        cap: seconds that any pause lasts at most, unless PayEx asks for more.
        retry_after_max: seconds of a `Retry-After` that the gateway is ready to wait.
    """

    attempts: int = 3
    base: float = 0.1
    cap: float = 2.0
    retry_after_max: float = 5.0

    def delay(self, attempt: int, *, random: float, retry_after: float | None) -> float | None:
        """Return how long to wait before the next attempt, or None when there should be none.

        Args:
            attempt: the number of the attempt that failed; the first is 1.
            random: a number in [0, 1), drawn for this pause.
            retry_after: seconds that PayEx asks to wait, if it does. They come before the pause
                and not in its place: all who were told the same must not return at once.

        Returns:
            Seconds. None if no attempt is left, or if PayEx asks for more than `retry_after_max`:
            to wait so long is pointless, and to come back sooner is rude.
        """
        asked = retry_after or 0.0
        if attempt >= self.attempts or asked > self.retry_after_max:
            return None
        bound = min(self.cap, self.base * 2.0 ** min(attempt - 1, _LARGEST_EXPONENT))
        return asked + random * bound


def parse_retry_after(value: str | None, wall: datetime, date: str | None = None) -> float | None:
    """Read a `Retry-After` header.

    Args:
        value: the header: whole seconds, or an HTTP date in any of its three forms.
        wall: the present time, with its time zone.
        date: the `Date` of the same response, if it has one. A date is read by it rather than by
            `wall`: the gateway's clock may differ from PayEx's.

    Returns:
        Seconds above 0, up to a year, for anything beyond; None if there is no header, if it cannot
        be read, or if it asks for no time: 0, or a date that is not in the future.
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
    """Whether another attempt may well succeed where this one failed.

    So it is with a connection that failed or broke, and with 429, 502, 503 and 504. Any other
    status is an answer that stays the same, a body that cannot be read says that PayEx is
    mistaken rather than busy, and after a timeout there is no time left to use.

    Args:
        code: what went wrong.
        status: the HTTP status, or None when none arrived.
    """
    if status is None and code is FaultCode.UPSTREAM_RATE_LIMITED:
        # The gateway itself held the call back, as PayEx had asked.
        return False
    return code in _CODES and status in _STATUSES
