"""The settings name credentials: in variables for one tenant, in a file for several."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from gateway.cli import main
from gateway.payex.credentials import credentials_of
from gateway.sandbox import TOKENS
from gateway.settings.load import SettingsError, load_settings
from resolvers.payex.credentials.access import CredentialsError, StaticTokens

Serve = Callable[..., Awaitable[httpx.AsyncClient]]

AUTHORITY = trustme.CA()
LEAF = AUTHORITY.issue_cert("acme.example")
QUERY = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { __typename } } }'
SECRET = "token-of-1234"  # noqa: S105 - opens nothing


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a certificate, a key, an authority and a file of credentials."""
    (tmp_path / "a.pem").write_bytes(LEAF.cert_chain_pems[0].bytes())
    (tmp_path / "a.key").write_bytes(LEAF.private_key_pem.bytes())
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.cert_pem.bytes())
    (tmp_path / "pass").write_text("not needed")
    (tmp_path / "credentials.toml").write_text(f"[ledgers.1234]\ntoken = '{SECRET}'\n")
    return tmp_path


def connected(files: Path, *names: str, tokens: bool = True) -> dict[str, str]:
    """Return the variables of a connected gateway, with some of those of credentials."""
    return {
        "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
        "GATEWAY_INSECURE": "1",
        **({"GATEWAY_LEDGER_TOKENS": f'{{"1234": "{SECRET}"}}'} if tokens else {}),
        **{
            f"GATEWAY_{name}": str(files / file)
            for name, file in (
                ("CREDENTIALS_FILE", "credentials.toml"),
                ("CLIENT_CERTIFICATE_FILE", "a.pem"),
                ("CLIENT_KEY_FILE", "a.key"),
                ("CLIENT_KEY_PASSPHRASE_FILE", "pass"),
                ("UPSTREAM_CA_FILE", "ca.pem"),
            )
            if name in names
        },
    }


def test_the_sandbox_has_its_own_tokens_whatever_is_set(files: Path) -> None:
    variables = connected(files, "CLIENT_CERTIFICATE_FILE", "CLIENT_KEY_FILE")
    credentials = credentials_of(load_settings({**variables, "GATEWAY_UPSTREAM_ORIGIN": ""}))
    assert credentials.token("1234") == TOKENS["1234"]


def test_tokens_alone_need_no_file(files: Path) -> None:
    credentials = credentials_of(load_settings(connected(files)))
    assert isinstance(credentials, StaticTokens)
    assert credentials.token("1234") == SECRET


@pytest.mark.parametrize(
    ("names", "tenant"),
    [
        (["CLIENT_CERTIFICATE_FILE", "CLIENT_KEY_FILE"], "default"),
        (
            ["CLIENT_CERTIFICATE_FILE", "CLIENT_KEY_FILE", "CLIENT_KEY_PASSPHRASE_FILE"],
            "default",
        ),
        (["CLIENT_CERTIFICATE_FILE", "CLIENT_KEY_FILE", "UPSTREAM_CA_FILE"], "default"),
        (["UPSTREAM_CA_FILE"], None),
    ],
)
def test_variables_name_the_certificate_of_one_tenant(
    files: Path, names: list[str], tenant: str | None
) -> None:
    credentials = credentials_of(load_settings(connected(files, *names)))
    access = credentials.access("1234")
    assert access is not None
    assert (access.token, access.tenant) == (SECRET, tenant)
    assert access.tls is credentials.tls(tenant)


@pytest.mark.parametrize("names", [[], ["UPSTREAM_CA_FILE"]])
def test_a_file_names_all_credentials(files: Path, names: list[str]) -> None:
    variables = connected(files, "CREDENTIALS_FILE", *names, tokens=False)
    credentials = credentials_of(load_settings(variables))
    assert credentials.token("1234") == SECRET


