"""Identical work in flight is one task, which belongs to all who wait for it."""

import asyncio
import gc
import math
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, ContextVar
from typing import Any, TypeVar, TypeVarTuple, Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.deadline import Deadline
from resolvers.payex.resilience.single_flight import SingleFlight

K = TypeVar("K")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


class Work:
    """Work that a test lands, and that tells how often it began and how it ended."""

    def __init__(self) -> None:
        self.began = 0
        self.cancelled = 0
        self.landing: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def fly(self) -> str:
        """Wait for the landing, as a call waits for its answer."""
        self.began += 1
        try:
            return await asyncio.shield(self.landing)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


def join(
    flights: SingleFlight[K, T],
    key: K,
    fly: Callable[[], Coroutine[Any, Any, T]],
    deadline: float = math.inf,
) -> Coroutine[Any, Any, tuple[T, bool]]:
    """Join work that does not look at its deadline."""
    return flights.join(key, lambda _: fly(), Deadline(deadline))


async def settle() -> None:
    """Let everything run that can run."""
    for _ in range(10):
        await asyncio.sleep(0)


def strangers() -> set["asyncio.Task[object]"]:
    """The tasks that are alive beside the test itself."""
    return asyncio.all_tasks() - {asyncio.current_task()}


async def test_waiters_of_one_key_share_one_flight_and_know_who_started_it() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    work = Work()
    waiters = [asyncio.create_task(join(flights, "a", work.fly)) for _ in range(3)]
    await settle()

    assert (work.began, len(flights)) == (1, 1)

    work.landing.set_result("landed")
    assert await asyncio.gather(*waiters) == [("landed", False), ("landed", True), ("landed", True)]
    assert (len(flights), strangers()) == (0, set())


async def test_waiters_of_two_keys_share_nothing() -> None:
    """Two ledgers, two identities: any part of the key that differs makes it other work."""
    flights: SingleFlight[tuple[str, str], str] = SingleFlight()

    async def fly(key: tuple[str, str]) -> str:
        await asyncio.sleep(0)
        return "/".join(key)

    def joined(key: tuple[str, str]) -> Awaitable[tuple[str, bool]]:
        return join(flights, key, lambda: fly(key))

    keys = [("alice", "1234"), ("alice", "5678"), ("bob", "1234"), ("bob", "5678")]
    results = await asyncio.gather(*(joined(key) for key in keys))

    assert results == [("/".join(key), False) for key in keys]


class Timers(asyncio.SelectorEventLoop):
    """A loop that keeps its timers."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: list[asyncio.TimerHandle] = []

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Begin a timer."""
        timer = super().call_at(when, callback, *args, context=context)
        self.timers.append(timer)
        return timer


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_who_waits_no_longer_leaves_no_timer_behind(*, is_cancelled: bool) -> None:
    """Else each call would be held in memory until the deadline of its operation."""

    async def run() -> None:
        flights: SingleFlight[str, str] = SingleFlight(clock=lambda: 0.0)
        work = Work()
        waiter = asyncio.create_task(join(flights, "a", work.fly, 60.0))
        await settle()
        if is_cancelled:
            waiter.cancel()
        else:
            work.landing.set_result("landed")
        await asyncio.wait([waiter])

    with asyncio.Runner(loop_factory=Timers) as runner:
        runner.run(run())
        loop = runner.get_loop()
        assert isinstance(loop, Timers)
        assert [timer.cancelled() for timer in loop.timers] == [True]


async def test_a_flight_that_is_over_is_not_kept() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    count = 0

    async def fly() -> int:
        nonlocal count
        count += 1
        return count

    assert [await join(flights, "a", fly) for _ in range(2)] == [(1, False), (2, False)]


async def test_who_comes_in_the_very_moment_a_flight_lands_starts_anew() -> None:
    """That is after the work has ended, and before the loop tells anyone so."""
    flights: SingleFlight[str, str] = SingleFlight()
    landing = asyncio.Event()

    async def late() -> tuple[str, bool]:
        await landing.wait()
        return await join(flights, "a", lambda: asyncio.sleep(0, "anew"))

    async def fly() -> str:
        landing.set()
        return "landed"

    late_one = asyncio.create_task(late())
    await settle()

    assert await join(flights, "a", fly) == ("landed", False)
    assert await late_one == ("anew", False)
    assert (len(flights), strangers()) == (0, set())


