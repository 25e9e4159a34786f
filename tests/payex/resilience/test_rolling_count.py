"""The rolling count."""

from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.resilience.rolling_count import RollingCount

# Multiples of an eighth, so that a naive model meets no rounding.
steps = st.lists(st.integers(0, 30).map(lambda eighths: eighths / 8))


def moments(apart: list[float]) -> list[float]:
    return [-50 + sum(apart[: n + 1]) for n in range(len(apart))]


@given(steps, st.integers(1, 5))
def test_it_counts_the_present_bucket_and_those_before_it(apart: list[float], size: int) -> None:
    count = RollingCount(2.0, size)
    for n, now in enumerate(seen := moments(apart)):
        count.add(now)
        present = now // 2
        assert count.total(now) == sum(present - at // 2 < size for at in seen[: n + 1])


@given(steps, st.integers(1, 5))
def test_it_is_at_most_one_bucket_short_of_its_seconds(apart: list[float], size: int) -> None:
    count = RollingCount(2.0, size)
    for n, now in enumerate(seen := moments(apart)):
        count.add(now)
        ages = [now - at for at in seen[: n + 1]]
        young, remembered = (sum(age < 2.0 * m for age in ages) for m in (size - 1, size))
        assert young <= count.total(now) <= remembered


@given(steps, st.integers(1, 5), st.data())
def test_an_event_that_is_taken_back_counts_no_longer(
    apart: list[float], size: int, data: st.DataObject
) -> None:
    count, kept = RollingCount(2.0, size), list[float]()
    for now in moments(apart):
        count.add(now)
        kept.append(now)
        if data.draw(st.booleans()):
            then = kept.pop(data.draw(st.integers(0, len(kept) - 1)))
            count.take_back(then)
        assert count.total(now) == sum(now // 2 - at // 2 < size for at in kept)


def test_its_memory_does_not_grow_with_the_events() -> None:
    count = RollingCount(1.0, 4)
    for n in range(10_000):
        count.add(n / 100)
    assert count.total(99.99) == 400
    assert len(count._buckets) == 4


def test_a_clock_that_steps_back_neither_loses_events_nor_adds_buckets() -> None:
    count = RollingCount(1.0, 2)
    count.add(10.0)
    count.add(5.0)
    assert count.total(5.0) == count.total(11.9) == 2
    assert len(count._buckets) == 1
    assert count.total(12.0) == 0


def test_it_can_forget_everything() -> None:
    count = RollingCount(1.0, 2)
    count.add(1.0)
    count.clear()
    assert count.total(1.0) == 0
    count.add(1.0)
    assert count.total(1.0) == 1
