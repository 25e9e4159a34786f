"""Who answers nobody opens the breaker, however short deadlines are; who has no time does not."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import ANYONE, Answer, CallContext
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.pulse import Pulse, beating
from resolvers.payex.api.routes import Billing, Holder, Kind
from resolvers.payex.client import Payex
from resolvers.payex.resilience.breaker import BreakerState
from resolvers.payex.resilience.breakers import Breakers, Scope
from resolvers.payex.resilience.limiter import Limiter
from tests.payex.conftest import VirtualLoop, state_of

pytestmark = pytest.mark.virtual_time
Connect = Callable[..., AbstractAsyncContextManager[Payex]]
NEVER = 3600.0


class Upstream:
    """PayEx that is silent for so long, and takes as long again for its body."""

    def __init__(self, seconds: float = 0.05, body: float = 0.0) -> None:
        self.seconds = seconds
        self.body = body
        self.calls = self.under_way = self.most = 0

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.calls += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        return httpx.Response(200, content=self._content())

    async def _content(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(self.body)
        yield b"{}"


def now() -> float:
    return asyncio.get_running_loop().time()


async def ask(
    payex: Payex,
    number: int = 0,
    seconds: float = math.inf,
    stats: OperationStats | None = None,
    caller: str = ANYONE,
) -> Answer:
    """Ask for an invoice, with so much time."""
    deadline = Deadline.after(seconds, now())
    context = CallContext(
        stats or OperationStats(500), deadline, seconds, rights="", turn=object(), caller=caller
    )
    route = payex.routes.of(Holder("xxx", Billing.BILLED, str(number)), Kind.HOLDER)
    return await payex.answer(route, 1, context)


def fail(breakers: Breakers, caller: str = "another") -> None:
    """Let another call fail, of the same ledger."""
    permit = breakers.permit("xxx", caller, now())
    assert permit
    permit.failed(now())


def code(answer: Answer) -> FaultCode | None:
    return answer.outcome.code if isinstance(answer.outcome, Fault) else None


@pytest.mark.parametrize("answered", [0, 1, 200])
@pytest.mark.parametrize("seconds", [0.01, 0.2, 5.0])
async def test_ninety_hung_calls_open_the_breaker_whatever_time_they_have(
    connect: Connect, answered: int, seconds: float
) -> None:
    upstream, breakers = Upstream(), Breakers()
    async with connect(upstream, policies={"breakers": breakers}) as payex:
        for number in range(answered):
            await ask(payex, number)
        upstream.seconds = NEVER
        hung = []
        for number in range(90):
            hung.append(asyncio.create_task(ask(payex, number, seconds)))
            await asyncio.sleep(0.1)
        await asyncio.gather(*hung)
        assert breakers.openings.total() > 0
        assert upstream.calls < answered + 90
    assert upstream.under_way == 0


class Pattern(NamedTuple):
    """How PayEx answers, and who asks: seconds, and a patient one beside."""

    quick: float = 0.02
    times: float = 50
    patience: list[float] = [0.4]  # noqa: RUF012 - nobody changes it
    pause: float = 0.05
    idle: float = 0
    beside: float | None = None
    warm: int = 25


@settings(max_examples=10, deadline=None)
@given(
    st.builds(
        Pattern,
        quick=st.floats(0.01, 0.04),
        times=st.floats(2, 50),
        patience=st.lists(st.floats(0, 2.5), min_size=1, max_size=9),
        pause=st.floats(0.02, 1),
        idle=st.floats(0, 40),
        beside=st.floats(0.05, 0.2),
        warm=st.sampled_from([0, 25, 200]),
    )
)
@example(Pattern())
@example(Pattern(patience=[0.35], beside=1))
def test_no_impatience_with_slow_items_opens_the_breaker_of_an_upstream_that_answers_all(
    connect: Connect, pattern: Pattern
) -> None:
    """Slow ones take up to fifty times as long as the others; beside them, another asks those."""
    quick, times, patience, pause, idle, beside, warm = pattern
    breakers, upstream = Breakers(), Upstream(quick)

    async def patient(payex: Payex, every: float) -> None:
        for number in range(1000):
            await ask(payex, 1000 + number)
            await asyncio.sleep(every)

    async def slow(request: httpx.Request) -> httpx.Response:
        is_slow = int(request.url.path.rsplit("/", 1)[1]) >= 5000
        await asyncio.sleep(quick * (times - 1) if is_slow else 0)
        return await upstream(request)

    async def run() -> None:
        async with connect(slow, policies={"breakers": breakers}) as payex:
            for number in range(warm):
                await ask(payex, number)
            await asyncio.sleep(idle)
            other = asyncio.create_task(patient(payex, beside)) if beside else None
            waiting = []
            for number in range(60):
                seconds = patience[number % len(patience)]
                waiting.append(asyncio.create_task(ask(payex, 5000 + number, seconds)))
                await asyncio.sleep(pause)
            await asyncio.gather(*waiting)
            if other:
                other.cancel()
                await asyncio.wait([other])

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())
    assert breakers.openings.total() == 0


@pytest.mark.parametrize("places", [4, 16, 64])
async def test_few_places_and_calls_that_were_under_way_at_its_beginning_hide_no_black_hole(
    connect: Connect, places: int
) -> None:
    upstream, breakers = Upstream(), Breakers(requests=5)
    policies = {"breakers": breakers, "limiter": Limiter(in_flight=places, queued=100)}
    async with connect(upstream, policies=policies) as payex:
        upstream.seconds = NEVER
        early = [asyncio.create_task(ask(payex, 500 + number, 0.2)) for number in range(places - 1)]
        await asyncio.sleep(0.01)
        upstream.seconds = 0.01
        await ask(payex)
        upstream.seconds = NEVER
        for number in range(150):
            await ask(payex, number, 0.2)
        await asyncio.gather(*early)
    assert breakers.openings.total() > 0


async def test_an_item_that_hangs_while_others_are_answered_fails_for_who_asked_for_it(
    connect: Connect,
) -> None:
    """For all others, it fails when its own time is up, though its operation left long before."""
    upstream, breakers, stats = Upstream(NEVER), Breakers(requests=1), OperationStats(500)
    async with connect(upstream, policies={"breakers": breakers}) as payex:
        await ask(payex, 99, 0.2, stats)
        upstream.seconds = 0.01
        for number in range(80):
            await ask(payex, number)
            await asyncio.sleep(0.1)
        assert +breakers.openings == {Scope.CALLER: 1}
        assert stats.unread == []
        for number in range(20):
            await ask(payex, number)
            await asyncio.sleep(0.1)
        assert breakers.openings.total() == 1
    assert [(one.route, one.fault) for one in stats.unread] == [
        (stats.calls[0].route, FaultCode.UPSTREAM_TIMEOUT)
    ]


@pytest.mark.parametrize("seconds", [0.2, 0.3, 0.5])
async def test_ninety_hung_calls_of_one_caller_open_his_breaker_while_others_are_answered(
    connect: Connect, seconds: float
) -> None:
    """Nobody else is refused anything."""
    upstream, breakers = Upstream(), Breakers()

    async def answer(request: httpx.Request) -> httpx.Response:
        if "/9" in request.url.path:
            await asyncio.sleep(NEVER)
        return await upstream(request)

    async with connect(answer, policies={"breakers": breakers}) as payex:
        impatient = asyncio.gather(
            *(ask(payex, 900 + number, seconds, caller="impatient") for number in range(90))
        )
        answers = []
        for number in range(60):
            answers.append(await ask(payex, 100 + number, caller=f"another {number % 3}"))
            await asyncio.sleep(0.15)
        await impatient
    assert +breakers.openings == {Scope.CALLER: 1}
    assert {code(one) for one in answers} == {None}


@pytest.mark.parametrize("every", [0.12, 0.4])
async def test_who_is_known_by_what_he_asks_for_opens_no_breaker_of_others_either(
    connect: Connect, every: float
) -> None:
    """A gateway that identifies nobody cannot tell one client from thirty; PayEx's answers can."""
    upstream, breakers = Upstream(0.02), Breakers()

    async def answer(request: httpx.Request) -> httpx.Response:
        if "/9" in request.url.path:
            await asyncio.sleep(NEVER)
        return await upstream(request)

    async with connect(answer, policies={"breakers": breakers}) as payex:
        waiting = []
        for second in range(int(30 / every)):
            await ask(payex, 100 + second)
            waiting += [
                asyncio.create_task(ask(payex, 900 + number, 0.5))
                for number in range(second % 2 * 4, second % 2 * 4 + 4)
            ]
            await asyncio.sleep(every)
        await asyncio.gather(*waiting)
        assert breakers.openings[Scope.LEDGER] == breakers.openings[Scope.HOST] == 0


