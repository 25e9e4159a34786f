"""A histogram of ours tells what prometheus_client's own would."""

import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Histogram as Theirs

from gateway.observability.metrics.formats import OPEN_METRICS
from gateway.observability.metrics.histograms import Distribution, Histogram

BOUNDS = (0, 0.5, 1, 10)


def told(registry: CollectorRegistry) -> list[str]:
    """Return the lines without when a series began, and when an exemplar was observed."""
    text = OPEN_METRICS.render(registry).decode()
    return re.sub(r"\b\d{10}\.\d+|\d\.\d+e\+09", "TIME", text).splitlines()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from(BOUNDS) | st.floats(0, 20, allow_nan=False),
            st.sampled_from([None, "0af7651916cd43dd8448eb211c80319c"]),
        )
    )
)
def test_it_counts_as_the_library_does(values: list[tuple[str, float, str | None]]) -> None:
    """A value on a bound belongs to its bucket. The last exemplar of a bucket is told."""
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    expected = Theirs("seconds", "Text.", ["name"], buckets=BOUNDS, registry=theirs)
    histogram = Histogram("seconds", "Text.", ["name"], BOUNDS)
    ours.register(histogram)
    for name, value, trace in values:
        expected.labels(name).observe(value, {"trace_id": trace} if trace else None)
        histogram.labels(name).observe(value, trace)

    assert told(ours) == told(theirs)


def test_an_exemplar_and_a_series_say_when_they_began() -> None:
    before = time.time()
    distribution = Distribution(BOUNDS)
    distribution.observe(0.7, "0af7651916cd43dd8448eb211c80319c")
    ((_, _, observed),) = distribution.exemplars.values()

    assert before <= distribution.created <= observed <= time.time()


def test_without_labels_it_is_there_from_the_start() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("waves", "Text.", [], BOUNDS)
    histogram.labels()
    registry.register(histogram)

    assert "waves_count 0.0" in generate_latest(registry).decode().splitlines()
