"""The gateway and an upstream that demands client certificates, over real TLS on loopback."""

import asyncio
import json
import logging
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
import uvicorn
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway.app import create_app
from gateway.sandbox import TOKENS, create_sandbox
from gateway.settings.load import load_settings

SECONDS = 60
NOW = datetime.now(UTC)
INVOICES = ("123456", "123455", "55", "5600", "880044")
FOUND = {"data": {"owner": {"invoice": {"__typename": "Invoice"}}}}
TOML = """
[tenants.acme]
certificate = "acme.pem"
[ledgers.1234]
tenant = "acme"
token_file = "1234.token"
"""
ISSUER, NEXT_ISSUER, STRANGER = (trustme.CA() for _ in range(3))


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something that tells nobody is the case."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class Payex:
    """The sandbox behind TLS, which lets in only who shows a certificate of the issuers.

    Attributes:
        issued: the tokens of ledger 1234 that it takes.
        asked: how often it was asked with each of them.
        seen: how many connections were made with the certificate of each name.
        open: how many of those are open.
    """

    def __init__(
        self, authority: trustme.CA, *, name: str, newest: ssl.TLSVersion, latency: float
    ) -> None:
        self.issued = {TOKENS["1234"]}
        self.asked: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.open: Counter[str] = Counter()
        self._sandbox: ASGIApp = create_sandbox(latency=latency)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        context.maximum_version = newest
        authority.issue_cert(name).configure_cert(context)
        for issuer in (ISSUER, NEXT_ISSUER):
            issuer.configure_trust(context)
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the sandbox does, to each of the tokens."""
        headers = dict(scope["headers"])
        token = headers[b"authorization"].decode().removeprefix("Bearer ")
        if token in self.issued:
            self.asked[token] += 1
            headers[b"authorization"] = f"Bearer {TOKENS['1234']}".encode()
        await self._sandbox({**scope, "headers": list(headers.items())}, receive, send)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve it, and tell its origin."""
        payex = self

        class Protocol(H11Protocol):
            """Tells who connects."""

            name = ""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                subject = transport.get_extra_info("peercert")["subject"]
                self.name = dict(pair for (pair,) in subject)["commonName"]
                payex.seen[self.name] += 1
                payex.open[self.name] += 1
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                payex.open[self.name] -= 1
                super().connection_lost(exc)

        config = uvicorn.Config(self, http=Protocol, port=0, lifespan="off", log_config=None)
        config.load()
        config.ssl = self._context
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"https://localhost:{port}"
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def upstream(
    authority: trustme.CA = ISSUER,
    *,
    name: str = "localhost",
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    latency: float = 0.0,
) -> AsyncIterator[tuple[Payex, dict[str, str]]]:
    """Serve an upstream; return it, and the variables of a gateway in front of it."""
    payex = Payex(authority, name=name, newest=newest, latency=latency)
    async with payex.served() as origin:
        yield (
            payex,
            {
                "GATEWAY_UPSTREAM_ORIGIN": origin,
                "GATEWAY_INSECURE": "1",
                "GATEWAY_RETRY_ATTEMPTS": "1",
                "GATEWAY_CACHE_BILLED_TTL": "0",
                "GATEWAY_CREDENTIALS_POLL": "0.1",
            },
        )


