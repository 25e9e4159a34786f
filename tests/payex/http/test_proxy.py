"""Through a proxy: TLS is between the gateway and PayEx, and the proxy's own word is told apart."""

import asyncio
import socket
import ssl
import struct
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trustme

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.credentials.access import Access
from resolvers.payex.credentials.tls import client_context
from resolvers.payex.http.breakages import Breakage
from resolvers.payex.http.proxy import Proxy
from resolvers.payex.http.responses import CallLimits
from resolvers.payex.http.transport import Transport
from tests.payex.loopback import listening

AUTHORITY = trustme.CA()
SILENCE, RESET = b"silence", b""
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Way:
    """A proxy, and what it was asked for."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        self.answer = answer
        self.heads: list[str] = []
        self.seen = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Open a tunnel, or refuse."""
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if self.answer == SILENCE:
            await reader.read()
            return
        if self.answer == RESET:
            linger = struct.pack("ii", 1, 0)
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.write(self.answer)
        if b" 200 " not in self.answer:
            return
        host, _, port = self.heads[-1].split(" ")[1].partition(":")
        far, near = await asyncio.open_connection(host, int(port))
        await asyncio.gather(self._pass(reader, near), self._pass(far, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.seen += data
            writer.write(data)
        with suppress(OSError):
            writer.close()


@asynccontextmanager
async def payex() -> AsyncIterator[str]:
    """A server that demands a client certificate, and answers each request."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(tls)
    AUTHORITY.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    connections: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(EMPTY)
        writer.close()

    async with await asyncio.start_server(answer, "localhost", 0, ssl=tls) as server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


def access() -> Access:
    """Return an access with a client certificate."""
    tls = client_context(ssl.PEM_cert_to_DER_cert(AUTHORITY.cert_pem.bytes().decode()))
    AUTHORITY.issue_cert("acme.example").configure_cert(tls)
    return Access(token="a-token", tls=tls)  # noqa: S106 - opens nothing


async def fault_of(proxy: Proxy, limits: CallLimits | None = None) -> Fault:
    """Return the fault that a call through a proxy ends in."""
    async with Transport("https://localhost:9", limits or CallLimits(), http=proxy) as transport:
        with pytest.raises(Fault) as caught:
            await transport.get("/070", access())
    assert "secret" not in f"{caught.value!r}{caught.value}{caught.value.hint}"
    return caught.value


async def test_calls_go_through_one_tunnel_with_the_client_certificate_and_unread() -> None:
    way = Way()
    async with (
        payex() as origin,
        listening(way) as port,
        Transport(origin, CallLimits(), http=Proxy(f"http://127.0.0.1:{port}")) as transport,
    ):
        shown = access()
        for _ in range(3):
            assert (await transport.get("/070", shown)).body == b"{}"
    [head] = way.heads
    assert head.startswith(f"CONNECT {origin.removeprefix('https://')} HTTP/1.1\r\n")
    assert "a-token" not in head
    assert b"070" not in way.seen
    assert b"a-token" not in way.seen


async def test_the_proxy_is_told_who_asks_if_it_wants_to_know() -> None:
    way = Way()
    async with payex() as origin, listening(way) as port:
        proxy = Proxy.parse(f"http://me:a%20secret@127.0.0.1:{port}")
        async with Transport(origin, CallLimits(), http=proxy) as transport:
            await transport.get("/a", access())
    shown = b64encode(b"me:a secret").decode()
    assert f"Proxy-Authorization: Basic {shown}\r\n" in way.heads[0]


@pytest.mark.parametrize(
    ("answer", "breakage"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", Breakage.NO_TUNNEL),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", Breakage.NO_TUNNEL),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Breakage.NO_TUNNEL),
        (RESET, Breakage.CUT_TUNNEL),
        (b"HTTP/1.1 2", Breakage.CUT_TUNNEL),
        (b"HTTP/1.1 201 Created\r\nVia", Breakage.CUT_TUNNEL),
        (b"SSH-2.0-OpenSSH\r\n", Breakage.NO_PROXY_HTTP),
        (b"\x15\x03\x01\x00\x02\x02\x16", Breakage.NO_PROXY_HTTP),
    ],
)
async def test_a_proxy_that_opens_no_tunnel_is_told_apart_from_payex(
    answer: bytes, breakage: Breakage
) -> None:
    """The hint names it, without the user and the password."""
    async with listening(Way(answer)) as port:
        fault = await fault_of(Proxy.parse(f"http://me:secret@127.0.0.1:{port}"))
    assert fault.code == FaultCode.UPSTREAM_UNREACHABLE
    assert fault.hint == f"{breakage} The proxy is http://127.0.0.1:{port}."


async def test_a_proxy_that_is_silent_is_named_with_the_limit() -> None:
    """It cannot be known whether PayEx would have answered behind it."""
    async with listening(Way(SILENCE)) as port:
        proxy = Proxy.parse(f"http://me:secret@127.0.0.1:{port}")
        fault = await fault_of(proxy, CallLimits(connect_timeout=0.2))
    assert fault.code == FaultCode.UPSTREAM_TIMEOUT
    assert fault.limit == {"GATEWAY_UPSTREAM_CONNECT_TIMEOUT": 0.2}
    assert fault.hint == f"{Breakage.SILENT_TUNNEL} The proxy is http://127.0.0.1:{port}."


async def test_a_tunnel_that_ends_in_the_handshake_may_be_the_fault_of_either() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    async with listening(close) as port:
        fault = await fault_of(Proxy(f"http://127.0.0.1:{port}"))
    assert fault.hint == f"{Breakage.LEFT_TUNNEL} The proxy is http://127.0.0.1:{port}."


async def test_a_proxy_that_is_not_there_is_told_apart_from_payex() -> None:
    async with listening(Way()) as port:
        pass
    fault = await fault_of(Proxy.parse(f"http://me:secret@127.0.0.1:{port}"))
    assert fault.code == FaultCode.UPSTREAM_UNREACHABLE
    assert fault.hint == f"{Breakage.NO_PROXY} The proxy is http://127.0.0.1:{port}."


@pytest.mark.parametrize(
    ("url", "address", "user", "password"),
    [
        ("http://proxy.example", "http://proxy.example:80", None, ""),
        ("http://proxy.example:3128/", "http://proxy.example:3128", None, ""),
        ("http://me:p%40ss@10.0.0.1:1", "http://10.0.0.1:1", "me", "p@ss"),
        ("http://me@[::1]:3128", "http://[::1]:3128", "me", ""),
    ],
)
def test_a_proxy_is_read_from_its_url(
    url: str, address: str, user: str | None, password: str
) -> None:
    proxy = Proxy.parse(url)
    assert (proxy.address, proxy.user, proxy.password) == (address, user, password)
    assert repr(proxy) == "Proxy()"


@pytest.mark.parametrize(
    "url",
    [
        "proxy.example:3128",
        "https://secret@proxy.example",
        "socks5://secret@proxy.example",
        "http://",
        "http://proxy.example:secret",
        "http://proxy.example/secret",
        "http://proxy.example/?secret",
    ],
)
def test_another_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="must look like") as refused:
        Proxy.parse(url)
    assert "secret" not in str(refused.value)
