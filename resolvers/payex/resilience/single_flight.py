"""Single flight: identical work that is under way at the same time is done once."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context
from typing import Any, Generic, TypeVar

from resolvers.payex.api.deadline import Deadline

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class _Flight(Generic[T]):
    __slots__ = ("deadline", "task", "waiters")

    def __init__(self, task: "asyncio.Task[T]", deadline: Deadline) -> None:
        self.task = task
        self.deadline = deadline
        self.waiters: set[asyncio.Future[bool]] = set()


class SingleFlight(Generic[K, T]):
    """Work in flight, by a key that names everything it depends on: identity, ledger and path.

    A flight ends when its work does, or when its last waiter leaves. No waiter's cancellation
    reaches another. Nothing is kept of a flight that is over: the next caller starts anew. Work
    that was left may go on by itself for a while (`Deadline.on_left`).

    Args:
        clock: seconds of a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._flights: dict[K, _Flight[T]] = {}
        # Also those that were left and are still cleaning up: the loop itself holds tasks weakly.
        self._tasks: set[asyncio.Task[T]] = set()
        # Those that were left and go on for themselves.
        self._left: set[asyncio.Task[T]] = set()

    async def join(
        self, key: K, fly: Callable[[Deadline], Coroutine[Any, Any, T]], deadline: Deadline
    ) -> tuple[T, bool]:
        """Wait for the work in flight under the key, or start it.

        The work runs in an empty context, so that no context variable of the first waiter reaches
        the others.

        Args:
            key: what makes the work the same.
            fly: does the work, if nothing is in flight under the key. It gets the deadline of the
                most patient waiter, which moves when another one joins.
            deadline: how long the caller waits.

        Returns:
            The result, and whether another caller started the flight.

        Raises:
            Exception: what the work raised, the same for every waiter.
            asyncio.CancelledError: the caller or the work was cancelled.
            RuntimeError: the work waits for itself.
            TimeoutError: the caller's time is up.
        """
        flight = self._flights.get(key)
        coalesced = flight is not None and not flight.task.done()
        if flight is None or not coalesced:
            flight = self._start(key, fly, deadline)
        elif flight.task is asyncio.current_task():
            raise RuntimeError("Work in flight cannot wait for itself.")
        else:
            flight.deadline.extend(deadline)
        loop = asyncio.get_running_loop()
        landed: asyncio.Future[bool] = loop.create_future()
        left = deadline.remaining(self._clock())
        timer = loop.call_later(left, _tell, landed, False)
        flight.waiters.add(landed)
        try:
            if not await landed:
                raise TimeoutError
        finally:
            timer.cancel()
            flight.waiters.remove(landed)
            if not flight.waiters and not flight.task.done() and self._forget(key, flight):
                self._leave(flight)
        return flight.task.result(), coalesced

    def __contains__(self, key: K) -> bool:
        """Whether work is in flight under a key."""
        flight = self._flights.get(key)
        return flight is not None and not flight.task.done()

    def __len__(self) -> int:
        return len(self._flights)

    async def aclose(self) -> None:
        """Cancel all work in flight, and wait until it has cleaned up."""
        for task in (*(flight.task for flight in self._flights.values()), *self._left):
            task.cancel()
        self._flights.clear()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _start(
        self, key: K, fly: Callable[[Deadline], Coroutine[Any, Any, T]], deadline: Deadline
    ) -> _Flight[T]:
        shared = Deadline(deadline.at)
        task = asyncio.create_task(fly(shared), context=Context())
        flight = self._flights[key] = _Flight(task, shared)
        self._tasks.add(task)

        def land(task: "asyncio.Task[T]") -> None:
            self._tasks.discard(task)
            self._left.discard(task)
            self._forget(key, flight)
            if not task.cancelled():
                # Read it, lest asyncio reports what a flight that was left fails with.
                task.exception()
            for waiter in flight.waiters:
                _tell(waiter, True)

        task.add_done_callback(land)
        return flight

    def _leave(self, flight: _Flight[T]) -> None:
        """Cancel the work, unless it asks to go on; then ask again later."""
        on_left = flight.deadline.on_left
        seconds = on_left() if on_left else 0.0
        if seconds > 0:
            self._left.add(flight.task)
            asyncio.get_running_loop().call_later(seconds, self._go_on, flight)
        else:
            self._left.discard(flight.task)
            flight.task.cancel()

    def _go_on(self, flight: _Flight[T]) -> None:
        if flight.task in self._left:
            self._leave(flight)

    def _forget(self, key: K, flight: _Flight[T]) -> bool:
        """Free the key if it is this flight's, and return whether it was."""
        mine = self._flights.get(key) is flight
        if mine:
            del self._flights[key]
        return mine


def _tell(waiter: "asyncio.Future[bool]", landed: bool) -> None:
    if not waiter.done():
        waiter.set_result(landed)