@pytest.mark.parametrize("before", [0, 600])
@pytest.mark.parametrize("clients", [5, 8, 20])
async def test_few_clients_who_wait_as_long_as_they_may_open_it_at_their_first_timeout(
    connect: Connect, before: int, clients: int
) -> None:
    upstream, breakers = Upstream(0.01), Breakers()
    async with connect(upstream, policies={"breakers": breakers}) as payex:
        for number in range(before):
            await ask(payex, number)
        upstream.seconds = NEVER
        answers = await asyncio.gather(*(ask(payex, 900 + number) for number in range(clients)))
        assert {code(one) for one in answers} == {FaultCode.UPSTREAM_TIMEOUT}
        assert state_of(breakers) is BreakerState.OPEN
        assert code(await ask(payex, 1)) is FaultCode.UPSTREAM_BREAKER_OPEN


@pytest.mark.parametrize("patience", [0.3, 1.0, 2.5])
async def test_when_a_stall_is_over_nobody_is_refused_any_more(
    connect: Connect, patience: float
) -> None:
    """The answer to a call whose silence opened the breaker closes it."""
    upstream, breakers = Upstream(0.02), Breakers()
    async with connect(upstream, policies={"breakers": breakers}) as payex:
        for number in range(20):
            await ask(payex, number)
        upstream.seconds = 3.0
        await asyncio.gather(*(ask(payex, 100 + number, patience) for number in range(30)))
        upstream.seconds = 0.02
        await asyncio.sleep(3.1 - patience)
        assert code(await ask(payex, 1)) is None
    assert state_of(breakers) is BreakerState.CLOSED


