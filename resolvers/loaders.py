"""The dataloaders of one operation. Both must be made anew for each operation.

They answer with values, never with exceptions: a reply, a problem or a fault. A batch hands out
at once what is kept, and a task for each other key, so that no key waits for, or fails with, its
neighbours. Each waiter has a future of its own, so that nobody's cancellation reaches another (a
plain aiodataloader shares one future among them).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from aiodataloader import DataLoader

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Answer
from resolvers.payex.api.faults import Fault
from resolvers.payex.api.problems import Problem, expected
from resolvers.payex.api.records import ItemList
from resolvers.payex.api.routes import Holder, Kind, Route
from resolvers.payex.api.tracing import BatchTrace, Trace
from resolvers.payex.client import Payex

Spawn = Callable[[Coroutine[Any, Any, Answer]], asyncio.Task[Answer]]
AnswerOf = Callable[[Route, int, BatchTrace], Coroutine[Any, Any, Answer]]
"""Asks PayEx for a route, which belongs to a wave and to a batch."""
KeptOf = Callable[[Route, int, BatchTrace], Answer | None]
"""Returns the answer, if it needs no call."""

K = TypeVar("K")
Found = Answer | asyncio.Future[Any]
"""An answer, or what brings one: a task, or the future of another loader."""


class _Loader(DataLoader[K, Found]):
    """A dataloader whose waiters have a future each.

    Args:
        get_cache_key: returns by what a key is known.

    Attributes:
        asked: what was asked for so far, by what it is known by.
    """

    def __init__(self, get_cache_key: Callable[[K], Any]) -> None:
        self.asked: dict[Any, asyncio.Future[Found]] = {}
        super().__init__(get_cache_key=get_cache_key, cache_map=self.asked)

    async def _loaded(self, key: K) -> Answer:
        found: Found = self.load(key)
        while isinstance(found, asyncio.Future) and found.done():
            found = found.result()
        if not isinstance(found, asyncio.Future):
            return found
        own: asyncio.Future[Answer] = self.loop.create_future()
        found.add_done_callback(partial(_tell, own))
        return await own


def _seen(future: asyncio.Future[Any]) -> None:
    """See to it that asyncio does not complain of an exception that nobody has met."""
    with suppress(asyncio.CancelledError):
        future.exception()


def _tell(own: asyncio.Future[Answer], shared: asyncio.Future[Any]) -> None:
    """Tell a waiter what became of a future that is others' as well.

    `shield` does so for one future. Here one brings the other, in each call.
    """
    if own.done():
        return  # The waiter has left.
    if shared.cancelled():
        own.cancel()
    elif error := shared.exception():
        own.set_exception(error)
    elif isinstance(found := shared.result(), asyncio.Future):
        found.add_done_callback(partial(_tell, own))
    else:
        own.set_result(found)


class _Ask(NamedTuple):
    route: Route
    wave: int


class RouteLoader(_Loader[_Ask]):
    """Calls each distinct route at most once.

    Every call of an operation passes here, and no caller's rights are passed by: see `answer_of`.

    Args:
        answer_of: asks PayEx on the caller's behalf. It raises `UnseenError` for an invoice or
            customer that the caller does not see; the calls that lead there have looked before.
        kept_of: returns what is at hand for the caller.
        stats: counts.
        trace: told of each batch.
        spawn: runs a call.
    """

    def __init__(
        self,
        answer_of: AnswerOf,
        kept_of: KeptOf,
        stats: OperationStats,
        trace: Trace,
        spawn: Spawn,
    ) -> None:
        super().__init__(attrgetter("route"))
        self._answer_of = answer_of
        self._kept_of = kept_of
        self._stats = stats
        self._trace = trace
        self._spawn = spawn

    def started(self, route: Route) -> bool:
        """Whether the route has been asked for in this operation."""
        return route in self.asked

    async def answer(self, route: Route, after: int = 0) -> Answer:
        """Return the route's answer.

        Args:
            route: what to ask for.
            after: the wave whose answer named this route; 0 if the query did.
        """
        return await self._loaded(_Ask(route, after + 1))

    def begun(self, route: Route, after: int = 0) -> asyncio.Future[Found]:
        """Return what brings the route's answer. Others share it: it is not to be awaited."""
        return self.load(_Ask(route, after + 1))

    def begin(self, route: Route, after: int = 0) -> None:
        """Have the route asked, for those who will want its answer."""
        self.begun(route, after).add_done_callback(_seen)

    async def demand(self, route: Route, after: int = 0) -> Answer:
        """Return the route's answer for a field, and count that the field needed it."""
        self._stats.demand()
        return await self._loaded(_Ask(route, after + 1))

    async def demand_all(self, routes: Sequence[Route], after: int = 0) -> list[Answer]:
        """Return the answers of several routes for a field, without a task for each."""
        own: list[asyncio.Future[Answer]] = []
        for route in routes:
            self._stats.demand()
            own.append(self.loop.create_future())
            self.begun(route, after).add_done_callback(partial(_tell, own[-1]))
        return await asyncio.gather(*own)

    async def batch_load_fn(self, keys: list[_Ask]) -> list[Found]:
        """Return the answers that are kept, and start a call for each other key."""
        self._stats.batch(len(keys))
        batch = self._trace.batch(len(keys), min(ask.wave for ask in keys))
        found: list[Found] = [self._find(ask, batch) for ask in keys]
        batch.until([one for one in found if isinstance(one, asyncio.Task)])
        return found

    def _find(self, ask: _Ask, batch: BatchTrace) -> Answer | asyncio.Task[Answer]:
        self._stats.started()
        kept = self._kept_of(ask.route, ask.wave, batch)
        return kept or self._spawn(self._answer_of(ask.route, ask.wave, batch))


