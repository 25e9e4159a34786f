"""So many calls at a time, and a turn for everyone."""

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import CallContext, Errand
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.problems import Problem
from resolvers.payex.api.pulse import Pulse, beating
from resolvers.payex.api.routes import Billing, Holder, Kind, Routes
from resolvers.payex.api.stretches import Spent
from resolvers.payex.credentials.access import Access
from resolvers.payex.http.responses import CallLimits
from resolvers.payex.resilience.attempts import Attempts
from resolvers.payex.resilience.breaker import BreakerState
from resolvers.payex.resilience.breakers import Breakers
from resolvers.payex.resilience.limiter import Limiter
from resolvers.payex.resilience.retries import Backoff
from tests.payex.conftest import state_of

pytestmark = pytest.mark.virtual_time
Attempting = Callable[..., AbstractAsyncContextManager[Attempts]]
ACCESS = Access(token="a-token")  # noqa: S106 - opens nothing
HOLDER = Holder("xxx", Billing.BILLED, "1")


class Upstream:
    """PayEx that takes so many seconds for an answer, or so many ticks of the loop."""

    def __init__(self, status: int = 200, *, seconds: float = 1.0, ticks: int = 0) -> None:
        self.status = status
        self.seconds = seconds
        self.asked: list[str] = []
        self.in_flight = self.most = 0
        self._ticks = ticks

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.asked.append(request.url.path.rpartition("/")[2])
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            for _ in range(self._ticks):
                await asyncio.sleep(0)
            if not self._ticks:
                await asyncio.sleep(self.seconds)
        finally:
            self.in_flight -= 1
        return httpx.Response(self.status, json={"type": "x"})


def now() -> float:
    return asyncio.get_running_loop().time()


async def get(  # noqa: PLR0913 - each test names what matters
    attempts: Attempts,
    number: str = "1",
    *,
    who: tuple[str, str] = ("somebody", "one"),
    access: Access = ACCESS,
    seconds: float = math.inf,
    started: float | None = None,
    stats: OperationStats | None = None,
) -> bytes | Problem | Fault:
    """Ask once for the invoice of a number."""
    deadline = Deadline.after(seconds, now() if started is None else started)
    route = Routes().of(Holder("xxx", Billing.BILLED, number), Kind.HOLDER)
    context = CallContext(
        stats or OperationStats(500), deadline, seconds, rights="", caller=who[0], turn=who[1]
    )
    try:
        return await attempts.get(route, access, Errand(1), deadline, context)
    except Fault as fault:
        return fault


@given(places=st.integers(1, 5), calls=st.integers(1, 12))
async def test_so_many_calls_are_in_flight_and_no_more(
    attempting: Attempting, places: int, calls: int
) -> None:
    upstream, limiter = Upstream(), Limiter(in_flight=places, queued=20)
    async with attempting(upstream, limiter=limiter) as attempts:
        begun = now()
        found = await asyncio.gather(*(get(attempts) for _ in range(calls)))
        assert now() - begun == math.ceil(calls / places)
    assert all(isinstance(body, bytes) for body in found)
    assert upstream.most == min(places, calls)
    assert (limiter.in_flight, limiter.queued) == (0, 0)


async def test_operations_take_turns_and_each_ones_calls_go_in_order(
    attempting: Attempting,
) -> None:
    upstream = Upstream()
    async with attempting(upstream, limiter=Limiter(in_flight=1, queued=9)) as attempts:
        numbers = ["0", "a1", "a2", "a3", "b1", "c1", "c2"]
        await asyncio.gather(
            *(get(attempts, number, who=("somebody", number[0])) for number in numbers)
        )
    assert upstream.asked == ["0", "a1", "b1", "c1", "a2", "c2", "a3"]


@pytest.mark.parametrize(
    ("limiter", "bound"),
    [
        (Limiter(in_flight=1, queued=2), "GATEWAY_UPSTREAM_MAX_IN_FLIGHT"),
        (Limiter(in_flight=9, queued=2, connections=1), "GATEWAY_UPSTREAM_MAX_CONNECTIONS"),
    ],
)
async def test_a_full_queue_refuses_and_names_its_room_and_what_it_waits_for(
    attempting: Attempting, limiter: Limiter, bound: str
) -> None:
    upstream = Upstream()
    async with attempting(upstream, limiter=limiter) as attempts:
        found = await asyncio.gather(*(get(attempts) for _ in range(4)))
    refused = found.pop()
    assert isinstance(refused, Fault)
    assert refused.code is FaultCode.UPSTREAM_OVERLOADED
    limit = {bound: 1, "GATEWAY_UPSTREAM_MAX_QUEUED": 2}
    assert refused.limit == limit
    assert all(isinstance(body, bytes) for body in found)
    assert (len(upstream.asked), limiter.in_flight) == (3, 0)


