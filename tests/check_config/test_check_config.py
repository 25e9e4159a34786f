"""`serve --check-config` looks at what starting needs, tells what would be served, and ends."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from joserfc.jwk import RSAKey

from gateway import __version__
from gateway.check_config.summary import summary
from gateway.cli import main
from gateway.settings.load import load_settings
from tests.gateway.service import ELSE, ROOT, SECONDS

SECRET = "s3cret-reference-token-of-forty-characters"  # noqa: S105 - opens nothing
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CONNECTED = {
    "GATEWAY_UPSTREAM_ORIGIN": "https://lf-api.payex.com",
    "GATEWAY_LEDGER_TOKENS": f'{{"1234": "{SECRET}", "5678": "{SECRET}"}}',
}
INSECURE = {**CONNECTED, "GATEWAY_INSECURE": "1"}


def nobody(_: Any, **__: Any) -> None:
    """Stand in for the server, which must not be started."""
    raise AssertionError


def told(**variables: str) -> str:
    """Return what is told of settings."""
    given = {f"GATEWAY_{name.upper()}": value for name, value in variables.items()}
    return summary(load_settings({**CONNECTED, **given}), NOW)


def row(text: str, name: str) -> str:
    """Return what stands in a row."""
    (found,) = [line for line in text.splitlines() if line.startswith(f"  {name} ")]
    return found.removeprefix(f"  {name} ").strip()


def warnings(text: str) -> list[str]:
    """Return what is warned of."""
    return [line for line in text.splitlines() if line.startswith("warning: ")]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes | str], str]:
    """Writes a file, and returns its path."""

    def file(name: str, content: bytes | str) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return file


@pytest.fixture
def identified(write: Callable[..., str]) -> dict[str, str]:
    """The settings of a gateway that takes tokens, with an issuer's keys in a file."""
    key = RSAKey.generate_key(2048, {"kid": "1"}).as_dict(private=False)
    return {
        "jwt_keys": write("jwks.json", json.dumps({"keys": [key]})),
        "jwt_issuer": "https://issuer.example",
        "jwt_audience": "payex-usage",
    }


def certificate(expiry: datetime) -> bytes:
    """Return a certificate with its key, which is valid until then."""
    begin = NOW - timedelta(days=400)
    leaf = trustme.CA().issue_cert("localhost", not_before=begin, not_after=expiry)
    return leaf.private_key_and_cert_chain_pem.bytes()


