"""What an answer of PayEx may have beside its body, over real connections."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.credentials.access import Access
from resolvers.payex.http.breakages import Breakage
from resolvers.payex.http.framing import MOST_FRAMING, MOST_INTERIM
from resolvers.payex.http.responses import CallLimits, Response
from resolvers.payex.http.transport import Transport
from tests.payex.loopback import Answer, listening

ACCESS = Access(token="a-token")  # noqa: S106 - opens nothing
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
EMPTY = HEAD + b"Content-Length: 2\r\n\r\n{}"
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
PIECE = 64 * 1024
# Far more than any bound on it, and little enough to be sent if there is none.
ENDLESS = 24 * 1024 * 1024


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    """Return a chunk of a body."""
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


@asynccontextmanager
async def asking(serve: Answer) -> AsyncIterator[Transport]:
    """Return what carries calls to a server."""
    async with (
        listening(serve) as port,
        Transport(f"http://127.0.0.1:{port}", CallLimits(timeout=60)) as payex,
    ):
        yield payex


async def answer(*parts: bytes, endless: bytes = b"") -> tuple[Response | Fault, int]:
    """Return what one call ends in, and the bytes that were sent of what would never end.

    Args:
        parts: what is answered, each part by itself.
        endless: what follows, again and again.
    """
    sent = 0
    each = endless * (PIECE // len(endless) + 1) if endless else b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
        while endless and sent < ENDLESS:
            writer.write(each)
            await writer.drain()
            sent += len(each)

    async with asking(serve) as payex:
        try:
            return await payex.get("/070", ACCESS), sent
        except Fault as fault:
            return fault, sent


@pytest.mark.parametrize(
    ("begins", "endless"),
    [
        pytest.param(b"", EARLY, id="early hints"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="continues"),
        pytest.param(b"", b"HTTP/1.1 102 P\r\n" + b"A: b\r\n" * 100 + b"\r\n", id="heads"),
        pytest.param(CHUNKED + b"\r\n1", b";a=b", id="an extension of a chunk"),
        pytest.param(CHUNKED + b"\r\n", chunk(b"x"), id="chunks of one byte"),
        pytest.param(CHUNKED + b"\r\n", chunk(b"x" * 9), id="small chunks"),
        pytest.param(CHUNKED + b"\r\n", chunk(b"x" * 99, b";" + b"a" * 99), id="extensions"),
        pytest.param(CHUNKED + b"\r\n", b"0" * 99, id="the size of a chunk"),
        pytest.param(
            HEAD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compressobj().compress(b""),
            b"\x00\x00\x00\xff\xff",
            id="compressed nothing",
        ),
    ],
)
async def test_an_answer_without_end_that_brings_no_body_ends_at_a_bound(
    begins: bytes, endless: bytes
) -> None:
    fault, sent = await answer(begins, endless=endless)

    assert isinstance(fault, Fault)
    assert fault.code is FaultCode.UPSTREAM_UNREACHABLE
    assert fault.hint == Breakage.NO_BODY
    # What systems keep on the way is sent as well.
    assert sent < ENDLESS / 2


@pytest.mark.parametrize("endless", [b"X: y\r\n", b"X: " + b"y" * 999 + b"\r\n"])
@pytest.mark.parametrize("begins", [HEAD, CHUNKED + b"\r\n0\r\n"], ids=["head", "trailers"])
async def test_headers_without_end_are_no_http(begins: bytes, endless: bytes) -> None:
    fault, sent = await answer(begins, endless=endless)

    assert isinstance(fault, Fault)
    assert fault.code is FaultCode.UPSTREAM_UNREACHABLE
    assert fault.hint in {Breakage.NO_HTTP, Breakage.NO_BODY}
    assert sent < ENDLESS / 2


@pytest.mark.parametrize("apart", [True, False], ids=["apart", "at once"])
async def test_as_many_interim_answers_as_may_be_are_passed_over(*, apart: bool) -> None:
    most = [EARLY] * MOST_INTERIM
    parts = most if apart else [b"".join(most)]

    found, _ = await answer(*parts, EMPTY)
    more, _ = await answer(EARLY, *parts, EMPTY)

    assert isinstance(found, Response)
    assert found.body == b"{}"
    assert isinstance(more, Fault)
    assert more.hint == Breakage.NO_BODY


@pytest.mark.parametrize("size", [40, 400, 40_000])
async def test_a_long_body_is_read_in_whatever_usual_chunks_it_comes(size: int) -> None:
    """A server that writes each record by itself makes chunks of hundreds of bytes."""
    many = 8 * MOST_FRAMING // size if size > 99 else MOST_FRAMING // 8
    body = b"".join(b"%0*d" % (size, number) for number in range(many))
    chunks = [chunk(body[start : start + size]) for start in range(0, len(body), size)]

    found, _ = await answer(CHUNKED + b"\r\n" + b"".join(chunks) + chunk(b""))

    assert isinstance(found, Response)
    assert found.body == body


async def test_a_compressed_body_counts_by_what_it_says() -> None:
    """A server may compress and flush each record by itself."""
    squeeze = zlib.compressobj(wbits=31)
    records = [b'{"of": "%012d", "about": "%b"}' % (one, b"a" * 300) for one in range(15_000)]
    chunks = [
        chunk(squeeze.compress(record) + squeeze.flush(zlib.Z_SYNC_FLUSH)) for record in records
    ]
    chunks.append(chunk(squeeze.flush()))

    head = CHUNKED + b"Content-Encoding: gzip\r\n\r\n"
    found, _ = await answer(head + b"".join(chunks) + chunk(b""))

    assert isinstance(found, Response)
    assert found.body == b"".join(records)


async def test_a_large_compressed_body_is_read_to_its_end() -> None:
    body = bytes(range(256)) * 40_000
    packed = gzip.compress(body, 0)

    length = b"Content-Length: %d\r\nContent-Encoding: gzip\r\n\r\n" % len(packed)
    found, _ = await answer(HEAD + length + packed)

    assert isinstance(found, Response)
    assert found.body == body


async def test_each_answer_of_a_connection_has_the_whole_bound() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(3):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(EARLY * MOST_INTERIM + EMPTY)
            await writer.drain()

    async with asking(serve) as payex:
        for _ in range(3):
            assert (await payex.get("/a", ACCESS)).body == b"{}"
    assert connections == 1


async def test_what_a_kept_connection_brings_unasked_ends_at_the_bound() -> None:
    ended = asyncio.Event()
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(EMPTY)
        try:
            while sent < ENDLESS:
                writer.write(EMPTY * 1000)
                await writer.drain()
                sent += 1000 * len(EMPTY)
        finally:
            ended.set()

    async with asking(serve) as payex:
        assert (await payex.get("/a", ACCESS)).body == b"{}"
        await ended.wait()
    assert sent < ENDLESS / 2
