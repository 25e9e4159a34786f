"""A router is trusted by its secret or its certificate, and everyone else is not."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from gateway.http.refusals import Refusal
from gateway.identity.callers import Identity
from gateway.identity.configuration import identity_of
from gateway.identity.router_trust import RouterSecret, RouterTrust
from gateway.server.peer_certificates import certificate_names
from gateway.settings.load import SettingsError
from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.watched_files import File

SECRET = "secret-" + 32 * "r"
OTHER = "other-" + 32 * "o"


def shown(*names: str) -> dict[str, Any]:
    """Return what the server tells of a connection with a certificate of these names."""
    return {"extensions": {"payex-usage-peer": {"names": frozenset(names)}}}


@pytest.fixture
def secret(secret_file: Path) -> RouterSecret:
    return RouterSecret(File(secret_file, "GATEWAY_ROUTER_SECRET_FILE"))


def test_the_secret_makes_a_router(secret: RouterSecret, ask: Any) -> None:
    trust = RouterTrust(secret)

    assert trust.trusts(ask({"payex-usage-router": SECRET}))
    assert not trust.trusts(ask())


@pytest.mark.parametrize(
    "sent", ["", SECRET[:-1], SECRET + "r", SECRET.upper(), "ö", OTHER, [SECRET, SECRET]]
)
@pytest.mark.parametrize("certificate", [{}, shown("router.example")])
def test_a_wrong_secret_is_refused_whatever_else_is_shown(
    secret: RouterSecret, ask: Any, sent: str | list[str], certificate: dict[str, Any]
) -> None:
    """Ignored, a secret that was changed on one side only would be noticed by users first."""
    trust = RouterTrust(secret, certificates=True)
    with pytest.raises(Refusal, match="is not the secret of GATEWAY_ROUTER_SECRET_FILE") as refused:
        trust.trusts(ask({"payex-usage-router": sent}, **certificate))
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("names", "certificate", "trusted"),
    [
        ((), shown("any.example"), True),
        ((), shown(), True),
        ((), {}, False),
        ((), {"extensions": {"tls": {}}}, False),
        (("router.example",), shown("router.example", "b"), True),
        (("a", "spiffe://example/router"), shown("spiffe://example/router"), True),
        (("router.example",), shown("other.example"), False),
        (("router.example",), shown(), False),
        (("router.example",), {}, False),
    ],
)
def test_a_certificate_makes_a_router_if_its_name_does(
    ask: Any, names: tuple[str, ...], certificate: dict[str, Any], trusted: bool
) -> None:
    trust = RouterTrust(certificates=True, names=frozenset(names))

    assert trust.trusts(ask(**certificate)) is trusted


async def test_a_secret_that_others_may_write_is_refused_and_later_not_taken_up(
    secret: RouterSecret, secret_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They would be routers by writing one of their own."""
    swap(secret_file, OTHER, mode=0o666)
    await secret.refresh()

    assert (secret.is_it(SECRET), secret.is_it(OTHER)) == (True, False)
    assert "is writable by others than its owner (mode 0666)" in caplog.text
    with pytest.raises(CredentialsError, match="GATEWAY_ROUTER_SECRET_FILE: is writable"):
        RouterSecret(File(secret_file, "GATEWAY_ROUTER_SECRET_FILE"))
    swap(secret_file, OTHER)
    await secret.refresh()
    assert (secret.is_it(SECRET), secret.is_it(OTHER)) == (False, True)


def test_where_no_certificates_are_configured_none_makes_a_router(
    secret: RouterSecret, ask: Any
) -> None:
    assert not RouterTrust(secret).trusts(ask(**shown("router.example")))


def test_where_no_secret_is_configured_the_header_means_nothing(ask: Any) -> None:
    assert not RouterTrust(certificates=True).trusts(ask({"payex-usage-router": SECRET}))


def test_no_header_makes_a_certificate(ask: Any) -> None:
    headers = {
        "x-client-cert": "router.example",
        "x-forwarded-client-cert": "Subject=router.example",
        "x-ssl-client-verify": "SUCCESS",
        "payex-usage-peer": "router.example",
        "extensions": "payex-usage-peer",
    }
    assert not RouterTrust(certificates=True).trusts(ask(headers))


def test_a_required_router_keeps_everyone_else_out(secret: RouterSecret, ask: Any) -> None:
    trust = RouterTrust(secret, required=True)

    assert trust.trusts(ask({"payex-usage-router": SECRET}))
    with pytest.raises(Refusal, match="GATEWAY_ROUTER_REQUIRED") as refused:
        trust.trusts(ask())
    assert refused.value.status == 403


