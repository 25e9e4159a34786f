"""Where `/metrics` is served, and that several server processes answer as one."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.server.serving import serve as serve_until_stopped
from gateway.settings.load import SettingsError, load_settings
from tests.gateway.service import PLAIN, SECONDS, Service, running
from tests.metrics.conftest import CONNECTED, asked, invoice
from tests.metrics.samples import Samples

Start = Callable[..., Service]


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a gateway over the sandbox with these variables."""
    with ExitStack() as stack:
        logs = (tmp_path / f"{number}.log" for number in count())

        def run(**variables: str) -> Service:
            return stack.enter_context(running(next(logs), "serve", "--port", "0", **variables))

        yield run


async def test_without_a_port_of_its_own_it_is_where_graphql_is(serve: Any) -> None:
    client = await serve(CONNECTED, lambda _: httpx.Response(200, json={}))

    page = await client.get("/metrics")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/plain; version=")
    assert page.headers["cache-control"] == "no-store"


async def test_on_a_port_of_its_own_it_is_there_and_nothing_else_is(serve: Any) -> None:
    client = await serve(
        {**CONNECTED, "GATEWAY_METRICS_PORT": "9464"}, lambda _: httpx.Response(200, json={})
    )
    apart = "http://localhost:9464"

    assert (await client.get("/metrics")).status_code == 404
    assert (await client.get(f"{apart}/metrics")).status_code == 200
    assert (await client.post("/graphql", json=asked(invoice("1")))).status_code == 200
    reply = await client.post(f"{apart}/graphql", json=asked(invoice("1")))
    assert reply.status_code == 404
    assert reply.json()["detail"] == "There is no such page. Metrics are at /metrics."
    assert reply.headers["content-type"] == "application/problem+json"


async def test_no_header_says_which_port_it_is(serve: Any) -> None:
    client = await serve(
        {**CONNECTED, "GATEWAY_METRICS_PORT": "9464"}, lambda _: httpx.Response(200, json={})
    )
    headers = {"Host": "localhost:9464", "X-Forwarded-Port": "9464"}

    assert (await client.get("/metrics", headers=headers)).status_code == 404


async def test_one_of_several_processes_has_a_number(serve: Any) -> None:
    client = await serve(
        {**CONNECTED, "GATEWAY_WORKERS": "2"}, lambda _: httpx.Response(200, json={})
    )

    page = Samples((await client.get("/metrics")).text)

    assert page.labels["payex_usage_ready"] == {"worker"}


def test_the_two_ports_must_differ() -> None:
    with pytest.raises(SettingsError, match="GATEWAY_METRICS_PORT must differ"):
        load_settings({"GATEWAY_PORT": "9000", "GATEWAY_METRICS_PORT": "9000"})


def test_a_metrics_port_that_is_taken_is_told_with_its_setting() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()
        with pytest.raises(SettingsError, match="by GATEWAY_METRICS_HOST and GATEWAY_METRICS_PORT"):
            serve_until_stopped("none", host="127.0.0.1", port=0, metrics=taken, log_config=None)


def test_a_metrics_port_that_is_taken_ends_the_command_with_its_settings_and_status_2(
    start: Start,
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        service = start(GATEWAY_METRICS_PORT=str(other.getsockname()[1]))
        status = service.wait()

    assert status == 2
    assert "Choose another address or port, by GATEWAY_METRICS_HOST" in service.printed
    assert "Traceback" not in service.printed


@pytest.mark.parametrize(("workers", "apart"), [(1, False), (2, False), (2, True)])
def test_every_request_counts_once_whichever_process_answers(
    start: Start, workers: int, apart: bool
) -> None:
    port = free_port()
    own = {"GATEWAY_METRICS_PORT": str(port)} if apart else {}
    service = start(GATEWAY_WORKERS=str(workers), GATEWAY_METRICS_MAX_AGE="0", **own)
    origin = f"http://127.0.0.1:{port}" if apart else service.origin

    def scrape() -> Samples:
        # Each time on a new connection, which any of the processes may accept.
        reply = httpx.get(f"{origin}/metrics", timeout=SECONDS, trust_env=False, verify=PLAIN)
        assert reply.status_code == 200
        return Samples(reply.text)

    def total(page: Samples, name: str, **labels: str) -> float:
        numbers = [{"worker": str(n)} for n in range(workers)] if workers > 1 else [{}]
        return sum(page.value(name, **labels, **number) for number in numbers)

    def until(settled: Callable[[Samples], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not settled(scrape()):
            assert time.monotonic() < deadline

    assert service.origin
    until(lambda page: page.value("workers") == workers)
    with ThreadPoolExecutor(8) as threads:
        bodies = [asked(invoice(str(number))) for number in range(40)]
        replies = list(
            threads.map(lambda body: service.request("POST", "/graphql", json=body), bodies)
        )
    assert {reply.status_code for reply in replies} == {200}
    # A request is counted when its reply has been sent.
    until(lambda page: total(page, "operations_total", operation="anonymous", ending="ok") == 40)
    for _ in range(10):
        page = scrape()
        assert total(page, "operations_total", operation="anonymous", ending="ok") == 40
        assert total(page, "operations_in_flight") == 0
        assert "process_cpu_seconds_total" in page.labels
    if apart:
        assert service.request("GET", "/metrics").status_code == 404
        assert httpx.get(f"{origin}/graphql", trust_env=False, verify=PLAIN).status_code == 404
    assert service.stop() == 0
    assert "Traceback" not in service.printed
