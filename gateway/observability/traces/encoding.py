"""Spans as OTLP has them, in a sixth of the time that OpenTelemetry's own encoding takes.

That takes 30 microseconds for a span, most of them to make the messages of its attributes. Nearly
all of these are the same few dozen again and again, and are encoded once here: a message's encoding
is that of its parts, one after the other.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, SpanFlags, Status
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind, StatusCode
from opentelemetry.util.types import Attributes

# Those that repeat are a few hundred; the others, such as seconds, push each other out.
_KEPT: Final = 1024
_LOCAL: Final = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_REMOTE: Final = _LOCAL | SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


def encoded(spans: Sequence[ReadableSpan]) -> bytes:
    """Return the body of a request to a collector.

    Args:
        spans: at least one, as `gateway.observability.traces.spans` makes them: all of one resource
            and one scope, their attributes text, numbers, truth values, or tuples of text.
    """
    # Resource and scope are the library's business.
    request = encode_spans(spans[:1])
    found = request.resource_spans[0].scope_spans[0].spans
    del found[:]
    for span in spans:
        at = span.context
        message = found.add(
            trace_id=_trace_id(at),
            span_id=_span_id(at),
            start_time_unix_nano=span.start_time,
            end_time_unix_nano=span.end_time,
        )
        message.MergeFromString(_repeating(span))
        if span.parent:
            message.parent_span_id = _span_id(span.parent)
        if span.events or span.links:
            _add(message, span)
    body: bytes = request.SerializeToString()
    return body


def _repeating(span: ReadableSpan) -> bytes:
    """Return what many spans have alike."""
    kind = _kind(span.name, span.kind, span.status.status_code, _flags(span.parent))
    told = [_attribute(name, value) for name, value in (span.attributes or {}).items()]
    return b"".join((kind, *told))


@lru_cache(_KEPT)
def _kind(name: str, kind: SpanKind, status: StatusCode, flags: int) -> bytes:
    number = Span.SpanKind.Value(f"SPAN_KIND_{kind.name}")
    span = Span(name=name, kind=number, flags=flags)
    span.status.CopyFrom(Status(code=Status.StatusCode.Name(status.value)))
    body: bytes = span.SerializeToString()
    return body


# By type as well: True is 1 to a dict, and no whole number to a collector.
@lru_cache(_KEPT, typed=True)
def _attribute(name: str, value: Any) -> bytes:
    body: bytes = Span(attributes=_told({name: value})).SerializeToString()
    return body


def _add(message: Span, span: ReadableSpan) -> None:
    """Add what few spans have."""
    message.dropped_events_count = span.dropped_events
    message.dropped_links_count = span.dropped_links
    message.events.extend(
        Span.Event(
            name=event.name, time_unix_nano=event.timestamp, attributes=_told(event.attributes)
        )
        for event in span.events
    )
    message.links.extend(
        Span.Link(
            trace_id=_trace_id(link.context),
            span_id=_span_id(link.context),
            attributes=_told(link.attributes),
            flags=_flags(link.context),
        )
        for link in span.links
    )


def _trace_id(at: SpanContext) -> bytes:
    return at.trace_id.to_bytes(16, "big")


def _span_id(at: SpanContext) -> bytes:
    return at.span_id.to_bytes(8, "big")


def _flags(context: SpanContext | None) -> int:
    return _REMOTE if context and context.is_remote else _LOCAL


def _told(attributes: Attributes) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(value)) for name, value in (attributes or {}).items()]


def _value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(array_value=ArrayValue(values=[_value(one) for one in value]))
