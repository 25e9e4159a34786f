"""Strangers: through each router, a caller sees what their token gives, and nothing else."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.gateway import service
from tests.supergraph.conftest import SECRET

pytestmark = pytest.mark.supergraph

ISSUER = "https://login.example.com"
KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
USAGE = "subscriptions(first: 1) { __typename }"
# Of customer 9999 and invoice 123456 in ledger 1234.
QUERY = f'{{ order(id: "0") {{ id customer {{ name {USAGE} }} invoice {{ {USAGE} }} }} }}'
SEEN = {"__typename": "UsageSubscriptionConnection"}


def token(seconds: int = 600, **claims: object) -> str:
    """Return the value of `Authorization` for a user of these claims."""
    given = {"iss": ISSUER, "aud": "payex-usage", "exp": int(time.time()) + seconds, **claims}
    return f"Bearer {jwt.encode({'alg': 'RS256', 'kid': '1'}, given, KEY)}"


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a gateway that identifies its callers, and takes requests from routers only."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "jwks.json").write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    (folder / "router.secret").write_text(SECRET)
    with service.running(
        folder / "gateway.log",
        "serve",
        "--port",
        "0",
        GATEWAY_JWT_KEYS=str(folder / "jwks.json"),
        GATEWAY_JWT_ISSUER=ISSUER,
        GATEWAY_JWT_AUDIENCE="payex-usage",
        GATEWAY_ROUTER_SECRET_FILE=str(folder / "router.secret"),
        GATEWAY_ROUTER_REQUIRED="1",
    ) as process:
        yield f"{process.origin}/"


@pytest.fixture
def ask(router: Any, subgraphs: Any, guarded: str) -> Any:
    """Return how to ask the router in front of that gateway."""
    subgraphs.door.origin = guarded

    def send(authorization: str | None = None) -> tuple[dict[str, Any], set[str]]:
        headers = {"authorization": authorization} if authorization else {}
        reply = router.ask(QUERY, **headers)
        codes = {error["extensions"]["code"] for error in reply.get("errors", ())}
        return reply["data"]["order"], codes

    return send


def test_customer_service_sees_all_of_its_ledger(ask: Any) -> None:
    order, codes = ask(token(ledgers=["1234"], scope="usage:read"))

    assert codes == set()
    assert order["customer"] == {"name": "Berg", "subscriptions": SEEN}
    assert order["invoice"] == {"subscriptions": SEEN}


def test_an_end_user_sees_their_own_and_of_anothers_not_even_that_it_is_there(ask: Any) -> None:
    order, codes = ask(token(ledger="1234", customers=["9999"], scope="usage:read"))

    assert order["customer"] == {"name": "Berg", "subscriptions": SEEN}
    assert (order["invoice"] or {}).get("subscriptions") is None
    assert codes == {"NOT_FOUND"}


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "UNAUTHENTICATED"),
        ("Bearer made-up", "UNAUTHENTICATED"),
        (token(-600, ledgers=["1234"], scope="usage:read"), "UNAUTHENTICATED"),
        (token(ledgers=["5678"], scope="usage:read"), "FORBIDDEN"),
        (token(ledgers=["1234"]), "FORBIDDEN"),
    ],
    ids=["no token", "made up", "expired", "another ledger", "no scope"],
)
def test_a_stranger_gets_the_other_subgraphs_part_and_the_reason(
    ask: Any, authorization: str | None, code: str
) -> None:
    order, codes = ask(authorization)

    assert (order["id"], order["customer"]["name"]) == ("0", "Berg")
    assert order["customer"]["subscriptions"] is None
    assert (order["invoice"] or {}).get("subscriptions") is None
    assert codes == {code}


def test_nobody_goes_around_the_router(guarded: str) -> None:
    reply = httpx.post(
        f"{guarded}graphql",
        json={"query": "{ __typename }"},
        headers={"authorization": token(ledgers=["1234"], scope="usage:read")},
        trust_env=False,
    )

    assert reply.status_code == 403
    assert "GATEWAY_ROUTER_REQUIRED" in reply.json()["detail"]
