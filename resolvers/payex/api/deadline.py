"""Deadlines: the moment up to which an operation may spend time on its calls to PayEx.

Times are seconds of one monotonic clock, which the caller reads and passes in as `now`.
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
    """A moment after which there is no use in an answer.

    Attributes:
        at: the moment, in seconds of the clock. `math.inf` is a deadline that never comes.
        on_left: of shared work, is asked when nobody waits for it any more, and returns the
            seconds that it is to go on nevertheless. After them it is asked again. None is none.
    """

    __slots__ = ("at", "on_left")

    on_left: Callable[[], float] | None

    def __init__(self, at: float) -> None:
        self.at = at
        self.on_left = None

    @classmethod
    def after(cls, seconds: float, now: float) -> Self:
        """Return the deadline that is `seconds` away."""
        return cls(now + seconds)

    def remaining(self, now: float) -> float:
        """Return the seconds that are left, never less than 0."""
        return max(0.0, self.at - now)

    def expired(self, now: float) -> bool:
        """Whether the time is up: exactly when nothing of it remains."""
        return now >= self.at

    def cap(self, seconds: float, now: float) -> float:
        """Return how long something that may take `seconds` may take under this deadline."""
        return min(seconds, self.remaining(now))

    def extend(self, other: "Deadline") -> None:
        """Move the deadline to the other one, if that is later.

        A call that several operations wait for lives as long as the most patient of them.
        """
        self.at = max(self.at, other.at)

    def __repr__(self) -> str:
        return f"Deadline({self.at})"


def parse_budget(text: str, maximum: float) -> float | None:
    """Read the seconds that a client grants an operation, from a header of its request.

    Args:
        text: the header's value, such as `2.5`: digits, and possibly a point and more digits.
        maximum: the seconds that the gateway grants at most, however many the client names.

    Returns:
        Seconds, above 0 and at most `maximum`; None for anything but a plain decimal number
        above 0 that a float can hold.
    """
    if not _PLAIN_DECIMAL.fullmatch(text):
        return None
    seconds = float(text)
    return min(seconds, maximum) if 0 < seconds < math.inf else None
