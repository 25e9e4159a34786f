"""A gateway whose spans stay in memory, how they hang together, and what may be behind it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

INVOICE = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }'
HOLDER = "/invoices/{invoiceNo}"


class Traced:
    """A gateway's client, and the spans of what it is asked."""

    def __init__(self) -> None:
        self.app: Any = None
        self.client: httpx.AsyncClient
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, in the order in which they began."""
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def named(self, start: str) -> list[ReadableSpan]:
        """Return the spans whose names begin so."""
        return [span for span in self.spans if span.name.startswith(start)]

    def one(self, start: str) -> ReadableSpan:
        """Return the one span whose name begins so."""
        (span,) = self.named(start)
        return span

    @property
    def tree(self) -> list[str]:
        """The names of the spans, each two columns right of its parent; siblings sorted."""
        return list(self._lines(None, ""))

    def _lines(self, parent: int | None, indent: str) -> Iterator[str]:
        own = {span.context.span_id for span in self.spans if span.context}
        for span in sorted(self.spans, key=lambda span: span.name):
            above = span.parent.span_id if span.parent and span.parent.span_id in own else None
            if above == parent and span.context:
                yield indent + span.name
                yield from self._lines(span.context.span_id, indent + "  ")

    async def ask(self, query: str, **headers: str) -> httpx.Response:
        """Ask, without variables."""
        return await self.client.post("/graphql", json={"query": query}, headers=headers)


def told(span: ReadableSpan, *prefixes: str) -> dict[str, Any]:
    """Return a span's attributes, those alone whose names begin so."""
    return {
        name: value
        for name, value in (span.attributes or {}).items()
        if not prefixes or name.startswith(prefixes)
    }


def events(span: ReadableSpan) -> list[dict[str, Any]]:
    """Return the attributes of a span's events."""
    return [dict(event.attributes or {}) for event in span.events]


class Replies:
    """An upstream that sends one reply after the other, the last one for ever, and keeps count."""

    def __init__(self, *replies: httpx.Response | Exception) -> None:
        self._replies = list(replies)
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Reply."""
        self.requests.append(request)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply


class Gate:
    """An upstream that answers when it is told to."""

    def __init__(self) -> None:
        self.asked, self.open = asyncio.Event(), asyncio.Event()

    async def __call__(self, _: httpx.Request) -> httpx.Response:
        """Wait, and answer."""
        self.asked.set()
        await self.open.wait()
        return httpx.Response(200, json={})


async def settle() -> None:
    """Let everything run that can run."""
    for _ in range(50):
        await asyncio.sleep(0)