async def test_who_pauses_before_another_attempt_holds_no_place(attempting: Attempting) -> None:
    upstream = Upstream(503)
    policies = {
        "limiter": Limiter(in_flight=1, queued=0),
        "backoff": Backoff(attempts=2, base=8, cap=8),
    }
    async with attempting(upstream, **policies) as attempts:
        pausing = asyncio.create_task(get(attempts, "1"))
        await asyncio.sleep(2)
        upstream.status = 200
        assert isinstance(await get(attempts, "2"), bytes)
        assert isinstance(await pausing, bytes)
    assert upstream.asked == ["1", "2", "1"]


async def test_a_deadline_that_comes_in_the_queue_ends_the_wait(attempting: Attempting) -> None:
    upstream, limiter = Upstream(seconds=5), Limiter(in_flight=1, queued=9)
    async with attempting(upstream, limiter=limiter) as attempts:
        running = asyncio.create_task(get(attempts))
        await asyncio.sleep(1)
        late = await get(attempts, seconds=2)
        assert isinstance(late, Fault)
        assert late.code is FaultCode.UPSTREAM_QUEUE_TIMEOUT
        assert late.limit == {"GATEWAY_DEADLINE": 2, "GATEWAY_UPSTREAM_MAX_IN_FLIGHT": 1}
        assert late.measured == 2
        assert (limiter.in_flight, limiter.queued) == (1, 0)
        assert isinstance(await running, bytes)
    assert (len(upstream.asked), limiter.in_flight) == (1, 0)


async def test_a_wait_in_the_queue_is_no_time_of_payex(attempting: Attempting) -> None:
    """Forty calls over two connections to a PayEx that is well: all are answered, no one fails."""
    upstream, breakers = Upstream(seconds=0.2), Breakers(requests=5)
    limiter = Limiter(in_flight=100, queued=100, connections=2)
    policies = {"limiter": limiter, "breakers": breakers, "limits": CallLimits(timeout=0.5)}
    async with attempting(upstream, **policies) as attempts:
        found = await asyncio.gather(*(get(attempts, str(n), seconds=30) for n in range(40)))
    assert all(isinstance(body, bytes) for body in found)
    assert (upstream.most, breakers.openings.total()) == (2, 0)


@given(connections=st.integers(1, 5), calls=st.integers(1, 30), seconds=st.integers(1, 9))
async def test_who_waits_too_long_for_a_connection_is_told_so_and_counts_against_nobody(
    attempting: Attempting, connections: int, calls: int, seconds: int
) -> None:
    upstream, breakers = Upstream(seconds=1), Breakers(requests=1)
    limiter = Limiter(in_flight=100, queued=100, connections=connections)
    async with attempting(upstream, limiter=limiter, breakers=breakers) as attempts:
        patience = seconds + 0.5
        found = await asyncio.gather(
            *(get(attempts, str(n), seconds=patience) for n in range(calls))
        )
        assert state_of(breakers) is BreakerState.CLOSED
    served = [body for body in found if isinstance(body, bytes)]
    assert len(served) == len(upstream.asked) == min(calls, connections * seconds)
    bound = {"GATEWAY_DEADLINE": patience, "GATEWAY_UPSTREAM_MAX_CONNECTIONS": connections}
    for fault in found:
        if isinstance(fault, Fault):
            assert fault.code is FaultCode.UPSTREAM_QUEUE_TIMEOUT
            # There was no time left to be answered in.
            assert (fault.limit, fault.measured) == (bound, seconds)


