"""Of an issuer's keys, those are used that can be, for what they say they are for."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey

from gateway.identity.key_sets import KeysError, KeySet

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")


def key_set(*keys: Any) -> KeySet:
    """Return the set of these keys."""
    return KeySet.of(json.dumps({"keys": keys}).encode(), ALGORITHMS)


def test_a_key_is_found_by_its_name_and_its_kind(issuer: Any) -> None:
    keys = key_set(issuer.jwk("RS256", kid="a"), issuer.jwk("ES256", kid="a"))

    assert [keys.find("a", name) is None for name in ALGORITHMS] == [
        False, False, False, True, True,
    ]  # fmt: skip
    assert keys.find("b", "RS256") is None


def test_a_key_without_a_name_is_found_by_none(issuer: Any) -> None:
    unnamed = issuer.jwk("RS256")
    del unnamed["kid"]

    assert key_set(unnamed).find("a", "RS256") is None
    assert key_set(unnamed).find(None, "RS256")


def test_of_several_keys_of_one_name_the_first_is_used(issuer: Any) -> None:
    first, second = issuer.jwk("RS256", kid="a"), issuer.jwk("PS256", kid="a")
    found = key_set(first, second).find("a", "RS256")

    assert found is not None
    assert found["n"] == first["n"]


@pytest.mark.parametrize(
    ("members", "fitting"),
    [
        ({}, ["RS256", "PS256"]),
        ({"alg": "PS256"}, ["PS256"]),
        ({"use": "sig"}, ["RS256", "PS256"]),
        ({"key_ops": ["verify"]}, ["RS256", "PS256"]),
        ({"use": "enc"}, []),
        ({"key_ops": ["encrypt"]}, []),
        ({"alg": "RS512"}, []),
        ({"alg": "HS256"}, []),
        ({"alg": "none"}, []),
        ({"use": "other"}, []),
        ({"use": 5}, []),
        ({"kid": 5}, []),
    ],
)
def test_a_key_is_used_for_what_it_says_it_is_for(
    issuer: Any, members: dict[str, Any], fitting: list[str]
) -> None:
    other = issuer.jwk("Ed25519", kid="other")
    keys = key_set(issuer.jwk("RS256", **{"kid": "a", **members}), other)

    assert [name for name in ALGORITHMS if keys.find("a", name)] == fitting


@pytest.mark.parametrize(
    "key",
    [
        OctKey.generate_key(256).as_dict(private=True),
        ECKey.generate_key("P-256").as_dict(private=True),
        OKPKey.generate_key("X25519").as_dict(private=False),
        ECKey.generate_key("P-521").as_dict(private=False),
        {"kty": "RSA", "n": "AQAB" * 42, "e": "AQAB"},
        {"kty": "RSA"},
        {"kty": "RSA", "n": 5, "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "AKP", "pub": "AA"},
        {},
        5,
        None,
        [],
    ],
    ids=["shared", "private", "for encryption", "not configured", "short", *"abcdefgh"],
)
def test_a_key_that_cannot_be_used_does_not_cost_the_others(issuer: Any, key: Any) -> None:
    """Nor is it used: a shared or a private key in the set is one that anybody may have."""
    keys = key_set(key, issuer.jwk("RS256"))

    assert keys.find("RS256", "RS256")
    with pytest.raises(KeysError, match="holds no public key of the algorithms in GATEWAY_JWT"):
        key_set(key)


def padded(number: int, size: int) -> str:
    """Return a number in base64url, with zeros before it."""
    return base64.urlsafe_b64encode(number.to_bytes(size, "big")).rstrip(b"=").decode()


# The library warns of short keys, and warnings are errors in tests alone.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("bits", "size", "fits"),
    [
        (2048, 256, True),
        (2048, 300, True),
        (2047, 256, False),
        (1024, 256, False),
        (512, 2048, False),
        (16384, 2048, True),
        (16385, 2049, False),
    ],
)
def test_a_key_of_rsa_counts_by_its_number_and_not_by_its_text(
    issuer: Any, bits: int, size: int, fits: bool
) -> None:
    """A short number with zeros before it is as long a text as a safe one."""
    key = {"kty": "RSA", "kid": "a", "n": padded(2 ** (bits - 1) + 1, size), "e": "AQAB"}
    keys = key_set(key, issuer.jwk("RS256"))

    assert (keys.find("a", "RS256") is not None) == fits


def test_a_key_of_a_curve_counts_by_its_curve(issuer: Any) -> None:
    """Whatever zeros stand before its coordinates."""
    jwk = ECKey.generate_key("P-256").as_dict(private=False)
    for name in "xy":
        number = int.from_bytes(base64.urlsafe_b64decode(str(jwk[name]) + "="), "big")
        jwk[name] = padded(number, 66)
    keys = KeySet.of(json.dumps({"keys": [jwk, issuer.jwk("RS256")]}).encode(), ("ES512", "RS256"))

    assert list(keys.by_algorithm) == ["RS256"]


@pytest.mark.parametrize("body", [b"", b"5", b"[]", b"{}", b"<html>", b"\xff", b"[" * 9999])
def test_what_is_no_jwks_is_told(body: bytes) -> None:
    with pytest.raises(KeysError, match="holds no JWKS"):
        KeySet.of(body, ALGORITHMS)


@pytest.mark.parametrize("keys", [{}, 5, None, []])
def test_a_jwks_without_a_key_is_told(keys: Any) -> None:
    with pytest.raises(KeysError, match="holds no public key"):
        KeySet.of(json.dumps({"keys": keys}).encode(), ALGORITHMS)


MEMBER = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)


@given(
    kty=st.sampled_from(["RSA", "EC", "OKP"]),
    members=st.dictionaries(
        st.sampled_from(["n", "e", "crv", "x", "y", "use", "key_ops", "alg", "kid", "x5c"]), MEMBER
    ),
)
def test_no_key_of_a_set_does_worse_than_be_ignored(kty: str, members: dict[str, Any]) -> None:
    with pytest.raises(KeysError):
        key_set({"kty": kty, **members})


def test_it_shows_no_key(issuer: Any) -> None:
    assert repr(key_set(issuer.jwk("RS256"))) == "KeySet(RS256, PS256)"
