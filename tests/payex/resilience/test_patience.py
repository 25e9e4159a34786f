"""A shared call lives as long as its most patient waiter, and the bounds of one are no other's."""

import asyncio
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import msgspec
import pytest

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Answer, CallContext
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.records import ItemList
from resolvers.payex.api.routes import Billing, Holder, Kind
from resolvers.payex.client import Payex
from resolvers.payex.resilience.limiter import Limiter

pytestmark = pytest.mark.virtual_time
Connect = Callable[..., AbstractAsyncContextManager[Payex]]
PREFIX = "/billing/usage/v1/xxx"


class Upstream:
    """PayEx that takes its time."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.calls: list[str] = []
        self.cancelled = 0
        self._seconds = seconds

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer, after a while."""
        self.calls.append(request.url.raw_path.decode().removeprefix(PREFIX))
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return httpx.Response(200, json={})


class Someone:
    """Who asks: with so much patience, and permitted so many calls."""

    def __init__(self, seconds: float = math.inf, calls: int = 500) -> None:
        now = asyncio.get_running_loop().time()
        self.stats = OperationStats(calls)
        self._context = CallContext(
            self.stats, Deadline.after(seconds, now), seconds, rights="", turn=self
        )

    async def ask(self, payex: Payex, number: str = "1") -> Answer:
        """Ask for an invoice."""
        route = payex.routes.of(Holder("xxx", Billing.BILLED, number), Kind.HOLDER)
        return await payex.answer(route, 1, self._context)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """The calls, hits, misses and answers of others' calls."""
        stats = self.stats
        return len(stats.calls), stats.hits, stats.misses, stats.joined


def fault_of(answer: Answer) -> tuple[FaultCode, dict[str, float]]:
    assert isinstance(answer.outcome, Fault)
    return answer.outcome.code, answer.outcome.limit


@pytest.mark.parametrize("seconds", [(2, 9), (9, 2)], ids=["starter", "joiner"])
@pytest.mark.parametrize("queued", [False, True])
async def test_the_impatient_leaves_and_the_patient_gets_the_answer(
    connect: Connect, seconds: tuple[float, float], *, queued: bool
) -> None:
    upstream = Upstream(seconds=4)
    policies = {"limiter": Limiter(in_flight=1, queued=9)}
    async with connect(upstream, policies=policies) as payex:
        others = [asyncio.create_task(Someone().ask(payex, "2"))] if queued else []
        await asyncio.sleep(0.5)
        waiters = []
        for patience in seconds:
            waiters.append(asyncio.create_task(Someone(patience).ask(payex)))
            # The second comes when the call, or the wait for its turn, has begun.
            await asyncio.sleep(0.5)
        answers = await asyncio.gather(*waiters)
        await asyncio.gather(*others)
    limits = [fault_of(answer) for answer in answers if isinstance(answer.outcome, Fault)]
    if queued:
        limit = {"GATEWAY_DEADLINE": 2, "GATEWAY_UPSTREAM_MAX_IN_FLIGHT": 1}
        assert limits == [(FaultCode.UPSTREAM_QUEUE_TIMEOUT, limit)]
    else:
        assert limits == [(FaultCode.DEADLINE_EXCEEDED, {"GATEWAY_DEADLINE": 2})]
    assert isinstance(answers[seconds.index(9)].outcome, msgspec.Raw)
    assert (upstream.calls.count("/invoices/1"), upstream.cancelled) == (1, 0)


async def test_whoever_joins_after_another_has_left_is_waited_for_as_well(
    connect: Connect,
) -> None:
    upstream = Upstream(seconds=9)
    async with connect(upstream) as payex:
        waiters = []
        for patience in (2, 5, 20):
            waiters.append(asyncio.create_task(Someone(patience).ask(payex)))
            await asyncio.sleep(1.5)
        answers = await asyncio.gather(*waiters)
    assert [isinstance(answer.outcome, Fault) for answer in answers] == [True, True, False]
    assert len(upstream.calls) == 1


@pytest.mark.parametrize("ticks", range(12))
async def test_whoever_comes_as_the_last_one_leaves_is_not_told_his_time_is_up(
    connect: Connect, ticks: int
) -> None:
    upstream = Upstream(seconds=4)
    async with connect(upstream) as payex:
        leaver = asyncio.create_task(Someone(2).ask(payex))
        await asyncio.sleep(2)
        for _ in range(ticks):
            await asyncio.sleep(0)
        assert isinstance((await Someone(9).ask(payex)).outcome, msgspec.Raw)
        assert isinstance((await leaver).outcome, Fault)
        assert len(payex._single_flight) == 0


async def test_when_nobody_has_time_left_each_is_told_his_own_deadline(connect: Connect) -> None:
    upstream = Upstream(seconds=60)
    async with connect(upstream) as payex:
        answers = await asyncio.gather(*(Someone(patience).ask(payex) for patience in (2, 5, 3)))
        await asyncio.sleep(0)
    code = FaultCode.DEADLINE_EXCEEDED
    assert [fault_of(answer) for answer in answers] == [
        (code, {"GATEWAY_DEADLINE": patience}) for patience in (2, 5, 3)
    ]
    assert (len(upstream.calls), upstream.cancelled) == (1, 1)


async def test_nobody_without_time_left_makes_a_call(connect: Connect) -> None:
    upstream = Upstream()
    async with connect(upstream) as payex:
        answer = await Someone(0).ask(payex)
        await asyncio.sleep(0)
    assert fault_of(answer) == (FaultCode.DEADLINE_EXCEEDED, {"GATEWAY_DEADLINE": 0})
    assert upstream.calls == []


async def test_the_bound_on_calls_of_who_started_is_no_one_elses(connect: Connect) -> None:
    """Both want the second page. One may make a single call; the other may make as many as that."""
    following = f"{PREFIX}/invoices/1/subscriptions?page=2"

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        link = None if request.url.query else following
        return httpx.Response(200, json={"items": [], "navigation": {"next": link}})

    async with connect(answer) as payex:
        route = payex.routes.of(Holder("xxx", Billing.BILLED, "1"), Kind.SUBSCRIPTIONS)
        poor, rich = Someone(calls=1), Someone()
        answers: list[Any] = await asyncio.gather(
            *(payex.answer(route, 1, who._context) for who in (poor, rich))
        )
    assert fault_of(answers[0]) == (FaultCode.UPSTREAM_TOO_MANY_CALLS, {"GATEWAY_MAX_CALLS": 1})
    assert isinstance(answers[1].outcome, ItemList)
    assert (poor.counts, rich.counts) == ((1, 0, 1, 0), (2, 0, 1, 0))
