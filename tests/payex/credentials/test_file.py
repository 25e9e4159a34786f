"""Credentials are taken up anew when their files change, whole or not at all."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from resolvers.payex.credentials.access import Access, CredentialsError
from resolvers.payex.credentials.client_certificate import ClientCertificate
from resolvers.payex.credentials.file import CredentialsFile
from resolvers.payex.credentials.layout import Layout, Ledger
from resolvers.payex.credentials.watched_files import File

AUTHORITY = trustme.CA()
NOW = datetime(2026, 6, 1, tzinfo=UTC)
TOML = """
[tenants.acme]
certificate = "acme.pem"
[ledgers.1234]
tenant = "acme"
token_file = "1234.token"
[ledgers.5678]
token = "token-of-5678"
"""


def swap(path: Path, content: bytes) -> None:
    """Put another content into the place of a file, at once."""
    other = path.with_suffix(".new")
    other.write_bytes(content)
    other.replace(path)


def write_anew(folder: Path) -> None:
    """Replace each file by one that holds the same."""
    for path in list(folder.iterdir()):
        swap(path, path.read_bytes())


def certificate(start: datetime = NOW, end: datetime = NOW + timedelta(days=9)) -> bytes:
    """Return a new certificate with its key."""
    leaf = AUTHORITY.issue_cert("acme.example", not_before=start, not_after=end)
    return leaf.private_key_and_cert_chain_pem.bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with credentials in order."""
    (tmp_path / "credentials.toml").write_text(TOML)
    (tmp_path / "1234.token").write_text("token-of-1234\n")
    (tmp_path / "acme.pem").write_bytes(certificate())
    return tmp_path


@pytest.fixture
def opened(folder: Path) -> CredentialsFile:
    """The credentials of the folder."""
    return CredentialsFile(folder / "credentials.toml", now=lambda: NOW)


def known(credentials: CredentialsFile, ledger: str = "1234") -> Access:
    """Return the access to a ledger that there is one to."""
    access = credentials.access(ledger)
    assert access is not None
    return access


def test_each_ledger_has_its_token_and_the_connections_of_its_tenant(
    opened: CredentialsFile, folder: Path
) -> None:
    access = known(opened)
    assert (access.token, access.tenant, access.generation) == ("token-of-1234", "acme", 1)
    assert access.tls is opened.tls("acme")
    other = known(opened, "5678")
    assert (other.token, other.tenant) == ("token-of-5678", None)
    assert other.tls is opened.tls(None) is not access.tls
    assert opened.token("1234") == "token-of-1234"
    assert opened.access("1") is None
    assert opened.token("1") is None
    assert opened.certificate_paths() == {"acme": folder / "acme.pem"}
    assert opened.expiries() == {"acme": NOW + timedelta(days=9)}
    with pytest.raises(KeyError):
        opened.tls("other")


def test_credentials_show_neither_themselves_nor_their_ledgers(opened: CredentialsFile) -> None:
    assert repr(opened) == str(opened) == "CredentialsFile(2 ledgers)"


async def test_a_layout_may_be_given_without_a_file(folder: Path) -> None:
    shown = ClientCertificate(File(folder / "acme.pem", "GATEWAY_CLIENT_CERTIFICATE_FILE"))
    layout = Layout({"1234": Ledger(SecretStr("a"), "default")}, {"default": shown})
    credentials = CredentialsFile(layout)
    assert known(credentials).tls is credentials.tls("default")
    swap(folder / "acme.pem", certificate())
    assert await credentials.refresh()
    assert known(credentials).generation == 2


async def test_further_authorities_are_trusted_for_every_tenant_and_watched(folder: Path) -> None:
    path = folder / "ca.pem"
    path.write_bytes(AUTHORITY.cert_pem.bytes())
    credentials = CredentialsFile(
        folder / "credentials.toml", authorities=File(path, "GATEWAY_UPSTREAM_CA_FILE")
    )
    before = {tenant: credentials.tls(tenant) for tenant in (None, "acme")}
    swap(path, AUTHORITY.cert_pem.bytes() + trustme.CA().cert_pem.bytes())
    assert await credentials.refresh()
    for tenant, context in before.items():
        now = credentials.tls(tenant)
        assert len(now.get_ca_certs()) == len(context.get_ca_certs()) + 1


@pytest.mark.parametrize("content", [b"", b"not PEM"])
def test_authorities_that_cannot_be_read_are_refused(folder: Path, content: bytes) -> None:
    (folder / "ca.pem").write_bytes(content)
    with pytest.raises(CredentialsError) as caught:
        CredentialsFile(
            folder / "credentials.toml", authorities=File(folder / "ca.pem", "GATEWAY_X")
        )
    assert str(caught.value) == "GATEWAY_X: has no PEM certificate that can be read."


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("credentials.toml", b"", "{path}: ledgers: is missing."),
        (
            "1234.token",
            b"\n",
            ("{path}: ledgers.1234.token_file: the token must be printable ASCII, and not empty."),
        ),
        (
            "1234.token",
            "token-å".encode(),
            ("{path}: ledgers.1234.token_file: the token must be printable ASCII, and not empty."),
        ),
        (
            "acme.pem",
            b"",
            "{path}: tenants.acme.certificate: has no PEM certificate that can be read.",
        ),
    ],
)
def test_what_cannot_be_used_at_the_start_is_refused_by_file_and_key(
    folder: Path, name: str, content: bytes, told: str
) -> None:
    (folder / name).write_bytes(content)
    path = folder / "credentials.toml"
    with pytest.raises(CredentialsError) as caught:
        CredentialsFile(path)
    assert str(caught.value) == told.format(path=path)


