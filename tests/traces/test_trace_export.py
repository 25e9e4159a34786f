"""What sends traces away harms no request, holds up no end, and is told of in few lines."""

import logging
import subprocess
import sys
from collections.abc import Sequence
from threading import Event

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from gateway.observability.reports import Report
from gateway.observability.traces.otlp import OtlpTracing, Outage, otlp_tracing
from gateway.observability.traces.tracing import NO_TRACING, exporting, tracing_of
from gateway.settings.load import SettingsError
from gateway.settings.traces import TelemetrySettings
from tests.gateway.service import ELSE, ROOT, SECONDS

FAILED, SENT = SpanExportResult.FAILURE, SpanExportResult.SUCCESS
ORIGIN = "https://payex.example"


class Exporter(SpanExporter):
    """Sends nothing, with these results, or never if it is held up."""

    def __init__(self, *results: SpanExportResult) -> None:
        self._results = list(results)
        self.sent: list[str] = []
        self.may, self.has = Event(), Event()
        self.may.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Keep the names of spans."""
        self.may.wait()
        self.sent += [span.name for span in spans]
        self.has.set()
        return self._results.pop(0) if self._results else SENT


def tracing_by(exporter: SpanExporter, last_seconds: float = 60) -> OtlpTracing:
    """Return what makes traces that an exporter is to send, though not by itself for an hour."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=3_600_000))
    return OtlpTracing(provider, ORIGIN, last_seconds=last_seconds)


def test_a_collector_that_is_gone_is_told_of_once_and_so_is_its_return(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "gateway.observability.traces.otlp")
    outage = Outage(Exporter(SENT, FAILED, FAILED, FAILED, SENT, SENT, FAILED))

    assert [outage.export([]) for _ in range(7)] == [SENT, *[FAILED] * 3, SENT, SENT, FAILED]
    assert [(record.levelname, record.getMessage()[:48]) for record in caplog.records] == [
        ("WARNING", "The collector does not accept traces (OTEL_EXPOR"),
        ("INFO", "The collector accepts traces again."),
        ("WARNING", "The collector does not accept traces (OTEL_EXPOR"),
    ]


async def test_what_is_still_to_be_sent_at_the_end_is_sent() -> None:
    exporter = Exporter()
    tracing = tracing_by(Outage(exporter))

    async with tracing.opened():
        tracing.begin("POST", []).end(Report())
        assert exporter.sent == []

    assert exporter.sent == ["POST /graphql"]


async def test_a_collector_that_does_not_answer_holds_up_the_end_no_longer_than_the_bound(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A line tells that the last spans are lost."""
    exporter = Exporter()
    exporter.may.clear()
    tracing = tracing_by(Outage(exporter), last_seconds=0.01)

    async with tracing.opened():
        tracing.begin("POST", []).end(Report())

    assert exporter.sent == []
    (line,) = caplog.messages
    assert line.startswith("The collector did not accept the last traces within 0.01 seconds")
    exporter.may.set()
    assert exporter.has.wait(60)


# What the settings say.

ON = TelemetrySettings.model_construct(traces="otlp", traces_to_payex=False)


def test_without_the_setting_there_are_no_traces() -> None:
    assert tracing_of(TelemetrySettings(), ORIGIN, {}) is NO_TRACING


@pytest.mark.parametrize("value", ["true", "TRUE "])
def test_opentelemetrys_own_variable_forbids_traces(value: str) -> None:
    assert tracing_of(ON, ORIGIN, {"OTEL_SDK_DISABLED": value}) is NO_TRACING


async def test_with_the_setting_there_are_traces() -> None:
    tracing = tracing_of(ON, ORIGIN, {"OTEL_SDK_DISABLED": "false"})

    assert isinstance(tracing, OtlpTracing)
    async with tracing.opened():
        assert tracing.begin("POST", []).batch(1, 1).call("/x", 1, 1, 0.0).headers == {}


def test_packages_that_are_missing_are_told_in_one_sentence() -> None:
    with pytest.raises(SettingsError, match=r"GATEWAY_TRACES=otlp needs .*\[otel\]'\."):
        exporting("opentelemetry_that_is_not_installed")


def test_a_variable_of_opentelemetry_that_cannot_be_used_is_told_in_one_sentence() -> None:
    def exporter() -> SpanExporter:
        raise ValueError("max_queue_size must be a positive integer.")

    with pytest.raises(SettingsError) as raised:
        otlp_tracing(ORIGIN, propagates=True, exporter=exporter)

    assert str(raised.value) == (
        "GATEWAY_TRACES=otlp: a variable OTEL_... cannot be used: "
        "max_queue_size must be a positive integer."
    )


# A gateway without traces.


@pytest.mark.parametrize(
    ("header", "trace_id"),
    [(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", True), (b"nonsense", False)],
)
def test_without_traces_the_log_still_has_the_trace_of_who_asks(
    header: bytes, trace_id: bool
) -> None:
    trace = NO_TRACING.begin("POST", [(b"traceparent", header)])
    trace.end(Report())

    assert trace.trace_id == ("0af7651916cd43dd8448eb211c80319c" if trace_id else None)
    assert trace.batch(1, 1).call("/x", 1, 1, 0.0).headers == {}


async def test_without_traces_there_is_nothing_to_end() -> None:
    async with NO_TRACING.opened():
        pass


def test_without_the_setting_none_of_the_packages_is_imported() -> None:
    code = (
        "import sys; from gateway.app import create_app; create_app();"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )

    ended = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=ROOT, env=ELSE, timeout=SECONDS, check=False
    )

    assert ended.returncode == 0
