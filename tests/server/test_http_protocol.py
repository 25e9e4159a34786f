"""HTTP/1.1 on a connection: a request is what its own framing says, however it comes."""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, lists, sampled_from
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from gateway.server import heads
from gateway.server.http_protocol import HttpProtocol
from gateway.server.workload import CONNECTION, Member, Workload
from tests.gateway.service import SECONDS, Service, running
from tests.server.wire import CONFIG, Seen, Wire

BODY = b'{"query": "{ __typename }"}'
SMUGGLED = b"POST /smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n%b"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n%b\r\n"
WISHES = {
    "none": b"",
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    "websocket": b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "unknown": b"connection: upgrade\r\nupgrade: foo\r\n",
    "several": b"Upgrade: h2c\r\nConnection: upgrade\r\nUpgrade: websocket, TLS/1.0\r\n",
    "not on this connection": b"Upgrade: h2c\r\n",
    "of nothing": b"Connection: upgrade\r\n",
    "with a permission": b"Connection: upgrade\r\nUpgrade: h2c\r\nExpect: 100-continue\r\n",
}


async def heard(parts: Iterable[bytes]) -> tuple[Seen, Wire]:
    """Let a connection receive these parts, each when all is done that the former led to."""
    seen, wire = Seen(), Wire()
    state = ServerState()
    protocol = HttpProtocol(CONFIG, state, {})
    protocol.app = seen
    protocol.connection_made(wire)
    for part in parts:
        if not wire.closed:
            protocol.data_received(part)
        await asyncio.sleep(0)
    while state.tasks:
        await asyncio.wait(state.tasks)
        await asyncio.sleep(0)
    closed = wire.closed
    protocol.connection_lost(None)
    wire.closed = closed
    return seen, wire


def splits(data: bytes) -> Iterable[list[bytes]]:
    """Yield the data in every two parts, and byte by byte."""
    for place in range(1, len(data)):
        yield [data[:place], data[place:]]
    yield [bytes([byte]) for byte in data]


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
async def test_a_request_is_read_as_if_it_did_not_ask_for_another_protocol(
    wish: str, framing: str
) -> None:
    """Its body may hold a request: wherever the segments end, it is a body."""
    head = b"POST /a?b=1 HTTP/1.1\r\nHost: x\r\n" + WISHES[wish]
    body = b"" if framing == "none" else SMUGGLED
    rest = {
        "length": LENGTH % (len(body), body),
        "chunked": CHUNKED % (len(body), body, b""),
        "none": b"Content-Length: 0\r\n\r\n",
    }[framing]
    behind = b"GET /b HTTP/1.1\r\nHost: x\r\n" + WISHES[wish] + b"\r\n"
    data = head + rest + behind
    for parts in [[data], *splits(data)]:
        seen, wire = await heard(parts)

        assert seen.requests == [("POST", "/a", body), ("GET", "/b", b"")], parts
        assert wire.written.count(b"HTTP/1.1 200 OK") == 2
        assert not wire.closed


@given(
    wishes=lists(sampled_from(sorted(WISHES)), min_size=1, max_size=5),
    places=lists(integers(0, 1500), max_size=9),
)
@settings(deadline=None, max_examples=60)
def test_requests_behind_each_other_are_each_answered_in_order(
    wishes: list[str], places: list[int]
) -> None:
    data = b"".join(
        b"POST /%d HTTP/1.1\r\nHost: x\r\n" % number + WISHES[wish] + LENGTH % (len(BODY), BODY)
        for number, wish in enumerate(wishes)
    )
    marks = [0, *sorted(place for place in places if place < len(data)), len(data)]

    seen, wire = asyncio.run(heard(data[a:b] for a, b in pairwise(marks)))

    assert seen.requests == [("POST", f"/{number}", BODY) for number in range(len(wishes))]
    answered = [wire.written.index(b'"/%d"' % number) for number in range(len(wishes))]
    assert answered == sorted(answered)


