"""Deadlines: until when an operation may spend time on its calls to PayEx.

Times are seconds of one monotonic clock, passed in as `now`.
"""

import math
import re
from collections.abc import Callable
from typing import Final, Self

DEADLINE_SETTING: Final = "GATEWAY_DEADLINE"
DEADLINE_HEADER: Final = "payex-usage-deadline"
"""What a client grants an operation, in seconds, if that is less than the setting."""

_PLAIN_DECIMAL = re.compile(r"[0-9]+(?:\.[0-9]+)?")


class Deadline:
    """The moment after which an answer is of no use.

    Attributes:
        at: seconds of the clock; `math.inf` never comes.
        on_left: for shared work, returns for how many seconds it goes on although nobody waits; it
            is asked again after them. None is 0.
    """

    __slots__ = ("at", "on_left")

    on_left: Callable[[], float] | None

    def __init__(self, at: float) -> None:
        self.at = at
        self.on_left = None

    @classmethod
    def after(cls, seconds: float, now: float) -> Self:
        """Return the deadline `seconds` from now."""
        return cls(now + seconds)

    def remaining(self, now: float) -> float:
        """Return the seconds that are left, never less than 0."""
        return max(0.0, self.at - now)

    def expired(self, now: float) -> bool:
        """Whether no time is left."""
        return now >= self.at

    def cap(self, seconds: float, now: float) -> float:
        """Return `seconds`, or the time that is left if that is less."""
        return min(seconds, self.remaining(now))

    def extend(self, other: "Deadline") -> None:
        """Take over the other deadline if it is later.

        A shared call lives as long as its most patient waiter.
        """
        self.at = max(self.at, other.at)

    def __repr__(self) -> str:
        return f"Deadline({self.at})"


def parse_budget(text: str, maximum: float) -> float | None:
    """Read the seconds that a client grants an operation in a request header.

    Args:
        text: the header's value, such as `2.5`: digits, with at most one point.
        maximum: the seconds that the gateway grants at most.

    Returns:
        Seconds, above 0 and at most `maximum`; None for anything else.
    """
    if not _PLAIN_DECIMAL.fullmatch(text):
        return None
    seconds = float(text)
    return min(seconds, maximum) if 0 < seconds < math.inf else None
