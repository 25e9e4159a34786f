"""Turns of the event loop: long work is done in slices, and other work gets the loop in between.

Long work calls `Pace.turn` before each slice. If such work has kept the loop for `LONGEST` seconds,
it waits: the loop reads what has arrived, runs what is ready, and then lets *one* waiting piece of
work go on. If all of them went on, a hundred fields of one operation would keep the loop a hundred
times as long. The work ends at the operation's deadline.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from typing import Final, TypeVar

from resolvers.payex.api.deadline import Deadline

T = TypeVar("T")

LONGEST: Final = 0.008
"""Seconds for which the loop is kept before it is due a turn.

Until it has come around, work may begin once more, and each time a slice more is done: all in all
it comes around every 20 milliseconds.
"""

SLICE: Final = 500
"""Records in a slice: about 1 to 2 milliseconds of the dearest work over them (measured)."""


Steps = Generator[float, None, T]
"""Long work in steps. Before each, it yields about how many microseconds the step takes."""


def slices(items: Sequence[T], size: int = SLICE) -> Iterator[Sequence[T]]:
    """Yield a list in slices; a short list as it is."""
    if len(items) <= size:
        yield items
        return
    for start in range(0, len(items), size):
        yield items[start : start + size]


def done(steps: Steps[T], spend: Callable[[float], object]) -> T:
    """Do short work without a turn of the loop, and return its result.

    Args:
        steps: the work.
        spend: pays for each step before it is done.
    """
    while True:
        try:
            spend(next(steps))
        except StopIteration as end:
            found: T = end.value
            return found


class Turns:
    """Whose turn it is to keep the event loop; one for each loop.

    Callers take turns, and so do the operations of one caller.

    Args:
        clock: seconds of a monotonic clock.
        longest: seconds for which the loop is kept.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, longest: float = LONGEST
    ) -> None:
        self.clock = clock
        self._longest = longest
        self._since: float | None = None
        # The loop that is to tell when it has come around.
        self._asked: asyncio.AbstractEventLoop | None = None
        # Who is next stands first: callers, and operations of each.
        self._waiting: dict[Hashable, dict[Hashable, deque[asyncio.Future[None]]]] = {}

    def is_due(self, now: float) -> bool:
        """Whether the loop has been kept for so long that it is due a turn."""
        if self._since is None:
            self._since = now
            self._schedule()
        return now - self._since >= self._longest

    async def wait(self, caller: Hashable, operation: Hashable) -> None:
        """Let the loop, and the operation that is next, go on."""
        turn = asyncio.get_running_loop().create_future()
        operations = self._waiting.setdefault(caller, {})
        operations.setdefault(operation, deque()).append(turn)
        self._schedule()
        await turn
        # Its slice counts from now, unless others have begun in the meantime.
        self.is_due(self.clock())

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        if self._asked is not loop:
            self._asked = loop
            loop.call_soon(self._turned)

    def _turned(self) -> None:
        """Start again after the loop has come round, and wake the next operation."""
        self._asked = None
        self._since = None
        while self._waiting:
            turn = self._next()
            if not turn.done():
                turn.set_result(None)
                self._schedule()
                return

    def _next(self) -> asyncio.Future[None]:
        """Remove and return the next. Its operation and caller go to the end."""
        caller = next(iter(self._waiting))
        operations = self._waiting.pop(caller)
        operation = next(iter(operations))
        turns = operations.pop(operation)
        turn = turns.popleft()
        if turns:
            operations[operation] = turns
        if operations:
            self._waiting[caller] = operations
        return turn


class Pace:
    """The pace of one operation's long work.

    Args:
        turns: those of the event loop.
        deadline: when the work is of no more use.
        expired: makes the error of an operation whose time is up, given the time.
        caller: the caller.
        operation: the operation.

    Attributes:
        turns: those of the event loop.
    """

    __slots__ = ("_caller", "_deadline", "_expired", "_operation", "turns")

    def __init__(
        self,
        turns: Turns,
        deadline: Deadline,
        expired: Callable[[float], Exception],
        caller: Hashable = None,
        operation: Hashable = None,
    ) -> None:
        self.turns = turns
        self._deadline = deadline
        self._expired = expired
        self._caller = caller
        self._operation = operation

    def is_due(self) -> bool:
        """Whether `turn` would wait, for callers that cannot."""
        now = self.turns.clock()
        return self.turns.is_due(now) or self._deadline.expired(now)

    async def rest(self) -> None:
        """Give the loop a turn if it is due one, in work that has to end whatever the time."""
        if self.turns.is_due(self.turns.clock()):
            await self.turns.wait(self._caller, self._operation)

    async def turn(self, *, at_once: bool = False) -> None:
        """Give the loop a turn if it is due one. Call it before each slice.

        Args:
            at_once: give a turn in any case, since the work is to be cancelled.

        Raises:
            Exception: the operation's time is up.
        """
        if at_once:
            await self.turns.wait(self._caller, self._operation)
        else:
            await self.rest()
        now = self.turns.clock()
        if self._deadline.expired(now):
            raise self._expired(now)

    async def do(self, steps: Steps[T], spend: Callable[[float], object]) -> T:
        """Do long work, with turns for the loop between the steps.

        Args:
            steps: the work.
            spend: pays for each step before it is done.

        Raises:
            Exception: the operation's time or budget is used up.
        """
        while True:
            try:
                spend(next(steps))
            except StopIteration as end:
                found: T = end.value
                return found
            await self.turn()