def test_a_configuration_that_can_be_served_is_told_of_with_status_0(
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment = {**INSECURE, "GATEWAY_WORKERS": "2", "GATEWAY_HOST": "::1"}

    assert main(["serve", "--check-config"], environment=environment, run=nobody) == 0

    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out == (
        f"payex-usage-gateway {__version__} can start with these settings.\n"
        "  listens on    http://[::1]:8000, processes: 2\n"
        "  upstream      lf-api.payex.com\n"
        "  ledgers       2, client certificates: 0\n"
        "  callers       anyone, without proof\n"
        "  documents     any\n"
        "  GraphiQL      served\n"
        "  limits        as by default\n"
        "  shared cache  none\n"
        "warning: GATEWAY_INSECURE is on: whoever reaches the gateway sees every ledger.\n"
        "warning: GraphiQL is served to everyone (GATEWAY_GRAPHIQL=auto).\n"
        "warning: everyone sees the schema (GATEWAY_INTROSPECTION=scope).\n"
        "note: not looked at: whether the port is free, and whether PayEx can be reached.\n"
    )


def test_the_proxy_is_named_by_its_host() -> None:
    text = told(insecure="1", upstream_proxy="http://me:secret@proxy.example:3128")

    assert row(text, "upstream") == "lf-api.payex.com, through the proxy proxy.example:3128"
    assert "secret" not in text


def test_fewer_connections_than_calls_are_told_to_be_the_bound() -> None:
    bound = "note: 2 calls are under way at most, since there are no more connections "

    assert bound in told(insecure="1", upstream_max_connections="2")
    assert "no more connections" not in told(insecure="1")


def test_a_configuration_that_cannot_is_refused_with_status_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the words of `serve` itself."""
    wrong = {**INSECURE, "GATEWAY_TRUSTED_DOCUMENTS": "absent", "GATEWAY_CLIENT_KEY_FILE": ""}

    statuses = [
        main(arguments, environment=wrong, run=nobody)
        for arguments in (["serve", "--check-config"], ["serve"])
    ]

    printed = capsys.readouterr()
    checked, served = printed.err.splitlines()
    assert statuses == [2, 2]
    assert checked == served
    assert "GATEWAY_TRUSTED_DOCUMENTS: absent: cannot be read" in checked
    assert printed.out == ""


def test_nothing_is_bound_and_nothing_is_asked_over_the_network() -> None:
    """The port is taken, and whoever is to be asked later would refuse."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        taken.setblocking(False)
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "gateway", "--check-config", "--port", address.split(":")[1]],
            cwd=ROOT,
            env={
                **ELSE,
                **CONNECTED,
                "GATEWAY_UPSTREAM_ORIGIN": f"http://{address}",
                "GATEWAY_JWT_KEYS": f"http://{address}/jwks",
                "GATEWAY_JWT_ISSUER": "https://issuer.example",
                "GATEWAY_JWT_AUDIENCE": "payex-usage",
                "GATEWAY_CACHE_URL": f"redis://{address}/0",
            },
            capture_output=True,
            timeout=SECONDS,
            check=False,
            text=True,
        )
        with pytest.raises(BlockingIOError):
            taken.accept()

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == (
        "note: not looked at: whether the port is free, and whether PayEx and the issuer of tokens "
        "and the shared cache can be reached."
    )
    assert row(ended.stdout, "callers") == (
        f"by tokens of https://issuer.example, with the keys at {address}"
    )
    assert warnings(ended.stdout) == []


def test_the_sandbox_is_told_apart_and_is_nothing_to_warn_of() -> None:
    text = summary(load_settings({}), NOW)

    assert row(text, "upstream") == "none: the embedded sandbox, whose data are invented"
    assert row(text, "ledgers") == "4"
    assert warnings(text) == []
    assert text.endswith("note: not looked at: whether the port is free.\n")


def test_ledgers_and_tenants_of_a_file_are_counted(
    write: Callable[..., str], identified: dict[str, str]
) -> None:
    """It is said of certificates when they have expired, and when they soon will."""
    write("a.pem", certificate(NOW - timedelta(days=1)))
    write("b.pem", certificate(NOW + timedelta(days=20)))
    write("c.pem", certificate(NOW + timedelta(days=22)))
    tenants = "".join(f'[tenants.{name}]\ncertificate = "{name}.pem"\n' for name in "abc")
    ledgers = f'[ledgers.1]\ntoken = "{SECRET}"\n[ledgers.2]\ntoken = "{SECRET}"\n'
    path = write("credentials.toml", tenants + ledgers)

    text = told(credentials_file=path, ledger_tokens="", **identified)

    assert row(text, "ledgers") == "2, client certificates: 3"
    assert row(text, "GraphiQL") == "not served"
    assert warnings(text) == [
        "warning: the certificate of the tenant 'a' has expired: 2026-05-31 00:00 UTC.",
        "warning: the certificate of the tenant 'b' expires soon: 2026-06-21 00:00 UTC.",
    ]
    assert SECRET not in text


def test_the_one_certificate_of_the_settings_is_counted(
    write: Callable[..., str], identified: dict[str, str]
) -> None:
    path = write("client.pem", certificate(NOW + timedelta(days=300)))

    text = told(client_certificate_file=path, **identified)

    assert row(text, "ledgers") == "2, client certificates: 1"
    assert warnings(text) == []


