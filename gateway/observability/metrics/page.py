"""The page that Prometheus scrapes, with the series of every server process of the gateway."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import Exemplar, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.http.header_fields import listed
from gateway.observability.metrics.formats import TEXT, Format, wanted
from gateway.observability.metrics.worker_peers import WorkerPeers

PATH: Final = "/metrics"
WORKER: Final = "worker"


class Example(msgspec.Struct, array_like=True, frozen=True):
    """An exemplar: its labels, its value, and when it was observed, in seconds since 1970."""

    labels: dict[str, str]
    value: float
    timestamp: float


class Family(msgspec.Struct, array_like=True, frozen=True):
    """A metric in the form that server processes send each other.

    A sample is a name, labels, a value, and an exemplar if there is one.
    """

    name: str
    documentation: str
    type: str
    samples: list[tuple[str, dict[str, str], float, Example | None]]

    @classmethod
    def of(cls, metric: Metric) -> "Family":
        """Return the family of a metric."""
        return cls(
            metric.name,
            metric.documentation,
            metric.type,
            [
                (sample.name, sample.labels, float(sample.value), _example(sample.exemplar))
                for sample in metric.samples
            ],
        )


class _Made(NamedTuple):
    """A page, or the task that renders it, and the time until which it is kept."""

    text: asyncio.Task[bytes]
    until: float

    @property
    def failed(self) -> bool:
        """Whether rendering failed."""
        return self.text.cancelled() or (self.text.done() and self.text.exception() is not None)


class Page:
    """The metrics of this process and of its peers.

    Args:
        registry: the counts. Another thread reads them, since that can take long.
        gauges: the state. The thread of the event loop reads it.
        peers: the other server processes, if there are any.
        max_age: seconds for which a page is kept and served again.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        gauges: Collector,
        peers: WorkerPeers | None = None,
        *,
        max_age: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._gauges = gauges
        self._peers = peers
        self._max_age = max_age
        self._clock = clock
        self._pages: dict[str, _Made] = {}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Answer the peers within the context."""
        if self._peers is None:
            yield
            return
        async with self._peers.opened(lambda: self._apart(msgspec.msgpack.encode)):
            yield

    async def text(self, format_: Format = TEXT) -> bytes:
        """Return the page in a format. Concurrent requests share one page."""
        page, now = self._pages.get(format_.content_type), self._clock()
        if page is None or page.failed or (page.text.done() and now >= page.until):
            text = asyncio.create_task(self._made(format_))
            page = self._pages[format_.content_type] = _Made(text, now + self._max_age)
        return await asyncio.shield(page.text)

    async def _made(self, format_: Format) -> bytes:
        if self._peers is None:
            return await self._apart(lambda own: _rendered({None: own}, format_))
        others, number = await self._peers.reports(), self._peers.number
        return await self._apart(lambda own: _rendered({number: own, **_read(others)}, format_))

    def routes(self) -> list[BaseRoute]:
        """Return `/metrics`."""

        async def metrics(request: Request) -> Response:
            format_ = wanted(listed(request.headers, "accept"))
            headers = {
                "Cache-Control": "no-store",
                "Content-Type": format_.content_type,
                "Vary": "Accept",
            }
            return Response(await self.text(format_), headers=headers)

        return [Route(PATH, metrics)]

    async def _apart(self, work: Callable[[list[Family]], bytes]) -> bytes:
        """Return the result of `work` on this process's metrics, done in another thread."""
        gauges = list(self._gauges.collect())

        def whole() -> bytes:
            return work([Family.of(metric) for metric in (*gauges, *self._registry.collect())])

        return await asyncio.to_thread(whole)


def _example(exemplar: Exemplar | None) -> Example | None:
    if exemplar is None or exemplar.timestamp is None:
        return None
    return Example(exemplar.labels, exemplar.value, float(exemplar.timestamp))


def _read(reports: Mapping[int, bytes]) -> dict[int | None, Iterable[Family]]:
    found: dict[int | None, Iterable[Family]] = {}
    for number, text in reports.items():
        # During an upgrade, processes of two releases may not understand each other.
        with suppress(msgspec.DecodeError):
            found[number] = msgspec.msgpack.decode(text, type=list[Family])
    return found


def _rendered(processes: Mapping[int | None, Iterable[Family]], format_: Format) -> bytes:
    """Return the page with the families of each process, labelled with its number if it has one."""
    page: dict[str, Metric] = {}
    for number, families in processes.items():
        worker = {} if number is None else {WORKER: str(number)}
        for family in families:
            if family.name not in page:
                page[family.name] = Metric(family.name, family.documentation, family.type)
            for name, labels, value, example in family.samples:
                if format_.created or not name.endswith("_created"):
                    exemplar = Exemplar(*msgspec.structs.astuple(example)) if example else None
                    page[family.name].add_sample(name, labels | worker, value, exemplar=exemplar)
    workers = GaugeMetricFamily(
        "payex_usage_workers", "Server processes in this scrape.", len(processes)
    )
    return format_.text([*page.values(), workers])
