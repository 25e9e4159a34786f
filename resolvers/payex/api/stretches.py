"""Stretches: how the time of an operation is divided in logs, traces and metrics."""

import enum
import math
import time
from collections.abc import Callable, Coroutine, Generator, Iterable
from typing import Any, Final, TypeVar

T = TypeVar("T")
Interval = tuple[float, float]
"""When something began, and when it ended, in seconds of a monotonic clock."""


class Spent(enum.StrEnum):
    """What an operation does or waits for. Of two at a time, the first member counts."""

    UPSTREAM = "upstream"
    """A call of its own is under way at PayEx."""
    LOOP = "loop"
    """The event loop is busy with other work, while a wait may be over."""
    CONNECTION = "connection"
    """All connections of a tenant are in use."""
    PLACE = "place"
    """As many calls as allowed are under way."""
    PAUSE = "pause"
    """A call is to be tried again, and not yet."""
    COALESCED = "coalesced"
    """Another operation's call is to bring the answer."""

    # That of enums is written in Python.
    __hash__ = str.__hash__


_NONE: Final = dict.fromkeys(Spent, 0.0)


class Stretch:
    """A time in which one thing goes on.

    Args:
        what: what goes on.
        started: when it began, in seconds of a monotonic clock.

    Attributes:
        ended: when it ended; None while it goes on.
        late: how long the event loop was busy before its end.
    """

    __slots__ = ("ended", "late", "started", "what")

    def __init__(self, what: Spent, started: float) -> None:
        self.what = what
        self.started = started
        self.ended: float | None = None
        self.late = 0.0

    def end(self, now: float, behind: float) -> float:
        """Note the end; return when it ended but for the event loop's delay.

        Args:
            now: when the end is noticed.
            behind: how long the event loop has been busy until now.
        """
        self.late = min(behind, now - self.started)
        self.ended = now - self.late
        return self.ended


class Work:
    """The times in which an operation itself works and does not wait.

    Args:
        clock: seconds of a monotonic clock.
    """

    __slots__ = ("_clock", "steps")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.steps: list[Interval] = []

    def of(self, work: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        """Return the same awaitable, with each step recorded."""
        return _Noted(work, self._clock, self.steps)


class _Noted(Generator[Any, Any, T], Coroutine[Any, Any, T]):
    """A coroutine that notes when each of its steps begins and ends."""

    __slots__ = ("_clock", "_steps", "_work")

    def __init__(
        self, work: Coroutine[Any, Any, T], clock: Callable[[], float], steps: list[Interval]
    ) -> None:
        self._work = work
        self._clock = clock
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, T]:
        return self

    # Each call has several steps, so these two do not share what they do.

    def send(self, value: Any) -> Any:
        began = self._clock()
        try:
            return self._work.send(value)
        finally:
            self._steps.append((began, self._clock()))

    def throw(self, *error: Any) -> Any:
        began = self._clock()
        try:
            return self._work.throw(*error)
        finally:
            self._steps.append((began, self._clock()))


def seconds(
    stretches: Iterable[tuple[Spent, float, float]],
    *,
    within: Interval = (-math.inf, math.inf),
    work: Iterable[Interval] = (),
    late: Iterable[Interval] = (),
) -> dict[Spent, float]:
    """Return the seconds of each kind. Overlaps count once.

    Args:
        stretches: what went on, with beginning and end.
        within: when the operation began and ended; nothing else counts.
        work: when the operation itself worked, and so did not wait for the event loop.
        late: when the event loop was busy. It counts where nothing else goes on.
    """
    by_kind: dict[Spent, list[Interval]] = {}
    begin, end = within
    for what, started, ended in stretches:
        by_kind.setdefault(what, []).append((max(started, begin), min(ended, end)))
    behind = [(max(started, begin), min(ended, end)) for started, ended in late]
    if behind or Spent.LOOP in by_kind:
        own = _merged(work)
        by_kind[Spent.LOOP] = _without(by_kind.get(Spent.LOOP, []), own)
        behind = _without(behind, own)
    counted: list[Interval] = []
    told, before = _NONE.copy(), 0.0
    for what in told:
        if what in by_kind:
            counted += by_kind[what]
            covered = _covered(counted)
            told[what] = covered - before
            before = covered
    if behind:
        told[Spent.LOOP] += _covered(counted + behind) - before
    return told


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the intervals in order, merged where they overlap."""
    merged: list[Interval] = []
    for started, ended in sorted(intervals):
        if merged and started <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(ended, merged[-1][1])
        elif ended > started:
            merged.append((started, ended))
    return merged


def _without(intervals: Iterable[Interval], others: list[Interval]) -> list[Interval]:
    """Return the intervals less the others, which are merged."""
    left: list[Interval] = []
    first = 0
    for started, ended in _merged(intervals):
        while first < len(others) and others[first][1] <= started:
            first += 1
        since, other = started, first
        while other < len(others) and others[other][0] < ended:
            if others[other][0] > since:
                left.append((since, others[other][0]))
            since = others[other][1]
            other += 1
        if since < ended:
            left.append((since, ended))
    return left


def _covered(intervals: list[Interval]) -> float:
    return sum(ended - started for started, ended in _merged(intervals))
