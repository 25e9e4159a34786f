"""A token is taken only if all of it is right, and refused in words that tell which part is not."""

import hmac
import json
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from gateway.http.refusals import Refusal
from gateway.identity.bearer_tokens import BearerTokens, TokenClock
from gateway.identity.key_source import KeySource

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA")
NOW = 1_900_000_000
OWN = RSAKey.generate_key(2048)
PUBLIC = {**OWN.as_dict(private=False), "kid": "own"}


async def nothing() -> bytes:
    """Read no keys."""
    return b"{}"


def tokens_of(issuer: Any, clock: Any, **options: Any) -> BearerTokens:
    """Return what checks the issuer's tokens, and has its keys."""
    algorithms = options.pop("algorithms", ALGORITHMS)
    source = KeySource(nothing, algorithms, clock=clock)
    source.take(issuer.jwks)
    given: dict[str, Any] = {
        "issuer": "https://issuer.example/",
        "audiences": ["payex-usage"],
        "clock": TokenClock(5, clock),
        **options,
    }
    return BearerTokens(source, algorithms=algorithms, **given)


async def refusal(tokens: BearerTokens, token: str) -> str:
    """Return why a token is refused."""
    with pytest.raises(Refusal) as refused:
        await tokens.claims(token)
    assert refused.value.status == 401
    detail = str(refused.value)
    assert refused.value.headers["WWW-Authenticate"] == (
        f'Bearer realm="payex-usage", error="invalid_token", error_description="{detail}"'
    )
    return detail


def sign(forge: Any, payload: Any, header: bytes | None = None, **members: Any) -> str:
    """Sign any payload by a key of this file, which a JSON library would not write."""
    text: str = forge(header or {"alg": "RS256", "kid": "own", **members}, payload)
    signed = text.removesuffix(".").encode()
    assert OWN.private_key is not None
    signature = OWN.private_key.sign(signed, PKCS1v15(), SHA256())
    return text + str(forge(b"", b"", signature)).removeprefix("..")


@pytest.fixture
def tokens(issuer: Any, clock: Any) -> BearerTokens:
    issuer.published = [issuer.jwk(algorithm) for algorithm in ALGORITHMS]
    return tokens_of(issuer, clock)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_right_token_is_taken(tokens: BearerTokens, issuer: Any, algorithm: str) -> None:
    assert await tokens.claims(issuer.token(algorithm)) == issuer.claims()


async def test_an_audience_may_be_one_of_several_on_both_sides(issuer: Any, clock: Any) -> None:
    tokens = tokens_of(issuer, clock, audiences=["a", "b"])

    assert await tokens.claims(issuer.token(aud=["x", "b"]))
    assert "another audience" in await refusal(tokens, issuer.token(aud=["x", "y"]))


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "at+jwt", "application/at+jwt", "AT+JWT"])
async def test_a_token_is_a_jwt_or_an_access_token(
    tokens: BearerTokens, issuer: Any, typ: str | None
) -> None:
    assert await tokens.claims(issuer.token(header={"typ": typ}))


@pytest.mark.parametrize("typ", ["dpop+jwt", "secevent+jwt", "logout+jwt", "JWS", ""])
async def test_a_jwt_that_was_signed_for_something_else_is_refused(
    issuer: Any, clock: Any, forge: Any, typ: Any
) -> None:
    """One key may sign several kinds (RFC 8725, section 3.11)."""
    issuer.published = [PUBLIC]
    tokens = tokens_of(issuer, clock)
    token = sign(forge, issuer.claims(), typ=typ)

    assert await refusal(tokens, token) == "The token's typ is neither JWT nor at+jwt."


@pytest.mark.parametrize("typ", [5, None, ["JWT"], {"JWT": 1}])
async def test_a_type_that_is_no_text_is_refused(
    issuer: Any, clock: Any, forge: Any, typ: Any
) -> None:
    issuer.published = [PUBLIC]
    tokens = tokens_of(issuer, clock)

    assert await refusal(tokens, sign(forge, issuer.claims(), typ=typ))