@pytest.mark.parametrize("seconds", [2.5, 4.0, 7.0])
@pytest.mark.parametrize("impatient", [0, 1])
async def test_an_upstream_that_becomes_slow_is_refused_to_nobody_for_long(
    connect: Connect, seconds: float, impatient: int
) -> None:
    """Be it beside a client who gives up early: of each three patient calls, two are answered."""
    upstream, breakers = Upstream(0.01), Breakers()
    answers: list[Answer] = []

    async def patient(payex: Payex, name: int) -> None:
        for number in range(12):
            answers.append(await ask(payex, 1000 * name + number))
            await asyncio.sleep(0.5)

    async def give_up(payex: Payex) -> None:
        for number in range(100):
            await asyncio.gather(*(ask(payex, 9000 + 5 * number + n, 0.5) for n in range(5)))

    async with connect(upstream, policies={"breakers": breakers}) as payex:
        for number in range(20):
            await ask(payex, number)
        upstream.seconds = seconds
        others = [asyncio.create_task(give_up(payex)) for _ in range(impatient)]
        await asyncio.gather(*(patient(payex, name) for name in (1, 2, 3)))
        for other in others:
            other.cancel()
    served = [one for one in answers if code(one) is None]
    assert len(served) >= (24 if impatient else 36)


@pytest.mark.parametrize("seconds", [3.0, NEVER])
async def test_a_silence_that_is_a_sign_is_a_fault_of_payex_and_is_taken_back_by_an_answer(
    connect: Connect, seconds: float
) -> None:
    upstream, stats = Upstream(seconds), OperationStats(500)
    breakers = Breakers(requests=2, failure_share=1, outage=60)
    async with connect(upstream, policies={"breakers": breakers}) as payex:
        await ask(payex, 1, 0.2, stats)
        await asyncio.sleep(1)
        assert stats.unread == []
        await asyncio.sleep(1)
        assert [one.fault for one in stats.unread] == [FaultCode.UPSTREAM_TIMEOUT]
        await asyncio.sleep(9)
        fail(breakers)
    assert (breakers.openings.total() == 0) is (seconds == 3.0)
    assert len(stats.unread) == 1


