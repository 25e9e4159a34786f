"""Traces for a collector, with OTLP over HTTP. The process imports this only if traces are on.

OpenTelemetry's SDK reads its own variables, `OTEL_...`: the collector, the sampler, the name of the
service.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from threading import Thread
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from gateway import __version__
from gateway.observability.traces.spans import OperationSpan, Spans
from gateway.observability.traces.trace_parent import Headers, trace_parent
from gateway.settings.load import SettingsError

logger = logging.getLogger(__name__)

_NAME: Final = "payex-usage-gateway"
LAST_SECONDS: Final = 5.0
"""The longest that sending the remaining spans may take when the process stops."""


class OtlpTracing:
    """Makes spans, and sends them from a thread of its own.

    Args:
        provider: samples the spans and passes them on. It shuts down with this.
        origin: scheme, host and port of PayEx.
        propagates: whether calls to PayEx carry a `traceparent`.
        last_seconds: the longest that sending the remaining spans may take at the end.
    """

    def __init__(
        self,
        provider: TracerProvider,
        origin: str,
        *,
        propagates: bool = True,
        last_seconds: float = LAST_SECONDS,
    ) -> None:
        self._provider = provider
        tracer = provider.get_tracer(_NAME, __version__)
        self._spans = Spans(tracer, origin, propagates=propagates)
        self._last_seconds = last_seconds

    def begin(self, method: str, headers: Headers) -> OperationSpan:
        """Start the span of a request."""
        return self._spans.operation(method, trace_parent(headers))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Send the remaining spans at the end, for a limited time."""
        try:
            yield
        finally:
            # A daemon thread: the process ends even if the collector does not answer.
            end = Thread(target=self._provider.shutdown, daemon=True)
            end.start()
            await asyncio.to_thread(end.join, self._last_seconds)
            if end.is_alive():
                logger.warning(
                    "The collector did not accept the last traces within %g seconds "
                    "(OTEL_EXPORTER_OTLP_ENDPOINT): they are lost.",
                    self._last_seconds,
                )


class Outage(SpanExporter):
    """An exporter that logs once when the collector becomes unavailable, and once when it is back.

    Args:
        exporter: sends the spans, and returns whether it succeeded.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._gone = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans."""
        result = self._exporter.export(spans)
        gone = result is not SpanExportResult.SUCCESS
        if gone and not self._gone:
            logger.warning(
                "The collector does not accept traces (OTEL_EXPORTER_OTLP_ENDPOINT): they are lost "
                "until it does."
            )
        elif self._gone and not gone:
            logger.info("The collector accepts traces again.")
        self._gone = gone
        return result

    def shutdown(self) -> None:
        """Abandon what is being sent."""
        self._exporter.shutdown()


def otlp_tracing(
    origin: str, *, propagates: bool, exporter: Callable[[], SpanExporter] = OTLPSpanExporter
) -> OtlpTracing:
    """Return the tracing for the collector that the variables `OTEL_...` name.

    Args:
        origin: scheme, host and port of PayEx.
        propagates: whether calls to PayEx carry a `traceparent`.
        exporter: makes the exporter.

    Raises:
        SettingsError: a variable cannot be used.
    """
    # The exporter logs with each batch what `Outage` logs once, and quotes headers.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    # The SDK does neither; it warns of an unknown sampler or a full queue.
    logging.getLogger("opentelemetry.sdk").setLevel(logging.WARNING)
    try:
        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(Outage(exporter())))
    except (RuntimeError, ValueError) as error:
        raise SettingsError(
            f"GATEWAY_TRACES=otlp: a variable OTEL_... cannot be used: {str(error).rstrip('.')}."
        ) from None
    return OtlpTracing(provider, origin, propagates=propagates)


def _resource() -> Resource:
    ours = Resource({SERVICE_NAME: _NAME, "service.version": __version__})
    known = Resource.create()
    named = not str(known.attributes[SERVICE_NAME]).startswith("unknown_service")
    return ours.merge(known) if named else known.merge(ours)
