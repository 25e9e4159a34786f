"""What an operation's time goes by with, against a list of seconds."""

from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.stretches import Spent, Stretch, seconds

stretches = st.lists(st.tuples(st.sampled_from(Spent), st.integers(0, 30), st.integers(0, 10)))


@given(stretches)
def test_each_second_counts_once_and_for_the_first_of_what_goes_on(
    known: list[tuple[Spent, int, int]],
) -> None:
    expected = dict.fromkeys(Spent, 0.0)
    for second in range(41):
        under_way = {what for what, start, took in known if start <= second < start + took}
        for what in Spent:
            if what in under_way:
                expected[what] += 1
                break
    told = seconds((what, float(start), float(start + took)) for what, start, took in known)
    assert told == expected


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 99))
def test_a_stretch_ends_when_the_event_loop_was_last_on_time_and_not_before_it_began(
    started: int, took: int, behind: int
) -> None:
    stretch = Stretch(Spent.UPSTREAM, started)
    assert stretch.ended is None
    ended = stretch.end(started + took, behind)
    assert ended == stretch.ended == max(started, started + took - behind)
    assert ended + stretch.late == started + took
