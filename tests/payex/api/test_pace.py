"""The pace of long work: slices, the loop's turns between them, and the end of the time."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.turns import Pace, Turns, slices

LONGEST = 10.0


class Clock:
    """A clock that passes while somebody works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Loop:
    """An event loop that notes at what time it comes around, and who works."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.turns = Turns(self.clock, LONGEST)
        self.came: list[float] = []
        self.worked: list[str] = []

    def pace(self, caller: str, operation: str = "", ends: float = 10**6) -> Pace:
        """Return the pace of an operation that ends at a time."""
        return Pace(self.turns, Deadline(ends), TimeoutError, caller, operation)

    async def work(self, who: str, pace: Pace, costs: list[float]) -> None:
        """Do slices of work that cost so many seconds."""
        for cost in costs:
            await pace.turn()
            self.worked.append(who)
            self.clock.now += cost

    def run(self, works: Callable[[], list[Awaitable[None]]]) -> list[BaseException | None]:
        """Do works at the same time, and return what they raise."""

        async def together() -> list[BaseException | None]:
            loop = asyncio.get_running_loop()

            def beat() -> None:
                self.came.append(self.clock())
                hearts.append(loop.call_soon(beat))

            hearts = [loop.call_soon(beat)]
            found = await asyncio.gather(*works(), return_exceptions=True)
            hearts[-1].cancel()
            return found

        return asyncio.run(together())


@given(st.lists(st.integers()), st.integers(1, 5))
def test_slices_are_the_list_and_none_is_longer_than_asked(items: list[int], size: int) -> None:
    found = list(slices(items, size))
    assert list(chain.from_iterable(found)) == items
    assert all(len(part) <= size for part in found)
    assert len(items) > size or found == [items]


def test_a_short_list_is_not_copied() -> None:
    items = [1, 2, 3]
    assert next(slices(items)) is items


@given(st.lists(st.lists(st.floats(0, 3), max_size=20), max_size=12))
def test_whatever_is_at_work_the_loop_comes_around_after_one_slice_more_at_most(
    works: list[list[float]],
) -> None:
    """The fields of an operation together keep it no longer than one does, nor do operations."""
    loop = Loop()

    loop.run(
        lambda: [
            loop.work("", loop.pace(str(number % 3), str(number % 5)), costs)
            for number, costs in enumerate(works)
        ]
    )

    assert loop.clock() == pytest.approx(sum(map(sum, works)))
    times = [0.0, *loop.came, loop.clock()]
    # What began before the loop came around in the same turn counts to the next one.
    assert max(later - earlier for earlier, later in pairwise(times)) <= 2 * (LONGEST + 3)


def test_work_that_is_short_never_waits() -> None:
    loop = Loop()

    async def alone() -> None:
        before = len(loop.came)
        await loop.work("a", loop.pace("a"), [1, 2, 3])
        assert len(loop.came) == before

    assert loop.run(lambda: [alone()]) == [None]


def test_callers_take_turns_and_so_do_the_operations_of_one() -> None:
    """Whoever asks for much, in one operation or in many, keeps nobody else waiting for it all."""
    loop = Loop()
    costs = [LONGEST] * 3

    loop.run(
        lambda: [
            loop.work("a1", loop.pace("a", "1"), costs),
            loop.work("a1", loop.pace("a", "1"), costs),
            loop.work("a2", loop.pace("a", "2"), costs),
            loop.work("b", loop.pace("b"), costs),
        ]
    )

    # Who comes first begins. The others wait, and then all take turns.
    assert loop.worked == ["a1", "a1", "b", "a2", "b", "a1", "b", "a2", "a1", "a2", "a1", "a1"]


def test_work_ends_when_the_operations_time_is_up() -> None:
    loop = Loop()
    found = loop.run(lambda: [loop.work("a", loop.pace("a", ends=2), [1, 1, 1])])
    assert loop.worked == ["a", "a"]
    assert isinstance(found[0], TimeoutError)


def test_time_that_is_up_while_others_are_at_work_ends_it_as_well() -> None:
    loop = Loop()

    found = loop.run(
        lambda: [
            loop.work("a", loop.pace("a"), [LONGEST] * 2),
            loop.work("b", loop.pace("b", ends=LONGEST), [1]),
        ]
    )

    assert loop.worked == ["a", "a"]
    assert isinstance(found[1], TimeoutError)


def test_who_has_left_keeps_nobody_waiting() -> None:
    loop = Loop()

    def works() -> list[Awaitable[None]]:
        first = loop.work("a", loop.pace("a"), [LONGEST])
        begun = asyncio.ensure_future(first)
        leaving = asyncio.ensure_future(loop.work("b", loop.pace("b"), [1]))

        async def leave() -> None:
            leaving.cancel()

        return [begun, leaving, leave(), loop.work("c", loop.pace("c"), [1])]

    found = loop.run(works)

    assert loop.worked == ["a", "c"]
    assert isinstance(found[1], asyncio.CancelledError)


@pytest.mark.parametrize(
    ("passed", "ends", "is_due"), [(1, 5, False), (LONGEST, 50, True), (5, 5, True)]
)
def test_who_cannot_wait_is_told_whether_it_is_time_to(
    passed: float, ends: float, is_due: bool
) -> None:
    loop = Loop()
    pace = loop.pace("a", ends=ends)

    async def work() -> None:
        assert not pace.is_due()
        loop.clock.now += passed
        assert pace.is_due() is is_due

    assert loop.run(lambda: [work()]) == [None]


async def test_once_the_loop_has_come_around_it_is_due_no_turn() -> None:
    turns = Turns(clock=lambda: 0.0, longest=1.0)
    assert not turns.is_due(0.0)
    assert turns.is_due(1.0)

    await asyncio.sleep(0)

    assert not turns.is_due(1.0)