async def test_a_required_router_keeps_right_tokens_out_as_well(
    with_tokens: Any, issuer: Any, clock: Any, ask: Any, secret_file: Path
) -> None:
    settings = with_tokens(router_secret_file=secret_file, router_required=1)
    identity = identity_of(settings, issuer.client, now=clock)
    token = {"Authorization": f"Bearer {issuer.token()}"}

    with pytest.raises(Refusal, match="GATEWAY_ROUTER_REQUIRED"):
        await identity.visitor(ask(token))
    visitor = await identity.visitor(ask({**token, "payex-usage-router": SECRET}))
    assert visitor.caller(None).rights.sees_whole("1234")
    assert issuer.fetched == 1


def test_two_secrets_are_good_while_one_replaces_the_other(secret_file: Path, ask: Any) -> None:
    secret_file.write_text(f"\n{SECRET}  \r\n\n  {OTHER}\n")
    trust = RouterTrust(RouterSecret(File(secret_file, "x")))

    assert trust.trusts(ask({"payex-usage-router": SECRET}))
    assert trust.trusts(ask({"payex-usage-router": OTHER}))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "holds 0 secrets; one or two are used."),
        (f"{SECRET}\n{OTHER}\n{SECRET}x", "holds 3 secrets; one or two are used."),
        ("s" * 31, "at least 32 characters"),
        (f"{SECRET}\nshort", "at least 32 characters"),
        ("ö" * 40, "must be printable ASCII"),
        ("a\0" * 40, "must be printable ASCII"),
        (None, "cannot be read"),
    ],
)
def test_a_secret_that_can_be_guessed_or_sent_by_nobody_is_refused_at_the_start(
    configured: Any, secret_file: Path, content: str | None, told: str
) -> None:
    if content is None:
        secret_file.unlink()
    else:
        secret_file.write_text(content, "utf-8")
    with pytest.raises(SettingsError, match="GATEWAY_ROUTER_SECRET_FILE: ") as refused:
        identity_of(configured(router_secret_file=secret_file))
    assert told in str(refused.value)


def test_a_secret_of_32_characters_is_long_enough(secret_file: Path) -> None:
    secret_file.write_text("s" * 32)

    assert RouterSecret(File(secret_file, "GATEWAY_ROUTER_SECRET_FILE")).is_it("s" * 32)


def swap(path: Path, content: str, mode: int = 0o600) -> None:
    """Put another content into the place of a file, at once."""
    other = path.with_suffix(".new")
    other.write_text(content)
    other.chmod(mode)
    other.replace(path)


async def test_a_changed_secret_is_taken_up_and_a_broken_one_is_not(
    secret: RouterSecret, secret_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await secret.refresh()
    for content in ("broken-1", "broken-2", OTHER):
        swap(secret_file, content)
        await secret.refresh()
        await secret.refresh()
        assert secret.is_it(OTHER) is (content == OTHER)
        assert secret.is_it(SECRET) is (content != OTHER)

    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "the router's secret is broken, the former stays in use",
        "the router's secret is in order again",
        "took up a changed secret of the router",
    ]
    assert not [word for word in (SECRET, OTHER, "broken-1") if word in caplog.text]
    assert repr(secret) == "RouterSecret()"


async def test_the_secret_is_watched_while_the_identity_is_open(
    configured: Any, ask: Any, secret_file: Path
) -> None:
    identity = identity_of(configured(router_secret_file=secret_file, credentials_poll=0.1))
    request = ask({"payex-usage-router": OTHER})
    async with identity.opened(), asyncio.timeout(60):
        assert not await known(identity, request)
        swap(secret_file, OTHER)
        while not await known(identity, request):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def known(identity: Identity, request: Any) -> bool:
    """Whether a request is a trusted router's."""
    try:
        await identity.visitor(request)
    except Refusal:
        return False
    return True


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        (None, None),
        ({}, None),
        ({"subject": ()}, set()),
        ({"subject": ((("commonName", "a"),), (("organizationName", "b"),))}, {"a"}),
        ({"subject": ((("commonName", "a"),),), "subjectAltName": (("DNS", "d"),)}, {"d"}),
        ({"subjectAltName": (("DNS", "d"), ("URI", "urn:e"), ("email", "f"))}, {"d", "urn:e"}),
        ({"subject": ((("commonName", "a"),),), "subjectAltName": (("email", "f"),)}, {"a"}),
    ],
)  # fmt: skip
def test_a_certificate_is_called_by_its_alternative_names_before_its_common_name(
    certificate: dict[str, Any] | None, names: set[str] | None
) -> None:
    assert certificate_names(certificate) == names
