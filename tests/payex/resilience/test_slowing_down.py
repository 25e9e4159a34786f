"""What PayEx asks for with 429 and `Retry-After` binds every call of the ledger, and no other."""

import asyncio
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import CallContext, Errand
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.problems import Problem
from resolvers.payex.api.routes import Billing, Holder, Kind, Route, Routes
from resolvers.payex.cache.local import CachePolicy
from resolvers.payex.client import Payex
from resolvers.payex.credentials.access import Access
from resolvers.payex.resilience.attempts import Attempts
from resolvers.payex.resilience.breakers import Breakers
from resolvers.payex.resilience.holds import Holds
from resolvers.payex.resilience.limiter import Limiter
from resolvers.payex.resilience.retries import Backoff

pytestmark = pytest.mark.virtual_time
Attempting = Callable[..., AbstractAsyncContextManager[Attempts]]
Connect = Callable[..., AbstractAsyncContextManager[Payex]]
ACCESS = Access(token="a-token")  # noqa: S106 - opens nothing


class Upstream:
    """PayEx that takes a second, and answers by the next of its answers, the last one for ever."""

    def __init__(self, *answers: httpx.Response) -> None:
        self._answers = list(answers)
        self.ledgers: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.ledgers.append(request.url.path.split("/")[4])
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        await asyncio.sleep(1)
        return answer


def slow_down(seconds: str | None = "60", status: int = 429) -> httpx.Response:
    return httpx.Response(status, headers={"retry-after": seconds} if seconds else {})


def ok() -> httpx.Response:
    return httpx.Response(200, content=b"{}")


def now() -> float:
    return asyncio.get_running_loop().time()


def route(ledger: str) -> Route:
    return Routes().of(Holder(ledger, Billing.BILLED, "1"), Kind.HOLDER)


async def get(attempts: Attempts, ledger: str = "1234") -> bytes | Problem | Fault:
    """Ask once."""
    context = CallContext(OperationStats(500), Deadline(math.inf), math.inf, rights="", turn="one")
    try:
        return await attempts.get(route(ledger), ACCESS, Errand(1), context.deadline, context)
    except Fault as fault:
        return fault


def held(found: bytes | Problem | Fault) -> float | None:
    """Return for how many seconds a call is held back."""
    assert isinstance(found, Fault)
    assert found.code is FaultCode.UPSTREAM_RATE_LIMITED
    return found.retry_after


async def test_until_it_is_over_calls_of_the_ledger_fail_at_once_and_others_go(
    attempting: Attempting, caplog: pytest.LogCaptureFixture
) -> None:
    upstream, holds = Upstream(slow_down(), ok()), Holds()
    async with attempting(upstream, holds=holds, backoff=Backoff()) as attempts:
        assert held(await get(attempts)) == pytest.approx(60)
        begun = now()
        await asyncio.sleep(20)
        for _ in range(50):
            assert held(await get(attempts)) == pytest.approx(40)
        assert now() - begun == pytest.approx(20)
        assert await get(attempts, "5678") == b"{}"
        await asyncio.sleep(39)
        assert await asyncio.gather(*(get(attempts) for _ in range(9))) == [b"{}"] * 9
    assert upstream.ledgers == ["1234", "5678", *["1234"] * 9]
    assert (holds.refused, holds.held(now())) == (50, 0)
    assert [line.getMessage() for line in caplog.records] == [
        "PayEx asks to slow down (429): no call of one ledger goes for 60 seconds."
    ]


async def test_a_call_that_waits_for_its_turn_is_held_back_as_well(
    attempting: Attempting,
) -> None:
    upstream = Upstream(slow_down(), ok())
    limiter = Limiter(in_flight=1, queued=9)
    async with attempting(upstream, limiter=limiter) as attempts:
        found = await asyncio.gather(*(get(attempts) for _ in range(5)))
    assert [held(one) for one in found] == pytest.approx([60] * 5)
    assert upstream.ledgers == ["1234"]


