"""The two text formats of metrics, and which of them a client wants.

OpenMetrics has room for what Prometheus's older format lacks: exemplars, and when a series began.
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
"""The media types that the formats answer to, each with the versions that the gateway speaks."""


class Format(NamedTuple):
    """A text format.

    Attributes:
        content_type: its media type.
        created: whether it says when series began. In the older format each would be one more
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
"""Prometheus's own."""
OPEN_METRICS: Final = Format(
    CONTENT_TYPE_LATEST,
    True,
    # Every name here is plain, so that nothing is escaped either way. To look at each character of
    # each name for that took two thirds as long again (measured).
    partial(open_metrics, escaping=ALLOWUTF8),
)
"""OpenMetrics 1.0."""


class _Metrics:
    """Metrics as prometheus_client takes them."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        """Return the metrics."""
        return self._metrics


def wanted(accept: str) -> Format:
    """Return the format of the higher quality; OpenMetrics only if the client names it.

    prometheus_client takes the first name that it knows, ignores its quality, and promises a
    version that it does not speak.

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
