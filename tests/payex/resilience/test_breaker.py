"""The breaker, against every result written down."""

# ruff: noqa: D102 - the name of a rule says it

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from resolvers.payex.api.faults import FaultCode
from resolvers.payex.resilience.breaker import Breaker, BreakerState, counts_as_failure

BUCKETS = 10
CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def opened(**settings: int) -> Breaker:
    """A breaker that opens at 0.0 for 10 seconds."""
    breaker = Breaker(requests=1, **settings)
    assert breaker.allow(0.0)
    breaker.failed(0.0)
    assert breaker.state(0.0) is OPEN
    return breaker


def test_it_stays_closed_below_the_number_of_calls_that_mean_anything() -> None:
    breaker = Breaker(requests=20)
    for _ in range(19):
        assert breaker.allow(1.0)
        breaker.failed(1.0)
    assert breaker.state(1.0) is CLOSED
    breaker.failed(1.0)
    assert breaker.state(1.0) is OPEN


@pytest.mark.parametrize(("failures", "state"), [(9, CLOSED), (10, OPEN)])
def test_it_opens_at_the_share_of_failures(failures: int, state: BreakerState) -> None:
    breaker = Breaker(requests=20, failure_share=0.5)
    for _ in range(20 - failures):
        breaker.succeeded(1.0)
    for _ in range(failures):
        breaker.failed(1.0)
    assert breaker.state(1.0) is state


@given(successes=st.integers(0, 1000), rate=st.integers(5, 100))
def test_without_any_success_it_opens_within_seconds_whatever_came_before(
    successes: int, rate: int
) -> None:
    """Of so many calls a second, each fails from the first second on."""
    breaker = Breaker(requests=20, window=30.0, outage=2.0)
    for _ in range(successes):
        breaker.succeeded(0.5)
    failures = (0.5 + call / rate for call in range(1, 1000))
    opened_at = next(now for now in failures if breaker.failed(now))
    assert opened_at <= 0.5 + 2.0 + 2.001 / rate


def test_one_success_in_a_while_is_no_outage() -> None:
    breaker = Breaker(requests=20, failure_share=0.75, window=30.0, outage=2.0)
    for _ in range(20):
        breaker.succeeded(0.0)
    for now in (1.0, 2.0, 3.0):
        for _ in range(9):
            breaker.failed(now)
        breaker.succeeded(now)
    assert breaker.state(3.0) is CLOSED


def test_a_burst_of_failures_just_after_a_success_is_no_outage() -> None:
    """Such as all connections that a restart of PayEx breaks."""
    breaker = Breaker(requests=20, outage=2.0)
    for _ in range(100):
        breaker.succeeded(0.0)
    for _ in range(99):
        breaker.failed(1.9)
    assert breaker.state(1.9) is CLOSED


def test_failures_after_a_silence_are_no_outage_until_they_last() -> None:
    breaker = Breaker(requests=20, outage=2.0)
    for _ in range(20):
        breaker.succeeded(0.0)
    for now in (20.0, 20.0, 20.5, 21.0, 21.9):
        breaker.failed(now)
    assert breaker.state(21.9) is CLOSED
    breaker.failed(22.0)
    assert breaker.state(22.0) is OPEN


def test_few_calls_that_fail_all_are_an_outage_from_when_they_began() -> None:
    """A quarter of the calls that a share of failures needs, each of which waited in vain."""
    breaker = Breaker(requests=20, outage=2.0)
    for _ in range(4):
        breaker.failed(5.0, since=0.0)
    assert breaker.state(5.0) is CLOSED
    breaker.failed(5.0, since=4.9)
    assert breaker.state(5.0) is OPEN


def test_a_call_that_began_before_the_last_success_is_no_outage() -> None:
    breaker = Breaker(requests=20, outage=2.0)
    breaker.succeeded(4.0)
    for _ in range(18):
        breaker.failed(5.0, since=0.0)
    assert breaker.state(5.0) is CLOSED


