"""A request is its caller's: by a token, or from a trusted router, and a stranger's is refused."""

import asyncio
import base64
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from gateway.http.refusals import Refusal
from gateway.identity.callers import ANYONE, Identity
from gateway.identity.configuration import identity_of
from gateway.settings.load import SettingsError
from resolvers.rights import EVERYTHING, Numbers, Rights

AGENT = Rights(ledgers=frozenset({"1234"}), scopes=frozenset({"usage:read"}))
USER = Rights(numbers={"1234": Numbers(customers=frozenset({"9999"}))})
SECRET = "secret-" + 32 * "r"
ROUTER = {"payex-usage-router": SECRET}
FORWARDED = {"sub": "eve", "ledger": "1234", "customers": ["9999"]}
EXTENSIONS = {"jwt": {"payload": FORWARDED}}
PLAIN = 'Bearer realm="payex-usage"'


def bearer(token: str) -> dict[str, str | list[str]]:
    return {"Authorization": f"Bearer {token}"}


def header(claims: Any) -> dict[str, str]:
    """Return claims as a router forwards them in the header."""
    text = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return {"payex-usage-claims": base64.urlsafe_b64encode(text).rstrip(b"=").decode()}


@pytest.fixture
def identity(with_tokens: Any, issuer: Any, clock: Any) -> Identity:
    """An identity that takes the issuer's tokens."""
    return identity_of(with_tokens(), issuer.client, now=clock)


@pytest.fixture
def behind_router(with_tokens: Any, issuer: Any, clock: Any, secret_file: Path) -> Identity:
    """An identity that takes the issuer's tokens, and trusts a router."""
    settings = with_tokens(router_secret_file=secret_file)
    return identity_of(settings, issuer.client, now=clock)


@pytest.fixture
def router_only(configured: Any, clock: Any, secret_file: Path) -> Identity:
    """An identity that trusts a router, and takes no tokens."""
    return identity_of(configured(router_secret_file=secret_file), now=clock)


async def refused(identity: Identity, request: Request, extensions: Any = None) -> Refusal:
    """Return how a request is refused."""
    with pytest.raises(Refusal) as caught:
        (await identity.visitor(request)).caller(extensions)
    return caught.value


async def refused_at_once(identity: Identity, request: Request) -> Refusal:
    """Return how a request is refused before its body is read."""
    with pytest.raises(Refusal) as caught:
        await identity.visitor(request)
    return caught.value


async def rights(identity: Identity, request: Request, extensions: Any = None) -> Rights:
    return (await identity.visitor(request)).caller(extensions).rights


async def test_where_nothing_is_configured_everyone_is_anyone(configured: Any, ask: Any) -> None:
    identity = identity_of(configured())
    async with identity.opened():
        for request in (ask(), ask(bearer("x")), ask(header(FORWARDED))):
            assert (await identity.visitor(request)).caller(EXTENSIONS) is ANYONE
    assert ANYONE.rights is EVERYTHING


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
async def test_a_token_is_its_callers(
    identity: Identity, issuer: Any, ask: Any, scheme: str
) -> None:
    request = ask({"Authorization": f"{scheme} {issuer.token()}"})

    assert await rights(identity, request, {"persistedQuery": {}}) == AGENT
    assert await rights(identity, request) == AGENT


@pytest.mark.parametrize("blank", [" ", "\t", " \t "])
async def test_blanks_around_a_header_are_no_part_of_it(
    behind_router: Identity, issuer: Any, ask: Any, blank: str
) -> None:
    """Some servers take them away and some do not."""

    def padded(headers: dict[str, Any]) -> dict[str, str]:
        return {name: blank + value + blank for name, value in headers.items()}

    assert await rights(behind_router, ask(padded(bearer(issuer.token())))) == AGENT
    assert await rights(behind_router, ask(padded({**ROUTER, **header(FORWARDED)}))) == USER


async def test_without_a_token_there_is_a_challenge_without_an_error(
    identity: Identity, ask: Any
) -> None:
    """As RFC 6750, section 3.1 says: nothing was sent that could be wrong."""
    refusal = await refused_at_once(identity, ask())

    assert (refusal.status, refusal.headers) == (401, {"WWW-Authenticate": PLAIN})


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer a, Bearer b", "Token a",
     "BearerX a", 'Bearer "a"', "Bearer ö", ["Bearer a", "Bearer a"], ["Bearer a", "Basic YTpi"]],
)  # fmt: skip
async def test_an_odd_authorization_is_refused(
    identity: Identity, ask: Any, value: str | list[str]
) -> None:
    refusal = await refused_at_once(identity, ask({"Authorization": value}))

    assert refusal.status == 401
    assert refusal.headers["WWW-Authenticate"].startswith(f'{PLAIN}, error="invalid_request"')


