"""Voices: how much of what was said comes from one subject, so that none can speak for all."""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Final

from resolvers.payex.resilience.rolling_count import RollingCount

_KEPT: Final = 1000


class Voices:
    """Counts what each subject has said, in the latest seconds and since the last silence.

    A subject is whatever could fail alone: a caller, an invoice, a ledger.

    Args:
        width: seconds of a bucket, as of `RollingCount`.
        buckets: how many buckets make the window.
        kept: how many subjects are remembered; beyond that, who was silent longest is forgotten.
    """

    def __init__(self, width: float, buckets: int, kept: int = _KEPT) -> None:
        self._width = width
        self._buckets = buckets
        self._kept = kept
        self._counts: dict[Hashable, RollingCount] = {}
        self._latest: Counter[Hashable] = Counter()

    def hear(self, subjects: Iterable[Hashable], now: float) -> None:
        """Count one more of each of these subjects."""
        for subject in subjects:
            count = self._counts.pop(subject, None) or RollingCount(self._width, self._buckets)
            if len(self._counts) >= self._kept:
                del self._counts[next(iter(self._counts))]
            self._counts[subject] = count
            count.add(now)
            self._latest[subject] += 1

    def take_back(self, subjects: Iterable[Hashable], then: float) -> None:
        """Count one of `then` no longer."""
        for subject in subjects:
            if subject in self._counts:
                self._counts[subject].take_back(then)

    def loudest(self, now: float) -> int:
        """Return what the one subject has said that has said most; 0 if none has said anything."""
        return max((count.total(now) for count in self._counts.values()), default=0)

    def loudest_lately(self) -> int:
        """Return what the one subject has said since all were silenced that has said most."""
        return max(self._latest.values(), default=0)

    def silence(self) -> None:
        """Begin anew with what was said lately."""
        self._latest.clear()

    def clear(self) -> None:
        """Forget what was said."""
        self._counts.clear()
        self.silence()