@pytest.mark.parametrize(
    ("limiter", "what"),
    [
        (Limiter(in_flight=9, queued=9, connections=1), Spent.CONNECTION),
        (Limiter(in_flight=1, queued=9), Spent.PLACE),
    ],
)
async def test_the_wait_for_a_turn_is_told_apart_from_the_time_at_payex(
    attempting: Attempting, limiter: Limiter, what: Spent
) -> None:
    """With one connection the fifth of five operations waits for four others."""
    tallies = [OperationStats(500) for _ in range(5)]
    async with attempting(Upstream(seconds=0.2), limiter=limiter) as attempts:
        await asyncio.gather(
            *(
                get(attempts, str(n), who=("somebody", str(n)), stats=one)
                for n, one in enumerate(tallies)
            )
        )
        spent = [stats.seconds(now()) for stats in tallies]
    for n, times in enumerate(spent):
        assert times.pop(Spent.UPSTREAM) == pytest.approx(0.2)
        assert times.pop(what) == pytest.approx(0.2 * n)
        assert not any(times.values())


async def test_an_answer_that_waits_for_the_event_loop_is_not_payexs_to_blame(
    attempting: Attempting,
) -> None:
    """PayEx takes 0.05 seconds, in which another operation begins to compute for 0.7 seconds."""
    loop: Any = asyncio.get_running_loop()
    stats, pulse = OperationStats(500), Pulse()
    async with attempting(Upstream(seconds=0.05), pulse=pulse) as attempts, beating(pulse, now):
        await asyncio.sleep(1)
        loop.call_later(0.03, loop.pass_time, 0.7)
        await get(attempts, stats=stats)
        times = stats.seconds(now())
    assert times[Spent.UPSTREAM] == pytest.approx(0.04, abs=0.011)
    assert times[Spent.UPSTREAM] + times[Spent.LOOP] == pytest.approx(0.73)
    (call,) = stats.calls
    assert call.ended - call.started == times[Spent.UPSTREAM]


async def test_a_busy_event_loop_before_payex_answers_is_no_excuse_for_payex(
    attempting: Attempting,
) -> None:
    loop: Any = asyncio.get_running_loop()
    stats, pulse = OperationStats(500), Pulse()
    async with attempting(Upstream(seconds=2), pulse=pulse) as attempts, beating(pulse, now):
        loop.call_later(0.03, loop.pass_time, 0.7)
        await get(attempts, stats=stats)
        times = stats.seconds(now())
    assert times[Spent.UPSTREAM] == pytest.approx(2)
    assert not times[Spent.LOOP]


@pytest.mark.parametrize("busy", [0.0, 0.7, 5.0])
@pytest.mark.parametrize(("seconds", "answers"), [(0.4, True), (0.6, False)])
async def test_the_time_of_a_call_stands_still_while_the_event_loop_is_busy(
    attempting: Attempting, seconds: float, busy: float, *, answers: bool
) -> None:
    """PayEx has the half of a second that it may take, and is not blamed for more."""
    loop: Any = asyncio.get_running_loop()
    pulse, limits = Pulse(), CallLimits(timeout=0.5)
    upstream = Upstream(seconds=seconds + busy)
    async with (
        attempting(upstream, pulse=pulse, limits=limits) as attempts,
        beating(pulse, now),
    ):
        loop.call_later(0.1, loop.pass_time, busy)
        found = await get(attempts)
    assert isinstance(found, bytes) is answers
    if isinstance(found, Fault):
        assert found.code is FaultCode.UPSTREAM_TIMEOUT


async def test_a_call_that_still_waits_or_is_under_way_counts_until_now(
    attempting: Attempting,
) -> None:
    tallies = [OperationStats(500), OperationStats(500)]
    async with attempting(Upstream(seconds=5), limiter=Limiter(in_flight=1, queued=9)) as attempts:
        calls = [
            asyncio.create_task(get(attempts, str(n), stats=one)) for n, one in enumerate(tallies)
        ]
        await asyncio.sleep(3)
        first, second = (stats.seconds(now()) for stats in tallies)
        await asyncio.gather(*calls)
    assert (first[Spent.UPSTREAM], second[Spent.PLACE]) == (3, 3)