async def test_a_stranger_is_refused_before_the_body_is_read(identity: Identity, ask: Any) -> None:
    """The requests of these tests have no body at all, so that to read one would fail."""
    for request in (ask(), ask(bearer("a.b.c")), ask(header(FORWARDED)), ask(ROUTER)):
        assert (await refused_at_once(identity, request)).status == 401


async def test_claims_that_cannot_be_understood_are_refused_with_403(
    identity: Identity, issuer: Any, ask: Any
) -> None:
    refusal = await refused_at_once(identity, ask(bearer(issuer.token(ledgers={}))))

    assert (refusal.status, refusal.headers) == (403, {})


async def test_while_the_keys_never_came_it_is_503_and_not_the_callers_fault(
    identity: Identity, issuer: Any, ask: Any
) -> None:
    issuer.respond = lambda _: httpx.Response(500)
    async with identity.opened():
        refusal = await refused_at_once(identity, ask(bearer(issuer.token())))

    assert (refusal.status, refusal.headers) == (503, {"Retry-After": "10"})


async def test_tokens_can_be_checked_once_the_keys_came(
    identity: Identity, router_only: Identity, issuer: Any, ask: Any
) -> None:
    """Who takes no tokens needs no keys."""
    before = identity.has_keys
    await identity.visitor(ask(bearer(issuer.token())))

    assert (before, identity.has_keys) == (False, True)
    assert router_only.has_keys


async def test_keys_are_fetched_while_it_is_open_and_the_client_is_closed(
    identity: Identity, issuer: Any, ask: Any
) -> None:
    async with identity.opened():
        assert await rights(identity, ask(bearer(issuer.token()))) == AGENT
    assert issuer.fetched == 1
    assert issuer.client.is_closed


async def test_a_remembered_token_expires_in_time(
    identity: Identity, issuer: Any, ask: Any, clock: Any
) -> None:
    request = ask(bearer(issuer.token(exp=clock.now + 60)))
    assert await rights(identity, request) == AGENT
    clock.now += 64
    assert await rights(identity, request) == AGENT
    clock.now += 1
    assert "has expired" in str(await refused(identity, request))


async def test_a_remembered_token_is_worth_nothing_once_its_key_is_withdrawn(
    with_tokens: Any, issuer: Any, clock: Any, ask: Any, tmp_path: Path
) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(issuer.jwks)
    identity = identity_of(with_tokens(jwt_keys=path, jwt_keys_poll=1), now=clock)
    request = ask(bearer(issuer.token()))
    assert await rights(identity, request) == AGENT
    issuer.published = [issuer.jwk("ES256")]
    path.write_bytes(issuer.jwks)
    async with identity.opened(), asyncio.timeout(60):
        while await tells(identity, request) is None:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert "names no key" in str(await refused(identity, request))
    assert await rights(identity, ask(bearer(issuer.token("ES256")))) == AGENT


async def tells(identity: Identity, request: Request) -> Refusal | None:
    """Return how a request is refused, if it is."""
    try:
        await identity.visitor(request)
    except Refusal as refusal:
        return refusal
    return None


async def test_what_is_remembered_is_the_same_caller(
    identity: Identity, issuer: Any, ask: Any
) -> None:
    request = ask(bearer(issuer.token()))
    # The keys that the first is checked by come while it waits.
    _, second, third = [(await identity.visitor(request)).caller(None) for _ in range(3)]

    assert second is third


@pytest.mark.parametrize("keys", ["{}", '{"keys": []}', "<html>", None])
def test_a_file_without_a_usable_key_is_refused_at_the_start(
    with_tokens: Any, tmp_path: Path, keys: str | None
) -> None:
    path = tmp_path / "jwks.json"
    if keys is not None:
        path.write_text(keys)
    with pytest.raises(SettingsError, match="GATEWAY_JWT_KEYS: "):
        identity_of(with_tokens(jwt_keys=path))


async def test_an_address_that_does_not_answer_is_no_hindrance_at_the_start(
    with_tokens: Any,
) -> None:
    async with identity_of(with_tokens(jwt_keys="http://127.0.0.1:1/jwks")).opened():
        pass


async def test_a_trusted_router_forwards_the_users_token(
    behind_router: Identity, issuer: Any, ask: Any
) -> None:
    request = ask({**ROUTER, **bearer(issuer.token())})

    assert await rights(behind_router, request) == AGENT
    assert (await refused(behind_router, ask({**ROUTER, **bearer("a.b.c")}))).status == 401


