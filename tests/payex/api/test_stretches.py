"""What an operation's time goes by with, against a list of seconds."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.stretches import Spent, Stretch, Work, seconds

intervals = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)))
stretches = st.lists(st.tuples(st.sampled_from(Spent), st.integers(0, 30), st.integers(0, 10)))


@given(stretches, intervals, intervals, st.integers(0, 40), st.integers(0, 40))
def test_each_second_counts_once_and_for_the_first_of_what_goes_on(
    known: list[tuple[Spent, int, int]],
    work: list[tuple[int, int]],
    late: list[tuple[int, int]],
    begin: int,
    took: int,
) -> None:
    """Where nothing goes on and the loop is late, that counts, unless it does the own work."""
    expected = dict.fromkeys(Spent, 0.0)
    for second in range(begin, begin + took):
        under_way = {what for what, start, took in known if start <= second < start + took}
        if any(start <= second < start + took for start, took in work):
            under_way.discard(Spent.LOOP)
        elif not under_way and any(start <= second < start + took for start, took in late):
            under_way.add(Spent.LOOP)
        for what in Spent:
            if what in under_way:
                expected[what] += 1
                break
    told = seconds(
        ((what, float(start), float(start + took)) for what, start, took in known),
        within=(begin, begin + took),
        work=[(start, start + took) for start, took in work],
        late=[(start, start + took) for start, took in late],
    )
    assert told == expected
    assert sum(told.values()) <= took


@given(st.lists(st.integers(0, 9), min_size=1))
def test_work_is_what_lies_between_its_waits(steps: list[int]) -> None:
    now = 0.0

    async def working() -> str:
        nonlocal now
        for step in steps[:-1]:
            now += step
            await asyncio.sleep(0)
        now += steps[-1]
        return "done"

    work = Work(lambda: now)
    noted = work.of(working())
    for _ in steps[:-1]:
        noted.send(None)
        now += 100
    with pytest.raises(StopIteration) as ended:
        noted.send(None)
    assert ended.value.value == "done"
    assert [ended - began for began, ended in work.steps] == steps


async def test_noted_work_is_awaited_and_cancelled_as_any() -> None:
    work, cleaned = Work(), []

    async def failing() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(len(work.steps))

    async def value() -> int:
        await asyncio.sleep(0)
        return 7

    assert await work.of(value()) == 7
    task = asyncio.create_task(work.of(failing()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (cleaned, len(work.steps)) == ([3], 4)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 99))
def test_a_stretch_ends_when_the_event_loop_was_last_on_time_and_not_before_it_began(
    started: int, took: int, behind: int
) -> None:
    stretch = Stretch(Spent.UPSTREAM, started)
    assert stretch.ended is None
    ended = stretch.end(started + took, behind)
    assert ended == stretch.ended == max(started, started + took - behind)
    assert ended + stretch.late == started + took
