"""The spans of one operation: itself, its batches, and their calls.

Names follow OpenTelemetry's semantic conventions for HTTP and GraphQL; those that begin with
`payex.usage` are our own. No span holds a query, a variable, a number of anyone's or a URL.
"""

import asyncio
from collections.abc import Collection, Mapping
from http import HTTPMethod
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)

from gateway.reports import Report
from gateway.telemetry.attributes import attributes, is_error, span_name
from gateway.telemetry.trace_parent import TraceParent
from resolvers.payex.faults import FaultCode
from resolvers.payex.instances import harmless
from resolvers.payex.tracing import NO_HEADERS, BatchTrace, Untraced

_PATH: Final = "/graphql"
_METHODS: Final = frozenset(HTTPMethod)


class Spans:
    """What all spans are made with.

    Args:
        tracer: makes them.
        origin: scheme, host and port of PayEx.
        propagates: whether calls to PayEx tell which span they belong to.
    """

    def __init__(self, tracer: Tracer, origin: str, *, propagates: bool) -> None:
        self._tracer = tracer
        self._propagates = propagates
        payex = urlsplit(origin)
        self.call_attributes: dict[str, str | int] = {
            "http.request.method": "GET",
            "server.address": payex.hostname or "",
            "server.port": payex.port or (443 if payex.scheme == "https" else 80),
            "payex.usage.cache": "miss",
        }

    def operation(self, method: str, parent: TraceParent | None) -> "OperationSpan":
        """Begin the span of a request."""
        method = method if method in _METHODS else "_OTHER"
        span = self._tracer.start_span(
            f"{method} {_PATH}",
            _remote(parent),
            SpanKind.SERVER,
            {"http.request.method": method, "http.route": _PATH, "url.path": _PATH},
        )
        return OperationSpan(self, span)

    def below(
        self, parent: Span, name: str, kind: SpanKind, attributes: Mapping[str, str | int]
    ) -> Span:
        """Begin the span of a part."""
        # In a context of its own: what else is current in the task is none of it.
        context = set_span_in_context(parent, Context())
        return self._tracer.start_span(name, context, kind, attributes)

    def headers(self, span: Span) -> Mapping[str, str]:
        """Return what a call to PayEx carries."""
        if not self._propagates:
            return NO_HEADERS
        at = span.get_span_context()
        trace, own = format_trace_id(at.trace_id), format_span_id(at.span_id)
        return {"traceparent": f"00-{trace}-{own}-{at.trace_flags:02x}"}


class OperationSpan:
    """One request, and what it asks of PayEx."""

    def __init__(self, spans: Spans, span: Span) -> None:
        self._spans = spans
        self._span = span
        self.trace_id: str | None = format_trace_id(span.get_span_context().trace_id)

    def batch(self, size: int, wave: int) -> BatchTrace:
        """Begin the span of a batch, if the trace is kept."""
        if not self._span.is_recording():
            return Untraced(self._spans.headers(self._span))
        attributes = {"payex.usage.batch.size": size, "payex.usage.wave": wave}
        span = self._spans.below(self._span, "batch", SpanKind.INTERNAL, attributes)
        return BatchSpan(self._spans, span)

    def end(self, report: Report) -> None:
        """End the span with what became of the request."""
        span = self._span
        if span.is_recording():
            if name := span_name(report):
                span.update_name(name)
            span.set_attributes(attributes(report))
            if is_error(report):
                span.set_status(StatusCode.ERROR)
        span.end()


class BatchSpan:
    """The routes that a dataloader asks for at once."""

    def __init__(self, spans: Spans, span: Span) -> None:
        self._spans = spans
        self._span = span
        self._under_way = 0
        self.at = span.get_span_context()

    def call(self, route: str, wave: int, attempt: int) -> "CallSpan":
        """Begin the span of an attempt."""
        attributes = {
            **self._spans.call_attributes,
            "url.template": route,
            "payex.usage.wave": wave,
        }
        if attempt > 1:
            attributes["http.request.resend_count"] = attempt - 1
        span = self._spans.below(self._span, f"GET {route}", SpanKind.CLIENT, attributes)
        return CallSpan(span, self._spans.headers(span))

    def hit(self, route: str) -> None:
        """Add that a cache held the answer."""
        self._answered(route, {"payex.usage.cache": "hit"})

    def coalesced(self, route: str, origin: BatchTrace) -> None:
        """Add that another batch's call brought the answer, and link to that batch."""
        self._answered(route, {"payex.usage.cache": "coalesced"})
        if isinstance(origin, BatchSpan):
            self._span.add_link(origin.at, {"url.template": route})

    def failed(self, route: str, fault: FaultCode) -> None:
        """Add that there is no answer."""
        self._answered(route, {"error.type": fault.value})

    def until(self, tasks: Collection[asyncio.Task[Any]]) -> None:
        """End when all of these are done."""
        self._under_way = len(tasks)
        for task in tasks:
            task.add_done_callback(self._done)

    def _answered(self, route: str, how: Mapping[str, str]) -> None:
        # A call may go on for others when its own operation has ended.
        if self._span.is_recording():
            self._span.add_event("payex.usage.answer", {"url.template": route, **how})

    def _done(self, _: asyncio.Task[Any]) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._span.end()


class CallSpan:
    """One attempt of a call."""

    def __init__(self, span: Span, headers: Mapping[str, str]) -> None:
        self._span = span
        self.headers = headers

    def ended(self, status: int | None, fault: FaultCode | None, instance: str | None) -> None:
        """End the span. A problem that PayEx documents is an answer, and no error."""
        span = self._span
        if status is None and fault is None:
            span.set_attribute("payex.usage.cancelled", value=True)
        if status is not None:
            span.set_attribute("http.response.status_code", status)
        if fault is not None:
            span.set_attribute("error.type", fault.value)
            span.set_status(StatusCode.ERROR)
            if found := harmless(instance):
                span.set_attribute("payex.usage.instance", found)
        span.end()


def _remote(parent: TraceParent | None) -> Context:
    if parent is None:
        return Context()
    at = SpanContext(
        int(parent.trace_id, 16),
        int(parent.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(parent.flags),
    )
    return set_span_in_context(NonRecordingSpan(at), Context())