async def test_a_head_keeps_all_that_does_not_ask_for_another_protocol() -> None:
    fields = b"A: 1\r\na: 2\r\nOdd:  \xff \t z \r\nEmpty:\r\n" + WISHES["unknown"]
    (seen, _), (plain, _) = [
        await heard([b"PATCH http://x/%7E?q HTTP/1.0\r\n" + head + b"\r\n"])
        for head in (fields, fields.replace(b"upgrade: foo\r\n", b""))
    ]

    assert seen.requests == plain.requests == [("PATCH", "/~", b"")]
    assert seen.headers == plain.headers


async def test_a_client_that_waits_for_leave_to_send_its_body_gets_it() -> None:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\n" + WISHES["with a permission"]
    seen, wire = await heard([head + b"Content-Length: 2\r\n\r\n", b"", b"{}"])

    assert seen.requests == [("POST", "/a", b"{}")]
    assert wire.written.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("wish", WISHES)
async def test_trailers_are_no_headers(wish: str) -> None:
    """Whoever the app trusts puts its headers before the body, and no client puts any behind."""
    head = b"POST /a HTTP/1.1\r\nHost: x\r\n" + WISHES[wish]
    trailers = b"Authorization: Bearer smuggled\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
    data = head + CHUNKED % (2, b"{}", trailers)
    for parts in [[data], *splits(data)]:
        seen, _ = await heard([*parts, SMUGGLED])

        assert [path for _, path, _ in seen.requests] == ["/a", "/smuggled"]
        assert b"authorization" not in dict(seen.headers[0])


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\n\r\n",
    ],
)
async def test_a_body_with_two_ends_closes_the_connection(wish: str, fields: bytes) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\n" + WISHES[wish] + fields
    seen, wire = await heard([head, b"0\r\n\r\n" + SMUGGLED])

    assert wire.written.startswith(b"HTTP/1.1 400 ")
    assert wire.closed
    assert ("POST", "/smuggled", b"") not in seen.requests


