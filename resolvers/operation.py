"""What the fields of one operation share: loaders, stats, bounds, and the tasks it started."""

import asyncio
import logging
import math
import time
import uuid
from collections.abc import Coroutine, Hashable, Mapping, Sequence
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from resolvers.bounds import Bounds, PageRequests
from resolvers.budget import Budget, SharedBudget
from resolvers.findings import Findings
from resolvers.loaders import RouteLoader, SubscriptionLoader
from resolvers.operation_stats import OperationStats
from resolvers.pages import Page, PageRequest
from resolvers.payex.api.answers import ANYONE, Answer, CallContext, time_is_up
from resolvers.payex.api.deadline import DEADLINE_SETTING, Deadline
from resolvers.payex.api.faults import Fault
from resolvers.payex.api.held_bytes import AnswerBytes, OperationBytes
from resolvers.payex.api.instances import safe_instance_id
from resolvers.payex.api.problems import Problem, ProblemType
from resolvers.payex.api.records import Item, ItemList, SubscriptionItem
from resolvers.payex.api.routes import Holder, Route
from resolvers.payex.api.tracing import UNTRACED, BatchTrace, Trace, Untraced
from resolvers.payex.api.turns import Pace, done
from resolvers.payex.api.work import QUESTION, Work
from resolvers.payex.client import Payex
from resolvers.rights import Rights, UnseenError, unseen

if TYPE_CHECKING:
    from graphql import Node

logger = logging.getLogger(__name__)

E = TypeVar("E", bound=Item)

_COPIES = 3
_NO_HOLDER = {ProblemType.INVOICE_NOT_FOUND, ProblemType.CUSTOMER_NOT_FOUND}