def test_a_missing_file_is_refused_by_its_key(folder: Path) -> None:
    path = folder / "credentials.toml"
    (folder / "1234.token").unlink()
    told = "ledgers.1234.token_file: cannot be read: No such file or directory."
    with pytest.raises(CredentialsError) as caught:
        CredentialsFile(path)
    assert str(caught.value) == f"{path}: {told}"
    path.unlink()
    with pytest.raises(CredentialsError) as caught:
        CredentialsFile(path)
    assert str(caught.value) == f"{path}: cannot be read: No such file or directory."


async def test_without_a_change_nothing_changes(
    opened: CredentialsFile, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither does it when files are written anew with what they held."""
    caplog.set_level(logging.DEBUG)
    access, other = known(opened), known(opened, "5678")
    assert not await opened.refresh()
    write_anew(folder)
    assert not await opened.refresh()
    assert known(opened) is access
    assert known(opened, "5678") is other
    assert caplog.messages == []


async def test_a_new_token_is_a_new_generation_of_its_ledger_on_the_same_connections(
    opened: CredentialsFile, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    access, other = known(opened), known(opened, "5678")
    swap(folder / "1234.token", b"renewed")
    assert await opened.refresh()
    assert opened.token("1234") == "renewed"
    assert known(opened).generation > access.generation
    assert known(opened).tls is access.tls
    assert known(opened, "5678") is other
    assert caplog.messages == ["took up changed credentials: ledgers ['1234']; tenants []"]


async def test_a_new_certificate_is_a_new_generation_of_the_tenant_s_ledgers(
    opened: CredentialsFile, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    access, other = known(opened), known(opened, "5678")
    swap(folder / "acme.pem", certificate())
    assert await opened.refresh()
    assert known(opened).generation > access.generation
    assert known(opened).tls is opened.tls("acme") is not access.tls
    assert known(opened, "5678") is other
    assert caplog.messages == ["took up changed credentials: ledgers ['1234']; tenants ['acme']"]


async def test_tenants_and_ledgers_come_and_go(opened: CredentialsFile, folder: Path) -> None:
    swap(folder / "credentials.toml", b"[ledgers.1]\ntoken = 'token-of-1'\n")
    assert await opened.refresh()
    assert opened.token("1") == "token-of-1"
    assert opened.access("1234") is None
    with pytest.raises(KeyError):
        opened.tls("acme")
    swap(folder / "credentials.toml", TOML.encode())
    assert await opened.refresh()
    assert known(opened).generation == 3


async def test_a_broken_change_leaves_everything_as_it_was_and_is_told_once(
    opened: CredentialsFile, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Also what is in order beside it is not taken up."""
    caplog.set_level(logging.INFO)
    access = known(opened)
    swap(folder / "1234.token", b"renewed")
    swap(folder / "acme.pem", b"broken")
    assert not await opened.refresh()
    assert not await opened.refresh()
    swap(folder / "1234.token", b"renewed again")
    assert not await opened.refresh()
    assert known(opened) is access
    told = (
        "the credentials are broken, the former stay in use: "
        f"{folder}/credentials.toml: tenants.acme.certificate: has no PEM certificate that can "
        "be read."
    )
    assert caplog.messages == [told]
    assert opened.broken
    assert caplog.records[0].levelname == "ERROR"

    swap(folder / "acme.pem", certificate())
    assert await opened.refresh()
    assert known(opened).token == "renewed again"  # noqa: S105
    assert not opened.broken
    assert caplog.messages[1:] == [
        "the credentials are in order again",
        "took up changed credentials: ledgers ['1234']; tenants ['acme']",
    ]


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (
            NOW - timedelta(days=9),
            NOW - timedelta(days=1),
            "the certificate expired at 2026-05-31 00:00 UTC",
        ),
        (
            NOW + timedelta(days=1),
            NOW + timedelta(days=9),
            "the certificate is not valid before 2026-06-02 00:00 UTC",
        ),
    ],
)
async def test_a_certificate_out_of_its_time_is_used_and_warned_of_once(
    folder: Path, start: datetime, end: datetime, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "acme.pem").write_bytes(certificate(start, end))
    credentials = CredentialsFile(folder / "credentials.toml", now=lambda: NOW)
    assert caplog.messages == []
    await looks(credentials, 2)
    key = f"{folder}/credentials.toml: tenants.acme.certificate"
    assert caplog.messages == [f"{key}: {told}; PayEx refuses it"]
    assert caplog.records[0].levelname == "WARNING"
    assert known(credentials).tls is credentials.tls("acme")


async def test_a_certificate_that_expires_while_it_is_used_is_warned_of(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    times = iter([NOW, NOW + timedelta(days=10)])
    credentials = CredentialsFile(folder / "credentials.toml", now=lambda: next(times))
    await looks(credentials, 1)
    (told,) = caplog.messages
    assert told.endswith("the certificate expired at 2026-06-10 00:00 UTC; PayEx refuses it")


async def looks(credentials: CredentialsFile, count: int, poll: float = 5.0) -> None:
    """Let the watch look so many times."""
    ended = asyncio.Event()

    async def sleep(seconds: float) -> None:
        nonlocal count
        assert seconds == poll
        if not count:
            ended.set()
            await asyncio.Event().wait()
        count -= 1

    watch = asyncio.create_task(credentials.watch(sleep))
    await asyncio.wait_for(ended.wait(), 60)
    watch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watch