async def test_all_at_once_they_open_it_as_well(connect: Connect) -> None:
    upstream, breakers = Upstream(NEVER), Breakers()
    async with connect(upstream, policies={"breakers": breakers}) as payex:
        answers = await asyncio.gather(*(ask(payex, number, 0.2) for number in range(90)))
        assert {code(answer) for answer in answers} == {FaultCode.DEADLINE_EXCEEDED}
        # The others were given up with their operations.
        assert upstream.under_way == 20
        await asyncio.sleep(2)
        assert state_of(breakers) is BreakerState.OPEN


@settings(max_examples=25, deadline=None)
@given(
    usual=st.floats(0.01, 2),
    calls=st.lists(
        st.tuples(st.floats(1, 3.9), st.floats(0, 4), st.floats(0, 0.5)), min_size=20, max_size=40
    ),
)
def test_no_impatience_opens_the_breaker_of_an_upstream_that_answers_as_it_does(
    connect: Connect, usual: float, calls: list[tuple[float, float, float]]
) -> None:
    """Its calls take up to nearly four times as long as its quickest; clients wait as they like."""
    breakers = Breakers(requests=2, failure_share=0.01)
    upstream = Upstream(usual)

    async def run() -> None:
        async with connect(upstream, policies={"breakers": breakers}) as payex:
            await ask(payex)
            waiting = []
            for number, (times, patience, pause) in enumerate(calls):
                upstream.seconds = usual * times
                waiting.append(asyncio.create_task(ask(payex, number, usual * patience)))
                await asyncio.sleep(usual * pause)
            await asyncio.gather(*waiting)
            await asyncio.sleep(usual * 4)
        assert upstream.under_way == 0

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())
    assert breakers.openings.total() == 0


async def test_a_call_that_goes_on_is_told_to_its_operation_when_that_ends(
    connect: Connect,
) -> None:
    """What becomes of it then is none of the operation's time, and is asked by nobody again."""
    upstream, stats = Upstream(1.0), OperationStats(500)
    async with connect(upstream) as payex:
        await ask(payex, seconds=0.2, stats=stats)
        [call] = stats.calls
        assert (call.status, call.fault) == (None, FaultCode.DEADLINE_EXCEEDED)
        assert call.ended - call.started == pytest.approx(0.2)
        assert upstream.under_way == 1
        await asyncio.sleep(2)
        assert (upstream.calls, upstream.under_way, stats.calls) == (1, 0, [call])


