"""What the time of an operation goes by with, as it is told apart in logs, traces and metrics."""

import enum
from collections.abc import Iterable
from typing import Final


class Spent(enum.StrEnum):
    """What an operation does or waits for. Of two at a time, the first counts."""

    UPSTREAM = "upstream"
    """A call of its own is under way at PayEx."""
    LOOP = "loop"
    """The event loop is busy, with this operation or another, while a wait may be over."""
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
        late: how long the event loop was busy before that.
    """

    __slots__ = ("ended", "late", "started", "what")

    def __init__(self, what: Spent, started: float) -> None:
        self.what = what
        self.started = started
        self.ended: float | None = None
        self.late = 0.0

    def end(self, now: float, behind: float) -> float:
        """Note its end, and return when it ended but for the event loop.

        Args:
            now: when it is noticed.
            behind: how long the event loop has been busy until now.
        """
        self.late = min(behind, now - self.started)
        self.ended = now - self.late
        return self.ended


def seconds(stretches: Iterable[tuple[Spent, float, float]]) -> dict[Spent, float]:
    """Return the seconds of each kind. Those that stretches have in common count once.

    Args:
        stretches: what goes on, when it began and when it ended.
    """
    by_kind: dict[Spent, list[tuple[float, float]]] = {}
    for what, started, ended in stretches:
        by_kind.setdefault(what, []).append((started, ended))
    counted: list[tuple[float, float]] = []
    told, before = _NONE.copy(), 0.0
    for what in told:
        if what in by_kind:
            counted += by_kind[what]
            covered = _covered(counted)
            told[what] = covered - before
            before = covered
    return told


def _covered(stretches: list[tuple[float, float]]) -> float:
    stretches.sort()
    total, until = 0.0, -1.0
    for started, ended in stretches:
        if ended > until:
            total += ended - max(started, until)
            until = ended
    return total
