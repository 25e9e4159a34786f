"""The two text formats of metrics, and the choice between them.

OpenMetrics can hold what Prometheus's older format cannot: exemplars, and the start of a series.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, Metric, generate_latest
from prometheus_client.openmetrics.exposition import ALLOWUTF8, CONTENT_TYPE_LATEST
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics
from prometheus_client.registry import Collector

from gateway.http.header_fields import elements

_NAMES: Final = {
    "application/openmetrics-text": {"", "1.0.0"},
    "text/plain": {"", "0.0.4", "1.0.0"},
    "text/*": {""},
    "*/*": {""},
}
"""The media types of both formats, each with the versions that the gateway supports."""


class Format(NamedTuple):
    """A text format.

    Attributes:
        content_type: its media type.
        created: whether it has the start of each series. In the older format that would be one more
            series, which nothing reads.
        render: returns the text of metrics.
    """

    content_type: str
    created: bool
    render: Callable[[Collector], bytes]

    def text(self, metrics: Sequence[Metric]) -> bytes:
        """Return the metrics in this format."""
        return self.render(_Metrics(metrics))


TEXT: Final = Format(CONTENT_TYPE_PLAIN_0_0_4, False, generate_latest)
"""Prometheus's own format."""
OPEN_METRICS: Final = Format(
    CONTENT_TYPE_LATEST,
    True,
    # No name here needs escaping. The check of each character of each name made rendering two
    # thirds slower (measured).
    partial(open_metrics, escaping=ALLOWUTF8),
)
"""OpenMetrics 1.0."""


class _Metrics:
    """Metrics in the form that prometheus_client expects."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        """Return the metrics."""
        return self._metrics


def wanted(accept: str) -> Format:
    """Return the format of the higher quality; OpenMetrics only if the client names it.

    prometheus_client chooses the first name that it knows, ignores qualities, and answers with a
    version that it does not write.

    Args:
        accept: the list of the request's `Accept`; empty accepts anything.
    """
    weights: dict[str, float] = {}
    for name, parameters, weight in elements(accept):
        if dict(parameters).get("version", "") in _NAMES.get(name, ()):
            weights[name] = max(weights.get(name, 0.0), weight)
    openly = weights.get("application/openmetrics-text", 0.0)
    anything = weights.get("text/*", weights.get("*/*", 0.0))
    plainly = weights.get("text/plain", anything)
    return OPEN_METRICS if openly and openly >= plainly else TEXT
