"""What is kept is not asked for again, and what is under way is not asked for twice."""

import asyncio
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import msgspec
import pytest

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Answer, CallContext
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.problems import Problem
from resolvers.payex.api.records import ItemList
from resolvers.payex.api.routes import Billing, Holder, Kind
from resolvers.payex.api.stretches import Spent
from resolvers.payex.cache.local import CachePolicy
from resolvers.payex.client import Payex
from resolvers.payex.resilience.limiter import Limiter

pytestmark = pytest.mark.virtual_time
Connect = Callable[..., AbstractAsyncContextManager[Payex]]
KEEPS = {"policy": CachePolicy(billed_ttl=60, unbilled_ttl=20, problem_ttl=5)}
PREFIX = "/billing/usage/v1/xxx"


class Upstream:
    """PayEx that takes its time, and numbers its answers. `replies` stand in for the first ones."""

    def __init__(self, *replies: httpx.Response, seconds: float = 1.0) -> None:
        self.calls: list[str] = []
        self.cancelled = 0
        self._replies = list(replies)
        self.seconds = seconds

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer, after a while."""
        self.calls.append(request.url.raw_path.decode().removeprefix(PREFIX))
        number = len(self.calls)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self._replies.pop(0) if self._replies else httpx.Response(200, json={"n": number})


class Someone:
    """Who asks, with all the time there is and these rights."""

    def __init__(self, rights: str = "", caller: str = "") -> None:
        self.stats = OperationStats(500)
        self._context = CallContext(
            self.stats, Deadline(math.inf), math.inf, rights, turn=self, caller=caller
        )

    async def ask(
        self, payex: Payex, number: str = "1", billing: Billing = Billing.BILLED, wave: int = 1
    ) -> Answer:
        """Ask for an invoice or a customer."""
        route = payex.routes.of(Holder("xxx", billing, number), Kind.HOLDER)
        return await payex.answer(route, wave, self._context)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """The calls, hits, misses and answers of others' calls."""
        stats = self.stats
        return len(stats.calls), stats.hits, stats.misses, stats.joined


def body_of(answer: Answer) -> int:
    """Return which of the upstream's answers it is."""
    assert isinstance(answer.outcome, msgspec.Raw)
    number: int = msgspec.json.decode(answer.outcome)["n"]
    return number


def code_of(answer: Answer) -> FaultCode:
    assert isinstance(answer.outcome, Fault)
    return answer.outcome.code


def problem(code: str) -> httpx.Response:
    return httpx.Response(404, json={"type": f"billing/usage/problems/{code}"})


# What is kept.


async def test_who_waits_for_another_operations_call_spends_its_time_with_that_alone(
    connect: Connect,
) -> None:
    """Not with PayEx, and not with the gateway."""
    one, other = Someone(), Someone()
    async with connect(Upstream(seconds=2)) as payex:
        asking = asyncio.create_task(one.ask(payex))
        await asyncio.sleep(0.5)
        await other.ask(payex)
        await asking
        now = asyncio.get_running_loop().time()
        first, second = one.stats.seconds(now), other.stats.seconds(now)
    assert (first.pop(Spent.UPSTREAM), second.pop(Spent.COALESCED)) == (2, 1.5)
    assert not any((*first.values(), *second.values()))


async def test_who_shares_a_call_that_waits_does_not_wait_behind_all_others_of_its_caller(
    connect: Connect,
) -> None:
    """It has its caller's turn, as if the call were its own."""
    upstream, limiter = Upstream(), Limiter(in_flight=1, queued=99)
    many, one = Someone(caller="a"), Someone(caller="b")
    async with connect(upstream, policies={"limiter": limiter}) as payex:
        asking = [asyncio.create_task(many.ask(payex, str(number))) for number in range(20)]
        await asyncio.sleep(0.5)
        await one.ask(payex, "15")
        await asyncio.gather(*asking)
    # One of the other caller's had waited for longer.
    assert upstream.calls.index("/invoices/15") == 2
    assert len(upstream.calls) == 20
    assert (limiter.in_flight, limiter.queued) == (0, 0)


async def test_an_answer_that_is_kept_costs_no_call_and_no_wave(connect: Connect) -> None:
    upstream = Upstream()
    async with connect(upstream, memory=KEEPS) as payex:
        first, second = Someone(), Someone()
        asked = await first.ask(payex, wave=3)
        kept = await second.ask(payex, wave=3)
    assert (asked.wave, kept.wave) == (3, 2)
    assert kept.outcome is asked.outcome
    assert (first.counts, second.counts) == ((1, 0, 1, 0), (0, 1, 0, 0))
    assert second.stats.waves == 0


