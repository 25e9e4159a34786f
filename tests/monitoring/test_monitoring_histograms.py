"""A histogram of ours tells what prometheus_client's own would."""

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Histogram as Theirs

from gateway.monitoring.histograms import Histogram

BOUNDS = (0, 0.5, 1, 10)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from(BOUNDS) | st.floats(0, 20, allow_nan=False),
        )
    )
)
def test_it_counts_as_the_library_does(values: list[tuple[str, float]]) -> None:
    """A value on a bound belongs to its bucket."""
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    expected = Theirs("seconds", "Text.", ["name"], buckets=BOUNDS, registry=theirs)
    histogram = Histogram("seconds", "Text.", ["name"], BOUNDS)
    ours.register(histogram)
    for name, value in values:
        expected.labels(name).observe(value)
        histogram.labels(name).observe(value)

    lines = [
        line
        for line in generate_latest(theirs).decode().splitlines()
        if "seconds_created" not in line
    ]
    assert generate_latest(ours).decode().splitlines() == lines


def test_without_labels_it_is_there_from_the_start() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("waves", "Text.", [], BOUNDS)
    histogram.labels()
    registry.register(histogram)

    assert "waves_count 0.0" in generate_latest(registry).decode().splitlines()
