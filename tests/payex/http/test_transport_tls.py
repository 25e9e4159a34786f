"""What failed of TLS is told, by what real handshakes end in."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
import trustme

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.credentials.access import Access
from resolvers.payex.credentials.tls import client_context
from resolvers.payex.http.breakages import Breakage
from resolvers.payex.http.responses import CallLimits
from resolvers.payex.http.transport import Transport
from tests.payex.loopback import listening

ISSUER, STRANGER = trustme.CA(), trustme.CA()
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
PAST = datetime(2020, 1, 1, tzinfo=UTC)
REFUSED = "The server refused the client certificate"


@asynccontextmanager
async def served(context: ssl.SSLContext) -> AsyncIterator[str]:
    """A server that says over TLS why it refuses, and that waits until it was heard."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(received, sent, server_side=True)
        refused = False
        while data := await reader.read(65536):
            received.write(data)
            try:
                if not refused:
                    tls.do_handshake()
                    if tls.read(65536):
                        tls.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                refused = True
            writer.write(sent.read())
            await writer.drain()

    async with listening(answer) as port:
        yield f"https://localhost:{port}"


def server(authority: trustme.CA = ISSUER, name: str = "localhost") -> ssl.SSLContext:
    """Return the context of a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def strict(newest: ssl.TLSVersion) -> ssl.SSLContext:
    """Return the context of a server that demands a client certificate."""
    context = server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = newest
    ISSUER.configure_trust(context)
    return context


def client(leaf: trustme.LeafCert | None = None) -> Access:
    """Return an access with this client certificate."""
    tls = client_context(ssl.PEM_cert_to_DER_cert(ISSUER.cert_pem.bytes().decode()))
    if leaf:
        leaf.configure_cert(tls)
    return Access(token="a-token", tls=tls)  # noqa: S106 - opens nothing


async def hint(origin: str, access: Access) -> str:
    """Return what the operator is told of a call that fails."""
    async with Transport(origin, CallLimits()) as transport:
        with pytest.raises(Fault) as caught:
            await transport.get("/a", access)
    assert caught.value.code is FaultCode.UPSTREAM_UNREACHABLE
    assert caught.value.__suppress_context__
    return caught.value.hint


@pytest.mark.parametrize("newest", [TLS_1_2, TLS_1_3])
async def test_a_certificate_of_the_issuer_is_let_in(newest: ssl.TLSVersion) -> None:
    async with (
        served(strict(newest)) as origin,
        Transport(origin, CallLimits()) as transport,
    ):
        answer = await transport.get("/a", client(ISSUER.issue_cert("acme.example")))
    assert answer.body == b"{}"


@pytest.mark.parametrize("newest", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize(
    ("leaf", "told"),
    [
        (STRANGER.issue_cert("acme.example"), f"{REFUSED}: its issuer is unknown."),
        (
            ISSUER.issue_cert("acme.example", not_before=PAST, not_after=PAST),
            f"{REFUSED}: it has expired, or is not valid yet.",
        ),
    ],
)
async def test_a_refused_certificate_is_told_with_the_server_s_reason(
    leaf: trustme.LeafCert, told: str, newest: ssl.TLSVersion
) -> None:
    async with served(strict(newest)) as origin:
        assert await hint(origin, client(leaf)) == told


@pytest.mark.parametrize(
    ("newest", "told"),
    [
        (
            TLS_1_2,
            (
                "The server broke the handshake off, as it does when it is shown no client "
                "certificate."
            ),
        ),
        (TLS_1_3, "The server wants a client certificate, and was shown none."),
    ],
)
async def test_a_missing_certificate_is_told(newest: ssl.TLSVersion, told: str) -> None:
    async with served(strict(newest)) as origin:
        assert await hint(origin, client()) == told


@pytest.mark.parametrize(
    ("context", "told"),
    [
        (server(STRANGER), "its issuer is unknown; see GATEWAY_UPSTREAM_CA_FILE."),
        (server(name="elsewhere.example"), "it is for another host name."),
    ],
)
async def test_a_server_that_is_not_trusted_is_told(context: ssl.SSLContext, told: str) -> None:
    async with served(context) as origin:
        assert await hint(origin, client()) == f"The server's certificate is not trusted: {told}"


async def test_a_server_whose_certificate_expired_is_told() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ISSUER.issue_cert("localhost", not_before=PAST, not_after=PAST).configure_cert(context)
    async with served(context) as origin:
        told = await hint(origin, client())
    assert told == "The server's certificate is not trusted: it has expired."


async def test_without_a_context_only_public_authorities_are_trusted() -> None:
    async with served(server()) as origin:
        told = await hint(origin, Access(token="a-token"))  # noqa: S106 - opens nothing
    assert "its issuer is unknown" in told


async def test_a_server_that_leaves_in_the_handshake_is_told() -> None:
    async def leave(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(65536)

    async with listening(leave) as port:
        told = await hint(f"https://localhost:{port}", client())
    assert told.startswith("The server left in the middle of the handshake")


async def test_a_server_that_leaves_at_the_first_call_may_refuse_the_certificate() -> None:
    """With TLS 1.3 the client has ended the handshake before the server sees a certificate."""

    async def leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)
        writer.transport.abort()

    async with listening(leave, server()) as port:
        told = await hint(f"https://localhost:{port}", client())
    assert told.startswith(Breakage.CLOSED)
    assert "client certificate" in told


async def test_without_tls_nothing_is_said_of_it() -> None:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    async with listening(reset) as port:
        assert await hint(f"http://localhost:{port}", client()) == Breakage.CLOSED


async def test_an_older_tls_than_1_2_is_not_spoken() -> None:
    context = server()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with served(context) as origin:
        told = await hint(origin, client())
    assert told == "The server speaks no version of TLS from 1.2 on."