async def test_who_was_told_waits_and_then_goes_unless_another_was_told_more(
    attempting: Attempting,
) -> None:
    upstream = Upstream(slow_down("3"), ok())
    async with attempting(upstream, backoff=Backoff(attempts=3)) as attempts:
        assert await get(attempts) == b"{}"
    upstream = Upstream(slow_down("3"), slow_down("60"), ok())
    async with attempting(upstream, backoff=Backoff(attempts=3)) as attempts:
        found = await asyncio.gather(*(get(attempts) for _ in range(2)))
    assert [held(one) for one in found] == pytest.approx([57, 60], abs=0.1)
    assert len(upstream.ledgers) == 2


async def test_what_it_asks_for_is_bounded(attempting: Attempting) -> None:
    upstream = Upstream(slow_down("99999999999"), ok())
    async with attempting(upstream, holds=Holds(longest=300)) as attempts:
        assert held(await get(attempts)) == pytest.approx(300)
        await asyncio.sleep(300)
        assert await get(attempts) == b"{}"


@pytest.mark.parametrize("longest", [0, 1, 4, 600])
async def test_no_retry_comes_sooner_than_it_asks_for_however_short_the_hold(
    attempting: Attempting, longest: float
) -> None:
    """The hold's end is told: then the gateway asks again. Without one, what PayEx asks for is."""
    upstream = Upstream(slow_down("60"))
    backoff = Backoff(attempts=3, retry_after_max=5.0)
    async with attempting(upstream, holds=Holds(longest), backoff=backoff) as attempts:
        assert held(await get(attempts)) == pytest.approx(min(longest, 60) or 60)
    assert len(upstream.ledgers) == 1


async def test_an_hour_between_the_clocks_of_both_changes_no_hold(attempting: Attempting) -> None:
    sent, until = "Sat, 03 Feb 2001 01:00:00 GMT", "Sat, 03 Feb 2001 01:00:30 GMT"
    answer = httpx.Response(429, headers={"date": sent, "retry-after": until})
    async with attempting(Upstream(answer)) as attempts:
        assert held(await get(attempts)) == pytest.approx(30)


async def test_without_holds_it_binds_the_call_that_met_it(attempting: Attempting) -> None:
    upstream = Upstream(slow_down(), ok())
    async with attempting(upstream, holds=Holds(longest=0), backoff=Backoff()) as attempts:
        assert held(await get(attempts)) == 60
        assert await get(attempts) == b"{}"


@pytest.mark.parametrize(
    "answer",
    [slow_down(None), slow_down("0"), slow_down("soon"), slow_down(status=503)],
    ids=["no time", "no seconds", "nonsense", "503"],
)
async def test_nothing_else_holds_a_call_back(
    attempting: Attempting, answer: httpx.Response
) -> None:
    upstream = Upstream(answer, ok())
    async with attempting(upstream, breakers=Breakers()) as attempts:
        assert isinstance(await get(attempts), Fault)
        assert await get(attempts) == b"{}"


async def test_what_is_kept_is_served_meanwhile(connect: Connect) -> None:
    upstream = Upstream(ok(), slow_down())
    memory = {"policy": CachePolicy(billed_ttl=60, unbilled_ttl=0)}
    async with connect(upstream, memory=memory) as payex:
        context = CallContext(
            OperationStats(500), Deadline(math.inf), math.inf, rights="", turn="one"
        )
        kept, other = (
            payex.routes.of(Holder("xxx", Billing.BILLED, number), Kind.HOLDER) for number in "12"
        )
        await payex.answer(kept, 1, context)
        for _ in range(2):
            assert isinstance((await payex.answer(other, 1, context)).outcome, Fault)
        assert not isinstance((await payex.answer(kept, 1, context)).outcome, Fault)
    assert len(upstream.ledgers) == 2
