"""What fails for one is not refused to others, and what fails for all is refused to all."""

import asyncio
import logging
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import ANYONE, CallContext, Errand
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.routes import Billing, Holder, Kind, Routes
from resolvers.payex.client import Payex
from resolvers.payex.credentials.access import Access, StaticTokens
from resolvers.payex.resilience.attempts import Attempts
from resolvers.payex.resilience.breakers import Breakers, Scope
from resolvers.payex.resilience.voices import Voices

Connect = Callable[..., AbstractAsyncContextManager[Payex]]
Attempting = Callable[..., AbstractAsyncContextManager[Attempts]]

thresholds = st.fixed_dictionaries(
    {
        "requests": st.integers(1, 40),
        "failure_share": st.floats(0.01, 1),
        "outage": st.floats(0.1, 20),
        "pause": st.floats(0.1, 20),
    }
)
gaps = st.floats(0, 5)


def end(breakers: Breakers, ledger: str, caller: str, now: float, *, failed: bool) -> bool:
    """Let a call be made and end at once; return whether it was let go."""
    permit = breakers.permit(ledger, caller, now)
    if permit is None:
        return False
    (permit.failed if failed else permit.succeeded)(now)
    return True


@given(thresholds, st.lists(st.tuples(gaps, st.sampled_from("abc"), st.booleans()), max_size=200))
def test_whatever_one_caller_meets_nothing_is_refused_to_others(
    settings: dict[str, float], calls: list[tuple[float, str, bool]]
) -> None:
    """In whatever ledgers, how often and at which pace, as long as others are answered."""
    breakers, now = Breakers(**settings), 0.0  # type: ignore[arg-type]
    for gap, ledger, is_the_attackers in calls:
        now += gap
        if is_the_attackers:
            end(breakers, ledger, "attacker", now, failed=True)
        else:
            assert end(breakers, ledger, "another", now, failed=False)
        assert not breakers.open(Scope.LEDGER, now)
        assert not breakers.open(Scope.HOST, now)


@given(thresholds, st.lists(st.tuples(gaps, st.integers(0, 20), st.booleans()), max_size=200))
def test_whatever_becomes_of_one_ledger_nothing_is_refused_in_others(
    settings: dict[str, float], calls: list[tuple[float, int, bool]]
) -> None:
    breakers, now = Breakers(**settings), 0.0  # type: ignore[arg-type]
    for gap, caller, fails in calls:
        now += gap
        if fails:
            end(breakers, "failing", str(caller), now, failed=True)
        else:
            assert end(breakers, "other", str(caller), now, failed=False)


@given(
    ledgers=st.integers(1, 30),
    callers=st.integers(1, 30),
    before=st.integers(0, 1000),
    rate=st.integers(5, 100),
)
def test_an_outage_opens_within_seconds_whatever_the_number_of_ledgers_and_callers(
    ledgers: int, callers: int, before: int, rate: int
) -> None:
    """Each of so many asks in turn, and PayEx answers nobody from the first second on."""
    breakers = Breakers()
    everyone = [(f"{n % ledgers}", f"{n}") for n in range(ledgers * callers)]
    for number in range(before):
        end(breakers, *everyone[number % len(everyone)], 0.0, failed=False)
    went = [
        end(breakers, *everyone[call % len(everyone)], 1 + call / rate, failed=True)
        for call in range(rate * 10)
    ]
    # As of a single breaker: twenty calls, or two seconds. An equal share of the last round counts.
    assert sum(went) <= max(20, 2 * rate) + min(20, len(everyone)) + 1


@pytest.mark.parametrize("callers", [1, 2, 30])
def test_a_single_ledger_has_the_breaker_that_it_always_had(callers: int) -> None:
    breakers = Breakers()
    went = [
        end(breakers, "1234", str(call % callers), 1 + call / 1000, failed=True)
        for call in range(100)
    ]
    assert sum(went) == 20


def test_who_meets_an_outage_beside_a_caller_with_many_calls_is_refused_before_long() -> None:
    breakers = Breakers()
    for call in range(100):
        end(breakers, "1234", "many", call / 1000, failed=True)
    assert sum(end(breakers, "1234", "few", 1 + call, failed=True) for call in range(10)) == 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from([(("one", "two"), 40), (("one",), 40), (("two",), 40), ((), 0)]),
            st.booleans(),
        ),
        max_size=120,
    )
)
@example([((("one", "two"), 40), True)] * 120)
@example([((("one", "two"), 40), second % 11 != 10) for second in range(120)])
def test_two_who_collude_refuse_nothing_to_others_where_three_calls_a_second_go_well(
    seconds: list[tuple[tuple[tuple[str, ...], int], bool]],
) -> None:
    """Each is held back by a breaker of its own, so that few failures are told of each."""
    breakers = Breakers()
    for second in range(30):
        for _ in range(3):
            end(breakers, "a", "another", second, failed=False)
    for second, ((callers, count), failed) in enumerate(seconds, 30):
        for _ in range(3):
            assert end(breakers, "a", "another", second, failed=False)
        for caller in callers:
            for _ in range(count):
                end(breakers, "a", caller, second, failed=failed)