async def test_an_exception_reaches_every_waiter_and_frees_the_key() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    work = Work()
    waiters = [asyncio.create_task(join(flights, "a", work.fly)) for _ in range(3)]
    await settle()

    failure = ValueError("down")
    work.landing.set_exception(failure)
    results = await asyncio.gather(*waiters, return_exceptions=True)

    assert all(result is failure for result in results)
    assert (len(flights), strangers()) == (0, set())


async def test_what_cannot_even_start_is_an_exception_and_leaves_nothing() -> None:
    flights: SingleFlight[str, str] = SingleFlight()

    def fly() -> None:
        raise ValueError("no coroutine")

    with pytest.raises(ValueError, match="no coroutine"):
        await join(flights, "a", fly)  # type: ignore[arg-type]
    assert (len(flights), strangers()) == (0, set())


async def test_a_cancelled_waiter_harms_no_one_not_even_the_one_who_started_it() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    work = Work()
    waiters = [asyncio.create_task(join(flights, "a", work.fly)) for _ in range(3)]
    await settle()

    waiters[0].cancel()
    await settle()
    assert waiters[0].cancelled()
    assert (work.cancelled, len(flights)) == (0, 1)

    work.landing.set_result("landed")
    assert await asyncio.gather(*waiters[1:]) == [("landed", True), ("landed", True)]


async def test_a_waiter_that_runs_out_of_time_harms_no_one() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    work = Work()
    patient = asyncio.create_task(join(flights, "a", work.fly))
    await settle()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await join(flights, "a", work.fly)

    work.landing.set_result("landed")
    assert await patient == ("landed", False)


@pytest.mark.virtual_time
async def test_each_waits_until_his_own_deadline_and_the_work_until_the_last() -> None:
    now = asyncio.get_running_loop().time
    flights: SingleFlight[str, str] = SingleFlight(now)
    begun = now()
    ended: list[float] = []
    told: list[Deadline] = []

    async def fly(deadline: Deadline) -> str:
        told.append(deadline)
        try:
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
        finally:
            ended.append(now() - begun)

    async def wait(seconds: float) -> float:
        own = Deadline.after(seconds, begun)
        with pytest.raises(TimeoutError):
            await flights.join("a", fly, own)
        assert own.at == begun + seconds
        return now() - begun

    assert await asyncio.gather(*map(wait, (2, 5, 3))) == [2, 5, 3]
    await settle()
    assert ([deadline.at - begun for deadline in told], ended) == ([5], [5])
    assert (len(flights), strangers()) == (0, set())


@pytest.mark.virtual_time
@pytest.mark.parametrize("cancelled", [False, True])
async def test_whose_time_is_up_as_the_work_ends_or_he_leaves_has_one_end(
    *, cancelled: bool
) -> None:
    now = asyncio.get_running_loop().time
    flights: SingleFlight[str, str] = SingleFlight(now)
    deadline = Deadline.after(1, now())
    waiter = asyncio.create_task(flights.join("a", lambda _: asyncio.sleep(1, "landed"), deadline))
    await asyncio.sleep(1)
    if cancelled:
        waiter.cancel()
    await asyncio.wait([waiter])
    if cancelled:
        assert waiter.cancelled()
    else:
        assert isinstance(waiter.exception(), TimeoutError) or waiter.result() == ("landed", False)
    await settle()
    assert (len(flights), strangers()) == (0, set())


async def test_the_last_waiter_that_leaves_ends_the_flight_and_frees_the_key_at_once() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    left, anew = Work(), Work()
    waiters = [asyncio.create_task(join(flights, "a", left.fly)) for _ in range(2)]
    await settle()
    for waiter in waiters:
        waiter.cancel()
    # The cancelled waiters run, and before the work has heard of it another one comes.
    next_one = asyncio.create_task(join(flights, "a", anew.fly))
    await settle()

    assert (left.cancelled, anew.began, len(flights)) == (1, 1, 1)

    anew.landing.set_result("anew")
    assert await next_one == ("anew", False)
    assert strangers() == set()


async def test_a_flight_that_cleans_up_slowly_stays_out_of_the_next_ones_way() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    cleaned = asyncio.Event()
    may_clean = asyncio.Event()

    async def slow() -> str:
        try:
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
        finally:
            await may_clean.wait()
            cleaned.set()

    waiter = asyncio.create_task(join(flights, "a", slow))
    await settle()
    waiter.cancel()
    await settle()
    assert (waiter.cancelled(), len(flights), cleaned.is_set()) == (True, 0, False)

    assert await join(flights, "a", lambda: asyncio.sleep(0, "anew")) == ("anew", False)

    gc.collect()  # What is left behind is still held by somebody.
    may_clean.set()
    await settle()
    assert cleaned.is_set()
    assert strangers() == set()


