"""What a stranger without a token can send on a connection, to a gateway in a process of its own.

It costs the server next to nothing, and nobody else waits for it.
"""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.gateway.service import SECONDS, Service, running
from tests.server.crowd import served

MEGABYTE = 1024 * 1024
TOLD = {
    "GATEWAY_BODY_TIMEOUT": "2",
    "GATEWAY_HEAD_TIMEOUT": "2",
    "GATEWAY_SEND_TIMEOUT": "3",
    "GATEWAY_MAX_OPERATIONS": "5",
    "GATEWAY_METRICS_MAX_AGE": "0",
}
LARGE = "{ __schema { types { name description fields { name description } } } }"
"""What has an answer of many bytes, at little cost."""
START = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = START + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "a header": (START + b"A: ", b"a" * 65536, b"at most 65536 are taken. "),
    "a header's name": (START + b"A", b"a" * 65536, b"at most 65536 are taken. "),
    "headers": (START, b"a: b\r\n" * 10_000, b"at most 100 are taken. "),
    "folds": (START + b"A: ", b"\r\n a" * 10_000, b""),
    "a request line": (b"GET /graphql?", b"a" * 65536, b"at most 16384 is taken, "),
    "a path": (b"GET /", b"a" * 65536, b"at most 16384 is taken, "),
    "a method": (b"", b"A" * 65536, b""),
    "blank lines": (b"", b"\r\n" * 32768, b"at most 65536 are taken. "),
    "a chunk's extension": (CHUNKED + b"1;", b"a" * 65536, b"at most 65536 are taken. "),
    "a trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nA: ", b"a" * 65536, b"at most 65536 are taken. "),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"a: b\r\n" * 10_000, b"at most 65536 are taken. "),
    "small chunks": (CHUNKED, b"1\r\n{\r\n" * 10_000, b"at most 65536 are taken. "),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A gateway with little patience."""
    path = tmp_path_factory.mktemp("connections") / "log"
    with running(path, "--port", "0", **TOLD) as service:
        # What a first request needs once is no cost of an attack.
        assert posted(service, "{ __typename }")
        yield service
        assert "Traceback" not in service.printed


@pytest.fixture(scope="module")
def ordinary(service: Service) -> float:
    """Return the seconds of CPU that an ordinary request takes."""
    before = service.cpu
    for _ in range(20):
        posted(service, "{ __typename }")
    return (service.cpu - before) / 20


@pytest.fixture
def connect(service: Service) -> Iterator[Callable[..., socket.socket]]:
    """Connects to it, by a socket with room for so many bytes that are not taken."""
    host, port = service.origin.removeprefix("http://").split(":")
    with ExitStack() as stack:

        def connected(room: int | None = None) -> socket.socket:
            client = stack.enter_context(socket.socket())
            if room:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            client.settimeout(SECONDS)
            client.connect((host, int(port)))
            return client

        yield connected


def posted(service: Service, query: str) -> Any:
    return service.request("POST", "/graphql", json={"query": query}).json()["data"]


def sent(client: socket.socket, piece: bytes, most: int) -> int:
    """Send until the other end takes no more, and return how many bytes went."""
    count = 0
    with suppress(OSError):
        while count < most:
            count += client.send(piece)
    return count


def received(client: socket.socket) -> bytes:
    """Return what comes until the other end closes the connection."""
    pieces = []
    with suppress(ConnectionError):
        while piece := client.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def exchanged(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return received(client)


def encoded(query: str) -> bytes:
    body = b'{"query":"%b"}' % query.encode()
    head = START + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_is_refused_before_it_costs(
    service: Service, ordinary: float, connect: Callable[..., socket.socket], what: str
) -> None:
    """One header of 100 MB took 15 s, and 32 MB of small ones 415 MB of memory."""
    first, piece, named = ENDLESS[what]
    cpu, memory = service.cpu, service.memory
    client = connect()
    client.sendall(first)

    count = sent(client, piece, 100 * MEGABYTE)

    answer = received(client)
    assert answer.startswith(b"HTTP/1.1 4")
    assert b"connection: close" in answer
    assert named in answer
    assert count < 32 * MEGABYTE
    assert service.memory - memory < 2 * MEGABYTE
    assert service.cpu - cpu < 100 * ordinary


@pytest.mark.parametrize(
    ("head", "limit"),
    [
        (b"A: %b\r\n" % (b"a" * 16384), b"at most 16384 are taken (GATEWAY_MAX_HEADER)"),
        (b"a: b\r\n" * 100, b"101 headers or more; at most 100 are taken. "),
        (b"A: %b\r\n" % (b"a" * 10_000) * 7, b"at most 65536 are taken. "),
    ],
    ids=["a header", "headers", "a head"],
)
def test_a_head_is_held_to_each_limit(
    connect: Callable[..., socket.socket], head: bytes, limit: bytes
) -> None:
    answer = exchanged(connect(), START + head + b"\r\n")

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"connection: close\r\n" in answer
    assert b"content-type: application/problem+json\r\n" in answer
    assert limit in answer


def test_a_head_within_the_limits_is_answered(connect: Callable[..., socket.socket]) -> None:
    """A token and claims may be some kilobytes each."""
    fields = b"A: %b\r\n" % (b"a" * 16000) * 3 + b"b: c\r\n" * 90
    last = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

    assert exchanged(connect(), last + fields + b"\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("name", [b"Accept", b"Accept-Encoding", b"Content-Type"])
@pytest.mark.parametrize("part", [b"a/b,", b"a;"], ids=["elements", "parameters"])
def test_a_list_without_end_is_not_read(
    service: Service,
    ordinary: float,
    connect: Callable[..., socket.socket],
    name: bytes,
    part: bytes,
) -> None:
    """One of 55 KB took as long as 60 requests, of somebody who had no token."""
    fields = b"%b: %b\r\n" % (name, part * (12_000 // len(part))) * 5
    before = service.cpu

    exchanged(connect(), START + fields + b"Content-Length: 0\r\nConnection: close\r\n\r\n")

    assert service.cpu - before < 20 * ordinary


def test_a_head_that_comes_slowly_is_not_waited_for(connect: Callable[..., socket.socket]) -> None:
    answer = exchanged(connect(), START + b"Accept")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"within 2 seconds (GATEWAY_HEAD_TIMEOUT)" in answer


@pytest.mark.parametrize("said", [b"", b"\r\n"], ids=["nothing", "a blank line"])
def test_a_connection_that_says_nothing_is_closed(
    connect: Callable[..., socket.socket], said: bytes
) -> None:
    assert exchanged(connect(), said) == b""


def test_requests_without_end_are_not_kept(
    service: Service, connect: Callable[..., socket.socket]
) -> None:
    """28 MB of them took 1 GB of memory, while their answers were not taken."""
    client, memory = connect(4096), service.memory
    sent(client, encoded(LARGE) * 100, 1)

    count = sent(client, encoded("{ __typename }") * 500, 28 * MEGABYTE)

    assert count < 16 * MEGABYTE
    assert service.memory - memory < 4 * MEGABYTE
    assert "GATEWAY_SEND_TIMEOUT" in service.printed


def test_who_takes_no_answer_takes_no_place_from_others(
    service: Service, connect: Callable[..., socket.socket]
) -> None:
    """Five places were taken by five connections whose clients did not read."""
    before = len(service.printed)
    clients = [connect(4096) for _ in range(5)]
    for client in clients:
        client.setblocking(False)
        sent(client, encoded(LARGE) * 100, MEGABYTE)

    # Until the first of them is let go, all are full.
    while "GATEWAY_SEND_TIMEOUT" not in service.printed[before:]:
        reply = service.request("POST", "/graphql", json={"query": "{ __typename }"})
        assert reply.status_code == 200


def test_a_body_that_nobody_reads_is_not_kept(
    service: Service, connect: Callable[..., socket.socket]
) -> None:
    """It is refused by its head, and its rest is not waited for."""
    client, memory = connect(), service.memory
    client.sendall(START + b"Content-Length: 1000000000\r\n\r\n")

    count = sent(client, b" " * 65536, 4 * MEGABYTE)

    assert received(client).startswith(b"HTTP/1.1 415 ")
    assert count <= 5 * MEGABYTE
    assert service.memory - memory < 2 * MEGABYTE


def test_what_is_no_http_is_one_short_line_of_the_log(
    service: Service, connect: Callable[..., socket.socket]
) -> None:
    before = len(service.printed)
    for _ in range(10):
        answer = exchanged(connect(), b"\x16\x03\x01 what is this?\r\n\r\n" * 100)
        assert answer.startswith(b"HTTP/1.1 400 ")

    lines = service.printed[before:].splitlines()
    assert len(lines) == 10
    assert all("INFO" in line and len(line) < 250 for line in lines)


@pytest.mark.parametrize("path", [b"/graphql", b"/", b"/metrics", b"/graphql/"])
@pytest.mark.parametrize(
    ("target", "host"), [(b"", b"evil.example"), (b"http://evil.example:80", b"localhost")]
)
def test_a_host_that_is_not_served_is_misdirected_whatever_is_asked(
    connect: Callable[..., socket.socket], path: bytes, target: bytes, host: bytes
) -> None:
    """Its page could read what everyone on this machine may see. It is led to no address of its."""
    asked = b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % (target + path, host)

    answer = exchanged(connect(), asked)

    assert answer.startswith(b"HTTP/1.1 421 ")
    assert b"GATEWAY_HOSTS" in answer
    assert b"evil" not in answer


def test_what_is_refused_by_its_head_is_counted_by_its_status(
    service: Service, connect: Callable[..., socket.socket]
) -> None:
    refused = {
        "REQUEST_HEADER_FIELDS_TOO_LARGE": START + b"a: b\r\n" * 101,
        "MISDIRECTED_REQUEST": b"GET / HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n",
        "BAD_REQUEST": b"\x16\x03\x01\r\n\r\n",
        "REQUEST_TIMEOUT": START + b"Accept",
    }

    def counts() -> dict[str, float]:
        page = service.request("GET", "/metrics").text
        found = re.findall(r'^payex_usage_refusals_total\{code="(\w+)"\} (\S+)', page, re.MULTILINE)
        return {code: float(count) for code, count in found if code in refused}

    before = counts()
    for what in refused.values():
        exchanged(connect(), what)

    assert counts() == {code: count + 1 for code, count in before.items()}
    assert len(before) == len(refused)


def test_the_host_of_an_absolute_target_comes_before_the_header(
    connect: Callable[..., socket.socket],
) -> None:
    """Two headers are two hosts nevertheless."""
    target = b"GET http://[::1]:8000/metrics HTTP/1.1\r\nConnection: close\r\n"
    one, two = (
        exchanged(connect(), target + b"Host: evil.example\r\n" * count + b"\r\n")
        for count in (1, 2)
    )

    assert one.startswith(b"HTTP/1.1 200 ")
    assert two.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("path", [b"/graphql", b"/", b"/metrics"])
@pytest.mark.parametrize(
    "line",
    [b"GET %b HTTP/1.0", b"GET ftp://localhost%b HTTP/1.1\r\nHost: localhost"],
    ids=["no host", "another scheme"],
)
def test_a_request_that_names_no_host_of_http_is_refused(
    connect: Callable[..., socket.socket], line: bytes, path: bytes
) -> None:
    answer = exchanged(connect(), line % path + b"\r\nConnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert b'"code":"BAD_REQUEST"' in answer
    assert b"ftp" not in answer


def test_over_tls_and_in_several_processes_it_is_the_same(tmp_path: Path) -> None:
    authority = trustme.CA()
    path = tmp_path / "server.pem"
    path.write_bytes(authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes())
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    with served(tmp_path / "log", workers=2, ssl_certfile=str(path)) as (_, port):
        for what in ("a header", "a request line"):
            first, piece, named = ENDLESS[what]
            with (
                socket.create_connection(("127.0.0.1", port), SECONDS) as plain,
                tls.wrap_socket(plain, server_hostname="localhost") as client,
            ):
                client.sendall(first)
                sent(client, piece[:1024], 70 * 1024)

                answer = client.recv(65536)

            assert answer.startswith(b"HTTP/1.1 4")
            assert named in answer