def test_it_says_once_that_an_outage_begins_and_once_that_it_is_over() -> None:
    breaker = Breaker(requests=2)
    said = [breaker.failed(0.0), breaker.failed(0.0), breaker.failed(1.0)]
    breaker.allow(10.0)
    said += [breaker.abandoned(11.0), breaker.allow(11.0) and breaker.failed(12.0)]
    assert said == [False, True, False, False, False]
    breaker.allow(22.0)
    assert [breaker.succeeded(23.0), breaker.succeeded(24.0)] == [True, False]


def test_failures_of_long_ago_do_not_count() -> None:
    breaker = Breaker(requests=8, window=30.0)
    breaker.failed(0.0)
    breaker.failed(30.0)
    assert breaker.state(30.0) is CLOSED
    breaker.failed(58.9)
    assert breaker.state(58.9) is OPEN


def test_a_success_never_opens() -> None:
    breaker = Breaker(requests=3, failure_share=0.5)
    for _ in range(2):
        breaker.failed(0.0)
    breaker.succeeded(0.0)
    assert breaker.state(0.0) is CLOSED


def test_no_call_goes_during_the_pause_and_it_tells_how_long_that_is() -> None:
    breaker = opened()
    assert not breaker.allow(9.9)
    assert breaker.retry_after(0.0) == 10.0
    assert breaker.retry_after(7.5) == 2.5
    assert breaker.state(10.0) is HALF_OPEN
    assert breaker.retry_after(10.0) == breaker.retry_after(99.0) == 0.0
    assert Breaker().retry_after(5.0) == 0.0


@pytest.mark.parametrize("probes", [1, 3])
def test_after_the_pause_only_probes_go(probes: int) -> None:
    breaker = opened(probes=probes)
    assert [breaker.allow(10.0) for _ in range(5)] == [n < probes for n in range(5)]
    assert breaker.state(10.0) is HALF_OPEN


def test_one_successful_probe_closes_and_all_is_forgotten() -> None:
    breaker = opened()
    breaker.allow(10.0)
    breaker.succeeded(10.5)
    assert breaker.state(10.5) is CLOSED
    assert breaker.allow(10.5)
    assert breaker.allow(10.5)


@pytest.mark.parametrize(("requests", "share", "successes"), [(3, 0.25, 0), (2, 0.75, 1)])
def test_what_ended_before_an_outage_does_not_count_after_it(
    requests: int, share: float, successes: int
) -> None:
    """Neither as a call, of which there must be enough, nor as one of the failures."""
    breaker = Breaker(requests=requests, failure_share=share)
    for _ in range(requests):
        breaker.failed(0.0)
    assert breaker.allow(10.0)
    breaker.succeeded(10.0)
    for _ in range(successes):
        breaker.succeeded(11.0)
    breaker.failed(11.0)
    assert breaker.state(11.0) is CLOSED


def test_one_failed_probe_opens_for_another_pause() -> None:
    breaker = opened()
    breaker.allow(12.0)
    breaker.failed(13.0)
    assert breaker.state(22.9) is OPEN
    assert breaker.allow(23.0)


def test_each_opening_is_counted_also_that_by_a_probe() -> None:
    breaker = opened()
    assert breaker.openings == 1
    breaker.failed(5.0)
    assert breaker.openings == 1
    breaker.allow(10.0)
    breaker.failed(10.0)
    assert breaker.openings == 2
    breaker.allow(20.0)
    breaker.succeeded(20.0)
    assert breaker.openings == 2


def test_an_abandoned_probe_gives_its_place_back_and_says_nothing() -> None:
    breaker = opened()
    assert breaker.allow(10.0)
    breaker.abandoned(11.0)
    assert breaker.state(11.0) is HALF_OPEN
    assert [breaker.allow(11.0), breaker.allow(11.0)] == [True, False]


def test_an_abandoned_call_counts_as_neither() -> None:
    breaker = Breaker(requests=2, failure_share=1.0)
    breaker.failed(0.0)
    for _ in range(5):
        breaker.allow(0.0)
        breaker.abandoned(0.0)
    assert breaker.state(0.0) is CLOSED
    breaker.failed(0.0)
    assert breaker.state(0.0) is OPEN


def test_results_during_the_pause_change_nothing() -> None:
    """No call was permitted in it, so that they are late even if they do not say so."""
    breaker = opened()
    breaker.succeeded(3.0)
    breaker.failed(4.0)
    breaker.abandoned(5.0)
    assert (breaker.state(5.0), breaker.retry_after(5.0)) == (OPEN, 5.0)
    breaker.abandoned(11.0)
    assert [breaker.allow(11.0), breaker.allow(11.0)] == [True, False]


