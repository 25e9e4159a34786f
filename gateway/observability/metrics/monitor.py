"""The monitor: the metrics of one process, and the page that serves them."""

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from gateway.observability.metrics.page import Page
from gateway.observability.metrics.port import MetricsPort
from gateway.observability.metrics.process_metrics import Gauges
from gateway.observability.metrics.request_metrics import Metrics
from gateway.observability.metrics.worker_peers import WorkerPeers, meeting_place
from gateway.payex.upstream import Upstream
from gateway.server.health import Readiness
from gateway.server.tls import renewal
from gateway.server.visits import Visits
from gateway.settings.settings import Settings


class Monitor:
    """Counts the work of one process, and serves the counts to Prometheus.

    Raises:
        CredentialsError: the files of the server's certificate cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        visits: Visits,
        readiness: Readiness,
        upstream: Upstream,
    ) -> None:
        self._port = settings.metrics_port
        registry = CollectorRegistry()
        # prometheus_client's third collector would publish the version of Python.
        for collector in (ProcessCollector, GCCollector):
            collector(registry=registry)
        peers = None
        if settings.workers > 1:
            # A replacement starts before the old process ends, and a signal can add processes.
            place = meeting_place(settings.host, settings.port)
            peers = WorkerPeers(place, most=2 * settings.workers + 14)
        gauges = Gauges(visits, readiness, upstream, renewal(settings))
        self._page = Page(registry, gauges, peers, max_age=settings.metrics_max_age)
        metrics = Metrics(registry)
        self.observe, self.refused = metrics.observe, metrics.refused
        self.opened = self._page.opened

    def routes(self) -> list[BaseRoute]:
        """Return `/metrics`, unless it has its own port."""
        return [] if self._port else self._page.routes()

    def middleware(self) -> list[Middleware]:
        """Return the middleware that serves `/metrics` on its own port, if it has one."""
        if self._port is None:
            return []
        return [Middleware(MetricsPort, port=self._port, routes=self._page.routes())]
