"""Silences: how long PayEx takes for the first byte, and from when on its silence is a sign.

A call that its operation gives up proves nothing: it may have had little time. Its silence counts

    for its caller  after four times what is usual on its route, and a quarter of a second at least;
    for all         if PayEx also answered nobody for as long, for two seconds at least, and for 1.5
                    times its slowest recent answer. While PayEx answers somebody, no impatient
                    client makes it look unwell.

What is usual is the median of the latest answered calls of the route, which single outliers do not
move.
"""

import math
from collections import deque
from statistics import median
from typing import Final

_OUTAGE: Final = 2.0
_SLOWEST: Final = 1.5


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
        """Note the seconds until the first byte of an answer, on the route with this template."""
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

    def until_outage(self, route: str, started: float, now: float) -> float:
        """Return the seconds until the silence is a sign that PayEx answers nobody."""
        slowest = max(self._latest.get(route, ()), default=0.0)
        bound = max(self.bound(route), _OUTAGE, _SLOWEST * slowest)
        return max(started, self.heard) + bound - now
