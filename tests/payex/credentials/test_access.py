"""What opens a ledger, and what the connections to PayEx insist on."""

import ssl

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding

from resolvers.payex.credentials.access import Access, StaticTokens, derived_key
from resolvers.payex.credentials.tls import client_context, pem_certificates


def test_an_access_does_not_show_its_token() -> None:
    access = Access(token="secret", tenant="acme", generation=3, tls=client_context())  # noqa: S106
    assert repr(access) == str(access) == "Access(tenant='acme', generation=3)"


def test_an_access_opens_as_another_if_only_the_generation_differs() -> None:
    tls = client_context()
    access = Access(token="a", tenant="acme", generation=1, tls=tls)  # noqa: S106
    assert access.opens_as(Access(token="a", tenant="acme", generation=2, tls=tls))  # noqa: S106
    assert not access.opens_as(Access(token="b", tenant="acme", tls=tls))  # noqa: S106
    assert not access.opens_as(Access(token="a", tenant="other", tls=tls))  # noqa: S106
    assert not access.opens_as(Access(token="a", tenant="acme"))  # noqa: S106


def test_a_derived_key_differs_by_token_and_purpose() -> None:
    keys = {
        derived_key(token, purpose) for token in ("a", "b", "\udcff") for purpose in (b"x", b"y")
    }
    assert len(keys) == 6


async def test_static_tokens_open_their_ledgers_without_a_certificate_and_never_change() -> None:
    tokens = StaticTokens({"1234": "secret"})
    access = tokens.access("1234")
    assert access == Access(token="secret")  # noqa: S106
    assert access is tokens.access("1234")
    assert tokens.access("5678") is None
    assert (tokens.token("1234"), tokens.token("5678")) == ("secret", None)
    assert tokens.tls(None).verify_mode is ssl.CERT_REQUIRED
    assert not await tokens.refresh()
    with pytest.raises(KeyError):
        tokens.tls("acme")


def test_connections_check_the_server_and_its_name_from_tls_1_2_on() -> None:
    context = client_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_further_authorities_are_trusted_beside_the_public_ones() -> None:
    authority = trustme.CA(organization_name="Own")
    public = client_context().get_ca_certs()
    trusted = client_context(ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode()))
    assert len(public) > 50
    assert len(trusted.get_ca_certs()) == len(public) + 1


def test_certificates_are_read_in_their_order_with_text_and_keys_between() -> None:
    one, two = (trustme.CA().cert_pem.bytes() for _ in range(2))
    key = trustme.CA().private_key_pem.bytes()
    found = pem_certificates(b"\xe5\n" + one + key + two)
    assert [each.public_bytes(Encoding.PEM) for each in found] == [one, two]


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"no certificate",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n\xe5\n-----END CERTIFICATE-----\n",
    ],
)
def test_what_holds_no_readable_certificate_is_refused(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r"^has no PEM certificate that can be read$"):
        pem_certificates(pem)
