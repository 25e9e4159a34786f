"""A count of recent events, in constant memory."""

import math
from collections import deque


class RollingCount:
    """Counts events in buckets of time, and forgets whole buckets.

    It counts the bucket of `now` and the `buckets - 1` before it: everything within
    `width * (buckets - 1)` seconds, and nothing older than `width * buckets`. If `now` goes back,
    it belongs to the newest bucket.

    Args:
        width: seconds of one bucket.
        buckets: how many are remembered.
    """

    def __init__(self, width: float, buckets: int) -> None:
        self._width = width
        self._size = buckets
        # The place of each bucket in time, and its count; empty buckets are left out.
        self._buckets: deque[tuple[int, int]] = deque()
        self._total = 0

    def add(self, now: float) -> None:
        """Count one event."""
        place = self._forget(now)
        count = 0
        if self._buckets and self._buckets[-1][0] >= place:
            place, count = self._buckets.pop()
        self._buckets.append((place, count + 1))
        self._total += 1

    def take_back(self, then: float) -> None:
        """Remove an event of `then`, if its bucket is still remembered."""
        place = math.floor(then / self._width)
        for index, (known, count) in enumerate(self._buckets):
            if known == place and count:
                self._buckets[index] = known, count - 1
                self._total -= 1
                return

    def total(self, now: float) -> int:
        """Return the number of events that are remembered."""
        self._forget(now)
        return self._total

    def clear(self) -> None:
        """Forget all events."""
        self._buckets.clear()
        self._total = 0

    def _forget(self, now: float) -> int:
        place = math.floor(now / self._width)
        while self._buckets and self._buckets[0][0] <= place - self._size:
            self._total -= self._buckets.popleft()[1]
        return place
