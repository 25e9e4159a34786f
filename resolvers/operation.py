"""What the fields of one operation share: loaders, tally, bounds, and the tasks it started."""

import asyncio
import logging
import math
import time
import uuid
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from resolvers.bounds import Bounds
from resolvers.loaders import RouteLoader, SubscriptionLoader
from resolvers.payex.answers import Answer, Asker
from resolvers.payex.client import Payex
from resolvers.payex.deadline import Deadline
from resolvers.payex.faults import Fault
from resolvers.payex.routes import Route
from resolvers.tally import Tally

logger = logging.getLogger(__name__)


class Operation:
    """The GraphQL context. Use it as a context manager: leaving it cancels what is still running.

    A call may outlive the need for it, for instance one whose parent turned out to be missing.

    Args:
        payex: what the fields ask.
        bounds: the bounds of the operation.
        seconds: how long it may take.
        rights: what the caller may see; callers with other rights share nothing.
        clock: seconds of a monotonic clock.
        ended: told what it cost, when it is left.
    """

    def __init__(
        self,
        payex: Payex,
        bounds: Bounds,
        *,
        seconds: float = math.inf,
        rights: str = "",
        clock: Callable[[], float] = time.monotonic,
        ended: Callable[[Tally], None] = lambda _: None,
    ) -> None:
        self.payex = payex
        self.bounds = bounds
        self.support_id = str(uuid.uuid4())
        self.tally = Tally(bounds.max_calls)
        self.asker = Asker(
            counts=self.tally,
            deadline=Deadline.after(seconds, clock()),
            seconds=seconds,
            rights=rights,
            turn=self.support_id,
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._left = False
        self._tell = ended
        self.routes = RouteLoader(
            payex,
            self.asker,
            self.tally,
            self.spawn,
            max_in_flight=bounds.max_in_flight,
            failed=self._log_fault,
        )
        self.subscriptions = SubscriptionLoader(payex, self.routes, self.spawn)

    def spawn(self, work: Coroutine[Any, Any, Answer]) -> asyncio.Task[Answer]:
        """Run upstream work that ends with the operation at the latest."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        if self._left:
            task.cancel()
        return task

    def _ended(self, task: asyncio.Task[Answer]) -> None:
        self._tasks.discard(task)
        # Whoever waits for it meets the exception. Where nobody does, asyncio would log its text,
        # which may quote a URL.
        if not task.cancelled():
            task.exception()

    def _log_fault(self, route: Route, fault: Fault) -> None:
        logger.warning(
            "%s on %s %s",
            fault.code,
            route.template,
            fault.hint,
            extra={"support_id": self.support_id, "instance": fault.instance},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tell(self.tally)