async def test_a_trusted_router_forwards_the_users_claims(
    behind_router: Identity, router_only: Identity, ask: Any
) -> None:
    padded = {"payex-usage-claims": header(FORWARDED)["payex-usage-claims"] + "=="}
    for identity in (behind_router, router_only):
        assert await rights(identity, ask(ROUTER), EXTENSIONS) == USER
        assert await rights(identity, ask({**ROUTER, **header(FORWARDED)})) == USER
        assert await rights(identity, ask({**ROUTER, **padded})) == USER


async def test_claims_of_whoever_is_no_trusted_router_are_refused(
    behind_router: Identity, identity: Identity, issuer: Any, ask: Any
) -> None:
    """With 401, and not ignored: whoever forwards them believes that they count."""
    token = bearer(issuer.token())
    for who in (behind_router, identity):
        for headers in (header(FORWARDED), {**header(FORWARDED), **token}):
            assert (await refused_at_once(who, ask(headers))).status == 401
        forwarded: list[dict[str, Any]] = [EXTENSIONS, {"jwt": None}, {"jwt": {}}]
        for given in forwarded:
            refusal = await refused(who, ask(token), given)
            assert refusal.status == 401
            assert "from trusted routers only" in str(refusal)


async def test_a_router_that_forwards_nobody_is_refused_as_anyone(
    behind_router: Identity, ask: Any
) -> None:
    without: list[dict[str, Any] | None] = [None, {}, {"persistedQuery": {}}]
    for extensions in without:
        refusal = await refused(behind_router, ask(ROUTER), extensions)
        assert (refusal.status, refusal.headers) == (401, {"WWW-Authenticate": PLAIN})


async def test_a_request_has_one_caller(behind_router: Identity, issuer: Any, ask: Any) -> None:
    """Claims may be narrower than the token beside them: neither is taken for the other."""
    token = bearer(issuer.token())
    cases: list[tuple[dict[str, Any], Any]] = [
        ({**token, **header(FORWARDED)}, None),
        (token, EXTENSIONS),
        (header(FORWARDED), EXTENSIONS),
    ]
    for headers, extensions in cases:
        assert (await refused(behind_router, ask({**ROUTER, **headers}), extensions)).status == 400


@pytest.mark.parametrize("text", [b"5", b"[]", b'"a"'])
async def test_forwarded_claims_in_a_header_are_one_json_object(
    behind_router: Identity, ask: Any, text: bytes
) -> None:
    refusal = await refused_at_once(behind_router, ask({**ROUTER, **header(text)}))

    assert (refusal.status, "one JSON object" in str(refusal)) == (400, True)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (b"{", "is not JSON"),
        # Later Pythons go deeper than a claim has room for.
        *[(b"[" * 9000, "nests lists or objects too deeply")][: sys.version_info < (3, 12)],
        (b'{"a": "\\ud83d"}', "has half a character (a lone surrogate)"),
        (b'{"ledgers": ["1"], "ledgers": ["2"]}', "names a member twice in one object"),
        (b'{"customers": {"1": [], "\\u0031": []}}', "names a member twice in one object"),
    ],
)
async def test_forwarded_claims_that_cannot_be_read_are_refused_for_what_they_are(
    behind_router: Identity, ask: Any, text: bytes, wrong: str
) -> None:
    refusal = await refused_at_once(behind_router, ask({**ROUTER, **header(text)}))

    assert (refusal.status, str(refusal)) == (400, f"payex-usage-claims {wrong}.")


@pytest.mark.parametrize("value", [None, 5, [], {}, "x", ["x", 5]])
@pytest.mark.parametrize("claim", ["iss", "aud"])
async def test_iss_and_aud_of_forwarded_claims_are_not_compared(
    behind_router: Identity, ask: Any, claim: str, value: Any
) -> None:
    request = ask({**ROUTER, **header({**FORWARDED, claim: value})})

    assert (await behind_router.visitor(request)).caller(None).rights == USER


@pytest.mark.parametrize("value", ["+/+/", "e30*", "ö", "e3", ["e30", "e30"], "e30=x"])
async def test_forwarded_claims_in_a_header_are_base64url_once(
    behind_router: Identity, ask: Any, value: str | list[str]
) -> None:
    refusal = await refused_at_once(behind_router, ask({**ROUTER, "payex-usage-claims": value}))

    assert refusal.status == 400


@pytest.mark.parametrize("jwt", [None, 5, [], {}, {"payload": None}, {"payload": [1]}, "e30"])
async def test_forwarded_claims_in_extensions_are_one_json_object(
    behind_router: Identity, ask: Any, jwt: Any
) -> None:
    refusal = await refused(behind_router, ask(ROUTER), {"jwt": jwt})

    assert (refusal.status, "extensions.jwt.payload must be" in str(refusal)) == (400, True)


