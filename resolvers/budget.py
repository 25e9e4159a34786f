"""The budget of one operation, which is spent while it works and ends it when it is used up."""

import asyncio
import math
from types import TracebackType
from typing import Any, Self

from resolvers.payex.api.work import Work


class UsedUpError(asyncio.CancelledError):
    """The budget is used up: whatever would spend more of it is cancelled.

    No field reports it, since it ends the operation and not one of its parts.
    """


class BudgetError(Exception):
    """An operation has ended, since its budget is used up.

    Args:
        budget: its budget.
    """

    def __init__(self, budget: "Budget") -> None:
        super().__init__()
        self.budget = budget


class Budget:
    """What an operation may still spend, in units of work.

    What is done within it, as a context manager, ends with a `BudgetError` as soon as it is used
    up: the task that has entered it is cancelled, whichever task has spent the last of it. It is
    entered by one task at a time.

    Args:
        limit: the units that may be spent.

    Attributes:
        spent: the units that were spent, by kind of work.
    """

    __slots__ = ("_cancelled", "_cancelling", "_left", "_task", "limit", "spent")

    def __init__(self, limit: float = math.inf) -> None:
        self.limit = limit
        self.spent: dict[Work, float] = {}
        self._left = limit
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self._cancelled = False

    def spend(self, what: Work, units: float) -> None:
        """Pay for work of the operation's own that is about to be done.

        Raises:
            UsedUpError: the budget is used up, by this or before.
        """
        self.charge(what, units)
        if self._left < 0:
            raise UsedUpError

    def charge(self, what: Work, units: float) -> None:
        """Pay for work that others may wait for as well, and which goes on for them."""
        self.spent[what] = self.spent.get(what, 0) + units
        self._left -= units
        if self._left < 0:
            self._end()

    @property
    def total(self) -> float:
        """The units that were spent."""
        return sum(self.spent.values())

    @property
    def shown(self) -> float:
        """The units that clients may know of: what the document took tells who else has sent it."""
        return self.total - self.spent.get(Work.DOCUMENT, 0)

    @property
    def used_up(self) -> bool:
        """Whether more was asked of it than it has. Nothing can be spent any more."""
        return self._left < 0

    @property
    def dearest(self) -> Work | None:
        """The kind of work that most was spent on; None before anything was."""
        return max(self.spent, key=self.spent.__getitem__, default=None)

    def _end(self) -> None:
        # Who spends it by itself meets the exception.
        if self._task and not self._cancelled and self._task is not asyncio.current_task():
            self._cancelled = self._task.cancel()

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._cancelling = self._task.cancelling() if self._task else 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        cancelled, self._cancelled = self._cancelled, False
        if cancelled and task and task.uncancel() > self._cancelling:
            # Somebody else has cancelled it as well.
            return
        if self._left < 0 and (error is None or isinstance(error, asyncio.CancelledError)):
            raise BudgetError(self) from None


class SharedBudget:
    """The same budget for calls: others may wait for one, so that it is never ended from within.

    Where nobody else waits for the call, it ends with the operation.

    Args:
        budget: the budget.
    """

    __slots__ = ("_budget", "spend")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.spend = budget.charge

    @property
    def used_up(self) -> bool:
        """Whether nothing is left of it."""
        return self._budget.used_up
