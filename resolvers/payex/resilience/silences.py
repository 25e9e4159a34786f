"""Silences: how long PayEx takes for the first byte, and from when on its silence is a sign.

A call that its operation gives up says nothing by itself: it may have had no time. Its silence is a
sign in two ways:

    of its caller   it was silent for longer than four times what is usual on its route, and for a
                    quarter of a second at least.
    of PayEx        for as long, and for two seconds at least, PayEx answered nobody. As long as it
                    answers somebody within that, no client can make it look unwell by impatience.

A call that is still waited for has all the time that its operation has. If PayEx answers nobody for
five seconds, it is a sign as well: the time-outs of few calls would tell it late.

What is usual is the median of the latest calls that PayEx answered: one slow or fast one in a while
does not move it. Routes differ by orders of magnitude, so that each has its own.
"""

import math
from collections import deque
from statistics import median
from typing import Final

_LEFT: Final = 2.0
_WAITED_FOR: Final = 5.0


class Silences:
    """The latest silences before an answer, by route. Times are seconds of one monotonic clock.

    Args:
        times: how many times the median a call may be silent.
        least: seconds that it may be silent in any case.
        unknown: seconds that it may be silent on a route that was never answered.
        kept: how many calls of each route are remembered.

    Attributes:
        heard: when PayEx last began to answer a call.
    """

    def __init__(
        self, *, times: float = 4.0, least: float = 0.25, unknown: float = 2.0, kept: int = 31
    ) -> None:
        self._times = times
        self._least = least
        self._unknown = unknown
        self._kept = kept
        self.heard = -math.inf
        # By templates, of which there are ten.
        self._latest: dict[str, deque[float]] = {}

    def answered(self, route: str, seconds: float) -> None:
        """Note after how many seconds the first byte of an answer came.

        Args:
            route: the route's template.
            seconds: since the call was sent.
        """
        latest = self._latest.get(route)
        if latest is None:
            latest = self._latest[route] = deque(maxlen=self._kept)
        latest.append(seconds)

    def bound(self, route: str) -> float:
        """Return the seconds from which on a call's silence is a sign."""
        latest = self._latest.get(route)
        return max(self._least, self._times * median(latest)) if latest else self._unknown

    def until_sign(self, route: str, started: float, now: float) -> float:
        """Return the seconds until the silence of a call is a sign, for its caller alone."""
        return started + self.bound(route) - now

    def until_outage(
        self, route: str, started: float, now: float, *, is_left: bool = True
    ) -> float:
        """Return the seconds until it is a sign that PayEx answers nobody.

        Args:
            route: the route's template.
            started: when the call was sent.
            now: the time.
            is_left: whether nobody waits for the call any more.
        """
        least = _LEFT if is_left else _WAITED_FOR
        return max(started, self.heard) + max(self.bound(route), least) - now