async def test_a_pause_before_another_attempt_is_told_by_itself(attempting: Attempting) -> None:
    stats, backoff = OperationStats(500), Backoff(attempts=2, base=8, cap=8)
    async with attempting(Upstream(503), backoff=backoff) as attempts:
        await get(attempts, stats=stats)
        times = stats.seconds(now())
    assert (times[Spent.UPSTREAM], times[Spent.PAUSE]) == (2, 4)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(7.0, FaultCode.UPSTREAM_QUEUE_TIMEOUT), (10.0, FaultCode.DEADLINE_EXCEEDED)],
)
async def test_the_longer_wait_is_to_blame_when_the_time_is_up(
    attempting: Attempting, seconds: float, code: FaultCode
) -> None:
    """The second waits 4 seconds for its place, and then for an answer."""
    upstream = Upstream(seconds=1)
    async with attempting(upstream, limiter=Limiter(in_flight=1, queued=9)) as attempts:
        await get(attempts)
        upstream.seconds = 5
        first = asyncio.create_task(get(attempts))
        await asyncio.sleep(1)
        upstream.seconds = 100
        late = await get(attempts, seconds=seconds)
        await first
    assert isinstance(late, Fault)
    assert late.code is code
    assert late.measured == (4 if code is FaultCode.UPSTREAM_QUEUE_TIMEOUT else seconds)


async def test_a_queue_is_not_to_blame_for_what_took_longer_before_it(
    attempting: Attempting,
) -> None:
    """An operation whose event loop was busy for 3 seconds waits for a place for the fourth."""
    upstream, limiter = Upstream(seconds=9), Limiter(in_flight=1, queued=9)
    async with attempting(upstream, limiter=limiter) as attempts:
        first = asyncio.create_task(get(attempts))
        await asyncio.sleep(3)
        late = await get(attempts, seconds=4, started=now() - 3)
        await first
    assert isinstance(late, Fault)
    assert late.code is FaultCode.DEADLINE_EXCEEDED
    assert (late.limit, late.measured) == ({"GATEWAY_DEADLINE": 4}, 4)


async def test_a_wave_is_a_round_of_the_operations_own_calls(attempting: Attempting) -> None:
    """Where two share one place, the calls of each go one after the other: as many waves.

    Who waits for others alone is in its first wave.
    """
    three, two, one = (OperationStats(500) for _ in range(3))
    async with attempting(Upstream(), limiter=Limiter(in_flight=1, queued=9)) as attempts:
        await asyncio.gather(
            *(get(attempts, "3", who=("a", "a"), stats=three) for _ in range(3)),
            *(get(attempts, "2", who=("b", "b"), stats=two) for _ in range(2)),
            get(attempts, "1", who=("c", "c"), stats=one),
        )
    assert [stats.waves for stats in (three, two, one)] == [3, 2, 1]


async def test_a_setting_bounds_the_wait_for_a_place(attempting: Attempting) -> None:
    upstream, limiter = Upstream(seconds=5), Limiter(in_flight=1, queued=9)
    async with attempting(upstream, limiter=limiter, queue_timeout=2.0) as attempts:
        found = await asyncio.gather(*(get(attempts, seconds=30) for _ in range(2)))
        late = found[1]
        assert isinstance(late, Fault)
        assert late.code is FaultCode.UPSTREAM_QUEUE_TIMEOUT
        assert late.limit == {
            "GATEWAY_UPSTREAM_QUEUE_TIMEOUT": 2,
            "GATEWAY_UPSTREAM_MAX_IN_FLIGHT": 1,
        }
        assert late.measured == 2
    assert isinstance(found[0], bytes)
    assert (limiter.in_flight, limiter.queued) == (0, 0)


async def test_a_callers_many_calls_leave_another_its_share(attempting: Attempting) -> None:
    """The one call of another caller waits for one place, not for two hundred calls."""
    upstream, limiter = Upstream(), Limiter(in_flight=10, queued=500)
    async with attempting(upstream, limiter=limiter) as attempts:
        many = [asyncio.create_task(get(attempts, who=("many", str(n % 20)))) for n in range(200)]
        await asyncio.sleep(0.5)
        begun = now()
        await get(attempts, who=("one", "one"))
        assert now() - begun == 0.5 + 1
        await asyncio.gather(*many)


async def test_a_tenant_whose_connections_are_in_use_holds_back_no_other(
    attempting: Attempting,
) -> None:
    limiter = Limiter(in_flight=10, queued=500, connections=1)
    acme, other = (Access(token="a", tenant=name) for name in ("acme", "other"))  # noqa: S106
    async with attempting(Upstream(), limiter=limiter) as attempts:
        calls = [asyncio.create_task(get(attempts, access=acme)) for _ in range(5)]
        await asyncio.sleep(0)
        begun = now()
        await get(attempts, access=other)
        assert now() - begun == 1
        await asyncio.gather(*calls)


