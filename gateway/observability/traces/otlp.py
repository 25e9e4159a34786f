"""Traces for a collector, by OTLP over HTTP. The process imports this only if it is switched on.

OpenTelemetry's SDK reads its own variables, `OTEL_...`: where the collector is, what is sampled,
what the service is called.
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
"""How long a stop may take for spans that are still to be sent."""


class OtlpTracing:
    """Makes spans, and has them sent by a thread of its own.

    Args:
        provider: knows what is kept, and passes the spans on. It ends with this.
        origin: scheme, host and port of PayEx.
        propagates: whether calls to PayEx tell which span they belong to.
        last_seconds: how long the end may take, for spans that are still to be sent.
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
        """Begin the span of a request."""
        return self._spans.operation(method, trace_parent(headers))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Send at the end what is still to be sent, but not for ever."""
        try:
            yield
        finally:
            # A daemon: with a collector that does not answer, the process ends all the same.
            end = Thread(target=self._provider.shutdown, daemon=True)
            end.start()
            await asyncio.to_thread(end.join, self._last_seconds)
            if end.is_alive():
                logger.warning(
                    "The collector of traces did not take the last ones within %g seconds "
                    "(OTEL_EXPORTER_OTLP_ENDPOINT): they are lost.",
                    self._last_seconds,
                )


class Outage(SpanExporter):
    """Tells once when a collector is gone, and once when it is back.

    Args:
        exporter: sends the spans, and says whether that went well.
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
                "The collector of traces takes none (OTEL_EXPORTER_OTLP_ENDPOINT): traces are lost "
                "until it does."
            )
        elif self._gone and not gone:
            logger.info("The collector of traces takes them again.")
        self._gone = gone
        return result

    def shutdown(self) -> None:
        """Give up what is being sent."""
        self._exporter.shutdown()


def otlp_tracing(
    origin: str, *, propagates: bool, exporter: Callable[[], SpanExporter] = OTLPSpanExporter
) -> OtlpTracing:
    """Return what makes traces for the collector that the variables `OTEL_...` name.

    Args:
        origin: scheme, host and port of PayEx.
        propagates: whether calls to PayEx tell which span they belong to.
        exporter: makes what sends them.

    Raises:
        SettingsError: a variable cannot be used.
    """
    # Its lines repeat with each batch what `Outage` tells once, and quote headers.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    # These do neither: a sampler that is not known, a queue that is full.
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