async def test_what_a_flight_fails_with_after_everyone_left_is_no_noise() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    noise: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: noise.append(what))

    async def spiteful() -> str:
        try:
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
        except asyncio.CancelledError:
            raise ValueError("on the way out") from None

    waiter = asyncio.create_task(join(flights, "a", spiteful))
    await settle()
    waiter.cancel()
    await settle()
    assert waiter.cancelled()

    del waiter  # Its traceback holds the flight.
    gc.collect()
    assert (noise, strangers()) == ([], set())


async def test_a_flight_that_will_not_be_cancelled_ends_by_itself() -> None:
    flights: SingleFlight[str, str] = SingleFlight()

    async def stubborn() -> str:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return "kept on"
        raise NotImplementedError

    waiter = asyncio.create_task(join(flights, "a", stubborn))
    await settle()
    waiter.cancel()
    await settle()

    assert waiter.cancelled()
    assert (len(flights), strangers()) == (0, set())


async def test_work_that_cancels_itself_is_cancelled_for_every_waiter() -> None:
    flights: SingleFlight[str, str] = SingleFlight()

    async def fly() -> str:
        await asyncio.sleep(0)
        raise asyncio.CancelledError

    waiters = [asyncio.create_task(join(flights, "a", fly)) for _ in range(2)]
    await settle()

    assert all(waiter.cancelled() for waiter in waiters)
    assert (len(flights), strangers()) == (0, set())


async def test_a_flight_does_not_know_who_started_it() -> None:
    flights: SingleFlight[str, str] = SingleFlight()

    async def fly() -> str:
        await asyncio.sleep(0)
        return WHO.get()

    async def ask(who: str) -> str:
        WHO.set(who)
        result, _ = await join(flights, "a", fly)
        assert WHO.get() == who
        return result

    assert set(await asyncio.gather(ask("alice"), ask("bob"))) == {"nobody"}


async def test_what_a_flight_sets_stays_with_it() -> None:
    flights: SingleFlight[str, None] = SingleFlight()

    async def fly() -> None:
        WHO.set("the flight")

    await join(flights, "a", fly)

    assert WHO.get() == "nobody"


async def test_a_flight_may_wait_for_another() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    work = Work()

    async def outer() -> str:
        result, coalesced = await join(flights, "inner", work.fly)
        return f"{result} {coalesced}"

    waiters = [asyncio.create_task(join(flights, key, outer)) for key in ("x", "y")]
    await settle()
    assert len(flights) == 3

    waiters[0].cancel()
    await settle()
    assert (work.cancelled, len(flights)) == (0, 2)

    work.landing.set_result("landed")
    assert await waiters[1] == ("landed True", False)
    assert strangers() == set()


async def test_a_flight_that_is_left_leaves_those_it_waits_for() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    work = Work()

    async def outer() -> str:
        result, _ = await join(flights, "inner", work.fly)
        return result

    waiter = asyncio.create_task(join(flights, "outer", outer))
    await settle()
    waiter.cancel()
    await settle()

    assert (work.cancelled, len(flights), strangers()) == (1, 0, set())


async def test_a_flight_cannot_wait_for_itself() -> None:
    flights: SingleFlight[str, str] = SingleFlight()

    async def fly() -> str:
        result, _ = await join(flights, "a", fly)
        return result

    with pytest.raises(RuntimeError, match="cannot wait for itself"):
        await join(flights, "a", fly)
    assert strangers() == set()


async def test_closing_cancels_all_and_waits_for_the_last_to_clean_up() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    works = [Work() for _ in range(3)]
    waiters = [
        asyncio.create_task(join(flights, key, work.fly))
        for key, work in zip("aabc", [works[0], *works], strict=True)
    ]
    await settle()

    await flights.aclose()

    assert [work.cancelled for work in works] == [1, 1, 1]
    assert len(flights) == 0
    await settle()
    assert all(waiter.cancelled() for waiter in waiters)
    assert strangers() == set()