@pytest.mark.parametrize(
    ("names", "tokens", "told"),
    [
        (["CREDENTIALS_FILE"], True, "leave out GATEWAY_LEDGER_TOKENS"),
        (["CREDENTIALS_FILE", "CLIENT_CERTIFICATE_FILE"], False, "leave out"),
        (
            ["CLIENT_KEY_FILE"],
            True,
            "GATEWAY_CLIENT_KEY_FILE is of no use without GATEWAY_CLIENT_CERTIFICATE_FILE.",
        ),
        (
            ["CLIENT_KEY_PASSPHRASE_FILE"],
            True,
            "GATEWAY_CLIENT_KEY_PASSPHRASE_FILE is of no use without",
        ),
        (["CLIENT_CERTIFICATE_FILE"], False, "or name a file of credentials in"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    files: Path, names: list[str], told: str, *, tokens: bool
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(connected(files, *names, tokens=tokens))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("a.pem", "GATEWAY_CLIENT_CERTIFICATE_FILE: cannot be read: No such file or directory."),
        ("a.key", "GATEWAY_CLIENT_KEY_FILE: cannot be read: No such file or directory."),
        ("pass", "GATEWAY_CLIENT_KEY_PASSPHRASE_FILE: cannot be read: No such file or directory."),
        ("ca.pem", "GATEWAY_UPSTREAM_CA_FILE: cannot be read: No such file or directory."),
    ],
)
def test_a_file_that_cannot_be_read_is_told_of_by_its_variable(
    files: Path, missing: str, told: str
) -> None:
    variables = connected(
        files,
        "CLIENT_CERTIFICATE_FILE",
        "CLIENT_KEY_FILE",
        "CLIENT_KEY_PASSPHRASE_FILE",
        "UPSTREAM_CA_FILE",
    )
    (files / missing).unlink()
    with pytest.raises(CredentialsError) as caught:
        credentials_of(load_settings(variables))
    assert str(caught.value) == told


@pytest.mark.parametrize("workers", ["1", "2"])
def test_credentials_that_cannot_be_used_end_the_command_with_2(
    files: Path, capsys: pytest.CaptureFixture[str], workers: str
) -> None:
    path = files / "credentials.toml"
    path.write_text(f"[ledgers.1234]\ntokn = '{SECRET}'\n")
    variables = connected(files, "CREDENTIALS_FILE", tokens=False)

    def run(*_: Any, **__: Any) -> None:
        pytest.fail("It serves.")

    assert main([], environment={**variables, "GATEWAY_WORKERS": workers}, run=run) == 2

    printed = capsys.readouterr()
    assert printed.err == (
        f"payex-usage-gateway: GATEWAY_CREDENTIALS_FILE: {path}: ledgers.1234.tokn: is not a key; "
        "did you mean token?\n"
    )


def test_several_processes_are_served_where_credentials_are_in_order(files: Path) -> None:
    served: list[Any] = []
    variables = {**connected(files, "CREDENTIALS_FILE", tokens=False), "GATEWAY_WORKERS": "2"}
    assert main([], environment=variables, run=lambda app, **_: served.append(app)) == 0
    assert served == ["gateway.app:create_app"]


async def test_files_are_watched_while_the_gateway_is_served(serve: Serve, files: Path) -> None:
    """A new token is taken up without a restart; the loop is bounded by the clock of the test."""
    sent: list[str] = []

    def upstream(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["authorization"])
        return httpx.Response(200, json={"invoiceNo": "123456"})

    gateway = await serve(
        {
            **connected(files, "CREDENTIALS_FILE", tokens=False),
            "GATEWAY_CREDENTIALS_POLL": "0.1",
            "GATEWAY_CACHE_BILLED_TTL": "0",
        },
        upstream,
    )
    new = files / "new.toml"
    new.write_text("[ledgers.1234]\ntoken = 'renewed'\n")
    new.replace(files / "credentials.toml")
    async with asyncio.timeout(60):
        while "Bearer renewed" not in sent:
            reply = await gateway.post("/graphql", json={"query": QUERY})
            assert "errors" not in reply.json()
