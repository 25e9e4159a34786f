"""Settings of identity are whole or refused, and strangers are served only if they are meant."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.settings.identity import refuse_strangers
from gateway.settings.values import is_loopback

KEYS = {
    "jwt_keys": "https://issuer.example/jwks",
    "jwt_issuer": "https://issuer.example/",
    "jwt_audience": "a",
}


def refusal(configured: Callable[..., Any], **variables: Any) -> str:
    """Return the sentence by which settings are refused."""
    with pytest.raises(ValidationError) as caught:
        configured(**variables)
    (error,) = caught.value.errors()
    return ".".join(map(str, error["loc"])) + ": " + error["msg"]


def test_without_any_setting_nobody_is_identified(configured: Any) -> None:
    assert not configured().identifies


@pytest.mark.parametrize(
    "variables",
    [
        KEYS,
        {"router_secret_file": "r"},
        {"tls_certificate_file": "c", "tls_client_ca_file": "a"},
    ],
)
def test_keys_or_a_router_identify(configured: Any, variables: dict[str, Any]) -> None:
    assert configured(**variables).identifies


def test_https_alone_identifies_nobody(configured: Any) -> None:
    assert not configured(tls_certificate_file="c", tls_key_file="k").identifies


@pytest.mark.parametrize(
    ("given", "audience"),
    [("a", ["a"]), ("1234", ["1234"]), ('["a", "b"]', ["a", "b"]), ("a, b", ["a, b"])],
)
def test_an_audience_is_text_or_a_list(configured: Any, given: str, audience: list[str]) -> None:
    """Text that looks like a number is text: some issuers number their audiences."""
    assert configured(**{**KEYS, "jwt_audience": given}).jwt_audience == audience


@pytest.mark.parametrize("given", ["[", "[1]", '[["a"]]'])
def test_an_audience_that_is_no_list_of_texts_is_refused(configured: Any, given: str) -> None:
    assert refusal(configured, **{**KEYS, "jwt_audience": given}).startswith("jwt_audience")


@pytest.mark.parametrize(
    "keys", ["/etc/jwks.json", "jwks.json", "http://127.0.0.1:9/k", "http://[::1]/k"]
)
def test_keys_are_a_file_or_a_url(configured: Any, keys: str) -> None:
    assert configured(**{**KEYS, "jwt_keys": keys}).jwt_keys == keys


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("http://issuer.example/jwks", "plain http is for loopback only; use https"),
        ("ftp://issuer.example/jwks", "must look like https://issuer.example/jwks, or be the path"),
        ("https://", "must look like"),
        ("https://user:pass@issuer.example/jwks", "must look like"),
        ("https://issuer.example/jwks#a", "must look like"),
        ("https://[::1/jwks", "must look like"),
    ],
)
def test_other_addresses_of_keys_are_refused(configured: Any, keys: str, told: str) -> None:
    assert told in refusal(configured, **{**KEYS, "jwt_keys": keys})


@pytest.mark.parametrize(
    "changes",
    [{"jwt_issuer": ""}, {"jwt_audience": "[]"}, {"jwt_audience": '[""]'}],
)
def test_keys_need_issuer_and_audience(configured: Any, changes: dict[str, str]) -> None:
    variables = {name: value for name, value in {**KEYS, **changes}.items() if value}

    assert "GATEWAY_JWT_KEYS needs GATEWAY_JWT_ISSUER and GATEWAY_JWT_AUDIENCE" in refusal(
        configured, **variables
    )


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"jwt_issuer": "i"}, "GATEWAY_JWT_ISSUER is of no use without GATEWAY_JWT_KEYS"),
        ({"jwt_audience": "a"}, "GATEWAY_JWT_AUDIENCE is of no use without GATEWAY_JWT_KEYS"),
        ({"tls_key_file": "k"}, "GATEWAY_TLS_KEY_FILE is of no use without GATEWAY_TLS_CERT"),
        ({"tls_key_passphrase_file": "p"}, "is of no use without GATEWAY_TLS_CERTIFICATE_FILE"),
        ({"tls_client_ca_file": "a"}, "is of no use without GATEWAY_TLS_CERTIFICATE_FILE"),
        ({"router_names": "r"}, "GATEWAY_ROUTER_NAMES is of no use without GATEWAY_TLS_CLIENT_CA"),
        ({"router_required": 1}, "GATEWAY_ROUTER_REQUIRED needs GATEWAY_ROUTER_SECRET_FILE or"),
        ({**KEYS, "router_required": 1}, "GATEWAY_ROUTER_REQUIRED needs"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused(
    configured: Any, variables: dict[str, Any], told: str
) -> None:
    assert told in refusal(configured, **variables)


@pytest.mark.parametrize("name", ["none", "HS256", "HS384", "HS512", "rs256", "RS1", "dir"])
def test_no_algorithm_is_allowed_that_whoever_checks_could_sign_by(
    configured: Any, name: str
) -> None:
    assert "jwt_algorithms" in refusal(configured, jwt_algorithms=f'["RS256", "{name}"]')


def test_some_algorithm_is_needed(configured: Any) -> None:
    assert "jwt_algorithms" in refusal(configured, jwt_algorithms="[]")


@pytest.mark.parametrize("name", ["ledgers", "ledger", "customers", "invoices", "scopes"])
def test_a_claim_has_a_name_or_a_pointer(configured: Any, name: str) -> None:
    for good in ("a", "https://x.example/a~", "/a/b", "/a~0b~1c", "/"):
        assert getattr(configured(**{f"claim_{name}": good}), f"claim_{name}") == good
    for bad in ("/a~", "/~2", "/a/b~"):
        told = refusal(configured, **{f"claim_{name}": bad})
        assert told.startswith(f"claim_{name}: ")
        assert "is not a JSON pointer: after ~ comes 0 or 1 (RFC 6901)" in told
    assert "must not be empty" in refusal(configured, **{f"claim_{name}": ""})


@dataclass
class Served:
    """What decides whether strangers are served."""

    identifies: bool = False
    insecure: bool = False
    is_sandbox: bool = True
    host: str = "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_the_sandbox_on_loopback_is_open_to_everyone(host: str) -> None:
    assert is_loopback(host)
    refuse_strangers(Served(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "gateway.example", ""])  # noqa: S104
def test_the_sandbox_elsewhere_identifies_its_callers(host: str) -> None:
    with pytest.raises(ValueError, match="GATEWAY_HOST is not a loopback address"):
        refuse_strangers(Served(host=host))
    refuse_strangers(Served(host=host, identifies=True))
    refuse_strangers(Served(host=host, insecure=True))


def test_a_real_upstream_identifies_its_callers() -> None:
    with pytest.raises(
        ValueError, match="GATEWAY_UPSTREAM_ORIGIN is set, but callers are not identified"
    ) as told:
        refuse_strangers(Served(is_sandbox=False))
    for name in ("GATEWAY_JWT_KEYS", "GATEWAY_ROUTER_SECRET_FILE", "GATEWAY_INSECURE=1"):
        assert name in str(told.value)
    refuse_strangers(Served(is_sandbox=False, identifies=True))
    refuse_strangers(Served(is_sandbox=False, insecure=True))
