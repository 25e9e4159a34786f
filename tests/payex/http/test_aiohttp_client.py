"""What calls end in over real connections, and what becomes of the connections."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.credentials.access import Access
from resolvers.payex.http.breakages import Breakage
from resolvers.payex.http.responses import CallLimits
from resolvers.payex.http.transport import Transport
from tests.payex.loopback import Answer, listening

ACCESS = Access(token="a-token")  # noqa: S106 - opens nothing
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
EMPTY = HEAD + b"Content-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def served(serve: Answer) -> AsyncIterator[str]:
    """A server on loopback, whose connections are closed when it is."""
    async with listening(serve) as port:
        yield f"http://127.0.0.1:{port}"


def answering(*answers: bytes, stays: bool = False) -> Answer:
    """Return a server that answers the requests of each connection by these, and then leaves.

    If it stays, it waits until the client has left.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        if stays:
            await reader.read()

    return serve


async def fault_of(serve: Answer, limits: CallLimits | None = None) -> Fault:
    """Return the fault that a call ends in."""
    async with served(serve) as origin, Transport(origin, limits or CallLimits()) as transport:
        with pytest.raises(Fault) as caught:
            await transport.get("/070", ACCESS)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert "070" not in f"{caught.value!r}{caught.value}{caught.value.hint}"
    return caught.value


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        pytest.param(b"", Breakage.CLOSED, id="nothing"),
        pytest.param(HEAD + b"Content-", Breakage.CLOSED, id="half a head"),
        pytest.param(HEAD + b"Content-Length: 20\r\n\r\n{", Breakage.CUT, id="half a body"),
        pytest.param(CHUNKED + b"5\r\n{", Breakage.CUT, id="half a chunk"),
        pytest.param(CHUNKED + b"zz\r\n{", Breakage.NO_HTTP, id="no chunk"),
        pytest.param(b"070 is no HTTP\r\n\r\n", Breakage.NO_HTTP, id="no HTTP"),
        pytest.param(
            HEAD + b"X: " + b"070" * 100_000 + b"\r\n\r\n", Breakage.NO_HTTP, id="an endless head"
        ),
    ],
)
async def test_what_is_no_whole_answer_is_unreachable(answer: bytes, hint: Breakage) -> None:
    fault = await fault_of(answering(answer))

    assert fault.code is FaultCode.UPSTREAM_UNREACHABLE
    assert fault.hint == hint


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="before the head"),
        pytest.param(HEAD + b"Content-", id="within the head"),
        pytest.param(HEAD + b"Content-Length: 20\r\n\r\n{", id="within the body"),
    ],
)
async def test_a_silence_is_a_timeout_wherever_it_falls(answer: bytes) -> None:
    limits = CallLimits(timeout=0.01)

    fault = await fault_of(answering(answer, stays=True), limits)

    assert fault.code is FaultCode.UPSTREAM_TIMEOUT
    assert fault.limit == {"GATEWAY_UPSTREAM_TIMEOUT": 0.01}


