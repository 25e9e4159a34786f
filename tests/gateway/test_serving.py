"""The commands really serve, in processes of their own, and stop when they are told to."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest

from gateway.payex.upstream import SANDBOX_NOTICE
from gateway.sandbox import CATALOGUE
from tests.gateway.service import SECONDS, Service, running

QUERY = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "880044") { __typename } } }'


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts a command of the gateway with these variables."""
    with ExitStack() as stack:
        logs = (tmp_path / f"{number}.log" for number in count())

        def run(*arguments: str, **variables: str) -> Service:
            return stack.enter_context(running(next(logs), *arguments, **variables))

        yield run


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_gateway_serves_the_sandbox_says_so_and_stops(
    start: Callable[..., Service], workers: str
) -> None:
    """Neither the server's access log nor that of httpx has a line, which would hold numbers."""
    service = start("--port", "0", "--workers", workers)

    reply = service.request(
        "GET",
        "/graphql",
        params={"query": QUERY},
        headers={"graphql-require-preflight": "1"},
    )
    status = service.stop()

    assert reply.json()["data"]["owner"]["invoice"] == {"__typename": "Invoice"}
    assert reply.json()["extensions"]["upstream"]["calls"] == 1
    assert reply.headers["payex-usage-upstream"] == "sandbox"
    assert "server" not in reply.headers
    (notice, *_) = (line for line in service.printed.splitlines() if SANDBOX_NOTICE in line)
    assert "WARNING" in notice
    assert service.printed.count("Application shutdown complete") == int(workers)
    assert "HTTP Request" not in service.printed
    assert "880044" not in service.printed
    assert "Traceback" not in service.printed
    assert status == 0


def test_a_fault_is_logged_under_the_support_id_of_the_reply(
    start: Callable[..., Service],
) -> None:
    service = start("--port", "0", "--fault", "resource=501")

    reply = service.request("POST", "/graphql", json={"query": QUERY})
    service.stop()

    (error,) = reply.json()["errors"]
    support_id = error["extensions"]["supportId"]
    lines = [line for line in service.printed.splitlines() if support_id in line]
    (line,) = (line for line in lines if "WARNING" in line)
    assert "UPSTREAM_LEDGER_NOT_CONFIGURED on /invoices/{invoiceNo}" in line


def test_the_sandbox_alone_is_an_upstream_for_a_gateway(start: Callable[..., Service]) -> None:
    """The two talk over the network, as the gateway does with PayEx."""
    example = CATALOGUE[0]
    sandbox = start("sandbox", "--port", "0")
    headers = {"Authorization": f"Bearer {example.token}"}
    reply = sandbox.request("GET", example.path(), headers=headers)
    assert reply.status_code == 200
    gateway = start(
        "--port",
        "0",
        GATEWAY_UPSTREAM_ORIGIN=f"{reply.url.scheme}://{reply.url.netloc.decode()}",
        GATEWAY_LEDGER_TOKENS=f'{{"1234": "{example.token}"}}',
        GATEWAY_INSECURE="1",
    )

    reply = gateway.request("POST", "/graphql", json={"query": QUERY})

    assert reply.json()["data"] == {"owner": {"invoice": {"__typename": "Invoice"}}}
    assert "payex-usage-upstream" not in reply.headers
    assert {gateway.stop(), sandbox.stop()} <= {0, -signal.SIGTERM}
    assert SANDBOX_NOTICE not in gateway.printed
    assert f"  {example.ledger}  {example.token}\n" in sandbox.printed
    assert example.token not in gateway.printed


class Gate(ThreadingHTTPServer):
    """An upstream that answers when it is told to, each request in a thread of its own."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.opened = threading.Event()
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def origin(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    server: Gate

    def do_GET(self) -> None:
        self.server.arrived.release()
        self.server.opened.wait(SECONDS)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.mark.parametrize(("workers", "delay"), [("1", "0"), ("2", "0.3")])
def test_a_request_in_flight_when_the_signal_comes_is_answered(
    start: Callable[..., Service], workers: str, delay: str
) -> None:
    """The exit status is that of a stop that was asked for."""
    with Gate() as gate, ThreadPoolExecutor() as threads:
        threads.submit(gate.serve_forever)
        service = start(
            "serve",
            "--port",
            "0",
            GATEWAY_WORKERS=workers,
            GATEWAY_SHUTDOWN_DELAY=delay,
            GATEWAY_UPSTREAM_ORIGIN=gate.origin,
            GATEWAY_LEDGER_TOKENS='{"1234": "token"}',
            GATEWAY_INSECURE="1",
        )
        query = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "%d") { __typename } } }'
        replies = [
            threads.submit(service.request, "POST", "/graphql", json={"query": query % number})
            for number in range(3)
        ]
        for _ in replies:
            assert gate.arrived.acquire(timeout=SECONDS)
        stopping = threads.submit(service.stop)
        gate.opened.set()
        status = stopping.result()
        found = [reply.result().json()["data"]["owner"]["invoice"] for reply in replies]
        gate.shutdown()

    assert status == 0
    assert found == [{"__typename": "Invoice"}] * 3