def test_who_may_call_and_over_what_is_told(
    write: Callable[..., str], identified: dict[str, str]
) -> None:
    server = write("server.pem", certificate(NOW + timedelta(days=1)))
    secret = write("secret", SECRET)

    text = told(
        tls_certificate_file=server,
        tls_client_ca_file=server,
        router_secret_file=secret,
        router_required="1",
        **identified,
    )

    assert row(text, "listens on") == "https://127.0.0.1:8000, processes: 1"
    assert row(text, "callers").split("; ") == [
        "by tokens of https://issuer.example, with the keys in a file",
        "by a router with the secret (nobody else is served)",
        "by a router with a client certificate (nobody else is served)",
    ]
    assert warnings(text) == [
        "warning: the certificate of the server expires soon: 2026-06-02 00:00 UTC."
    ]
    assert SECRET not in text


@pytest.mark.parametrize(
    ("mode", "documents"),
    [
        ("log", "of manifests; GATEWAY_TRUSTED_DOCUMENTS_MODE=log executes and logs others"),
        ("ids", "of manifests; GATEWAY_TRUSTED_DOCUMENTS_MODE=ids refuses others"),
    ],
)
def test_what_becomes_of_documents_is_told(
    mode: str, documents: str, write: Callable[..., str], identified: dict[str, str]
) -> None:
    path = write("manifest.json", '{"a": "{ __typename }"}')

    text = told(trusted_documents=path, trusted_documents_mode=mode, **identified)

    assert row(text, "documents") == documents


def test_limits_that_are_not_as_by_default_are_named(identified: dict[str, str]) -> None:
    text = told(max_depth="7", deadline="5", workers="2", port="1", **identified)

    limits = row(text, "limits").split(", ")
    assert sorted(limits) == ["GATEWAY_DEADLINE=5.0 (not 30.0)", "GATEWAY_MAX_DEPTH=7 (not 20)"]


def test_a_shared_cache_is_told_of_without_its_address(identified: dict[str, str]) -> None:
    text = told(cache_url=f"rediss://gateway:{SECRET}@cache.internal:6379/0", **identified)

    assert row(text, "shared cache") == "a Redis or Valkey"
    assert SECRET not in text
    assert "cache.internal" not in text


@pytest.mark.parametrize(
    ("setting", "value", "warning"),
    [
        ("graphiql", "on", "GraphiQL is served to everyone (GATEWAY_GRAPHIQL=on)."),
        ("introspection", "everyone", "everyone sees the schema (GATEWAY_INTROSPECTION=everyone)."),
        ("csrf_prevention", "0", "GATEWAY_CSRF_PREVENTION is off: any page can"),
        ("development", "1", "GATEWAY_DEVELOPMENT is on: replies tell which upstream calls"),
    ],
)
def test_what_is_rarely_meant_is_warned_of(
    setting: str, value: str, warning: str, identified: dict[str, str]
) -> None:
    (found,) = warnings(told(**{setting: value}, **identified))

    assert found.startswith(f"warning: {warning}")


def test_what_takes_the_network_is_said_not_to_be_looked_at(identified: dict[str, str]) -> None:
    """Of an address only the host is told: what stands behind it may be a secret."""
    text = told(**{**identified, "jwt_keys": f"https://keys.example/{SECRET}"})

    assert row(text, "callers").endswith("with the keys at keys.example")
    assert text.splitlines()[-1].endswith("whether PayEx and the issuer of tokens can be reached.")
    assert SECRET not in text


def test_a_cost_that_is_not_enforced_is_noted(identified: dict[str, str]) -> None:
    assert "GATEWAY_COST_MODE=measure" in told(cost_mode="measure", **identified)
    assert "COST_MODE" not in told(**identified)


def test_a_document_that_does_not_fit_the_schema_is_told_of(write: Callable[..., str]) -> None:
    """CI sees on stderr what a start would only log: it does not stop one."""
    path = write("manifest.json", '{"a": "{ gone }"}')
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "--check-config"],
        cwd=ROOT,
        env={**ELSE, "GATEWAY_TRUSTED_DOCUMENTS": path},
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )

    assert ended.returncode == 0
    assert "do not fit the schema" in ended.stderr


def test_a_setting_that_has_no_effect_is_warned_of() -> None:
    found = warnings(told(body_timeout="100", insecure="1"))
    assert any("GATEWAY_BODY_TIMEOUT=100" in line for line in found)
