"""Voices: how many failures each subject reported, so that no single subject opens a breaker."""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Final

from resolvers.payex.resilience.rolling_count import RollingCount

_KEPT: Final = 1000


class Voices:
    """Counts failures by subject, within a window and since the last success.

    A subject is whatever can fail alone: a caller, an invoice, a ledger.

    Args:
        width: seconds of a bucket, as of `RollingCount`.
        buckets: how many buckets make the window.
        kept: how many subjects are remembered; the one that was silent longest is forgotten first.
    """

    def __init__(self, width: float, buckets: int, kept: int = _KEPT) -> None:
        self._width = width
        self._buckets = buckets
        self._kept = kept
        self._counts: dict[Hashable, RollingCount] = {}
        self._latest: Counter[Hashable] = Counter()

    def hear(self, subjects: Iterable[Hashable], now: float) -> None:
        """Count one failure of each of these subjects."""
        for subject in subjects:
            count = self._counts.pop(subject, None) or RollingCount(self._width, self._buckets)
            if len(self._counts) >= self._kept:
                del self._counts[next(iter(self._counts))]
            self._counts[subject] = count
            count.add(now)
            self._latest[subject] += 1

    def take_back(self, subjects: Iterable[Hashable], then: float) -> None:
        """Remove a failure counted at `then`."""
        for subject in subjects:
            if subject in self._counts:
                self._counts[subject].take_back(then)

    def loudest(self, now: float) -> int:
        """Return the most failures that one subject has in the window."""
        return max((count.total(now) for count in self._counts.values()), default=0)

    def loudest_lately(self) -> int:
        """Return the most failures that one subject has since the last success."""
        return max(self._latest.values(), default=0)

    def silence(self) -> None:
        """Take in a success: start the count since the last success again."""
        self._latest.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._counts.clear()
        self.silence()