def test_a_late_success_does_not_close_and_a_late_failure_does_not_open() -> None:
    breaker = Breaker(requests=1)
    before = breaker.generation
    for _ in range(4):
        assert breaker.allow(0.0)
    breaker.failed(0.0, before)
    assert breaker.allow(10.0)
    probe = breaker.generation
    breaker.succeeded(11.0, before)
    assert breaker.state(11.0) is HALF_OPEN
    breaker.failed(12.0, before)
    assert breaker.state(12.0) is HALF_OPEN
    breaker.abandoned(12.0, before)
    assert not breaker.allow(12.0)
    breaker.succeeded(13.0, probe)
    assert breaker.state(13.0) is CLOSED


def test_a_failure_that_is_taken_back_is_a_success_and_ends_the_run_of_failures() -> None:
    breaker = Breaker(requests=4, outage=3.0, failure_share=0.75)
    for at in (0.0, 1.0, 2.0):
        breaker.failed(at)
    breaker.taken_back(3.0, breaker.generation, 1.0)
    breaker.failed(5.5)
    assert breaker.state(5.5) is OPEN
    breaker = Breaker(requests=4, outage=3.0, failure_share=1.0)
    for at in (0.0, 1.0, 2.0):
        breaker.failed(at)
    breaker.taken_back(3.0, breaker.generation, 1.0)
    breaker.failed(5.5)
    assert breaker.state(5.5) is CLOSED


def test_one_that_is_taken_back_just_after_it_opened_closes_it() -> None:
    """PayEx was slow, and does answer."""
    breaker = Breaker(requests=1)
    before = breaker.generation
    breaker.failed(0.0)
    assert breaker.taken_back(1.0, before, 0.0)
    assert breaker.state(1.0) is CLOSED
    assert not breaker.taken_back(1.0, before, 0.0)


def test_one_that_is_taken_back_after_a_probe_has_failed_as_well_closes_nothing() -> None:
    breaker = Breaker(requests=1)
    before = breaker.generation
    breaker.failed(0.0)
    breaker.allow(10.0)
    breaker.failed(10.0)
    assert not breaker.taken_back(11.0, before, 0.0)
    assert breaker.state(11.0) is OPEN


def test_late_failures_do_not_open_what_a_probe_has_just_closed() -> None:
    breaker = Breaker(requests=1)
    before = breaker.generation
    breaker.failed(0.0, before)
    breaker.allow(10.0)
    breaker.succeeded(10.0, breaker.generation)
    breaker.failed(10.0, before)
    assert breaker.state(10.0) is CLOSED
    breaker.failed(10.0, breaker.generation)
    assert breaker.state(10.0) is OPEN


def test_a_second_probe_does_not_undo_what_the_first_has_found() -> None:
    breaker = opened(probes=2)
    breaker.allow(10.0)
    breaker.allow(10.0)
    both = breaker.generation
    breaker.failed(11.0, both)
    breaker.succeeded(12.0, both)
    assert breaker.retry_after(12.0) == 9.0
    assert [breaker.allow(21.0) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 599])
@given(code=st.none() | st.sampled_from(FaultCode))
def test_a_5xx_is_a_failure_whatever_its_body(status: int, code: FaultCode | None) -> None:
    assert counts_as_failure(code, status)


@pytest.mark.parametrize("code", ["UPSTREAM_TIMEOUT", "UPSTREAM_UNREACHABLE"])
@pytest.mark.parametrize("status", [None, 200, 404])
def test_a_timeout_and_a_broken_connection_are_failures(code: str, status: int | None) -> None:
    assert counts_as_failure(FaultCode(code), status)


FAILURES = {"UPSTREAM_TIMEOUT", "UPSTREAM_UNAVAILABLE", "UPSTREAM_UNREACHABLE"}