async def test_a_server_that_does_not_greet_in_time_is_a_timeout_of_connecting() -> None:
    """TLS belongs to connecting."""

    async def mute(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    limits = CallLimits(connect_timeout=0.01, timeout=60)
    async with (
        served(mute) as origin,
        Transport(origin.replace("http", "https"), limits) as transport,
    ):
        with pytest.raises(Fault) as caught:
            await transport.get("/a", ACCESS)

    assert caught.value.limit == {"GATEWAY_UPSTREAM_CONNECT_TIMEOUT": 0.01}


async def test_a_connection_is_used_again() -> None:
    connections = 0
    serve = answering(EMPTY, EMPTY, EMPTY)

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await serve(reader, writer)

    async with served(counted) as origin, Transport(origin, CallLimits()) as transport:
        for _ in range(3):
            assert (await transport.get("/a", ACCESS)).body == b"{}"
    assert connections == 1


async def test_a_kept_connection_that_has_gone_meanwhile_costs_no_fault() -> None:
    left = asyncio.Event()

    async def leaving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(EMPTY)(reader, writer)
        writer.close()
        await writer.wait_closed()
        left.set()

    async with served(leaving) as origin, Transport(origin, CallLimits()) as transport:
        for _ in range(3):
            left.clear()
            assert (await transport.get("/a", ACCESS)).status == 200
            await left.wait()
            # The loop hears of it in its next turns.
            for _ in range(5):
                await asyncio.sleep(0)


Leave = Callable[[asyncio.StreamWriter], None]
LEAVES: list[Leave] = [lambda writer: writer.close(), lambda writer: writer.transport.abort()]


@pytest.mark.parametrize("leave", LEAVES, ids=["closed", "reset"])
@pytest.mark.parametrize("said", [b"", HEAD + b"Content-"], ids=["nothing", "half a head"])
async def test_a_kept_connection_that_goes_as_it_is_used_again_costs_no_fault(
    leave: Leave, said: bytes
) -> None:
    """However many connections are kept: the request goes out once more, over a new one."""
    requests = connections = 0
    together = asyncio.Barrier(4)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests, connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        await together.wait()
        writer.write(EMPTY)
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        writer.write(said)
        leave(writer)

    async with served(serve) as origin, Transport(origin, CallLimits()) as transport:
        await asyncio.gather(*(transport.get("/a", ACCESS) for _ in range(4)))
        assert (requests, connections) == (4, 4)
        answers = await asyncio.gather(*(transport.get("/a", ACCESS) for _ in range(4)))
        assert [answer.body for answer in answers] == [b"{}"] * 4
        assert (requests, connections) == (12, 8)


async def test_a_request_is_sent_once_more_and_no_oftener() -> None:
    requests = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        if requests == 1:
            writer.write(EMPTY)
            await reader.readuntil(b"\r\n\r\n")
            requests += 1

    async with served(serve) as origin, Transport(origin, CallLimits()) as transport:
        await transport.get("/a", ACCESS)
        with pytest.raises(Fault) as caught:
            await transport.get("/a", ACCESS)
    assert (caught.value.code, requests) == (FaultCode.UPSTREAM_UNREACHABLE, 3)


async def test_an_answer_that_is_cut_off_is_not_asked_for_again() -> None:
    """Whether it is, is decided where it is counted."""
    serve = answering(EMPTY, HEAD + b"Content-Length: 20\r\n\r\n{")
    async with served(serve) as origin, Transport(origin, CallLimits()) as transport:
        await transport.get("/a", ACCESS)
        with pytest.raises(Fault) as caught:
            await transport.get("/a", ACCESS)
    assert caught.value.hint == Breakage.CUT


async def test_a_server_that_hangs_up_idle_connections_costs_no_fault() -> None:
    """After few milliseconds, which is about when they are used again."""

    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        patience = None
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(patience):
                    await reader.readuntil(b"\r\n\r\n")
                writer.write(EMPTY)
                patience = 0.004

    async def client(transport: Transport, number: int) -> None:
        for call in range(60):
            assert (await transport.get("/a", ACCESS)).body == b"{}"
            await asyncio.sleep((number + call) % 9 / 1000)

    async with served(impatient) as origin, Transport(origin, CallLimits()) as transport:
        await asyncio.gather(*(client(transport, number) for number in range(8)))


OTHERS = HEAD + b'Content-Length: 13\r\n\r\n{"of": "070"}'


@pytest.mark.parametrize("told", [OTHERS, b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_what_a_server_says_unasked_is_nobody_s_answer(told: bytes, *, at_once: bool) -> None:
    """One customer's calls would be shown to the next caller."""
    goes_on = asyncio.Event()

    async def chatty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(EMPTY + told if at_once else EMPTY)
        await writer.drain()
        await goes_on.wait()
        if not at_once:
            writer.write(told)
            await writer.drain()
        await reader.read()

    async with served(chatty) as origin, Transport(origin, CallLimits()) as transport:
        for _ in range(3):
            answer = await transport.get("/a", ACCESS)
            assert (answer.status, answer.body) == (200, b"{}")
            goes_on.set()
            await asyncio.sleep(0)


async def test_a_new_connection_that_breaks_is_not_tried_again() -> None:
    """Whether it is, is decided where it is counted."""
    asked = 0

    async def breaking(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        asked += 1

    await fault_of(breaking)

    assert asked == 1


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", gzip.compress(b"0" * 1000, mtime=0)), ("deflate", zlib.compress(b"0" * 1000))],
)
async def test_a_body_is_decompressed_and_then_measured(coding: str, body: bytes) -> None:
    head = f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    serve = answering(HEAD + head + body)
    async with served(serve) as origin, Transport(origin, CallLimits(max_body=1000)) as transport:
        assert (await transport.get("/a", ACCESS)).body == b"0" * 1000

    fault = await fault_of(serve, CallLimits(max_body=999))

    assert fault.limit == {"GATEWAY_UPSTREAM_MAX_BODY": 999}


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
async def test_broken_compression_is_a_malformed_body(coding: str) -> None:
    """As is one that was not asked for."""
    head = f"Content-Encoding: {coding}\r\nContent-Length: 3\r\n\r\n".encode()

    fault = await fault_of(answering(HEAD + head + b"070"))

    assert fault.code is FaultCode.UPSTREAM_MALFORMED
    assert fault.hint == "The body's compression is broken."


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_without_a_body_is_whole(status: bytes) -> None:
    serve = answering(b"HTTP/1.1 " + status + b"\r\n\r\n", stays=True)
    async with served(serve) as origin, Transport(origin, CallLimits()) as transport:
        assert (await transport.get("/a", ACCESS)).body == b""


async def test_a_call_that_is_given_up_leaves_neither_its_answer_nor_its_connection() -> None:
    """The next call has a connection of its own."""
    begun = asyncio.Event()
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        if connections == 1:
            writer.write(HEAD + b"Content-Length: 2\r\n\r\n[")
            await writer.drain()
            begun.set()
            await reader.read()
        writer.write(EMPTY)

    async with served(serve) as origin, Transport(origin, CallLimits()) as transport:
        task = asyncio.create_task(transport.get("/a", ACCESS))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert (await transport.get("/a", ACCESS)).body == b"{}"
    assert connections == 2


async def test_the_head_of_a_request_holds_what_it_should_and_no_more() -> None:
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(EMPTY)

    async with (
        served(serve) as origin,
        Transport(
            origin, CallLimits(), headers={"X-Tracking": "me", "accept": "mine"}
        ) as transport,
    ):
        await transport.get("/a?b=%2F", ACCESS, {"traceparent": "00-1-2-01"})

    first, *lines = received[0].decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    assert first == "GET /a?b=%2F HTTP/1.1"
    assert len(headers) == len(lines) - 2
    del headers["host"]
    assert headers == {
        "accept": "application/json, application/problem+json",
        "accept-encoding": "gzip, deflate",
        "authorization": "bearer a-token",
        "content-type": "application/json",
        "traceparent": "00-1-2-01",
        "user-agent": "payex-usage-gateway",
        "x-tracking": "me",
    }


async def test_what_a_link_may_hold_and_a_url_may_not_is_encoded() -> None:
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readline())
        writer.write(EMPTY)

    async with served(serve) as origin, Transport(origin, CallLimits()) as transport:
        await transport.get('/a%2Fb?page=ö"<|>', ACCESS)

    assert received == [b"GET /a%2Fb?page=%C3%B6%22%3C%7C%3E HTTP/1.1\r\n"]
