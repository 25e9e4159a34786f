"""How late the event loop is."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.pulse import Pulse, beating

# In ticks, of which a beat is due every second one.
EVERY = 2
ticks = st.integers(0, 40)


def test_a_pulse_that_does_not_beat_is_never_late() -> None:
    pulse = Pulse(interval=EVERY)
    assert (pulse.behind(1000), pulse.worst(1000), pulse.busy(1000)) == (0, 0, 0)


@given(busy=ticks)
def test_while_a_beat_is_overdue_the_loop_has_been_busy_since_it_was_due(busy: int) -> None:
    pulse = Pulse(interval=EVERY)
    pulse.beat(100)
    behind = busy if busy > EVERY else 0
    assert pulse.behind(100 + EVERY + busy) == pulse.busy(100 + EVERY + busy) == behind


@given(busy=ticks, further=ticks)
def test_after_a_late_beat_the_loop_is_busy_until_it_has_caught_up(busy: int, further: int) -> None:
    pulse = Pulse(interval=EVERY)
    pulse.beat(100)
    beat = 100 + EVERY + busy
    is_late = pulse.beat(beat)
    assert is_late is (busy > EVERY / 4)
    if busy > EVERY:
        assert pulse.behind(beat + further) == busy + further
    if is_late:
        pulse.caught_up(beat)
    assert pulse.behind(beat + EVERY) == 0


@given(busy=ticks, further=ticks, asked=ticks)
def test_the_loop_was_busy_from_when_a_beat_was_due_until_it_had_caught_up(
    busy: int, further: int, asked: int
) -> None:
    """Also if the beat was late by less than an interval: many such turns add up."""
    pulse = Pulse(interval=EVERY)
    pulse.beat(100)
    due, beat, over = 100 + EVERY, 100 + EVERY + busy, 100 + EVERY + busy + further
    assert pulse.late_since(0, beat) == ([(due, beat)] if busy else [])
    if pulse.beat(beat):
        assert pulse.late_since(0, over) == [(due, over)]
        pulse.caught_up(over)
    known = [(due, over)] if busy and asked < over - 100 else []
    assert pulse.late_since(100 + asked, over) == known or further > EVERY


def test_a_loop_that_never_catches_up_was_busy_without_a_break() -> None:
    pulse = Pulse(interval=EVERY)
    for now in (100, 103, 106, 109):
        pulse.beat(now)
    pulse.caught_up(110)
    assert pulse.late_since(0, 111) == [(102, 111)]
    pulse.caught_up(111)
    pulse.caught_up(111)
    assert pulse.late_since(0, 111) == [(102, 111)]


@given(st.lists(ticks, max_size=30))
def test_what_the_beats_were_late_adds_up(lates: list[int]) -> None:
    pulse, now = Pulse(interval=EVERY, window=10_000), 0
    pulse.beat(now)
    for late in lates:
        now += EVERY + late
        pulse.beat(now)
    assert pulse.late == pulse.busy(now) == sum(late for late in lates if late > EVERY)
    assert pulse.worst(now) == max(lates, default=0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_the_worst_counts_for_one_window_at_least_and_for_two_at_most(
    beats: list[tuple[int, int]],
) -> None:
    window = 20
    pulse, now, known = Pulse(interval=EVERY, window=window), 0, [(0, 0)]
    pulse.beat(now)
    for late, _ in beats:
        now += EVERY + late
        pulse.beat(now)
        known.append((now, late))
        least = max(late for at, late in known if now - at < window)
        # A window ends with the first beat after its time.
        most = max(late for at, late in known if now - at <= 2 * (window + EVERY + 9))
        assert least <= pulse.worst(now) <= most


def test_the_worst_of_long_ago_is_forgotten_though_no_beat_came_since() -> None:
    pulse = Pulse(interval=EVERY, window=20)
    pulse.beat(0)
    pulse.beat(EVERY + 5)

    assert pulse.worst(100) == 0


@pytest.mark.virtual_time
@pytest.mark.parametrize("busy", [0.0, 0.01, 0.7])
async def test_a_pulse_beats_while_it_is_let(busy: float) -> None:
    loop: Any = asyncio.get_running_loop()
    pulse = Pulse()

    def work() -> None:
        loop.pass_time(busy)

    async with beating(pulse, loop.time):
        await asyncio.sleep(1.001)
        loop.call_soon(work)
        await asyncio.sleep(1)
        assert pulse.behind(loop.time()) == 0
    late = busy if busy > pulse.interval else 0
    assert pulse.late == pytest.approx(late, abs=pulse.interval)
    assert pulse.worst(loop.time()) == pytest.approx(busy, abs=pulse.interval)
    late = pulse.late
    await asyncio.sleep(1)
    assert pulse.late == late
