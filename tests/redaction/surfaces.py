"""What people other than the caller get to see of the gateway: log, errors, metrics, traces."""

import copy
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.app import create_app
from gateway.observability.logs import JsonLine, TextLine, log_config
from gateway.observability.traces.otlp import OtlpTracing
from gateway.settings.load import load_settings
from tests.redaction.known import KNOWN, leaks
from tests.redaction.talkative_payex import ORIGIN

_OURS = {"gateway", "resolvers", "schema"}


class Heard(logging.Handler):
    """Keeps what is logged, as it is written and, of our own records, whatever they carry.

    Others than the gateway's may take its records, and write all of them.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.carried: list[str] = []
        self._formatters = (TextLine(), JsonLine())
        self._config = log_config("json", "INFO")

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        package = record.name.partition(".")[0]
        configured = self._config["loggers"].get(package, self._config["root"])
        if record.levelno >= logging.getLevelNamesMapping()[configured["level"]]:
            self.lines += [formatter.format(record) for formatter in self._formatters]
        if package in _OURS:
            # `logging` keeps in a record what it makes of an exception.
            self.carried.append(logging.Formatter().format(copy.copy(record)))
            self.carried.append(repr(sorted(vars(record).items(), key=str)))


@contextmanager
def hearing() -> Iterator[Heard]:
    """Take in all that is logged, also below what is written."""
    root, heard = logging.getLogger(), Heard()
    before = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.setLevel(before)
        root.removeHandler(heard)


class Surfaces:
    """A gateway, and all that is seen of it.

    Args:
        client: asks it.
        heard: what it logs.
        provider: makes its spans.
    """

    def __init__(self, client: httpx.AsyncClient, heard: Heard, provider: TracerProvider) -> None:
        self._client = client
        self._heard = heard
        self._exporter = InMemorySpanExporter()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = provider.get_tracer("test")
        self._replies: list[str] = []
        self.metrics = ""

    async def send(self, method: str = "POST", path: str = "/graphql", **options: Any) -> Any:
        """Send a request, and return the body of the reply."""
        return self.reply(await self._client.request(method, path, **options))

    def reply(self, reply: httpx.Response) -> Any:
        """Keep of a reply all but the data, and return its body."""
        self._replies.append(f"{reply.status_code} {reply.headers}")
        try:
            body = reply.json()
        except ValueError:
            body = {"text": reply.text}
        self._replies.append(json.dumps({**body, "data": None}, ensure_ascii=False))
        return body

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Ask a query, and return the body of the reply."""
        return await self.send(json={"query": query, "variables": variables})

    async def look(self) -> None:
        """Read the page of metrics."""
        self.metrics = (await self._client.get("/metrics")).text

    @property
    def shown(self) -> dict[str, str]:
        """What is seen, by where."""
        return {
            "lines of the log": "\n".join(self._heard.lines),
            "records of the log": "\n".join(self._heard.carried),
            "errors": "\n".join(self._replies),
            "metrics": self.metrics,
            "traces": "\n".join(span.to_json() for span in self._exporter.get_finished_spans()),
        }

    def leaks(self, known: Mapping[str, str] = KNOWN) -> list[tuple[str, str]]:
        """Return what got out, and where."""
        return [(where, name) for where, text in self.shown.items() for name in leaks(text, known)]

    def forget(self) -> None:
        """Begin anew with what is seen."""
        for seen in (self._heard.lines, self._heard.carried, self._replies):
            seen.clear()
        self._exporter.clear()


@asynccontextmanager
async def gateway(
    upstream: httpx.AsyncBaseTransport | None = None, **variables: str
) -> AsyncIterator[Surfaces]:
    """Serve with these settings, given without their prefix, and end it before the last look.

    It is traced, and traces are kept at once.
    """
    provider = TracerProvider(shutdown_on_exit=False)
    variables = {"METRICS_MAX_AGE": "0", **variables}
    settings = load_settings({f"GATEWAY_{name}": value for name, value in variables.items()})
    with hearing() as heard:
        app = create_app(settings, upstream=upstream, tracing=OtlpTracing(provider, ORIGIN))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            surfaces = Surfaces(client, heard, provider)
            async with app.router.lifespan_context(app):
                yield surfaces
                await surfaces.look()
