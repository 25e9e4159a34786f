"""The spans of one operation: its own, those of its batches, and those of their calls.

Names follow OpenTelemetry's semantic conventions for HTTP and GraphQL; those that begin with
`payex.usage` are our own. No span holds a query, a variable, a personal number or a URL.
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
    format_trace_id,
    set_span_in_context,
)

from gateway.observability.reports import Report
from gateway.observability.traces.attributes import Value, attributes, is_error, span_name
from gateway.observability.traces.trace_parent import TraceParent
from resolvers.payex.api.faults import FaultCode
from resolvers.payex.api.instances import safe_instance_id
from resolvers.payex.api.tracing import NO_HEADERS, BatchTrace, Untraced

_PATH: Final = "/graphql"
_METHODS: Final = frozenset(HTTPMethod)


class Spans:
    """Starts the spans of requests.

    Args:
        tracer: samples, starts and ends spans.
        origin: scheme, host and port of PayEx.
        propagates: whether calls to PayEx carry a `traceparent`.
    """

    def __init__(self, tracer: Tracer, origin: str, *, propagates: bool) -> None:
        self.tracer = tracer
        self._propagates = propagates
        payex = urlsplit(origin)
        self.call_attributes: dict[str, Value] = {
            "http.request.method": "GET",
            "server.address": payex.hostname or "",
            "server.port": payex.port or (443 if payex.scheme == "https" else 80),
            "payex.usage.cache": "miss",
        }

    def operation(self, method: str, parent: TraceParent | None) -> "OperationSpan":
        """Start the span of a request. If it is not sampled, it has no children."""
        method = method if method in _METHODS else "_OTHER"
        values = {"http.request.method": method, "http.route": _PATH, "url.path": _PATH}
        # Without a context the tracer would use the current one.
        context = _below(NonRecordingSpan(_remote(parent))) if parent else Context()
        span = self.tracer.start_span(f"{method} {_PATH}", context, SpanKind.SERVER, values)
        return OperationSpan(self, span)

    def headers(self, span: Span) -> Mapping[str, str]:
        """Return the headers of a call to PayEx that belongs to the span."""
        if not self._propagates:
            return NO_HEADERS
        at = span.get_span_context()
        text = f"00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}"
        return {"traceparent": text}


class OperationSpan:
    """The span of one request."""

    def __init__(self, spans: Spans, span: Span) -> None:
        self._spans = spans
        self._span = span
        at = span.get_span_context()
        self.trace_id: str | None = format_trace_id(at.trace_id)
        self.kept_trace_id = self.trace_id if at.trace_flags.sampled else None

    def batch(self, size: int, wave: int) -> BatchTrace:
        """Start the span of a batch, if the trace is sampled."""
        if not self.kept_trace_id:
            return Untraced(self._spans.headers(self._span))
        values = {"payex.usage.batch.size": size, "payex.usage.wave": wave}
        span = self._spans.tracer.start_span("batch", _below(self._span), attributes=values)
        return BatchSpan(self._spans, span)

    def end(self, report: Report) -> None:
        """End the span with the result of the request."""
        if self.kept_trace_id:
            self._span.set_attributes(attributes(report))
            if name := span_name(report):
                self._span.update_name(name)
            if is_error(report):
                self._span.set_status(StatusCode.ERROR)
            self._span.end()


class BatchSpan:
    """The span of the routes that a dataloader requests together."""

    def __init__(self, spans: Spans, span: Span) -> None:
        self._spans = spans
        self._span = span
        self._below = _below(span)
        self._under_way = 0
        self.at = span.get_span_context()

    def call(self, route: str, wave: int, attempt: int, queued: float) -> "CallSpan":
        """Start the span of an attempt."""
        values = {**self._spans.call_attributes, "url.template": route, "payex.usage.wave": wave}
        if attempt > 1:
            values["http.request.resend_count"] = attempt - 1
        if queued:
            values["payex.usage.queue.seconds"] = queued
        span = self._spans.tracer.start_span(f"GET {route}", self._below, SpanKind.CLIENT, values)
        return CallSpan(span, self._spans.headers(span))

    def hit(self, route: str) -> None:
        """Add that a cache held the answer."""
        self._answered(route, {"payex.usage.cache": "hit"})

    def coalesced(self, route: str, origin: BatchTrace) -> None:
        """Add that another batch's call brought the answer, and link to that batch."""
        self._answered(route, {"payex.usage.cache": "coalesced"})
        if isinstance(origin, BatchSpan) and self._span.is_recording():
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
        # A call may continue for other operations after its own has ended.
        if self._span.is_recording():
            self._span.add_event("payex.usage.answer", {"url.template": route, **how})

    def _done(self, _: asyncio.Task[Any]) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._span.end()


class CallSpan:
    """The span of one attempt. `headers` are those of the call."""

    def __init__(self, span: Span, headers: Mapping[str, str]) -> None:
        self._span = span
        self.headers = headers

    def ended(self, status: int | None, fault: FaultCode | None, instance: str | None) -> None:
        """End the span. A problem that PayEx documents is an answer and not an error."""
        values: dict[str, Value] = {}
        if status is None and fault is None:
            values["payex.usage.cancelled"] = True
        if status is not None:
            values["http.response.status_code"] = status
        if fault is not None:
            values["error.type"] = fault.value
            if found := safe_instance_id(instance):
                values["payex.usage.instance"] = found
            self._span.set_status(StatusCode.ERROR)
        self._span.set_attributes(values)
        self._span.end()


def _below(span: Span) -> Context:
    """Return the context in which a span's children start."""
    return set_span_in_context(span, Context())


def _remote(parent: TraceParent) -> SpanContext:
    return SpanContext(
        int(parent.trace_id, 16),
        int(parent.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(parent.flags),
    )