@dataclass(frozen=True, slots=True)
class _Wanted:
    holder: Holder
    subscription_no: str = field(repr=False)
    wave: int


class SubscriptionLoader(_Loader[_Wanted]):
    """Finds single subscriptions: several under one holder by one call of the holder's list.

    A number that the list lacks is asked for by its own
    route, so that it is PayEx that tells of it.
    """

    def __init__(self, payex: Payex, routes: RouteLoader, spawn: Spawn) -> None:
        super().__init__(attrgetter("holder", "subscription_no"))
        self._paths = payex.routes
        self._routes = routes
        self._spawn = spawn

    async def answer(self, holder: Holder, subscription_no: str, after: int = 0) -> Answer:
        """Return how PayEx answers for the subscription."""
        return await self._loaded(_Wanted(holder, subscription_no, after + 1))

    async def batch_load_fn(self, keys: list[_Wanted]) -> list[Found]:
        """Choose the list or the own route for each holder's subscriptions, and start them."""
        if len(keys) == 1:
            return [self._find(keys[0], alone=True)]
        siblings = Counter(wanted.holder for wanted in keys)
        return [self._find(wanted, alone=siblings[wanted.holder] == 1) for wanted in keys]

    def _find(self, wanted: _Wanted, *, alone: bool) -> Found:
        listed = self._paths.of(wanted.holder, Kind.SUBSCRIPTIONS)
        if alone and not self._routes.started(listed):
            return self._routes.begun(self._own(wanted), wanted.wave - 1)
        return self._spawn(self._find_in_list(wanted, listed))

    async def _find_in_list(self, wanted: _Wanted, listed: Route) -> Answer:
        answer = await self._routes.answer(listed, wanted.wave - 1)
        match answer.outcome:
            case ItemList() as found:
                for item in found.items:
                    if item.number == wanted.subscription_no:
                        return Answer(item, answer.wave)
            case Problem() as problem:
                return Answer(expected(problem, self._own(wanted)), answer.wave)
            case Fault() as fault if not fault.of_one_answer:
                return answer
        return await self._routes.answer(self._own(wanted), answer.wave)

    def _own(self, wanted: _Wanted) -> Route:
        return self._paths.of(wanted.holder, Kind.SUBSCRIPTION, wanted.subscription_no)
