"""The dataloaders of one operation. Both must be made anew for each operation.

They answer with values, never with exceptions: a reply, a problem or a fault. A batch hands out
one task per key at once, so that no key waits for, or fails with, its neighbours, and waiters are
shielded from each other's cancellation (a plain aiodataloader shares one future among them).
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiodataloader import DataLoader

from resolvers.payex.answers import Answer
from resolvers.payex.client import Payex
from resolvers.payex.faults import Fault
from resolvers.payex.problems import Problem
from resolvers.payex.records import ItemList
from resolvers.payex.routes import Holder, Kind, Route
from resolvers.payex.tracing import BatchTrace, Trace
from resolvers.tally import Tally

Spawn = Callable[[Coroutine[Any, Any, Answer]], "asyncio.Task[Answer]"]
AnswerOf = Callable[[Route, int, BatchTrace], Coroutine[Any, Any, Answer]]
"""Asks PayEx for a route, which belongs to a wave and to a batch."""


class _Ask(NamedTuple):
    route: Route
    wave: int


class RouteLoader(DataLoader[_Ask, "asyncio.Task[Answer]"]):
    """Calls each distinct route at most once, at most `max_in_flight` of them at a time.

    Every call of an operation passes here, and no caller's rights are passed by: see `answer_of`.

    Args:
        answer_of: asks PayEx on the caller's behalf. It raises `UnseenError` for an invoice or
            customer that the caller does not see; the calls that lead there have looked before.
        tally: counts.
        trace: told of each batch.
        spawn: runs a call.
        max_in_flight: how many calls run at a time.
    """

    def __init__(
        self, answer_of: AnswerOf, tally: Tally, trace: Trace, spawn: Spawn, *, max_in_flight: int
    ) -> None:
        super().__init__(get_cache_key=lambda ask: ask.route)
        self._answer_of = answer_of
        self._tally = tally
        self._trace = trace
        self._spawn = spawn
        self._in_flight = asyncio.Semaphore(max_in_flight)

    def started(self, route: Route) -> bool:
        """Whether the route has been asked for in this operation."""
        return route in self._cache

    async def answer(self, route: Route, after: int = 0) -> Answer:
        """Return the route's answer.

        Args:
            route: what to ask for.
            after: the wave whose answer told the asker of this route; 0 if the query did.
        """
        task = await asyncio.shield(self.load(_Ask(route, after + 1)))
        return await asyncio.shield(task)

    async def demand(self, route: Route, after: int = 0) -> Answer:
        """Return the route's answer for a field, which the tally counts."""
        self._tally.demand()
        return await self.answer(route, after)

    async def batch_load_fn(self, keys: list[_Ask]) -> list["asyncio.Task[Answer]"]:
        """Start a call for each key."""
        self._tally.batch(len(keys))
        batch = self._trace.batch(len(keys), min(ask.wave for ask in keys))
        tasks = [self._spawn(self._call(ask, batch)) for ask in keys]
        batch.until(tasks)
        return tasks

    async def _call(self, ask: _Ask, batch: BatchTrace) -> Answer:
        self._tally.started()
        async with self._in_flight:
            return await self._answer_of(ask.route, ask.wave, batch)


@dataclass(frozen=True, slots=True)
class _Wanted:
    holder: Holder
    subscription_no: str = field(repr=False)
    wave: int


class SubscriptionLoader(DataLoader[_Wanted, "asyncio.Task[Answer]"]):
    """Finds single subscriptions: several under one holder by one call of the holder's list.

    A number that the list lacks is asked for by its own
    route, so that it is PayEx that tells of it.
    """

    def __init__(self, payex: Payex, routes: RouteLoader, spawn: Spawn) -> None:
        super().__init__(get_cache_key=lambda wanted: (wanted.holder, wanted.subscription_no))
        self._paths = payex.routes
        self._routes = routes
        self._spawn = spawn

    async def answer(self, holder: Holder, subscription_no: str, after: int = 0) -> Answer:
        """Return how PayEx answers for the subscription."""
        task = await asyncio.shield(self.load(_Wanted(holder, subscription_no, after + 1)))
        return await asyncio.shield(task)

    async def batch_load_fn(self, keys: list[_Wanted]) -> list["asyncio.Task[Answer]"]:
        """Choose the list or the own route for each holder's subscriptions, and start them."""
        siblings: dict[Holder, list[_Wanted]] = {}
        for wanted in keys:
            siblings.setdefault(wanted.holder, []).append(wanted)
        return [self._spawn(self._find(wanted, siblings[wanted.holder])) for wanted in keys]

    async def _find(self, wanted: _Wanted, siblings: Sequence[_Wanted]) -> Answer:
        holder, number, wave = wanted.holder, wanted.subscription_no, wanted.wave
        own = self._paths.of(holder, Kind.SUBSCRIPTION, number)
        listed = self._paths.of(holder, Kind.SUBSCRIPTIONS)
        after = wave - 1
        if len(siblings) > 1 or self._routes.started(listed):
            answer = await self._routes.answer(listed, after)
            match answer.outcome:
                case ItemList() as found:
                    for item in found.items:
                        if item.number == number:
                            return Answer(item, answer.wave)
                case Problem():
                    return answer
                case Fault() as fault if not fault.of_one_answer:
                    return answer
            after = answer.wave
        return await self._routes.answer(own, after)