@given(
    st.none() | st.sampled_from([code for code in FaultCode if code not in FAILURES]),
    st.sampled_from([None, 200, 204, 302, 400, 401, 403, 404, 410, 429, 499, 501, 600]),
)
def test_nothing_else_is(code: FaultCode | None, status: int | None) -> None:
    """Neither problems, 401, 429, 501 and broken bodies, nor what the gateway itself refuses."""
    assert not counts_as_failure(code, status)


@dataclass
class Permit:
    """A call under way, and whether it is of the present generation."""

    generation: int
    present: bool = True


class Breakers(RuleBasedStateMachine):
    """Any order of calls and results; the model knows of each call by itself what it belongs to."""

    # Numbers that floats hold exactly, so that the model meets no rounding.
    PAUSE = 4.0

    @initialize(
        requests=st.integers(1, 4),
        share=st.sampled_from([0.25, 0.5, 1.0]),
        width=st.sampled_from([0.25, 1.0, 2.0]),
        probes=st.integers(1, 3),
        outage=st.sampled_from([0.5, 2.0, 6.0]),
    )
    def begin(self, requests: int, share: float, width: float, probes: int, outage: float) -> None:
        self.requests, self.share, self.width, self.probes = requests, share, width, probes
        self.outage = outage
        self.breaker = Breaker(
            requests=requests,
            failure_share=share,
            window=width * BUCKETS,
            pause=self.PAUSE,
            probes=probes,
            outage=outage,
        )
        self.now = 500.0
        self.failed_since = 0
        self.failing = 0.0
        self.calls: list[Permit] = []
        self.results: list[tuple[float, bool]] = []
        self.opened_at: float | None = None

    def expected(self) -> BreakerState:
        if self.opened_at is None:
            return CLOSED
        return OPEN if self.now - self.opened_at < self.PAUSE else HALF_OPEN

    def turn_over(self) -> None:
        self.results.clear()
        self.failed_since = 0
        for call in self.calls:
            call.present = False

    @rule(eighths=st.integers(0, 30))
    def time_passes(self, eighths: int) -> None:
        self.now += eighths / 8

    @rule(calls=st.integers(1, 4))
    def calls_ask(self, calls: int) -> None:
        for _ in range(calls):
            state, under_way = self.expected(), sum(call.present for call in self.calls)
            allowed = self.breaker.allow(self.now)
            has_place = state is HALF_OPEN and under_way < self.probes
            assert allowed is (state is CLOSED or has_place)
            if allowed:
                self.calls.append(Permit(self.breaker.generation))

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), failed=st.booleans())
    def a_call_ends(self, data: st.DataObject, failed: bool) -> None:
        call = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        report = self.breaker.failed if failed else self.breaker.succeeded
        was_closed = self.opened_at is None
        told = report(self.now, call.generation)
        if call.present:
            self.take_in(failed=failed)
        assert told is ((self.opened_at is None) is not was_closed)

    def take_in(self, *, failed: bool) -> None:
        self.failing = self.failing if self.failed_since else self.now
        self.failed_since = self.failed_since + 1 if failed else 0
        self.results.append((self.now, failed))
        if self.opened_at is not None:
            self.opened_at = self.now if failed else None
            self.turn_over()
        elif failed:
            present = self.now // self.width
            recent = [bad for at, bad in self.results if present - at // self.width < BUCKETS]
            in_a_row = min(self.failed_since, sum(recent))
            out = self.now - self.failing >= self.outage and in_a_row >= self.requests / 4
            often = sum(recent) / len(recent) >= self.share
            if (len(recent) >= self.requests and often) or out:
                self.opened_at = self.now
                self.turn_over()

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def a_call_is_given_up(self, data: st.DataObject) -> None:
        call = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        self.breaker.abandoned(self.now, call.generation)

    @invariant()
    def it_is_in_the_state_it_should_be_in(self) -> None:
        state = self.breaker.state(self.now)
        assert state is self.expected()
        assert (self.breaker.retry_after(self.now) > 0) is (state is OPEN)
        assert self.breaker.retry_after(self.now) <= self.PAUSE

    @invariant()
    def it_can_always_recover(self) -> None:
        """Once every call has ended and the pause is over, a call may go."""
        if not self.calls and self.expected() is HALF_OPEN:
            assert self.breaker.allow(self.now)
            self.calls.append(Permit(self.breaker.generation))


TestBreakers = Breakers.TestCase
