"""The gateway in a process of its own sends its traces to a collector, or does without one."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.gateway.service import running
from tests.traces.traced import INVOICE

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """Takes traces by OTLP over HTTP."""

    def __init__(self) -> None:
        self.taken: list[ExportTraceServiceRequest] = []
        super().__init__(("127.0.0.1", 0), _Endpoint)

    @property
    def origin(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def spans(self) -> list[Span]:
        """All spans."""
        return [
            span
            for request in self.taken
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def resources(self) -> list[Resource]:
        """Who has sent them, once for each time."""
        return [one.resource for request in self.taken for one in request.resource_spans]


class _Endpoint(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        known = self.path == "/v1/traces"
        if known:
            self.server.taken.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200 if known else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Runs a collector."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_span_has_arrived_when_the_process_has_stopped(
    collector: Collector, tmp_path: Path, workers: str
) -> None:
    """Each server process sends its own, as an instance of its own."""
    variables = {
        "GATEWAY_TRACES": "otlp",
        "GATEWAY_WORKERS": workers,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.origin,
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
    }
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    with running(tmp_path / "log", "serve", "--port", "0", **variables) as service:
        for number in range(6):
            query = INVOICE.replace("55", str(number))
            service.request("POST", "/graphql", json={"query": query}, headers=headers)
        assert collector.taken == []
        assert service.stop() == 0

    names = Counter(span.name for span in collector.spans)
    assert names == {"query": 6, "batch": 6, "GET /invoices/{invoiceNo}": 6}
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    parents = {span.parent_span_id.hex() for span in collector.spans if span.name == "query"}
    assert parents == {PARENT}
    for resource in collector.resources:
        who = {one.key: one.value.string_value for one in resource.attributes}
        assert who["service.name"] == "payex-usage-gateway"
        assert who["deployment.environment.name"] == "test"
        assert who["service.instance.id"]
        assert who["service.version"]


def test_the_service_is_called_what_opentelemetrys_variable_says(
    collector: Collector, tmp_path: Path
) -> None:
    variables = {
        "GATEWAY_TRACES": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.origin,
        "OTEL_SERVICE_NAME": "usage",
        "OTEL_TRACES_SAMPLER": "always_on",
    }
    with running(tmp_path / "log", "serve", "--port", "0", **variables) as service:
        service.request("POST", "/graphql", json={"query": INVOICE})
        service.stop()

    (resource,) = collector.resources
    assert "usage" in [one.value.string_value for one in resource.attributes]


def test_a_collector_that_is_away_harms_no_request_and_is_told_of_in_one_line(
    tmp_path: Path,
) -> None:
    variables = {
        "GATEWAY_TRACES": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "0.1",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20secret, broken",
        "OTEL_BSP_SCHEDULE_DELAY": "1",
    }
    with running(tmp_path / "log", "serve", "--port", "0", **variables) as service:
        for _ in range(5):
            reply = service.request("POST", "/graphql", json={"query": INVOICE})
            assert reply.json()["data"]["owner"]["invoice"] == {"__typename": "Invoice"}
        assert service.stop() == 0
        printed = service.printed

    assert printed.count("The collector does not accept traces") == 1
    assert "Traceback" not in printed
    assert "secret" not in printed


def test_a_collector_that_takes_requests_and_never_answers_does_not_keep_a_stop(
    tmp_path: Path,
) -> None:
    """Its own time would be ten minutes, which the test would not wait for."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        variables = {
            "GATEWAY_TRACES": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "600",
        }
        with running(tmp_path / "log", "serve", "--port", "0", **variables) as service:
            service.request("POST", "/graphql", json={"query": INVOICE})

            assert service.stop() == 0


def test_a_variable_that_cannot_be_used_ends_the_command_with_one_sentence_and_status_2(
    tmp_path: Path,
) -> None:
    variables = {"GATEWAY_TRACES": "otlp", "OTEL_BSP_MAX_QUEUE_SIZE": "0"}
    with running(tmp_path / "log", "serve", "--port", "0", **variables) as service:
        assert service.wait() == 2

    assert service.printed == (
        "payex-usage-gateway: GATEWAY_TRACES=otlp: a variable OTEL_... cannot be used: "
        "max_queue_size must be a positive integer.\n"
    )
