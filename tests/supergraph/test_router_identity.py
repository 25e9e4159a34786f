"""Who asks: routers hand the user's own token on, and show the gateway a secret of their own.

What the gateway makes of them is its own matter; here is what it is given.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.supergraph.conftest import SECRET

pytestmark = pytest.mark.supergraph

QUERY = '{ order(id: "0") { customer { name subscriptions(first: 1) { __typename } } } }'


def test_the_users_token_reaches_every_subgraph(router: Any, subgraphs: Any) -> None:
    router.ask(QUERY, authorization="Bearer of-the-user")

    (call,) = subgraphs.door.heard
    assert call.headers["authorization"] == "Bearer of-the-user"
    assert subgraphs.crm_headers[-1]["authorization"] == "Bearer of-the-user"


def test_who_sends_no_token_has_none(router: Any, subgraphs: Any) -> None:
    """The one before is not sent in its place."""
    router.ask(QUERY, authorization="Bearer of-the-user")
    router.ask(QUERY)

    assert "authorization" not in subgraphs.door.heard[-1].headers
    assert "authorization" not in subgraphs.crm_headers[-1]


def test_the_routers_secret_reaches_the_gateway_alone(router: Any, subgraphs: Any) -> None:
    """A client that makes one up has no say in it."""
    router.ask(QUERY, **{"payex-usage-router": "made-up"})

    (call,) = subgraphs.door.heard
    assert call.headers["payex-usage-router"] == SECRET
    assert "payex-usage-router" not in subgraphs.crm_headers[-1]


def test_nothing_else_of_the_client_is_handed_on(router: Any, subgraphs: Any) -> None:
    router.ask(QUERY, cookie="a=b", **{"payex-usage-claims": "made-up", "x-forwarded-user": "me"})

    for headers in (subgraphs.door.heard[0].headers, subgraphs.crm_headers[-1]):
        assert not {"cookie", "payex-usage-claims", "x-forwarded-user"} & headers.keys()


def test_two_users_who_ask_the_same_at_once_are_asked_for_apart(
    router: Any, subgraphs: Any
) -> None:
    """No router lets one's answer serve for the other."""
    tokens = [f"Bearer of-user-{number}" for number in range(8)]
    with ThreadPoolExecutor() as threads:
        asking = [threads.submit(router.ask, QUERY, authorization=token) for token in tokens]
        replies = [one.result() for one in asking]

    assert all("errors" not in reply for reply in replies)
    assert sorted(call.headers["authorization"] for call in subgraphs.door.heard) == tokens
