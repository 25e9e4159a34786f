"""The spans of one operation: itself, its batches, and their calls.

Names follow OpenTelemetry's semantic conventions for HTTP and GraphQL; those that begin with
`payex.usage` are our own. No span holds a query, a variable, a number of anyone's or a URL.

OpenTelemetry's SDK decides what is kept, and sends it. Its own spans cost 23 microseconds each,
since anyone may change them at any time and from any thread. These cost 6: what is known of one is
put together once, when it ends.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from http import HTTPMethod
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, Tracer
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
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
_NO_CONTEXT: Final = Context()
_UNSET: Final = Status()
_ERROR: Final = Status(StatusCode.ERROR)


class OpenSpan(NamedTuple):
    """A span that has not ended.

    Attributes:
        name: its name, unless it turns out to be another.
        kind: its kind.
        at: its ids.
        parent: the ids of the span above it.
        since: when it began, in nanoseconds since 1970.
    """

    name: str
    kind: SpanKind
    at: SpanContext
    parent: SpanContext | None
    since: int


class Spans:
    """What all spans are made with.

    Args:
        tracer: knows what is kept, who makes ids, and who takes the spans that have ended.
        scope: what the spans are told to be made by.
        origin: scheme, host and port of PayEx.
        propagates: whether calls to PayEx tell which span they belong to.
    """

    def __init__(
        self, tracer: Tracer, scope: InstrumentationScope, origin: str, *, propagates: bool
    ) -> None:
        self._tracer = tracer
        self._scope = scope
        self._propagates = propagates
        self._new_id = tracer.id_generator.generate_span_id
        self.limits = SpanLimits()
        payex = urlsplit(origin)
        self.call_attributes: dict[str, Value] = {
            "http.request.method": "GET",
            "server.address": payex.hostname or "",
            "server.port": payex.port or (443 if payex.scheme == "https" else 80),
            "payex.usage.cache": "miss",
        }

    def operation(self, method: str, parent: TraceParent | None) -> "OperationSpan":
        """Begin the span of a request. Whether it is kept decides on all that is below it."""
        method = method if method in _METHODS else "_OTHER"
        name = f"{method} {_PATH}"
        told = {"http.request.method": method, "http.route": _PATH, "url.path": _PATH}
        ids = self._tracer.id_generator
        above, context = None, _NO_CONTEXT
        trace_id = 0
        if parent is None:
            trace_id, random = ids.generate_trace_id(), ids.is_trace_id_random()
        else:
            above = _remote(parent)
            context = set_span_in_context(NonRecordingSpan(above), context)
            trace_id, random = above.trace_id, above.trace_flags.random_trace_id
        sampled = self._tracer.sampler.should_sample(context, trace_id, name, SpanKind.SERVER, told)
        kept = sampled.decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(
            (TraceFlags.SAMPLED if kept else 0) | (TraceFlags.RANDOM_TRACE_ID if random else 0)
        )
        at = SpanContext(trace_id, self._new_id(), False, flags, sampled.trace_state)
        begun = OpenSpan(name, SpanKind.SERVER, at, above, time.time_ns())
        return OperationSpan(self, begun, dict(sampled.attributes or {}), kept=kept)

    def below(self, parent: SpanContext, name: str, kind: SpanKind) -> OpenSpan:
        """Begin the span of a part."""
        at = SpanContext(
            parent.trace_id, self._new_id(), False, parent.trace_flags, parent.trace_state
        )
        return OpenSpan(name, kind, at, parent, time.time_ns())

    def ended(
        self,
        begun: OpenSpan,
        told: dict[str, Value],
        *,
        name: str | None = None,
        is_error: bool = False,
        events: Sequence[Event] = (),
        links: Sequence[Link] = (),
    ) -> None:
        """Pass a span on that has just ended.

        Args:
            begun: the span.
            told: its attributes.
            name: its name, if not the one that it began with.
            is_error: whether it went wrong.
            events: what happened meanwhile.
            links: spans that it has to do with.
        """
        self._tracer.span_processor.on_end(
            ReadableSpan(
                name or begun.name,
                begun.at,
                begun.parent,
                self._tracer.resource,
                told,
                events,
                links,
                begun.kind,
                status=_ERROR if is_error else _UNSET,
                start_time=begun.since,
                end_time=time.time_ns(),
                instrumentation_scope=self._scope,
            )
        )

    def headers(self, at: SpanContext) -> Mapping[str, str]:
        """Return what a call to PayEx carries."""
        if not self._propagates:
            return NO_HEADERS
        text = f"00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}"
        return {"traceparent": text}


class OperationSpan:
    """One request, and what it asks of PayEx."""

    def __init__(
        self, spans: Spans, begun: OpenSpan, told: dict[str, Value], *, kept: bool
    ) -> None:
        self._spans = spans
        self._begun = begun
        self._told = told
        self._kept = kept
        self.trace_id: str | None = format_trace_id(begun.at.trace_id)
        self.kept_trace_id = self.trace_id if kept else None

    def batch(self, size: int, wave: int) -> BatchTrace:
        """Begin the span of a batch, if the trace is kept."""
        if not self._kept:
            return Untraced(self._spans.headers(self._begun.at))
        return BatchSpan(self._spans, self._begun.at, size, wave)

    def end(self, report: Report) -> None:
        """End the span with what became of the request."""
        if self._kept:
            self._spans.ended(
                self._begun,
                self._told | attributes(report),
                name=span_name(report),
                is_error=is_error(report),
            )


class BatchSpan:
    """The routes that a dataloader asks for at once."""

    def __init__(self, spans: Spans, parent: SpanContext, size: int, wave: int) -> None:
        self._spans = spans
        self._begun = spans.below(parent, "batch", SpanKind.INTERNAL)
        self._told: dict[str, Value] = {"payex.usage.batch.size": size, "payex.usage.wave": wave}
        self._under_way = 0
        self._is_over = False
        self._events: BoundedList[Event] = BoundedList(spans.limits.max_events)
        self._links: BoundedList[Link] = BoundedList(spans.limits.max_links)
        self.at = self._begun.at

    def call(self, route: str, wave: int, attempt: int, queued: float) -> "CallSpan":
        """Begin the span of an attempt."""
        told = {**self._spans.call_attributes, "url.template": route, "payex.usage.wave": wave}
        if attempt > 1:
            told["http.request.resend_count"] = attempt - 1
        if queued:
            told["payex.usage.queue.seconds"] = queued
        return CallSpan(
            self._spans, self._spans.below(self.at, f"GET {route}", SpanKind.CLIENT), told
        )

    def hit(self, route: str) -> None:
        """Add that a cache held the answer."""
        self._answered(route, {"payex.usage.cache": "hit"})

    def coalesced(self, route: str, origin: BatchTrace) -> None:
        """Add that another batch's call brought the answer, and link to that batch."""
        self._answered(route, {"payex.usage.cache": "coalesced"})
        if isinstance(origin, BatchSpan) and not self._is_over:
            self._links.append(Link(origin.at, {"url.template": route}))

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
        if not self._is_over:
            self._events.append(Event("payex.usage.answer", {"url.template": route, **how}))

    def _done(self, _: asyncio.Task[Any]) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._is_over = True
            self._spans.ended(self._begun, self._told, events=self._events, links=self._links)


class CallSpan:
    """One attempt of a call."""

    def __init__(self, spans: Spans, begun: OpenSpan, told: dict[str, Value]) -> None:
        self._spans = spans
        self._begun = begun
        self._told = told
        self.headers = spans.headers(begun.at)

    def ended(self, status: int | None, fault: FaultCode | None, instance: str | None) -> None:
        """End the span. A problem that PayEx documents is an answer, and no error."""
        told = self._told
        if status is None and fault is None:
            told["payex.usage.cancelled"] = True
        if status is not None:
            told["http.response.status_code"] = status
        if fault is not None:
            told["error.type"] = fault.value
            if found := safe_instance_id(instance):
                told["payex.usage.instance"] = found
        self._spans.ended(self._begun, told, is_error=fault is not None)


def _remote(parent: TraceParent) -> SpanContext:
    return SpanContext(
        int(parent.trace_id, 16),
        int(parent.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(parent.flags),
    )
