"""What clients have not taken of their answers is bounded, whoever they are."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.server.flow import Progress, Unsent


class Line(asyncio.WriteTransport):
    """A connection whose client takes nothing until it is told to."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        """Return how much of what is written is not taken."""
        return self.left

    def abort(self) -> None:
        """Close it, whatever is left."""
        self.aborted = True
        self.left = 0


class Handle:
    """A timer that never goes off."""

    def cancel(self) -> None:
        """Let it be."""


class Loop:
    """An event loop that does at once what is to be done soon, and nothing later."""

    def call_later(self, _seconds: float, *_work: Any) -> Handle:
        """Return a timer."""
        return Handle()

    def call_soon(self, work: Any) -> None:
        """Do it."""
        work()


def connect(left: int, unsent: Unsent) -> tuple[Line, Progress]:
    """Return a connection whose client has not taken so many bytes."""
    line = Line(left)
    loop: Any = Loop()
    progress = Progress(line, loop, 30.0, unsent)
    progress.expect()
    return line, progress


@given(st.lists(st.integers(0, 50), max_size=12))
def test_no_more_is_left_than_may_be_and_those_with_the_most_are_closed(sizes: list[int]) -> None:
    unsent = Unsent(100)
    lines = [connect(size, unsent)[0] for size in sizes]

    assert sum(line.left for line in lines) <= 100
    closed = [size for size, line in zip(sizes, lines, strict=True) if line.aborted]
    assert bool(closed) == (sum(sizes) > 100)
    assert sum(sizes) - sum(closed) > 100 - max(sizes, default=0) or not closed


def test_who_is_closed_has_the_most() -> None:
    unsent = Unsent(100)
    small, large, late = (connect(size, unsent)[0] for size in (30, 60, 40))

    assert (small.aborted, large.aborted, late.aborted) == (False, True, False)


def test_what_was_taken_counts_no_more() -> None:
    unsent = Unsent(100)
    line, progress = connect(60, unsent)
    line.left = 0
    progress.forget()
    other, _ = connect(90, unsent)
    line.left = 60

    unsent.bound()
    assert not other.aborted
