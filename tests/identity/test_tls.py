"""HTTPS on real sockets: who shows a certificate of the authority is known, and nobody else is."""

import asyncio
import logging
import pickle
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

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
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from gateway.app import create_app
from gateway.http.refusals import Refusal
from gateway.identity.configuration import identity_of
from gateway.identity.router_trust import peer_names
from gateway.server.peer_certificates import PeerCertificateProtocol
from gateway.server.process import ServerConfig
from gateway.server.tls import ServedCertificate, renewal_of, tls_options
from gateway.settings.load import SettingsError
from resolvers.payex.credentials.client_certificate import ClientCertificate
from resolvers.payex.credentials.watched_files import File, WatchedFiles

SECONDS = 60
SERVERS, ROUTERS, STRANGERS = (trustme.CA() for _ in range(3))
ROUTER = "router.example"


def certificate(issuer: trustme.CA, *names: str, common: str | None = None, days: int = 1) -> bytes:
    """Return a certificate and its key, valid for so many days from now on."""
    now = datetime.now(UTC)
    leaf = issuer.issue_cert(
        *names,
        common_name=common,
        not_before=now - timedelta(days=9),
        not_after=now + timedelta(days=days),
    )
    return leaf.private_key_and_cert_chain_pem.bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the server's certificate, and the authority of the routers."""
    (tmp_path / "server.pem").write_bytes(certificate(SERVERS, "localhost"))
    (tmp_path / "routers.pem").write_bytes(ROUTERS.cert_pem.bytes())
    return tmp_path


@pytest.fixture
def settings(configured: Any, folder: Path) -> Callable[..., Any]:
    """Makes settings by which HTTPS is served, and routers show certificates."""

    def of(**variables: Any) -> Any:
        return configured(
            tls_certificate_file=folder / "server.pem",
            tls_client_ca_file=folder / "routers.pem",
            **variables,
        )

    return of


async def names_of_the_peer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the names in the client's certificate."""
    names = peer_names(scope)
    response = JSONResponse(None if names is None else sorted(names))
    await response(scope, receive, send)


@asynccontextmanager
async def served(
    app: Any, options: dict[str, Any], lifespan: Literal["on", "off"] = "off"
) -> AsyncIterator[str]:
    """Serve an app with these options of the server, and tell its origin."""
    config = ServerConfig(app, port=0, lifespan=lifespan, log_config=None, **options)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(SECONDS):
        while not server.started:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"https://localhost:{port}"
    finally:
        server.should_exit = True
        await serving