@pytest.mark.parametrize("status", [200, 404, 503])
async def test_what_it_is_answered_says_what_any_answer_says(connect: Connect, status: int) -> None:
    async def answer(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        return httpx.Response(status)

    breakers = Breakers(requests=1)
    async with connect(answer, policies={"breakers": breakers}) as payex:
        await ask(payex, seconds=0.2)
        await asyncio.sleep(1)
        assert (state_of(breakers) is BreakerState.OPEN) == (status == 503)


async def test_an_answer_that_has_begun_is_no_silence(connect: Connect) -> None:
    breakers = Breakers(requests=1)
    upstream = Upstream(0.1, body=NEVER)
    async with connect(upstream, policies={"breakers": breakers}) as payex:
        for number in range(30):
            await ask(payex, number, 0.2)
            await ask(payex, number, 3)
        assert breakers.openings.total() == 0


async def test_a_probe_without_an_answer_opens_the_breaker_anew(connect: Connect) -> None:
    """It keeps its place until its silence is a sign, so that few operations meet the hole."""
    breakers = Breakers(requests=1, pause=10)
    upstream = Upstream(NEVER)
    async with connect(upstream, policies={"breakers": breakers}) as payex:
        await ask(payex, seconds=3)
        await asyncio.sleep(10)
        await ask(payex, seconds=0.2)
        assert code(await ask(payex, seconds=0.2)) is FaultCode.UPSTREAM_BREAKER_OPEN
        await asyncio.sleep(2)
        assert (state_of(breakers), breakers.openings.total()) == (BreakerState.OPEN, 2)
    assert upstream.calls == 2


async def test_a_call_that_goes_on_keeps_its_place(connect: Connect) -> None:
    """The bound on calls under way holds for PayEx, whoever waits."""
    upstream = Upstream(1.0)
    policies = {"limiter": Limiter(in_flight=3, queued=100)}
    async with connect(upstream, policies=policies) as payex:
        impatient = [ask(payex, number, 0.2) for number in range(50)]
        await asyncio.gather(*impatient, ask(payex, 99))
    assert upstream.most == 3


async def test_a_gateway_that_stops_does_not_wait_for_it(connect: Connect) -> None:
    upstream = Upstream(1.0)
    async with connect(upstream) as payex:
        await ask(payex, seconds=0.2)
        begun = now()
        assert upstream.under_way == 1
    assert (now(), upstream.under_way) == (begun, 0)


async def test_a_call_that_ends_by_itself_frees_its_place_for_the_next_that_is_left(
    connect: Connect,
) -> None:
    """Only so many calls go on after their operations: here one, a quarter of those in flight."""
    upstream = Upstream(1.0)
    policies = {"limiter": Limiter(in_flight=4, queued=100)}
    async with connect(upstream, policies=policies) as payex:
        for number in range(3):
            await ask(payex, number, 0.2)
            await asyncio.sleep(0.5)
            assert upstream.under_way == 1
            await asyncio.sleep(0.5)
            assert upstream.under_way == 0


async def test_a_call_whose_silence_was_a_sign_is_cut_off_when_another_one_needs_its_place(
    connect: Connect,
) -> None:
    upstream = Upstream(NEVER)
    policies = {"limiter": Limiter(in_flight=4, queued=100)}
    async with connect(upstream, policies=policies) as payex:
        await ask(payex, 1, 0.2)
        await asyncio.sleep(3)
        assert upstream.under_way == 1
        await ask(payex, 2, 0.2)
        await asyncio.sleep(0.1)
        assert (upstream.calls, upstream.under_way) == (2, 1)


async def test_no_silence_in_which_the_event_loop_was_busy_is_a_sign(connect: Connect) -> None:
    """What PayEx answered meanwhile lies unread when the loop comes to the end of the time."""
    loop: Any = asyncio.get_running_loop()
    upstream, stats, pulse = Upstream(4.0), OperationStats(500), Pulse()
    async with connect(upstream, policies={"pulse": pulse}) as payex, beating(pulse, now):
        loop.call_later(0.1, loop.pass_time, 3)
        answer = await ask(payex, seconds=0.2, stats=stats)
        await asyncio.sleep(2)
    assert code(answer) is FaultCode.DEADLINE_EXCEEDED
    assert (stats.unread, upstream.under_way) == ([], 0)