TWICE = "names a member twice in one object"


@pytest.mark.parametrize(
    ("header", "payload", "told"),
    [
        (b'{"alg": "none", "alg": "RS256", "kid": "own"}', b"{}", f"The token's header {TWICE}."),
        (
            b'{"alg": "RS256", "kid": "x", "\\u006bid": ""}',
            b"{}",
            f"The token's header {TWICE}.",
        ),
        (b"", b'{"sub": "anna", "sub": "bert"}', f"The token's payload {TWICE}."),
        (b"", b'{"a": [{"b": 1, "\\u0062": 2}]}', f"The token's payload {TWICE}."),
    ],
)
async def test_a_member_that_stands_twice_is_refused(
    issuer: Any, clock: Any, forge: Any, header: bytes, payload: bytes, told: str
) -> None:
    """Whoever checked the token before may have read the other one."""
    issuer.published = [PUBLIC]
    tokens = tokens_of(issuer, clock)
    token = sign(forge, payload, header or None)

    assert await refusal(tokens, token) == told


async def test_headers_that_are_not_understood_are_ignored(
    tokens: BearerTokens, issuer: Any
) -> None:
    """Issuers send some, and long ones."""
    assert await tokens.claims(issuer.token(header={"nonce": "n", "x5c": ["A" * 2000]}))


@pytest.mark.parametrize("claim", ["iss", "aud", "exp"])
async def test_iss_aud_and_exp_are_required(
    issuer: Any, clock: Any, forge: Any, claim: str
) -> None:
    """A null is as good as nothing."""
    issuer.published = [PUBLIC]
    tokens = tokens_of(issuer, clock)
    for claims in (issuer.claims(**{claim: None}), {**issuer.claims(), claim: None}):
        assert await refusal(tokens, sign(forge, claims)) == f"The token lacks {claim}."


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"iss": "https://other.example/"}, "of another issuer than GATEWAY_JWT_ISSUER"),
        ({"iss": "https://issuer.example"}, "of another issuer"),
        ({"iss": ["https://issuer.example/"]}, "The token's iss is malformed"),
        ({"iss": 5}, "The token's iss is malformed"),
        ({"aud": "payex"}, "for another audience than GATEWAY_JWT_AUDIENCE"),
        ({"aud": []}, "for another audience"),
        ({"aud": {"payex-usage": 1}}, "The token's aud is malformed"),
        ({"exp": NOW - 5}, "has expired"),
        ({"exp": 0}, "has expired"),
        ({"exp": str(NOW + 60)}, "The token's exp is malformed"),
        ({"exp": True}, "The token's exp is malformed"),
        ({"exp": -1}, "The token's exp is malformed"),
        ({"exp": 2**53 + 1}, "The token's exp is malformed"),
        ({"exp": 10**400}, "The token's exp is malformed"),
        ({"exp": 2**53}, "The token's exp is more than 10 years ahead."),
        ({"exp": 1000 * NOW}, "The token's exp is more than 10 years ahead."),
        ({"exp": NOW + 10 * 366 * 86400 + 1}, "more than 10 years ahead"),
        ({"nbf": -1}, "The token's nbf is malformed"),
        ({"iat": 1e300}, "The token's iat is malformed"),
        ({"nbf": NOW + 6}, "is not valid yet"),
        ({"nbf": "soon"}, "The token's nbf is malformed"),
        ({"nbf": True}, "The token's nbf is malformed"),
        ({"iat": [1]}, "The token's iat is malformed"),
        ({"iat": NOW + 6}, "is not valid yet"),
        ({"sub": 5}, "The token's sub is malformed"),
    ],
)
async def test_a_claim_that_is_wrong_is_named(
    tokens: BearerTokens, issuer: Any, claims: dict[str, Any], told: str
) -> None:
    assert told in await refusal(tokens, issuer.token(**claims))