@pytest.mark.parametrize(
    "opening",
    [
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 55\r\n\r\n",
        b"CONNECT http://x/graphql HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ],
)
async def test_what_opens_another_protocol_is_refused_and_closes_the_connection(
    opening: bytes,
) -> None:
    for parts in [[opening], *splits(opening)]:
        seen, wire = await heard([*parts, SMUGGLED])

        assert wire.written.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert wire.closed
        assert seen.requests == []


@pytest.fixture(scope="module", params=["serve", "sandbox"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A command that serves the sandbox, on a loopback port of its own."""
    path = tmp_path_factory.mktemp("service") / "log"
    with running(path, request.param, "--port", "0") as service:
        yield service


def exchanged(origin: str, data: bytes) -> bytes:
    """Send this on one connection, and return what comes until the server closes it."""
    _, host, port = origin.replace("//", "").split(":")
    with socket.create_connection((host, int(port)), SECONDS) as connection:
        connection.sendall(data)
        with connection.makefile("rb") as file:
            return file.read()


def test_every_command_that_serves_reads_such_a_body(service: Service) -> None:
    """Its log has no advice of the server's makers on what to install."""
    bad = b"POST /none HTTP/1.1\r\nHost: x\r\n" + WISHES["unknown"] + LENGTH % (len(BODY), BODY)
    last = b"GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    replies = exchanged(service.origin, bad + last)

    assert replies.count(b"HTTP/1.1 ") == 2
    assert "pip install" not in service.printed


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("service", ["serve"], indirect=True)
def test_curl_may_ask_for_http_2_with_a_body(service: Service) -> None:
    ended = subprocess.run(  # noqa: S603 - our own command
        [
            *("curl", "--silent", "--http2", "--noproxy", "*", "--data-binary", BODY.decode()),
            *("--header", "Content-Type: application/json", f"{service.origin}/graphql"),
        ],
        capture_output=True,
        check=True,
        timeout=SECONDS,
    )

    assert json.loads(ended.stdout)["data"] == {"__typename": "Query"}


@pytest.mark.skipif(not shutil.which("java"), reason="needs Java")
@pytest.mark.parametrize("service", ["serve"], indirect=True)
def test_java_s_own_client_asks_for_http_2_by_default(service: Service, tmp_path: Path) -> None:
    """Its second request goes by the same connection."""
    source = tmp_path / "Ask.java"
    source.write_text(
        """
        import java.net.URI;
        import java.net.http.*;
        public class Ask {
            public static void main(String[] given) throws Exception {
                var client = HttpClient.newHttpClient();
                for (int i = 0; i < 2; i++) {
                    var request = HttpRequest.newBuilder(URI.create(given[0]))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(given[1])).build();
                    var reply = client.send(request, HttpResponse.BodyHandlers.ofString());
                    System.out.println(reply.statusCode() + " " + reply.body());
                }
            }
        }
        """
    )
    ended = subprocess.run(  # noqa: S603 - our own command
        ["java", str(source), f"{service.origin}/graphql", BODY.decode()],  # noqa: S607 - as above
        capture_output=True,
        check=True,
        timeout=SECONDS,
        text=True,
    )

    replies = ended.stdout.splitlines()
    assert len(replies) == 2
    assert all(reply.startswith('200 {"data":{"__typename":"Query"}') for reply in replies)


async def test_no_body_is_asked_for_that_an_app_does_not_want() -> None:
    """A client that expects `100 Continue` gets the answer, and the connection ends with it."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Connection": "close"}
        await Response(status_code=413, headers=headers)(scope, receive, send)

    wire, state = Wire(), ServerState()
    protocol = HttpProtocol(CONFIG, state, {})
    protocol.app = refuse
    protocol.connection_made(wire)
    protocol.data_received(
        b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n"
    )
    while state.tasks:
        await asyncio.wait(state.tasks)
        await asyncio.sleep(0)

    assert wire.written.startswith(b"HTTP/1.1 413 ")
    assert wire.closed
    protocol.connection_lost(None)


async def test_a_connection_that_should_move_closes_with_the_answer_to_its_next_operation() -> None:
    """One of a process without a surplus stays, and one that nobody counts."""
    member = Member(Workload(2), 0)
    member.surplus = 1

    async def operate(scope: Scope, receive: Receive, send: Send) -> None:
        connection = scope["state"][CONNECTION]
        connection.wake()
        await Seen()(scope, receive, send)
        connection.rest(5.0)

    replies = []
    for counted_by in (member, member, None):
        wire, state = Wire(), ServerState()
        protocol = HttpProtocol(CONFIG, state, {})
        protocol.app, protocol.member = operate, counted_by
        protocol.connection_made(wire)
        protocol.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait(state.tasks)
        replies.append((b"connection: close" in wire.written.lower(), protocol.member))

    assert replies == [(True, None), (False, member), (False, None)]


def test_an_answer_to_what_is_no_request_says_that_it_closes_the_connection() -> None:
    head, _, _ = heads.answer(heads.NO_REQUEST, [(b"server", b"x")]).partition(b"\r\n\r\n")
    assert b"connection: close" in head.split(b"\r\n")


@pytest.mark.parametrize(
    "coding",
    [
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: deflate,chunked",
        b"Transfer-Encoding: foo, chunked",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    ],
)
@pytest.mark.parametrize("wish", ["none", "h2c"])
async def test_a_transfer_coding_other_than_chunked_is_refused_and_the_connection_closed(
    coding: bytes, wish: str
) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\n" + WISHES[wish] + coding
    seen, wire = await heard([head + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + SMUGGLED])

    assert seen.requests == []
    assert bytes(wire.written).startswith(b"HTTP/1.1 501 ")
    assert wire.closed


def test_a_head_with_several_hosts_keeps_them_whatever_its_target() -> None:
    """They are refused where the hosts are looked at."""
    fields = [(b"host", b"a.example"), (b"host", b"b.example")]

    assert heads.at_target(b"http://a.example/graphql", fields) == fields