class Operation:
    """The GraphQL context. Use it as a context manager: leaving it cancels what is still running.

    A call may outlive the need for it, for instance one whose parent turned out to be missing.

    Args:
        payex: what the fields ask.
        bounds: the bounds of the operation.
        rights: what the caller may see. It is checked on each invoice and customer before PayEx is
            asked for it; callers who see other things of a ledger share nothing of it.
        seconds: how long it may take.
        started: when its seconds began, by `time.monotonic`; None is now.
        trace: told of its calls.

    Attributes:
        at: the operation in its document, once that is read.
        name: the trusted document's name, or `anonymous`: no client can make one up.
        caller: who asks. Callers share the places for calls to PayEx.
        granted_by: what its seconds are set by: the setting, or the header of its request.
        budget: what its work is paid from.
        cost: what it costs, as `extensions.cost` has it, as far as that is known.
        withheld: what each field needs that its caller may not read, by the names of type and
            field. Nothing is asked for such a field.
    """

    def __init__(
        self,
        payex: Payex,
        bounds: Bounds,
        *,
        rights: Rights,
        seconds: float = math.inf,
        started: float | None = None,
        trace: Trace = UNTRACED,
    ) -> None:
        self.payex = payex
        self.bounds = bounds
        self.pages = PageRequests(bounds, payex.cursor_key)
        self.at: Node | None = None
        self.name = "anonymous"
        self.caller = ANYONE
        self.granted_by = DEADLINE_SETTING
        self.budget = Budget(bounds.budget)
        self.cost: dict[str, int] = {}
        self.withheld: Mapping[tuple[str, str], Any] = {}
        self.support_id = str(uuid.uuid4())
        self.stats = OperationStats(bounds.max_calls, payex.pulse)
        self.rights = rights
        self._seconds = seconds
        self._deadline = Deadline.after(seconds, time.monotonic() if started is None else started)
        self._shared_budget = SharedBudget(self.budget)
        self._contexts: dict[str, CallContext] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._left = False
        self.routes = RouteLoader(
            self._answer_of,
            self._kept_of,
            self.stats,
            trace,
            self.spawn,
        )

    @cached_property
    def subscriptions(self) -> SubscriptionLoader:
        """The loader of single subscriptions, which few operations need."""
        return SubscriptionLoader(self.payex, self.routes, self.spawn)

    @cached_property
    def pace(self) -> Pace:
        """The pace of long work, which ends at the operation's deadline."""
        return Pace(
            self.payex.turns, self._deadline, self._expired, self.caller, operation=self.support_id
        )

    @cached_property
    def findings(self) -> Findings:
        """What it has found out over lists."""
        return Findings(self.pace, partial(self.budget.spend, Work.SELECTED))

    async def cut(
        self, key: Hashable, request: PageRequest, listed: Sequence[E], as_of: float = 0.0
    ) -> Page[E] | Problem:
        """Return a page of a list, or the problem that it cannot be cut out.

        Args:
            key: what tells it from other pages of the operation.
            request: which page.
            listed: the list.
            as_of: when its oldest part was fetched, in seconds since 1970.

        Raises:
            Fault: the operation's time is up.
        """
        steps = partial(request.page, listed, as_of=as_of)
        if request.begins_the_list:
            return done(steps(), partial(self.budget.spend, Work.SELECTED))
        return await self.findings.find(key, steps)

    @cached_property
    def _held(self) -> OperationBytes:
        return self.payex.held.operation(None if self.caller == ANYONE else self.caller)

    def hold(self, size: int) -> None:
        """Take in that so many bytes more of the answer are there, as JSON.

        Until it is sent, it is in memory three times: in parts, as a whole, and as the reply.

        Raises:
            Fault: `OPERATION_BYTES_LIMIT` or `PROCESS_BYTES_LIMIT`.
        """
        self._written.grow_to(self._written.size + _COPIES * size)

    @cached_property
    def _written(self) -> AnswerBytes:
        return AnswerBytes(self._held)

    def _expired(self, now: float) -> Fault:
        return time_is_up(self._deadline, self._seconds, self.granted_by, now)

    def context(self, holder: Holder) -> CallContext:
        """Return on whose behalf PayEx is asked for an invoice or customer and what is below it.

        Raises:
            UnseenError: the caller does not see it. Fields never let it come to this.
        """
        if not self.rights.sees(holder):
            raise UnseenError
        owner_no = holder.owner_no
        context = self._contexts.get(owner_no)
        if context is None:
            context = self._contexts[owner_no] = CallContext(
                recorder=self.stats,
                deadline=self._deadline,
                seconds=self._seconds,
                granted_by=self.granted_by,
                rights=self.rights.key(owner_no),
                turn=self.support_id,
                caller=self.caller,
                whole=self.rights.sees_whole(owner_no),
                budget=self._shared_budget,
                held=self._held,
            )
        return context

    def _kept_of(self, route: Route, wave: int, batch: BatchTrace) -> Answer | None:
        # A batch that is traced ends with its calls. What is not seen is the call's to refuse.
        if not isinstance(batch, Untraced) or not self.rights.sees(route.holder):
            return None
        kept = self.payex.kept(route, wave, self.context(route.holder))
        return kept and self._noted(route, kept)

    async def _answer_of(self, route: Route, wave: int, batch: BatchTrace) -> Answer:
        context = self.context(route.holder)
        if batch is not UNTRACED:
            context = msgspec.structs.replace(context, trace=batch)
        answer = await self.payex.answer(route, wave, context)
        if isinstance(answer.outcome, Fault):
            batch.failed(route.template, answer.outcome.code)
        return self._noted(route, answer)

    def spawn(self, work: Coroutine[Any, Any, Answer]) -> asyncio.Task[Answer]:
        """Run upstream work that ends with the operation at the latest."""
        self.budget.charge(Work.CALLS, QUESTION)
        task = asyncio.create_task(self.stats.work.of(work))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        if self._left or self.budget.used_up:
            task.cancel()
        return task

    def begin(self, work: Coroutine[Any, Any, Answer]) -> None:
        """Run upstream work as `spawn` does, for nobody in particular."""
        self.spawn(work)  # type: ignore[unused-awaitable]

    def _ended(self, task: asyncio.Task[Answer]) -> None:
        self._tasks.discard(task)
        # Whoever waits for it meets the exception. Where nobody does, asyncio would log its text,
        # which may quote a URL.
        if not task.cancelled():
            task.exception()

    def _noted(self, route: Route, answer: Answer) -> Answer:
        """Note what an answer says, and remove from it what the caller may not know.

        To an end user, an invoice that PayEx does not have is as one that is somebody else's.
        """
        outcome = answer.outcome
        if isinstance(outcome, Problem):
            self.stats.problem(outcome.kind.name)
        if isinstance(outcome, ItemList | SubscriptionItem) and outcome.unreadable:
            self.stats.lacks(route.kind, outcome.unreadable)
        if isinstance(outcome, Fault):
            # The line of the request has the code of each. An outage brings thousands of those
            # that the gateway itself makes, and a call may be shared by many operations.
            if not (outcome.of_the_gateway or outcome.is_logged):
                outcome.is_logged = True
                self._log(logging.WARNING, outcome.code, route, outcome)
        elif (
            isinstance(outcome, Problem)
            and outcome.kind in _NO_HOLDER
            and not self.rights.sees_whole(route.holder.owner_no)
        ):
            self._log(logging.INFO, outcome.kind.name, route, outcome)
            return Answer(unseen(route.holder), answer.wave)
        return answer

    def _log(self, level: int, code: str, route: Route, outcome: Fault | Problem) -> None:
        hint = outcome.hint if isinstance(outcome, Fault) else ""
        known = {
            "support_id": self.support_id,
            "code": code,
            "route": route.template,
            "instance": safe_instance_id(outcome.instance),
        }
        logger.log(level, "%s on %s %s", code, route.template, hint, extra=known)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left = True
        if tasks := list(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # Its parts hold each other. What they have found must not wait for the garbage collector.
        self.routes.clear_all()
        for name in ("subscriptions", "findings", "_written"):
            self.__dict__.pop(name, None)