def test_one_caller_whose_probe_has_failed_leaves_the_next_to_another() -> None:
    """Or nobody else could ask as long as he does."""
    breakers = Breakers(requests=4, pause=10)
    for caller in "abcd":
        end(breakers, "1234", caller, 0.0, failed=True)
    assert breakers.open(Scope.LEDGER, 0.0) == 1
    assert end(breakers, "1234", "attacker", 10.0, failed=True)
    assert not end(breakers, "1234", "attacker", 20.0, failed=True)
    assert end(breakers, "1234", "honest", 20.0, failed=False)
    assert not breakers.open(Scope.LEDGER, 20.0)


def test_a_caller_who_is_alone_may_probe_again_after_another_pause() -> None:
    breakers = Breakers(requests=4, pause=10)
    for caller in "abcd":
        end(breakers, "1234", caller, 0.0, failed=True)
    assert end(breakers, "1234", "alone", 10.0, failed=True)
    assert not end(breakers, "1234", "alone", 29.9, failed=False)
    assert end(breakers, "1234", "alone", 30.0, failed=False)
    assert not breakers.open(Scope.LEDGER, 30.0)


def test_a_failing_ledgers_probe_leaves_the_next_of_all_to_another_ledger() -> None:
    breakers = Breakers(requests=4, pause=10)
    for ledger in "1234":
        end(breakers, ledger, f"caller of {ledger}", 0.0, failed=True)
    assert breakers.open(Scope.HOST, 0.0) == 1
    assert end(breakers, "1", "somebody", 10.0, failed=True)
    assert not end(breakers, "1", "somebody else", 20.0, failed=False)
    assert end(breakers, "2", "somebody else", 20.0, failed=False)
    assert not breakers.open(Scope.HOST, 20.0)


def test_it_says_when_calls_may_go_again_whoever_is_to_rest() -> None:
    breakers = Breakers(requests=2, pause=10)
    for _ in range(2):
        end(breakers, "1234", "one", 0.0, failed=True)
    assert breakers.retry_after("1234", "one", 4.0) == 6.0
    assert breakers.retry_after("1234", "another", 4.0) == 0.0
    assert breakers.retry_after("5678", "one", 4.0) == 0.0


def test_a_failure_that_is_taken_back_is_no_longer_its_callers() -> None:
    breakers = Breakers(requests=4, window=100)
    permits = [breakers.permit("1234", "one", 0.0) for _ in range(2)]
    for permit in permits:
        assert permit
        permit.failed(0.0)
    for permit in permits:
        assert permit
        permit.taken_back(1.0)
    end(breakers, "1234", "one", 2.0, failed=True)
    assert end(breakers, "1234", "another", 2.0, failed=True)
    assert not breakers.open(Scope.LEDGER, 2.0)
    end(breakers, "1234", "a third", 2.0, failed=True)
    assert breakers.open(Scope.LEDGER, 2.0) == 1


def test_a_call_of_before_an_outage_says_nothing_after_it() -> None:
    """Not to a breaker that was made meanwhile either."""
    breakers = Breakers(requests=2, pause=10)
    late = breakers.permit("1234", "one", 0.0)
    assert late
    for _ in range(2):
        end(breakers, "1234", "one", 0.0, failed=True)
    assert end(breakers, "1234", "one", 10.0, failed=False)
    assert late.failed(10.0) == []
    assert end(breakers, "1234", "one", 10.0, failed=True)
    assert not breakers.open(Scope.CALLER, 10.0)


def test_a_call_is_late_when_an_outage_began_that_is_not_its_callers_alone() -> None:
    breakers = Breakers(requests=2)
    call = breakers.permit("1234", "one", 0.0)
    assert call
    for _ in range(2):
        end(breakers, "1234", "one", 0.0, failed=True)
    assert breakers.open(Scope.CALLER, 0.0) == 1
    assert not call.is_late
    end(breakers, "1234", "another", 0.0, failed=True)
    assert breakers.open(Scope.LEDGER, 0.0) == 1
    assert call.is_late


def test_a_call_that_fails_for_its_caller_has_failed_for_nobody_else_until_it_ends() -> None:
    """What a breaker was told once it is not told again."""
    breakers = Breakers(requests=8)
    for number in range(4):
        permit = breakers.permit("1234", str(number), 0.0)
        assert permit
        permit.failed(0.0, (Scope.CALLER,))
        if number == 0:
            permit.taken_back(1.0)
            permit.succeeded(1.0)
        elif number == 1:
            permit.abandoned(1.0)
        else:
            permit.failed(1.0)
    assert not breakers.open(Scope.LEDGER, 1.0)
    end(breakers, "1234", "4", 3.0, failed=True)
    assert breakers.open(Scope.LEDGER, 3.0) == 1
    assert not breakers.open(Scope.CALLER, 3.0)