async def test_a_waiter_that_leaves_while_all_is_closed_does_not_cancel_twice() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    cleaned = 0
    may_clean = asyncio.Event()

    async def fly() -> str:
        nonlocal cleaned
        try:
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
        finally:
            await may_clean.wait()
            cleaned += 1

    waiter = asyncio.create_task(join(flights, "a", fly))
    await settle()
    closing = asyncio.create_task(flights.aclose())
    await settle()
    waiter.cancel()
    await settle()
    assert not closing.done()

    may_clean.set()
    await closing
    assert cleaned == 1


async def test_closing_without_flights_is_nothing() -> None:
    await SingleFlight[str, str]().aclose()


@pytest.mark.parametrize("ticks", range(12))
@pytest.mark.parametrize("others", [0, 1, 3])
async def test_a_waiter_may_be_cancelled_at_every_point(ticks: int, others: int) -> None:
    """Whenever it happens, the others get the result, and nothing is left behind."""
    flights: SingleFlight[str, str] = SingleFlight()
    ended = 0

    async def fly() -> str:
        nonlocal ended
        try:
            for _ in range(5):
                await asyncio.sleep(0)
        finally:
            ended += 1
        return "landed"

    unlucky = asyncio.create_task(join(flights, "a", fly))
    rest = [asyncio.create_task(join(flights, "a", fly)) for _ in range(others)]
    for _ in range(ticks):
        await asyncio.sleep(0)
    unlucky.cancel()
    results = await asyncio.gather(*rest)
    await settle()

    # Whoever is cancelled before it ran has not started anything; the next one does.
    assert [result for result, _ in results] == ["landed"] * others
    assert sum(not coalesced for _, coalesced in results) == (1 if others and not ticks else 0)
    assert ended == (1 if ticks or others else 0)
    assert (unlucky.done(), len(flights), strangers()) == (True, 0, set())


class Airport:
    """SingleFlight over two keys whose work the test lands, with all who ever waited for them."""

    def __init__(self) -> None:
        self.flights: SingleFlight[int, tuple[int, int]] = SingleFlight()
        self.waiters: list[tuple[int, asyncio.Task[tuple[tuple[int, int], bool]]]] = []
        self.landings: tuple[list[asyncio.Future[None]], ...] = ([], [])
        self.running = [0, 0]

    async def _fly(self, key: int) -> tuple[int, int]:
        number = len(self.landings[key])
        self.landings[key].append(asyncio.get_running_loop().create_future())
        self.running[key] += 1
        try:
            await self.landings[key][number]
        finally:
            self.running[key] -= 1
        return key, number

    def step(self, what: str, number: int) -> None:
        """Let somebody come or leave, or let a flight end, where there is one."""
        key = number % 2
        aloft = [future for future in self.landings[key] if not future.done()]
        match what:
            case "join":
                joining = join(self.flights, key, lambda: self._fly(key))
                self.waiters.append((key, asyncio.create_task(joining)))
            case "leave" if self.waiters:
                self.waiters[number % len(self.waiters)][1].cancel()
            case "land" if aloft:
                aloft[0].set_result(None)
            case "fail" if aloft:
                aloft[0].set_exception(ValueError(key))

    def check(self) -> None:
        """As long as someone waits, and no longer, one flight is there for the key."""
        for key in (0, 1):
            wanted = any(own == key and not task.done() for own, task in self.waiters)
            assert self.running[key] == wanted
        assert len(self.flights) == sum(self.running)

    def audit(self) -> None:
        """Everyone has an end: cancelled, or the result or the failure of its own key."""
        for key, task in self.waiters:
            assert task.done()
            if not task.cancelled():
                failure = task.exception()
                assert str(failure) == str(key) if failure else task.result()[0][0] == key


STEPS = st.tuples(st.sampled_from(["join", "leave", "land", "fail", "settle"]), st.integers(0, 7))


@given(st.lists(STEPS, max_size=40))
def test_whoever_comes_and_goes_gets_the_result_of_its_own_flight(
    steps: list[tuple[str, int]],
) -> None:
    """Any order of joining, leaving, landing and failing, over two keys."""

    async def live() -> None:
        airport = Airport()
        for what, number in steps:
            airport.step(what, number)
            if what == "settle":
                await settle()
                airport.check()
        await settle()
        airport.check()
        await airport.flights.aclose()
        await settle()
        airport.audit()
        assert (len(airport.flights), airport.running, strangers()) == (0, [0, 0], set())

    asyncio.run(live())