@pytest.mark.parametrize(
    ("billing", "replies", "ttl"),
    [
        (Billing.BILLED, [], 60),
        (Billing.UNBILLED, [], 20),
        (Billing.BILLED, [problem("invoice-not-found")], 5),
        (Billing.UNBILLED, [problem("customer-not-found")], 5),
    ],
    ids=["billed", "unbilled", "billed problem", "unbilled problem"],
)
async def test_an_answer_is_kept_for_its_time_and_no_longer(
    connect: Connect, billing: Billing, replies: list[httpx.Response], ttl: float
) -> None:
    upstream = Upstream(*replies, seconds=0)
    async with connect(upstream, memory=KEEPS) as payex:
        await Someone().ask(payex, billing=billing)
        await asyncio.sleep(ttl - 1)
        await Someone().ask(payex, billing=billing)
        assert len(upstream.calls) == 1
        await asyncio.sleep(1)
        await Someone().ask(payex, billing=billing)
        assert len(upstream.calls) == 2


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(500),
        httpx.Response(503),
        httpx.Response(401),
        httpx.Response(200, content=b"<"),
        problem("of-next-year"),
        problem("customer-not-found"),
    ],
    ids=["500", "503", "401", "malformed", "unknown problem", "another route's problem"],
)
async def test_what_is_no_answer_of_the_route_is_never_kept(
    connect: Connect, reply: httpx.Response
) -> None:
    upstream = Upstream(reply)
    async with connect(upstream, memory=KEEPS) as payex:
        first = await Someone().ask(payex)
        assert isinstance(first.outcome, Fault | Problem)
        assert body_of(await Someone().ask(payex)) == 2


async def test_callers_with_other_rights_share_nothing_that_is_kept(connect: Connect) -> None:
    upstream = Upstream()
    async with connect(upstream, memory=KEEPS) as payex:
        assert body_of(await Someone(rights="all").ask(payex)) == 1
        assert body_of(await Someone(rights="one customer").ask(payex)) == 2


# What is under way.


async def test_who_asks_for_what_is_under_way_is_told_so_and_makes_no_call(
    connect: Connect,
) -> None:
    upstream = Upstream()
    async with connect(upstream) as payex:
        first, second = Someone(), Someone()
        asked, joined = await asyncio.gather(first.ask(payex), second.ask(payex, wave=4))
    assert joined.outcome is asked.outcome
    assert (asked.wave, joined.wave) == (1, 4)
    assert (first.counts, second.counts) == ((1, 0, 1, 0), (0, 0, 0, 1))


async def test_each_waits_as_many_waves_as_the_shared_list_has_pages(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        following = f"{request.url.path}?page=2" if not request.url.query else None
        return httpx.Response(200, json={"items": [], "navigation": {"next": following}})

    async with connect(answer) as payex:
        route = payex.routes.of(Holder("xxx", Billing.BILLED, "1"), Kind.SUBSCRIPTIONS)
        answers = await asyncio.gather(
            *(payex.answer(route, wave, Someone()._context) for wave in (1, 5))
        )
    assert [answer.wave for answer in answers] == [2, 6]
    assert all(isinstance(answer.outcome, ItemList) for answer in answers)


async def test_a_fault_of_payex_is_the_same_for_all_who_wait(connect: Connect) -> None:
    upstream = Upstream(httpx.Response(500))
    async with connect(upstream) as payex:
        answers = await asyncio.gather(*(Someone().ask(payex) for _ in range(3)))
        assert [code_of(answer) for answer in answers] == [FaultCode.UPSTREAM_ERROR] * 3
        assert len(upstream.calls) == 1
        assert body_of(await Someone().ask(payex)) == 2


async def test_callers_with_other_rights_share_no_call(connect: Connect) -> None:
    upstream = Upstream()
    async with connect(upstream) as payex:
        answers = await asyncio.gather(*(Someone(rights=who).ask(payex) for who in ("a", "b")))
    assert sorted(map(body_of, answers)) == [1, 2]


@pytest.mark.parametrize("leaver", [0, 1, 2])
async def test_a_waiter_who_leaves_harms_no_other(connect: Connect, leaver: int) -> None:
    upstream = Upstream()
    async with connect(upstream) as payex:
        waiters = [asyncio.create_task(Someone().ask(payex)) for _ in range(3)]
        await asyncio.sleep(0.5)
        waiters[leaver].cancel()
        results = await asyncio.gather(*waiters, return_exceptions=True)
    assert isinstance(results.pop(leaver), asyncio.CancelledError)
    assert [body_of(result) for result in results if isinstance(result, Answer)] == [1, 1]
    assert (len(upstream.calls), upstream.cancelled) == (1, 0)


async def test_the_last_waiter_to_leave_ends_the_call(connect: Connect) -> None:
    """For the operation at once, and at PayEx when its own time is up."""
    upstream = Upstream(seconds=30)
    async with connect(upstream) as payex:
        starter = Someone()
        waiters = [asyncio.create_task(who.ask(payex)) for who in (starter, Someone())]
        await asyncio.sleep(0.5)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
        await asyncio.sleep(0)
        assert [(call.status, call.fault) for call in starter.stats.calls] == [(None, None)]
        await asyncio.sleep(10)
        assert upstream.cancelled == 1
        upstream.seconds = 1
        assert body_of(await Someone().ask(payex)) == 2


async def test_closing_ends_what_is_under_way_for_all_who_wait(connect: Connect) -> None:
    upstream = Upstream()
    async with connect(upstream) as payex:
        waiters = [asyncio.create_task(Someone().ask(payex)) for _ in range(2)]
        await asyncio.sleep(0.5)
        await payex.aclose()
        results = await asyncio.gather(*waiters, return_exceptions=True)
    assert {type(result) for result in results} == {asyncio.CancelledError}
    assert upstream.cancelled == 1
