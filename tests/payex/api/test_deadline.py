"""Deadlines, and the budget that a client names."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.deadline import Deadline, parse_budget

moments = st.floats(-1e9, 1e9)
seconds = st.floats(0, 1e6)


def test_a_deadline_is_so_many_seconds_away_and_shows_its_moment() -> None:
    deadline = Deadline.after(2.5, now=100.0)
    assert (deadline.at, repr(deadline)) == (102.5, "Deadline(102.5)")


def test_time_runs_down_to_nothing() -> None:
    deadline = Deadline(10.0)
    assert [deadline.remaining(now) for now in (7.0, 9.5, 10.0, 99.0)] == [3.0, 0.5, 0.0, 0.0]
    assert [deadline.expired(now) for now in (7.0, 9.5, 10.0, 99.0)] == [False, False, True, True]


@given(moments, moments)
def test_a_deadline_is_expired_exactly_when_nothing_remains(at: float, now: float) -> None:
    deadline = Deadline(at)
    assert deadline.remaining(now) >= 0
    assert deadline.expired(now) is (deadline.remaining(now) == 0)


@given(moments, moments, seconds)
def test_what_is_capped_takes_neither_longer_than_it_may_nor_than_what_remains(
    at: float, now: float, wanted: float
) -> None:
    deadline = Deadline(at)
    assert deadline.cap(wanted, now) in {wanted, deadline.remaining(now)}
    assert deadline.cap(wanted, now) <= min(wanted, deadline.remaining(now))


def test_a_deadline_that_never_comes_caps_nothing() -> None:
    deadline = Deadline(math.inf)
    assert not deadline.expired(1e9)
    assert deadline.cap(30.0, 1e9) == 30.0


@given(st.lists(moments, min_size=1))
def test_a_shared_call_lives_as_long_as_the_most_patient_of_its_waiters(at: list[float]) -> None:
    waiters = [Deadline(moment) for moment in at]
    shared = Deadline(at[0])
    for waiter in waiters:
        shared.extend(waiter)
    assert shared.at == max(at)
    assert [waiter.at for waiter in waiters] == at


@pytest.mark.parametrize(
    ("text", "granted"),
    [("1", 1.0), ("2.5", 2.5), ("007", 7.0), ("0.001", 0.001), ("30", 30.0), ("31", 30.0)],
)
def test_a_budget_is_a_plain_decimal_number_of_seconds_up_to_the_maximum(
    text: str, granted: float
) -> None:
    assert parse_budget(text, maximum=30.0) == granted


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "0", "0.000", "-1", "+1", "1e3", "1.", ".5", "1,5", "1_0", "1 0", " 1", "1\n"),
        *("nan", "inf", "Infinity", "0x1", "5s", "٣", "²", "1.2.3", "9" * 400),
        "0." + "0" * 400 + "1",
    ],
)
def test_a_budget_that_is_no_usable_number_is_none(text: str) -> None:
    assert parse_budget(text, maximum=30.0) is None


@given(st.text(), st.floats(0.001, 600))
def test_no_header_breaks_the_reader_or_exceeds_the_maximum(text: str, maximum: float) -> None:
    granted = parse_budget(text, maximum)
    assert granted is None or 0 < granted <= maximum


@given(st.decimals(min_value="0.001", max_value="1000", places=3))
def test_what_a_client_writes_is_what_it_gets(number: object) -> None:
    assert parse_budget(str(number), maximum=1000.0) == float(str(number))
