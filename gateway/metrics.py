"""What the process has asked of PayEx, counted for Prometheus. Labels are few and fixed."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.reports import Report


class Metrics:
    """The counters of one process, with a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "payex_usage_answers",
            "Answers of PayEx by where they came from: a cache (hit), another operation's call "
            "(coalesced), or a call (miss).",
            ["source"],
            registry=self._registry,
        )
        self._calls = Counter(
            "payex_usage_upstream_calls",
            "Calls to PayEx by route template and HTTP status; the status is none where none came.",
            ["route", "status"],
            registry=self._registry,
        )
        for source in ("hit", "coalesced", "miss"):
            self._answers.labels(source)

    def observe(self, report: Report) -> None:
        """Take in a request that is over."""
        tally = report.tally
        if tally is None:
            return
        self._answers.labels("hit").inc(tally.hits)
        self._answers.labels("coalesced").inc(tally.joined)
        self._answers.labels("miss").inc(tally.misses)
        for call in tally.calls:
            self._calls.labels(call.route, str(call.status or "none")).inc()

    def routes(self) -> list[BaseRoute]:
        """Return `/metrics`."""

        async def metrics(_: Request) -> Response:
            return Response(
                generate_latest(self._registry),
                headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST},
            )

        return [Route("/metrics", metrics)]