async def test_who_has_to_make_room_for_another_caller_is_told_that_the_queue_is_full(
    attempting: Attempting,
) -> None:
    upstream, limiter = Upstream(), Limiter(in_flight=1, queued=2)
    async with attempting(upstream, limiter=limiter) as attempts:
        many = [asyncio.create_task(get(attempts, str(n), who=("many", "one"))) for n in range(3)]
        await asyncio.sleep(0.5)
        assert isinstance(await get(attempts, "other", who=("other", "one")), bytes)
        refused = (await asyncio.gather(*many))[-1]
    assert isinstance(refused, Fault)
    assert refused.code is FaultCode.UPSTREAM_OVERLOADED
    assert upstream.asked == ["0", "1", "other"]


@pytest.mark.parametrize("ticks", range(4))
async def test_who_leaves_while_it_has_to_make_room_takes_no_place_along(
    attempting: Attempting, ticks: int
) -> None:
    """It may leave just before or just after it is told."""
    limiter = Limiter(in_flight=1, queued=2)
    async with attempting(Upstream(), limiter=limiter, kind=Attempts) as attempts:
        many = [asyncio.create_task(get(attempts, str(n), who=("many", "a"))) for n in range(3)]
        await asyncio.sleep(0.5)
        other = asyncio.create_task(get(attempts, "other", who=("other", "a")))
        for tick in range(4):
            if tick == ticks:
                many[-1].cancel()
            await asyncio.sleep(0)
        await asyncio.gather(*many, return_exceptions=True)
        assert isinstance(await other, bytes)
    assert (limiter.in_flight, limiter.queued) == (0, 0)


MOMENTS = 15


def moments(ticks: int) -> Iterator[tuple[int, int]]:
    """All pairs of ticks at which two of the calls may be cancelled."""
    return ((first, later) for first in range(ticks) for later in range(first, ticks))


@pytest.mark.parametrize(
    ("places", "cancelled"), [(1, (0, 1)), (1, (2, 1)), (2, (1, 2)), (2, (1, 3))], ids=str
)
async def test_whenever_calls_are_cancelled_no_place_is_lost_and_none_is_made(
    attempting: Attempting, places: int, cancelled: tuple[int, int]
) -> None:
    """At every tick: before the queue, in it, just as the place is granted, and under way."""
    ended: list[tuple[int, ...]] = []
    for first, later in moments(MOMENTS):
        upstream, limiter = Upstream(ticks=2), Limiter(in_flight=places, queued=9)
        async with attempting(upstream, limiter=limiter) as attempts:
            tasks = [asyncio.create_task(get(attempts, str(number))) for number in range(5)]
            for tick in range(MOMENTS + 1):
                for victim, moment in zip(cancelled, (first, later), strict=True):
                    if tick == moment:
                        tasks[victim].cancel()
                await asyncio.sleep(0)
            found = await asyncio.gather(*tasks, return_exceptions=True)
        gone = [n for n, one in enumerate(found) if isinstance(one, asyncio.CancelledError)]
        ended.append(tuple(gone))
        assert set(gone) <= set(cancelled)
        assert all(isinstance(one, bytes) for n, one in enumerate(found) if n not in gone)
        assert (limiter.in_flight, limiter.queued, upstream.in_flight) == (0, 0, 0)
        assert upstream.most <= places
    # Some moments were early enough to cancel both. The last was too late for either: there are no
    # others to try.
    assert tuple(sorted(cancelled)) in ended
    assert ended[-1] == ()


async def test_who_leaves_the_queue_lets_nobody_in(attempting: Attempting) -> None:
    upstream, limiter = Upstream(seconds=5), Limiter(in_flight=1, queued=9)
    async with attempting(upstream, limiter=limiter) as attempts:
        calls = [asyncio.create_task(get(attempts, str(number))) for number in range(3)]
        await asyncio.sleep(1)
        calls[2].cancel()
        await asyncio.sleep(1)
        assert (upstream.asked, limiter.in_flight, limiter.queued) == (["0"], 1, 1)
        await asyncio.gather(*calls, return_exceptions=True)
    assert (upstream.asked, upstream.most) == (["0", "1"], 1)