async def test_a_time_beyond_all_numbers_is_malformed(issuer: Any, clock: Any, forge: Any) -> None:
    issuer.published = [PUBLIC]
    tokens = tokens_of(issuer, clock)
    payload = json.dumps(issuer.claims()).replace(str(NOW + 600), "1e999").encode()

    assert await refusal(tokens, sign(forge, payload)) == "The token's exp is malformed."


async def test_a_token_may_be_good_for_years(tokens: BearerTokens, issuer: Any) -> None:
    assert await tokens.claims(issuer.token(exp=NOW + 10 * 365 * 86400))


@given(left=st.integers(-12, 12), leeway=st.integers(0, 9))
def test_claims_that_were_checked_are_over_when_a_check_would_say_so(
    left: int, leeway: int
) -> None:
    """So what is remembered of a token opens nothing for longer, and for no shorter time."""
    clock = TokenClock(leeway, lambda: NOW)
    try:
        clock.check({"exp": NOW + left})
    except Refusal:
        is_refused = True
    else:
        is_refused = False

    assert clock.is_over(NOW + left) is is_refused


async def test_clocks_may_differ_by_the_leeway(tokens: BearerTokens, issuer: Any) -> None:
    assert await tokens.claims(issuer.token(exp=NOW - 4, nbf=NOW + 5, iat=NOW + 5))


@pytest.mark.parametrize("name", ["none", "None", "NONE", "HS256", "HS512", "RS512", "A128KW"])
async def test_an_algorithm_that_is_not_configured_is_refused(
    tokens: BearerTokens, issuer: Any, forge: Any, name: str
) -> None:
    """Among them `none`, with any signature or without one."""
    header = {"alg": name, "kid": "RS256"}
    for token in (forge(header, issuer.claims()), forge(header, issuer.claims(), b"x" * 256)):
        assert "not in GATEWAY_JWT_ALGORITHMS" in await refusal(tokens, token)


@pytest.mark.parametrize("form", ["pem", "der", "n"])
async def test_a_public_key_is_never_taken_for_a_shared_secret(
    tokens: BearerTokens, issuer: Any, forge: Any, form: str
) -> None:
    """Whoever knows the public key could sign by it otherwise: the confusion of algorithms."""
    key = RSAKey.import_key(issuer.jwk("RS256"))
    secret = {
        "pem": key.as_pem(),
        "der": key.as_der(),
        "n": str(key["n"]).encode(),
    }[form]
    text = forge({"alg": "HS256", "kid": "RS256"}, issuer.claims()).removesuffix(".")
    signature = hmac.digest(secret, text.encode(), "sha256")
    token = text + forge(b"", b"", signature).removeprefix(".")

    assert "not in GATEWAY_JWT_ALGORITHMS" in await refusal(tokens, token)


@pytest.mark.parametrize(("algorithm", "kid"), [("RS256", "ES256"), ("ES256", "ES384")])
async def test_a_key_is_used_for_its_own_algorithm_alone(
    tokens: BearerTokens, issuer: Any, algorithm: str, kid: str
) -> None:
    told = await refusal(tokens, issuer.token(algorithm, header={"kid": kid}))

    assert told == "The token names no key of its issuer that fits its algorithm."


async def test_a_key_that_says_its_algorithm_is_used_for_no_other(issuer: Any, clock: Any) -> None:
    issuer.published = [issuer.jwk("RS256", alg="PS256")]
    tokens = tokens_of(issuer, clock)

    assert "names no key" in await refusal(tokens, issuer.token())


async def test_a_signature_of_another_key_is_wrong(tokens: BearerTokens, issuer: Any) -> None:
    token = issuer.token("PS256", header={"kid": "RS256"})

    assert await refusal(tokens, token) == "The token's signature is wrong."


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_nothing_of_a_signed_token_can_be_changed(
    tokens: BearerTokens, issuer: Any, forge: Any, algorithm: str
) -> None:
    header, _, signature = issuer.token(algorithm).split(".")
    payload = forge({}, issuer.claims(ledgers=["5678"])).split(".")[1]

    assert "signature is wrong" in await refusal(tokens, f"{header}.{payload}.{signature}")
    for short in ("", signature[:8], signature[:-4]):
        assert "signature is wrong" in await refusal(tokens, f"{header}.{payload}.{short}")