def test_callers_are_remembered_up_to_a_bound_and_the_longest_untouched_goes_first() -> None:
    breakers = Breakers(requests=2, kept=3)
    for ledger in "abcad":
        end(breakers, ledger, "one", 0.0, failed=True)
    assert breakers.retry_after("a", "one", 0.0) > 0
    end(breakers, "b", "one", 0.0, failed=True)
    assert breakers.retry_after("b", "one", 0.0) == 0


def test_of_voices_the_one_that_was_silent_longest_is_forgotten_first() -> None:
    voices = Voices(3.0, 10, kept=3)
    for subject in "abaacd":
        voices.hear(subject, 0.0)

    assert voices.loudest(0.0) == 3


def test_voices_that_are_cleared_have_said_nothing_lately_either() -> None:
    voices = Voices(3.0, 10)
    voices.hear(["a"], 0.0)
    voices.clear()

    assert (voices.loudest(0.0), voices.loudest_lately()) == (0, 0)


def test_a_subject_is_forgotten_when_there_are_too_many() -> None:
    voices = Voices(3.0, 10, kept=2)
    for subject in "aaabcb":
        voices.hear(subject, 0.0)
    assert (voices.loudest(0.0), voices.loudest_lately()) == (2, 3)
    voices.take_back("ab", 0.0)
    assert voices.loudest(0.0) == 1


async def ask(attempts: Attempts, ledger: str, caller: str, number: str) -> FaultCode | None:
    route = Routes().of(Holder(ledger, Billing.BILLED, number), Kind.HOLDER)
    deadline = Deadline(math.inf)
    context = CallContext(
        OperationStats(500), deadline, math.inf, rights="", turn="one", caller=caller
    )
    try:
        await attempts.get(route, Access(token="a-token"), Errand(1), deadline, context)  # noqa: S106
    except Fault as fault:
        return fault.code
    return None


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("caller", "number"), [("attacker", "2"), (ANYONE, "1")], ids=["known", "anyone"]
)
async def test_one_who_is_not_identified_is_known_by_what_he_asks_for(
    attempting: Attempting, caplog: pytest.LogCaptureFixture, caller: str, number: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500 if request.url.path.endswith("/1") else 200, content=b"{}")

    caplog.set_level(logging.WARNING)
    async with attempting(answer, breakers=Breakers(requests=8)) as attempts:
        for _ in range(20):
            await ask(attempts, "1234", caller, "1")
        assert await ask(attempts, "1234", caller, number) is FaultCode.UPSTREAM_BREAKER_OPEN
        other = "another" if caller != ANYONE else ANYONE
        assert await ask(attempts, "1234", other, "3") is None
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("The breaker of one caller of the ledger 1234 is open: ")
    assert caller not in line


@pytest.mark.virtual_time
async def test_an_outage_of_all_leaves_a_line_for_each_that_rests(
    attempting: Attempting, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(503)

    async with attempting(answer, breakers=Breakers(requests=4)) as attempts:
        for number in range(4):
            for _ in range(2):
                await ask(attempts, f"{number % 2}", f"caller {number}", str(number))
            await ask(attempts, f"{number + 2}", f"caller {number}", str(number))
    lines = [record.getMessage().partition(":")[0] for record in caplog.records]
    assert lines == ["The breaker is open"]


@pytest.mark.virtual_time
async def test_an_outage_of_one_caller_stops_no_witness_of_another(connect: Connect) -> None:
    under_way: set[str] = set()

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/slow"):
            under_way.add("slow")
            try:
                await asyncio.sleep(9)
            finally:
                under_way.clear()
        return httpx.Response(500)

    async def ask_by(payex: Payex, ledger: str, number: str, seconds: float) -> None:
        deadline = Deadline.after(seconds, asyncio.get_running_loop().time())
        context = CallContext(
            OperationStats(500), deadline, seconds, rights="", turn="one", caller=ledger
        )
        await payex.answer(
            payex.routes.of(Holder(ledger, Billing.BILLED, number), Kind.HOLDER), 1, context
        )

    breakers = Breakers(requests=2)
    tokens = StaticTokens({"1234": "a", "5678": "b"})
    async with connect(answer, credentials=tokens, policies={"breakers": breakers}) as payex:
        await ask_by(payex, "5678", "slow", 0.2)
        for _ in range(2):
            await ask_by(payex, "1234", "failing", 60)
        assert breakers.open(Scope.CALLER, asyncio.get_running_loop().time()) == 1
        assert under_way == {"slow"}


def test_a_caller_who_is_remembered_already_turns_out_nobody() -> None:
    breakers = Breakers(requests=2, kept=3)
    for ledger in "abcba":
        end(breakers, ledger, "one", 0.0, failed=True)
    assert breakers.retry_after("a", "one", 0.0) > 0
