"""While PayEx fails, the gateway fails at once; one call at a time finds out when that is over."""

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
from resolvers.payex.api.routes import Billing, Holder, Kind, Routes
from resolvers.payex.credentials.access import Access
from resolvers.payex.http.responses import CallLimits
from resolvers.payex.resilience.attempts import Attempts
from resolvers.payex.resilience.breaker import BreakerState
from resolvers.payex.resilience.breakers import Breakers
from resolvers.payex.resilience.retries import Backoff
from tests.payex.conftest import state_of

pytestmark = pytest.mark.virtual_time
Attempting = Callable[..., AbstractAsyncContextManager[Attempts]]
ACCESS = Access(token="a-token")  # noqa: S106 - opens nothing


class Upstream:
    """PayEx that takes a while for an answer of this status."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.seconds = 1.0
        self.calls = 0

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.calls += 1
        status = self.status
        await asyncio.sleep(self.seconds)
        return httpx.Response(status, json={"type": "x"})


def now() -> float:
    return asyncio.get_running_loop().time()


async def get(
    attempts: Attempts,
    number: str = "1",
    *,
    seconds: float = math.inf,
    stats: OperationStats | None = None,
) -> bytes | Problem | Fault:
    """Ask once for the invoice of a number."""
    deadline = Deadline.after(seconds, now())
    route = Routes().of(Holder("xxx", Billing.BILLED, number), Kind.HOLDER)
    context = CallContext(stats or OperationStats(500), deadline, seconds, rights="", turn="one")
    try:
        return await attempts.get(route, ACCESS, Errand(1), deadline, context)
    except Fault as fault:
        return fault


def code(found: bytes | Problem | Fault) -> FaultCode | None:
    return found.code if isinstance(found, Fault) else None


def fragile() -> Breakers:
    """A breaker that opens at the second failure of two, for ten seconds."""
    return Breakers(requests=2, failure_share=1, pause=10)


async def broken(attempts: Attempts, upstream: Upstream) -> None:
    """Open the breaker, and wait until it lets a probe go."""
    upstream.status, status = 500, upstream.status
    for _ in range(2):
        await get(attempts)
    upstream.status = status
    await asyncio.sleep(10)
    upstream.calls = 0


async def test_an_open_breaker_refuses_without_a_call_and_says_for_how_long(
    attempting: Attempting,
) -> None:
    upstream, stats = Upstream(500), OperationStats(500)
    async with attempting(upstream, breakers=fragile(), backoff=Backoff(attempts=3)) as attempts:
        await get(attempts)
        await get(attempts)
        await asyncio.sleep(4)
        refused = await get(attempts, stats=stats)
    assert isinstance(refused, Fault)
    assert refused.code is FaultCode.UPSTREAM_BREAKER_OPEN
    assert refused.retry_after == pytest.approx(6)
    assert (upstream.calls, stats.calls) == (2, [])


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 501])
async def test_a_probe_that_is_answered_closes_the_breaker(
    attempting: Attempting, status: int
) -> None:
    upstream, breakers = Upstream(status), fragile()
    async with attempting(upstream, breakers=breakers) as attempts:
        await broken(attempts, upstream)
        first, second = await asyncio.gather(get(attempts), get(attempts))
        assert code(first) is not FaultCode.UPSTREAM_BREAKER_OPEN
        assert code(second) is FaultCode.UPSTREAM_BREAKER_OPEN
        assert isinstance(second, Fault)
        # When the probe will end is not known.
        assert second.retry_after == 1.0
        assert state_of(breakers) is BreakerState.CLOSED
    assert upstream.calls == 1


async def test_a_probe_that_fails_opens_the_breaker_anew(attempting: Attempting) -> None:
    upstream, breakers = Upstream(503), fragile()
    async with attempting(upstream, breakers=breakers) as attempts:
        await broken(attempts, upstream)
        await get(attempts)
        refused = await get(attempts)
        assert isinstance(refused, Fault)
        assert refused.code is FaultCode.UPSTREAM_BREAKER_OPEN
        assert refused.retry_after == pytest.approx(10)


async def test_an_outage_leaves_a_line_when_it_begins_and_one_when_it_is_over(
    attempting: Attempting, caplog: pytest.LogCaptureFixture
) -> None:
    upstream, breakers = Upstream(), fragile()
    async with attempting(upstream, breakers=breakers) as attempts:
        await broken(attempts, upstream)
        upstream.status = 500
        for _ in range(3):
            await get(attempts)
        await asyncio.sleep(10)
        upstream.status = 200
        await get(attempts)
        await get(attempts)
    assert [(line.levelname, line.getMessage().partition(":")[0]) for line in caplog.records] == [
        ("WARNING", "The breaker of one caller of the ledger xxx is open"),
        ("WARNING", "The breaker of one caller of the ledger xxx is closed"),
    ]


async def test_a_probe_that_is_cancelled_gives_its_place_back(attempting: Attempting) -> None:
    upstream, breakers = Upstream(), fragile()
    async with attempting(upstream, breakers=breakers) as attempts:
        await broken(attempts, upstream)
        probe = asyncio.create_task(get(attempts))
        await asyncio.sleep(0.5)
        assert code(await get(attempts)) is FaultCode.UPSTREAM_BREAKER_OPEN
        probe.cancel()
        await asyncio.wait([probe])
        assert state_of(breakers) is BreakerState.HALF_OPEN
        assert isinstance(await get(attempts), bytes)


async def test_a_probe_that_the_deadline_cuts_off_gives_its_place_back(
    attempting: Attempting,
) -> None:
    upstream, breakers = Upstream(), fragile()
    async with attempting(upstream, breakers=breakers) as attempts:
        await broken(attempts, upstream)
        assert code(await get(attempts, seconds=0.5)) is FaultCode.DEADLINE_EXCEEDED
        assert state_of(breakers) is BreakerState.HALF_OPEN
        assert isinstance(await get(attempts), bytes)


async def test_a_probe_that_is_not_permitted_takes_no_place(attempting: Attempting) -> None:
    upstream, breakers = Upstream(), fragile()
    async with attempting(upstream, breakers=breakers) as attempts:
        await broken(attempts, upstream)
        assert (
            code(await get(attempts, stats=OperationStats(0))) is FaultCode.UPSTREAM_TOO_MANY_CALLS
        )
        assert isinstance(await get(attempts), bytes)


async def test_a_path_too_long_to_be_asked_says_nothing_of_payex(attempting: Attempting) -> None:
    upstream, breakers = Upstream(), fragile()
    async with attempting(upstream, breakers=breakers) as attempts:
        await broken(attempts, upstream)
        assert code(await get(attempts, "1" * 70_000)) is FaultCode.UPSTREAM_LINK_REFUSED
        assert state_of(breakers) is BreakerState.HALF_OPEN
        assert isinstance(await get(attempts), bytes)


async def test_calls_that_the_deadline_cuts_off_open_no_breaker(attempting: Attempting) -> None:
    upstream, breakers = Upstream(500), fragile()
    async with attempting(upstream, breakers=breakers) as attempts:
        await get(attempts)
        for _ in range(3):
            await get(attempts, seconds=0.5)
        assert state_of(breakers) is BreakerState.CLOSED
        # Nor are they successes, which would keep it closed now.
        await get(attempts)
        assert state_of(breakers) is BreakerState.OPEN


@pytest.mark.parametrize("status", [200, 500])
async def test_a_call_from_before_says_nothing_while_a_probe_is_under_way(
    attempting: Attempting, status: int
) -> None:
    upstream, breakers = Upstream(status), fragile()
    async with attempting(upstream, breakers=breakers, limits=CallLimits(timeout=60)) as attempts:
        upstream.seconds = 13
        old = asyncio.create_task(get(attempts))
        await asyncio.sleep(0.5)
        upstream.seconds = 1
        await broken(attempts, upstream)
        upstream.seconds = 5
        probe = asyncio.create_task(get(attempts))
        await old
        assert not probe.done()
        assert state_of(breakers) is BreakerState.HALF_OPEN
        assert code(await get(attempts)) is FaultCode.UPSTREAM_BREAKER_OPEN
        await probe
        assert (state_of(breakers) is BreakerState.CLOSED) == (status == 200)