async def test_a_token_without_a_key_name_is_for_the_only_key(issuer: Any, clock: Any) -> None:
    token = issuer.token(header={"kid": None})
    one = tokens_of(issuer, clock)
    issuer.published = [issuer.jwk("RS256"), issuer.jwk("PS256")]
    two = tokens_of(issuer, clock)

    assert await one.claims(token)
    assert "names no key" in await refusal(two, token)


@pytest.mark.parametrize(
    "members",
    [
        {"crit": ["b64"], "b64": False},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["kid"]},
        {"crit": []},
        {"crit": None},
        {"b64": False},
    ],
)
async def test_critical_extensions_are_refused(
    issuer: Any, clock: Any, forge: Any, members: dict[str, Any]
) -> None:
    """Though all else is right: among them the payload that is not encoded (RFC 7797)."""
    issuer.published = [PUBLIC]
    tokens = tokens_of(issuer, clock)

    assert await refusal(tokens, sign(forge, issuer.claims(), **members))


@pytest.mark.parametrize("payload", [b"5", b"[]", b'"a"'])
async def test_claims_that_are_no_object_are_refused(
    issuer: Any, clock: Any, forge: Any, payload: bytes
) -> None:
    issuer.published = [PUBLIC]
    tokens = tokens_of(issuer, clock)

    assert "no JSON object" in await refusal(tokens, sign(forge, payload))


@pytest.mark.parametrize(
    ("payload", "wrong"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        # Later Pythons go deeper than a claim has room for.
        *[(b"[" * 9000, "nests lists or objects too deeply")][: sys.version_info < (3, 12)],
        (b'{"a": 1%s}' % (b"0" * 4400), "has an integer of more than 4300 digits"),
        (b'{"exp": NaN}', "is not JSON"),
        (b'{"exp": Infinity}', "is not JSON"),
        (b'{"a": "\\ud83d"}', "has half a character (a lone surrogate)"),
    ],
)
async def test_claims_that_cannot_be_read_are_refused_for_what_they_are(
    issuer: Any, clock: Any, forge: Any, payload: bytes, wrong: str
) -> None:
    issuer.published = [PUBLIC]
    tokens = tokens_of(issuer, clock)

    assert await refusal(tokens, sign(forge, payload)) == f"The token's payload {wrong}."


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize("value", [None, "x", True, []])
async def test_a_time_that_is_no_number_is_malformed(
    issuer: Any, clock: Any, forge: Any, claim: str, value: object
) -> None:
    issuer.published = [PUBLIC]
    tokens = tokens_of(issuer, clock)
    claims = {**issuer.claims(), claim: value}

    assert await refusal(tokens, sign(forge, claims)) == f"The token's {claim} is malformed."


@pytest.mark.parametrize("token", ["", ".", "..", "...", "a.b.c", "e30.e30.", "e30.e30.e30.", "ö"])
async def test_garbage_is_refused(tokens: BearerTokens, token: str) -> None:
    assert await refusal(tokens, token) == "The token is no signed JWT."


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(["RS256", "ES256", "EdDSA", "own"]) | JSON
        for name in ("alg", "kid", "crit", "b64", "jwk", "x5c", "typ")
    },
)


@given(
    header=HEADERS | JSON | st.binary(max_size=40), payload=JSON, signature=st.binary(max_size=99)
)
async def test_no_forged_token_does_anything_but_be_refused(
    forge: Any, header: Any, payload: Any, signature: bytes
) -> None:
    source = KeySource(nothing, ALGORITHMS)
    source.take(json.dumps({"keys": [PUBLIC]}).encode())
    tokens = BearerTokens(
        source,
        algorithms=ALGORITHMS,
        issuer="https://issuer.example/",
        audiences=["payex-usage"],
        clock=TokenClock(),
    )
    with pytest.raises(Refusal) as refused:
        await tokens.claims(forge(header, payload, signature))
    assert refused.value.status == 401
