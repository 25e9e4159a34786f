"""Which faults are worth another attempt, and how long to wait before it."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.resilience.retries import Backoff, parse_retry_after, retryable

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
YEAR = 365 * 86_400.0

attempts = st.integers(1, 12)
randoms = st.floats(0, 1, exclude_max=True)


def test_the_bound_of_a_pause_doubles_up_to_the_cap() -> None:
    backoff = Backoff(attempts=9, base=0.5, cap=3.0)
    pauses = [backoff.delay(n, random=0.5, retry_after=None) for n in range(1, 6)]
    assert pauses == [0.25, 0.5, 1.0, 1.5, 1.5]


@given(attempts, randoms)
def test_a_pause_is_drawn_from_nothing_up_to_its_bound(attempt: int, random: float) -> None:
    pause = Backoff(attempts=99).delay(attempt, random=random, retry_after=None)
    assert pause is not None
    assert 0 <= pause <= min(2.0, 0.1 * 2 ** (attempt - 1))
    assert Backoff(attempts=99).delay(attempt, random=0.0, retry_after=None) == 0


@given(st.integers(1, 9), st.integers(1, 20), randoms, st.none() | st.floats(0, 5))
def test_so_many_attempts_are_made_and_no_more(
    allowed: int, attempt: int, random: float, retry_after: float | None
) -> None:
    delay = Backoff(attempts=allowed).delay(attempt, random=random, retry_after=retry_after)
    assert (delay is None) is (attempt >= allowed)


@given(randoms, st.floats(0, 5))
def test_payex_is_given_the_time_it_asks_for_and_the_pause_on_top(
    random: float, retry_after: float
) -> None:
    """Else all who were told the same would return at once."""
    backoff = Backoff()
    pause = backoff.delay(1, random=random, retry_after=None)
    delay = backoff.delay(1, random=random, retry_after=retry_after)
    assert pause is not None
    assert delay is not None
    assert delay == retry_after + pause


def test_a_wait_longer_than_the_gateway_is_ready_for_is_not_begun() -> None:
    backoff = Backoff(retry_after_max=5.0)
    assert backoff.delay(1, random=0.0, retry_after=5.0) == 5.0
    assert backoff.delay(1, random=0.0, retry_after=5.001) is None


def test_the_bound_of_a_late_attempt_does_not_overflow() -> None:
    backoff = Backoff(attempts=10**9)
    assert backoff.delay(10**8, random=0.5, retry_after=None) == 1.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("99999999999", YEAR),
        ("9" * 5000, YEAR),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sunday, 01-Mar-26 12:00:30 GMT", 30.0),
        ("Sun Mar  1 12:00:30 2026", 30.0),
        ("Sun, 01 Mar 2026 13:00:30 +0100", 30.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", YEAR),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float) -> None:
    assert parse_retry_after(value, NOON) == seconds


@pytest.mark.parametrize(
    "value",
    [
        *("0", "00", "Sun, 01 Mar 2026 11:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"),
        "Sun, 01 Mar 2026 12:00:00 GMT",
        *(None, "", " ", "-1", "1.5", "1e3", "+3", "nan", "inf", "soon", "5, 5", "٣", "²"),
        "Sun, 32 Mar 2026 12:00:30 GMT",
        "Sun, 01 Mar 2026 12:00:99 GMT",
        "Sun, 01 Mar 10000 12:00:30 GMT",
        "Sun, 01 Mar 2026 12:00:30 +999999",
        # An integer too large for the C side of datetime.
        "Sun, 99999999999 Mar 2026 12:00:30 GMT",
    ],
)
def test_retry_after_that_asks_for_no_time_or_cannot_be_read_is_none(value: str | None) -> None:
    assert parse_retry_after(value, NOON) is None


@given(st.text() | st.text(alphabet="0123456789:+- ,GMTSunMar"))
def test_no_header_breaks_the_reader(value: str) -> None:
    seconds = parse_retry_after(value, NOON)
    assert seconds is None or 0 < seconds <= YEAR
    assert parse_retry_after("5", NOON, value) == 5


@given(st.integers(-(10**6), 10**6), st.integers(-12, 12))
def test_a_date_is_as_far_away_as_it_says_whatever_the_zones(away: int, hours: int) -> None:
    date = format_datetime(NOON + timedelta(seconds=away), usegmt=True)
    wall = NOON + timedelta(hours=hours) - timedelta(hours=hours)
    assert parse_retry_after(date, wall) == (away if away > 0 else None)


@given(st.integers(1, 10**6), st.integers(-(10**6), 10**6))
def test_a_date_is_read_by_the_clock_of_who_sent_it(away: int, ahead: int) -> None:
    sent = NOON + timedelta(seconds=ahead)
    until = format_datetime(sent + timedelta(seconds=away), usegmt=True)
    assert parse_retry_after(until, NOON, format_datetime(sent, usegmt=True)) == away
    assert parse_retry_after(until, sent, "soon") == parse_retry_after(until, sent) == away


def test_a_date_without_a_zone_is_in_gmt_wherever_the_gateway_stands() -> None:
    """The third form of HTTP dates names no zone. A process has one zone from its beginning on."""
    read = (
        "from datetime import UTC, datetime as date\n"
        "from resolvers.payex.resilience.retries import parse_retry_after as read\n"
        "print(read('Sun Nov  6 08:49:37 1994', date(1994, 11, 6, 8, 49, 30, tzinfo=UTC)))"
    )
    told = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", read],
        env={**os.environ, "TZ": "Asia/Tokyo"},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert told.stdout == b"7.0\n"


RETRYABLE = {
    ("UPSTREAM_UNREACHABLE", None),
    ("UPSTREAM_UNREACHABLE", 200),
    ("UPSTREAM_RATE_LIMITED", 429),
    ("UPSTREAM_UNAVAILABLE", 502),
    ("UPSTREAM_UNAVAILABLE", 503),
    ("UPSTREAM_UNAVAILABLE", 504),
}


@pytest.mark.parametrize(("code", "status"), sorted(RETRYABLE, key=str))
def test_what_is_worth_another_attempt(code: str, status: int | None) -> None:
    assert retryable(FaultCode(code), status)


@given(st.sampled_from(FaultCode), st.sampled_from([None, 200, 429, 502, 503, 504]))
def test_only_three_codes_are_retried(code: FaultCode, status: int | None) -> None:
    """Never a timeout, a body that cannot be read, or what the gateway itself refuses."""
    codes = {code for code, _ in RETRYABLE}
    held_back = (code, status) == (FaultCode.UPSTREAM_RATE_LIMITED, None)
    assert retryable(code, status) is (code.value in codes and not held_back)


@given(st.sampled_from(FaultCode), st.integers(100, 999))
def test_no_status_but_these_is_retried(code: FaultCode, status: int) -> None:
    """Least of all 400, 401, 404, 500 and 501, whatever the code says."""
    assert not retryable(code, status) or status in {200, 429, 502, 503, 504}


def test_a_fault_keeps_the_status_and_the_wait_that_the_policies_ask_for() -> None:
    fault = Fault(FaultCode.UPSTREAM_RATE_LIMITED, status=429, retry_after=1.5)
    assert (fault.status, fault.retry_after) == (429, 1.5)
    assert (Fault(fault.code).status, Fault(fault.code).retry_after) == (None, None)
