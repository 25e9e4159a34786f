"""What a collector is sent is what OpenTelemetry's own encoding would send."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from gateway.observability.traces.encoding import encoded
from gateway.observability.traces.otlp import Encoding, OtlpTracing
from tests.traces.traced import INVOICE, Gate, Replies, Traced, events, settle

Start = Callable[..., Awaitable[Traced]]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def assert_alike(spans: Sequence[ReadableSpan]) -> None:
    """Compare the messages: the order of what is in the bytes may differ."""
    assert spans
    assert ExportTraceServiceRequest.FromString(encoded(spans)) == encode_spans(spans)


async def test_answers_faults_and_refusals_are_encoded_alike(traced: Start) -> None:
    instance = "dd07e588-70c8-4b27-95f5-020cc2968c06"
    fault = httpx.Response(500, json={"type": "x", "instance": instance})
    gateway = await traced(Replies(httpx.Response(200, json={}), fault))

    for query in (INVOICE, INVOICE, INVOICE.replace("55", "56"), "{ nothing }"):
        await gateway.ask(query, traceparent=PARENT)

    assert_alike(gateway.spans)


async def test_events_and_links_are_encoded_alike(traced: Start) -> None:
    gate = Gate()
    gateway = await traced(gate)
    asking = [asyncio.create_task(gateway.ask(INVOICE)) for _ in range(2)]
    await gate.asked.wait()
    await settle()
    gate.open.set()
    await asyncio.gather(*asking)

    assert any(span.links and span.events for span in gateway.spans)
    assert_alike(gateway.spans)


async def test_a_truth_value_stays_one_beside_an_equal_number(traced: Start) -> None:
    """Python takes `True`, `1` and `1.0` for equal."""
    gateway = await traced(Replies(httpx.Response(200, json={})))
    await gateway.ask(INVOICE)
    (span,) = gateway.named("GET")

    assert_alike(
        [
            ReadableSpan(
                "x",
                span.context,
                resource=span.resource,
                attributes={"a": value, "b": ("c", "d")},
                instrumentation_scope=span.instrumentation_scope,
            )
            for value in (1, True, 1.0, 0, False, "1")
        ]
    )


async def test_of_many_events_the_last_128_are_sent_and_the_others_are_counted(
    traced: Start,
) -> None:
    """The bound is OpenTelemetry's; its variables move it."""
    gateway = await traced()
    batch = OtlpTracing(gateway.provider, "https://payex.example").begin("POST", []).batch(1, 1)
    for number in range(130):
        batch.hit(f"/{number}")
    task = asyncio.create_task(asyncio.sleep(0))
    batch.until([task])
    await task
    await settle()

    (span,) = gateway.spans
    assert [event["url.template"] for event in events(span)] == [f"/{n}" for n in range(2, 130)]
    assert span.dropped_events == 2
    assert_alike([span])


class Plain(SpanExporter):
    """Sends nothing, and knows nothing of what is encoded already."""

    def __init__(self) -> None:
        self.given: list[Sequence[ReadableSpan]] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Keep the spans."""
        self.given.append(spans)
        return SpanExportResult.SUCCESS


def test_an_exporter_that_takes_nothing_encoded_is_given_the_spans() -> None:
    plain = Plain()

    assert Encoding(plain).export([ReadableSpan("x")]) is SpanExportResult.SUCCESS
    assert [[span.name for span in spans] for spans in plain.given] == [["x"]]
