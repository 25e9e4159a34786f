"""Why no connection came about is told in plain words, with what to do."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import trustme

from gateway.contract import CheckNumbers, Status, check
from gateway.settings.load import load_settings
from tests.payex.loopback import listening

AUTHORITY = trustme.CA()


@asynccontextmanager
async def served(tls: ssl.SSLContext | None, answer: bytes) -> AsyncIterator[int]:
    """Serve one fixed answer on a free port, or hang up if it is empty."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def server_tls(*, client: bool = False) -> ssl.SSLContext:
    """Return the TLS of a server with a certificate for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    if client:
        AUTHORITY.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def report(origin: str, **settings: str) -> tuple[str, Status]:
    """Check this origin, and return the report with its lines joined."""
    variables = {
        "GATEWAY_UPSTREAM_ORIGIN": origin,
        "GATEWAY_LEDGER_TOKENS": '{"1234": "token-of-1234"}',
        "GATEWAY_INSECURE": "1",
        **settings,
    }
    text, status = await check(load_settings(variables), CheckNumbers("1234", "123456"))
    return " ".join(text.split()), status


async def test_a_server_that_cannot_be_trusted() -> None:
    async with served(server_tls(), b"") as port:
        text, status = await report(f"https://127.0.0.1:{port}")

    assert status is Status.NOT_ASKED
    assert "TLS failed. The server's certificate is not trusted" in text
    assert "name its authority in GATEWAY_UPSTREAM_CA_FILE" in text


async def test_a_client_certificate_that_is_shown_and_when_it_expires(tmp_path: Path) -> None:
    authority, own = tmp_path / "ca.pem", tmp_path / "own.pem"
    AUTHORITY.cert_pem.write_to_path(authority)
    end = datetime.now(UTC) + timedelta(days=30)
    certificate = AUTHORITY.issue_cert("gateway.example", not_after=end)
    certificate.private_key_and_cert_chain_pem.write_to_path(own)
    answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"

    async with served(server_tls(client=True), answer) as port:
        text, status = await report(
            f"https://127.0.0.1:{port}",
            GATEWAY_UPSTREAM_CA_FILE=str(authority),
            GATEWAY_CLIENT_CERTIFICATE_FILE=str(own),
        )

    assert status is Status.NOT_ASKED
    expected = f"TLS established. Client certificate: sent; it expires on {end:%Y-%m-%d} Token"
    assert f"{expected} refused" in text


async def test_an_expired_client_certificate_is_said_to_be(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    end = datetime.now(UTC) - timedelta(days=3)
    certificate = AUTHORITY.issue_cert("gateway.example", not_after=end)
    certificate.private_key_and_cert_chain_pem.write_to_path(own)

    text, _ = await report("https://127.0.0.1:9", GATEWAY_CLIENT_CERTIFICATE_FILE=str(own))

    assert f"Client certificate: sent; it expired on {end:%Y-%m-%d}" in text


async def test_nothing_listens() -> None:
    async with served(None, b"") as port:
        pass

    text, status = await report(f"http://127.0.0.1:{port}")

    assert status is Status.NOT_ASKED
    assert "Nothing listens at the host and port of GATEWAY_UPSTREAM_ORIGIN." in text


async def test_the_other_end_hangs_up() -> None:
    async with served(None, b"") as port:
        text, _ = await report(f"http://127.0.0.1:{port}")

    assert "The other end closed the connection without an answer." in text
    assert "Over https, check the client certificate" in text


async def test_the_other_end_speaks_another_language() -> None:
    async with served(None, b"220 mail.example ESMTP\r\n") as port:
        text, _ = await report(f"http://127.0.0.1:{port}")

    assert "The answer is not HTTP that the gateway can read." in text


async def test_a_host_that_does_not_exist() -> None:
    text, _ = await report("https://nowhere.invalid")

    assert "The host of GATEWAY_UPSTREAM_ORIGIN has no address." in text
    assert "TLS not reached. Client certificate: none configured" in text


async def test_a_client_certificate_that_the_server_does_not_take() -> None:
    class Refusing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            cause = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] alert")
            cause.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
            raise httpx.ReadError(request.url.host) from cause

    variables = {
        "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
        "GATEWAY_LEDGER_TOKENS": '{"1234": "token-of-1234"}',
        "GATEWAY_INSECURE": "1",
    }
    numbers = CheckNumbers("1234", "123456")
    text, status = await check(load_settings(variables), numbers, http=Refusing())

    assert status is Status.NOT_ASKED
    assert "The server wants a client certificate, and was shown none." in text
    assert "that PayEx issued for this system" in " ".join(text.split())


async def test_a_proxy_that_fails_is_named_and_not_payex() -> None:
    """It is told with its address, without the user and the password."""
    async with served(None, b"") as port:
        proxy = f"http://me:secret@127.0.0.1:{port}"
        text, status = await report("https://127.0.0.1:9", GATEWAY_UPSTREAM_PROXY=proxy)

    assert status is Status.NOT_ASKED
    assert "The proxy closed the connection without opening a tunnel to PayEx. " in text
    assert f"The proxy is http://127.0.0.1:{port}. Check GATEWAY_UPSTREAM_PROXY" in text
    assert "secret" not in text


async def test_a_proxy_that_is_silent_may_be_what_keeps_the_answer() -> None:
    async def wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(wait) as port:
        proxy = f"http://me:secret@127.0.0.1:{port}"
        text, _ = await report(
            "https://127.0.0.1:9",
            GATEWAY_UPSTREAM_PROXY=proxy,
        )

    assert "No answer came within GATEWAY_UPSTREAM_CONNECT_TIMEOUT (3 seconds)." in text
    assert f"The proxy is http://127.0.0.1:{port}. Check GATEWAY_UPSTREAM_PROXY" in text


async def test_a_scheme_that_is_not_that_of_the_port_is_told() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(answer) as port:
        text, _ = await report(f"https://127.0.0.1:{port}")
    assert "The server at this port does not use TLS; check the scheme" in text

    async with served(server_tls(), b"") as port:
        text, _ = await report(f"http://127.0.0.1:{port}")
    assert "check the scheme of GATEWAY_UPSTREAM_ORIGIN" in text


async def test_an_answer_that_is_all_headers_says_that_it_may_be_another_s() -> None:
    async with served(None, b"HTTP/1.1 103 Early Hints\r\n\r\n" * 999) as port:
        text, status = await report(f"http://127.0.0.1:{port}")

    assert status is Status.NOT_ASKED
    assert "hardly any body" in text
    assert "may answer in its place: ask PayEx." in text