async def test_several_headers_of_claims_are_refused(behind_router: Identity, ask: Any) -> None:
    (value,) = header(FORWARDED).values()
    request = ask({**ROUTER, "payex-usage-claims": [value, value]})

    assert str(await refused_at_once(behind_router, request)) == (
        "The request has several payex-usage-claims headers."
    )


@pytest.mark.parametrize(
    ("variables", "claims"),
    [
        ({"jwt_audience": '["first", "second"]'}, {"aud": "first"}),
        ({"jwt_audience": '["first", "second"]'}, {"aud": "second"}),
        ({"jwt_issuer": "https://other.example"}, {"iss": "https://other.example"}),
    ],
    ids=["an audience", "another one", "issuer"],
)
async def test_the_settings_say_which_tokens_are_taken(
    with_tokens: Any, issuer: Any, clock: Any, ask: Any, variables: Any, claims: Any
) -> None:
    request = ask(bearer(issuer.token(**claims)))
    usual = identity_of(with_tokens(), issuer.client, now=clock)
    chosen = identity_of(with_tokens(**variables), issuer.client, now=clock)

    assert (await refused_at_once(usual, request)).status == 401
    assert await rights(chosen, request) == AGENT


@pytest.mark.parametrize("claims", [{"exp": -6}, {"nbf": 6}, {"exp": "soon"}, {"exp": 10**12}])
async def test_forwarded_claims_count_in_their_time_only(
    behind_router: Identity, ask: Any, clock: Any, claims: dict[str, Any]
) -> None:
    times = {
        name: clock.now + value if isinstance(value, int) else value
        for name, value in claims.items()
    }
    forwarded = {**FORWARDED, **times}

    assert (await refused(behind_router, ask({**ROUTER, **header(forwarded)}))).status == 401
    extensions = {"jwt": {"payload": forwarded}}
    assert (await refused(behind_router, ask(ROUTER), extensions)).status == 401


async def test_without_keys_no_token_is_taken(router_only: Identity, issuer: Any, ask: Any) -> None:
    refusal = await refused_at_once(router_only, ask({**ROUTER, **bearer(issuer.token())}))

    assert (refusal.status, "GATEWAY_JWT_KEYS is not set" in str(refusal)) == (401, True)


async def test_the_names_of_claims_are_settings(
    with_tokens: Any, issuer: Any, clock: Any, ask: Any
) -> None:
    settings = with_tokens(
        claim_ledgers="/realm/ledgers",
        claim_ledger="l",
        claim_customers="c",
        claim_invoices="i",
        claim_scopes="scp",
        claim_max_numbers=2,
    )
    identity = identity_of(settings, issuer.client, now=clock)
    claims = {"realm": {"ledgers": ["5"]}, "l": "1", "c": ["2"], "i": ["3"], "scp": "x"}

    assert await rights(identity, ask(bearer(issuer.token(**claims)))) == Rights(
        ledgers=frozenset({"5"}),
        numbers={"1": Numbers(customers=frozenset({"2"}), invoices=frozenset({"3"}))},
        scopes=frozenset({"x"}),
    )
    refusal = await refused_at_once(identity, ask(bearer(issuer.token(c=["1", "2", "3"], l="1"))))
    assert "GATEWAY_CLAIM_MAX_NUMBERS" in str(refusal)


async def test_nothing_of_a_token_or_a_secret_is_in_a_log_an_error_or_a_repr(
    behind_router: Identity,
    issuer: Any,
    ask: Callable[..., Request],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    personal = {"sub": "p731955", "ledger": "731955", "customers": ["731955"]}
    token = issuer.token(**personal)
    signature = token.rpartition(".")[2]
    forged = token[:-8] + "AAAAAAAA"
    said: list[Any] = []
    async with behind_router.opened():
        visitor = await behind_router.visitor(ask(bearer(token)))
        said += [visitor, visitor.caller(None), behind_router]
        for headers, extensions in (
            (bearer(forged), None),
            (bearer(issuer.token(**personal, exp=5)), None),
            (bearer(issuer.token(**{**personal, "customers": ["731955", 0.5]})), None),
            ({"Authorization": f"Basic {signature}"}, None),
            ({"payex-usage-router": SECRET + "731955"}, None),
            (header(personal), None),
            ({**ROUTER, **header({**personal, "ledger": [["731955"]]})}, None),
            (ROUTER, {"jwt": {"payload": {**personal, "exp": 5}}}),
        ):
            refusal = await refused(behind_router, ask(headers), extensions)
            said += [repr(refusal), str(refusal), refusal.headers, refusal.response().body]
    text = caplog.text + "".join(map(repr, said))
    assert [secret for secret in (signature, token, "731955", SECRET) if secret in text] == []
