"""The pulse of the event loop: how late the loop is.

While one operation computes, PayEx's answers wait unread. That time is not PayEx's. Beats are due
at fixed intervals; if one is late, the loop was busy since it was due.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

# Busy times that are kept: those of 80 seconds at least, since they begin an interval apart.
_KEPT: Final = 4000
# The share of an interval from which on a lateness is more than a timer's own.
_SLIGHT: Final = 0.25
# Turns of the loop from when an answer is there until its call goes on.
_TURNS: Final = 4


class Pulse:
    """Keeps the books of the beats. Time is an argument, in seconds.

    Args:
        interval: seconds between two beats.
        window: seconds that the latest beat counts in `worst`, up to twice as many.

    Attributes:
        late: seconds that the loop was late in all, by beats late by an interval or more.
    """

    def __init__(self, interval: float = 0.02, window: float = 30.0) -> None:
        self.interval = interval
        self.late = 0.0
        self._window = window
        self._due: float | None = None
        self._busy_since: float | None = None
        self._behind_since: float | None = None
        # For each beat that is not caught up with: whether it may end `behind`.
        self._open: deque[bool] = deque()
        self._late: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._begun = 0.0
        self._worst = self._worst_before = 0.0

    def beat(self, now: float) -> bool:
        """Note a beat; return whether it was late. If so, report when the loop has `caught_up`."""
        is_late = False
        if self._due is None:
            self._begun = now
        else:
            late = now - self._due
            self._turn(now)
            self._worst = max(self._worst, late)
            is_late = late > self.interval * _SLIGHT
            if is_late and self._behind_since is None:
                self._behind_since = self._due
            if late > self.interval:
                self.late += late
                self._busy_since = self._due
        self._due = now + self.interval
        is_open = is_late or self._busy_since is not None
        if is_open:
            self._open.append(self._busy_since is not None)
        return is_open

    def caught_up(self, now: float) -> None:
        """Note that all is done that was due at the first late beat."""
        if self._open.popleft():
            self._busy_since = None
        if not self._open and self._behind_since is not None:
            self._late.append((self._behind_since, now))
            self._behind_since = None

    def late_since(self, started: float, now: float) -> list[tuple[float, float]]:
        """Return when the loop was busy since `started`, the latest interval first.

        Each begins when a beat was due, up to an interval late; the last may begin before
        `started`.
        """
        found: list[tuple[float, float]] = []
        if self._behind_since is not None:
            found.append((self._behind_since, now))
        elif self._due is not None and now - self._due > self.interval * _SLIGHT:
            found.append((self._due, now))
        for busy in reversed(self._late):
            if busy[1] <= started:
                break
            found.append(busy)
        return found

    def behind(self, now: float) -> float:
        """Return the seconds that the loop has been busy without a break.

        They begin when a beat was due, and so up to an interval late.
        """
        if self._busy_since is not None:
            return now - self._busy_since
        if self._due is None or now - self._due <= self.interval:
            return 0.0
        return now - self._due

    def busy(self, now: float) -> float:
        """Return the seconds that the loop was busy in all."""
        overdue = self._due is not None and now - self._due > self.interval
        return self.late + (now - (self._due or now) if overdue else 0.0)

    def worst(self, now: float) -> float:
        """Return by how many seconds the latest beat of the last minute was late."""
        self._turn(now)
        return max(self._worst, self._worst_before)

    def _turn(self, now: float) -> None:
        passed = now - self._begun
        if passed >= self._window:
            self._worst_before = self._worst if passed < 2 * self._window else 0.0
            self._worst, self._begun = 0.0, now


@asynccontextmanager
async def beating(pulse: Pulse, clock: Callable[[], float] = time.monotonic) -> AsyncIterator[None]:
    """Let a pulse beat while the context lasts."""
    loop = asyncio.get_running_loop()

    def beat() -> None:
        timers.append(loop.call_later(pulse.interval, beat))
        if pulse.beat(clock()):
            settle(_TURNS)

    def settle(turns: int) -> None:
        if turns:
            loop.call_soon(settle, turns - 1)
        else:
            pulse.caught_up(clock())

    timers: deque[asyncio.Handle] = deque([loop.call_soon(beat)], maxlen=1)
    try:
        yield
    finally:
        timers[0].cancel()