def trusting(shown: bytes | None = None, *, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Return what a client connects with that trusts the server, and shows this certificate."""
    context = ssl.create_default_context()
    SERVERS.configure_trust(context)
    if newest:
        context.maximum_version = newest
    if shown:
        with trustme.Blob(shown).tempfile() as path:
            context.load_cert_chain(path)
    return context


async def get(
    url: str, context: ssl.SSLContext, headers: dict[str, str] | None = None
) -> httpx.Response:
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=SECONDS) as client:
        return await client.get(url, headers=headers)


@pytest.mark.parametrize(
    ("shown", "names"),
    [
        (None, None),
        (certificate(ROUTERS, ROUTER), [ROUTER]),
        (certificate(ROUTERS, ROUTER, common="other"), [ROUTER]),
        (certificate(ROUTERS, common="router"), ["router"]),
    ],
    ids=["none", "host", "host before common name", "common name"],
)
async def test_the_app_is_told_whose_certificate_was_shown(
    settings: Any, shown: bytes | None, names: list[str] | None
) -> None:
    async with served(names_of_the_peer, tls_options(settings())) as origin:
        context = trusting(shown)
        assert (await get(origin, context)).json() == names
        forged = {"x-forwarded-client-cert": ROUTER, "payex-usage-peer": ROUTER}
        assert (await get(origin, context, forged)).json() == names


@pytest.mark.parametrize(
    "shown",
    [certificate(STRANGERS, ROUTER), certificate(ROUTERS, ROUTER, days=-1)],
    ids=["of another authority", "expired"],
)
async def test_a_certificate_that_is_not_right_is_refused_by_tls(
    settings: Any, shown: bytes
) -> None:
    async with served(names_of_the_peer, tls_options(settings())) as origin:
        with pytest.raises(httpx.TransportError):
            await get(origin, trusting(shown))


async def test_tls_1_2_is_spoken_where_no_certificate_of_a_client_counts(
    settings: Any, configured: Any, folder: Path
) -> None:
    """In TLS 1.2 a session could be resumed after its certificate is worth nothing any more."""
    old = trusting(newest=ssl.TLSVersion.TLSv1_2)
    plain = tls_options(configured(tls_certificate_file=folder / "server.pem"))
    async with served(names_of_the_peer, plain) as origin:
        assert (await get(origin, old)).status_code == 200
    async with served(names_of_the_peer, tls_options(settings())) as origin:
        with pytest.raises(httpx.TransportError):
            await get(origin, old)


async def test_a_kept_connection_keeps_its_names_and_another_has_its_own(settings: Any) -> None:
    async with (
        served(names_of_the_peer, tls_options(settings())) as origin,
        httpx.AsyncClient(verify=trusting(certificate(ROUTERS, "a.example"))) as first,
        httpx.AsyncClient(verify=trusting()) as second,
    ):
        for _ in range(3):
            assert (await first.get(origin)).json() == ["a.example"]
            assert (await second.get(origin)).json() is None


async def test_a_request_that_asks_for_another_protocol_keeps_its_body(settings: Any) -> None:
    """What its body holds is not answered in place of the next request."""

    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = (await request.body()).decode()
        await JSONResponse([scope["path"], body, sorted(peer_names(scope) or ())])(
            scope, receive, send
        )

    smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    wish = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}
    shown = trusting(certificate(ROUTERS, ROUTER))
    async with (
        served(echo, tls_options(settings())) as origin,
        httpx.AsyncClient(verify=shown, trust_env=False, timeout=SECONDS) as client,
    ):
        first = await client.post(f"{origin}/a", headers=wish, content=smuggled)
        second = await client.get(f"{origin}/b")

    assert first.json() == ["/a", smuggled, [ROUTER]]
    assert second.json() == ["/b", "", [ROUTER]]


async def test_without_an_authority_of_clients_nobody_is_asked_for_a_certificate(
    configured: Any, folder: Path
) -> None:
    options = tls_options(configured(tls_certificate_file=folder / "server.pem"))
    async with served(names_of_the_peer, options) as origin:
        assert (await get(origin, trusting(certificate(ROUTERS, ROUTER)))).json() is None


async def test_a_router_with_a_certificate_of_its_name_may_forward_claims(settings: Any) -> None:
    """And another name of the same authority may not."""
    chosen = settings(router_names=ROUTER)
    identity = identity_of(chosen)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            visitor = await identity.visitor(Request(scope))
            rights = visitor.caller({"jwt": {"payload": {"ledgers": ["1234"]}}}).rights
            answer = JSONResponse(sorted(rights.ledgers))
        except Refusal as refusal:
            answer = JSONResponse(str(refusal), refusal.status)
        await answer(scope, receive, send)

    async with served(app, tls_options(chosen)) as origin:
        router = await get(origin, trusting(certificate(ROUTERS, ROUTER)))
        other = await get(origin, trusting(certificate(ROUTERS, "other.example")))
        stranger = await get(origin, trusting())

    assert (router.status_code, router.json()) == (200, ["1234"])
    assert (other.status_code, stranger.status_code) == (401, 401)


def served_by(folder: Path) -> dict[str, Any]:
    """Return the options of a server with the files of a folder."""
    made = ServedCertificate(
        ClientCertificate(certificate=File(folder / "server.pem", "GATEWAY_TLS_CERTIFICATE_FILE")),
        File(folder / "routers.pem", "GATEWAY_TLS_CLIENT_CA_FILE"),
    )
    return {"http": PeerCertificateProtocol, "ssl_context_factory": made}


async def serial(origin: str) -> str:
    """Return the serial number of the server's certificate."""
    _, writer = await asyncio.open_connection(
        "localhost", int(origin.rpartition(":")[2]), ssl=trusting()
    )
    found: str = writer.get_extra_info("peercert")["serialNumber"]
    writer.close()
    return found


async def test_changed_certificates_and_authorities_are_taken_up_by_the_next_handshake(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway")
    router, stranger = certificate(ROUTERS, ROUTER), certificate(STRANGERS, ROUTER)
    options = served_by(folder)
    renewal = renewal_of(options["ssl_context_factory"])
    async with served(names_of_the_peer, options) as origin:
        first = await serial(origin)
        put(folder / "server.pem", certificate(SERVERS, "localhost"))
        put(folder / "routers.pem", STRANGERS.cert_pem.bytes())
        assert await serial(origin) == first
        assert await renewal.refresh()
        second = await serial(origin)
        assert second != first
        assert (await get(origin, trusting(stranger))).json() == [ROUTER]
        with pytest.raises(httpx.TransportError):
            await get(origin, trusting(router))
        put(folder / "server.pem", b"broken")
        assert not await renewal.refresh()
        assert await serial(origin) == second

    lines = [r.getMessage().partition(":")[0] for r in caplog.records if "gateway" in r.name]
    assert lines == [
        "took up a changed certificate of the server",
        "the server's certificate is broken, the former stays in use",
    ]


def put(path: Path, content: bytes) -> None:
    """Put another content into the place of a file, at once."""
    other = path.with_suffix(".new")
    other.write_bytes(content)
    other.replace(path)


async def test_the_files_of_https_are_watched_while_the_gateway_is_served(
    configured: Any, folder: Path
) -> None:
    settings = configured(tls_certificate_file=folder / "server.pem", credentials_poll=0.1)
    options = tls_options(settings)
    async with served(create_app(settings), options, "on") as origin, asyncio.timeout(60):
        first = await serial(origin)
        put(folder / "server.pem", certificate(SERVERS, "localhost"))
        while await serial(origin) == first:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_each_connection_of_tls_1_3_shows_its_certificate_anew(settings: Any) -> None:
    """No ticket is given by which one could be resumed without."""
    async with served(names_of_the_peer, tls_options(settings())) as origin:
        context = trusting(certificate(ROUTERS, ROUTER))
        reader, writer = await asyncio.open_connection(
            "localhost", int(origin.rpartition(":")[2]), ssl=context
        )
        # A ticket would come after the handshake, before what is answered.
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        session = writer.get_extra_info("ssl_object").session
        writer.close()

    assert session is None or not session.has_ticket


def test_without_a_certificate_nothing_changes(configured: Any) -> None:
    assert tls_options(configured()) == {}


def test_the_options_can_be_handed_to_other_processes(settings: Any) -> None:
    """As they are to the workers, each of which reads the files for itself."""
    options = pickle.loads(pickle.dumps(tls_options(settings())))  # noqa: S301 - our own

    assert options["ssl_context_factory"].load(WatchedFiles())


def test_the_key_may_be_encrypted_and_in_a_file_of_its_own(configured: Any, folder: Path) -> None:
    key = load_pem_private_key((folder / "server.pem").read_bytes(), None)
    (folder / "server.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open"))
    )
    (folder / "server.pass").write_text("open\n")

    assert tls_options(
        configured(
            tls_certificate_file=folder / "server.pem",
            tls_key_file=folder / "server.key",
            tls_key_passphrase_file=folder / "server.pass",
        )
    )


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("server.pem", "broken", "GATEWAY_TLS_CERTIFICATE_FILE: has no PEM certificate"),
        ("server.pem", None, "GATEWAY_TLS_CERTIFICATE_FILE: cannot be read"),
        ("routers.pem", "broken", "GATEWAY_TLS_CLIENT_CA_FILE: has no PEM certificate"),
        ("routers.pem", None, "GATEWAY_TLS_CLIENT_CA_FILE: cannot be read"),
    ],
)
def test_files_that_cannot_be_used_are_told_at_the_start(
    settings: Any, folder: Path, name: str, content: str | None, told: str
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(SettingsError, match=told):
        tls_options(settings())
