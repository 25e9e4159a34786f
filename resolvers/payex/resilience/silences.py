"""Silences: how long PayEx takes for the first byte, and from when on its silence is a sign.

A call that its operation gives up says nothing by itself: it may have had no time. It says that
PayEx is unwell if nobody was answered for longer than four times what is usual on its route, and
for a quarter of a second at least. As long as PayEx answers somebody within that, no client can
make it look unwell by its impatience.

What is usual is the median of the latest calls that PayEx answered: one slow or fast one in a while
does not move it. Routes differ by orders of magnitude, so that each has its own.
"""

from collections import deque
from statistics import median


class Silences:
    """The latest silences before an answer, by route.

    Args:
        times: how many times the median a call may be silent.
        least: seconds that it may be silent in any case.
        unknown: seconds that it may be silent on a route that was never answered.
        kept: how many calls of each route are remembered.
    """

    def __init__(
        self, *, times: float = 4.0, least: float = 0.25, unknown: float = 2.0, kept: int = 31
    ) -> None:
        self._times = times
        self._least = least
        self._unknown = unknown
        self._kept = kept
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
        """Return the seconds from which on a silence is a sign that PayEx is unwell."""
        latest = self._latest.get(route)
        return max(self._least, self._times * median(latest)) if latest else self._unknown