@asynccontextmanager
async def gateway(variables: Mapping[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a gateway, and return a client of it."""
    app = create_app(load_settings(variables))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        yield client


async def ask(client: httpx.AsyncClient, invoice: str = INVOICES[0]) -> Any:
    query = f'{{ owner(ownerNo: "1234") {{ invoice(invoiceNo: "{invoice}") {{ __typename }} }} }}'
    reply = (await client.post("/graphql", json={"query": query})).json()
    reply.pop("extensions", None)
    return reply


def swap(path: Path, content: bytes) -> None:
    """Put another content into the place of a file, at once."""
    other = path.with_suffix(".new")
    other.write_bytes(content)
    other.replace(path)


def issued(issuer: trustme.CA, name: str, end: timedelta = timedelta(days=1)) -> bytes:
    """Return a certificate with this name and its key, which is valid until this time from now."""
    start = NOW - timedelta(days=9)
    leaf = issuer.issue_cert(
        "acme.example", common_name=name, not_before=start, not_after=NOW + end
    )
    return leaf.private_key_and_cert_chain_pem.bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with credentials that the upstream takes, and its authority."""
    (tmp_path / "credentials.toml").write_text(TOML)
    (tmp_path / "acme.pem").write_bytes(issued(ISSUER, "first"))
    (tmp_path / "1234.token").write_text(TOKENS["1234"])
    (tmp_path / "ca.pem").write_bytes(ISSUER.cert_pem.bytes())
    return tmp_path


def from_file(folder: Path) -> dict[str, str]:
    """Return the variables of credentials in a file."""
    return {
        "GATEWAY_CREDENTIALS_FILE": str(folder / "credentials.toml"),
        "GATEWAY_UPSTREAM_CA_FILE": str(folder / "ca.pem"),
    }


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_the_right_certificate_is_let_in(folder: Path, newest: ssl.TLSVersion) -> None:
    async with (
        upstream(newest=newest) as (payex, variables),
        gateway({**variables, **from_file(folder)}) as client,
    ):
        for _ in range(3):
            assert await ask(client) == FOUND
        assert payex.seen == {"first": 1}


async def test_variables_do_what_the_file_does(folder: Path) -> None:
    """Certificate and key lie in files of their own here, and the key is encrypted."""
    key = load_pem_private_key((folder / "acme.pem").read_bytes(), None)
    (folder / "acme.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open"))
    )
    (folder / "acme.pass").write_text("open\n")
    credentials = {
        "GATEWAY_LEDGER_TOKENS": json.dumps({"1234": TOKENS["1234"]}),
        "GATEWAY_CLIENT_CERTIFICATE_FILE": str(folder / "acme.pem"),
        "GATEWAY_CLIENT_KEY_FILE": str(folder / "acme.key"),
        "GATEWAY_CLIENT_KEY_PASSPHRASE_FILE": str(folder / "acme.pass"),
        "GATEWAY_UPSTREAM_CA_FILE": str(folder / "ca.pem"),
    }
    async with (
        upstream() as (payex, variables),
        gateway({**variables, **credentials}) as client,
    ):
        assert await ask(client) == FOUND
        assert payex.seen == {"first": 1}


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    "certificate",
    [
        None,
        issued(STRANGER, "stranger"),
        issued(ISSUER, "expired", timedelta(days=-1)),
    ],
    ids=["none", "of another issuer", "expired"],
)
async def test_a_certificate_that_the_upstream_refuses_makes_it_unreachable(
    folder: Path,
    certificate: bytes | None,
    newest: ssl.TLSVersion,
) -> None:
    if certificate:
        (folder / "acme.pem").write_bytes(certificate)
    else:
        (folder / "credentials.toml").write_text("[ledgers.1234]\ntoken_file = '1234.token'\n")
    async with (
        upstream(newest=newest) as (payex, variables),
        gateway({**variables, **from_file(folder)}) as client,
    ):
        reply = await ask(client)
        assert not payex.asked
    (error,) = reply["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_UNREACHABLE"


@pytest.mark.parametrize(
    ("authority", "name", "told"),
    [
        (STRANGER, "localhost", "its issuer is unknown; see GATEWAY_UPSTREAM_CA_FILE."),
        (ISSUER, "elsewhere.example", "it is for another host name."),
    ],
)
async def test_a_server_that_is_not_trusted_is_unreachable_and_shown_no_token(
    folder: Path,
    authority: trustme.CA,
    name: str,
    told: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        upstream(authority, name=name) as (payex, variables),
        gateway({**variables, **from_file(folder)}) as client,
    ):
        reply = await ask(client)
        assert not payex.asked
    (error,) = reply["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_UNREACHABLE"
    assert f"The server's certificate is not trusted: {told}" in caplog.text


async def test_a_rotation_under_load_fails_no_request(folder: Path) -> None:
    """Token and certificate are swapped, time and again, while calls are always under way."""
    rounds = 4

    async def load(client: httpx.AsyncClient, invoice: str) -> None:
        while not rotated.is_set():
            assert await ask(client, invoice) == FOUND

    async def rotate(payex: Payex) -> None:
        for turn in range(rounds):
            token, name = f"token-{turn}", f"certificate-{turn}"
            payex.issued.add(token)
            swap(folder / "1234.token", token.encode())
            swap(folder / "acme.pem", issued((ISSUER, NEXT_ISSUER)[turn % 2], name))
            await until(lambda: bool(payex.asked[token] and payex.seen[name]))  # noqa: B023
        rotated.set()

    rotated = asyncio.Event()
    async with (
        upstream(latency=0.05) as (payex, variables),
        gateway({**variables, **from_file(folder)}) as client,
    ):
        async with asyncio.TaskGroup() as tasks:
            for invoice in INVOICES:
                tasks.create_task(load(client, invoice))
            tasks.create_task(rotate(payex))
        assert payex.asked.keys() >= {f"token-{turn}" for turn in range(rounds)}
        # The connections with what was replaced are closed when their last call has ended.
        await until(lambda: set(+payex.open) == {f"certificate-{rounds - 1}"})


async def test_a_broken_file_leaves_the_former_credentials_in_use(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def logged(words: str) -> None:
        async with asyncio.timeout(SECONDS):
            while words not in caplog.text:
                assert await ask(client) == FOUND

    async with (
        upstream() as (payex, variables),
        gateway({**variables, **from_file(folder)}) as client,
    ):
        swap(folder / "acme.pem", b"broken")
        await logged("the credentials are broken, the former stay in use")
        assert set(payex.seen) == {"first"}
        swap(folder / "acme.pem", issued(NEXT_ISSUER, "second"))
        await logged("the credentials are in order again")
        assert await ask(client) == FOUND
        assert set(payex.seen) == {"first", "second"}
    assert caplog.text.count("the credentials are broken") == 1
