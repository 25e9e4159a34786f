"""Paths, credentials and methods, as HTTP shows them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from gateway.sandbox import TOKENS, create_sandbox

Connect = Callable[..., httpx.AsyncClient]
V1 = "/billing/usage/v1/1234"
TRICKY = quote("AB/12 & Å-3", safe="")


async def ask(scope: dict[str, Any]) -> list[dict[str, Any]]:
    """Call the sandbox as a server would, with a scope of the test's own."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    await create_sandbox()(scope, receive, send)
    return sent


def get_scope(path: str) -> dict[str, Any]:
    token = TOKENS["1234"].encode()
    headers = [(b"accept", b"*/*"), (b"authorization", b"bearer " + token)]
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": headers,
    }


@pytest.mark.parametrize("account", ["invoices/123456", "customers/9999"])
@pytest.mark.parametrize(
    "rest",
    [
        "",
        "/subscriptions",
        "/subscriptions/12345680",
        "/subscriptions/12345680/usage-details",
        "/subscriptions/12345680/usage-summaries",
    ],
)
async def test_ten_routes_answer_json(payex: httpx.AsyncClient, account: str, rest: str) -> None:
    answer = await payex.get(f"{V1}/{account}{rest}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/billing/usage/v2/1234/invoices/55",
        "/billing/usage/v1/1234/invoices",
        "/billing/usage/v1/1234/accounts/55",
        "/billing/usage/v1/1234/invoices/55/",
        "/billing/usage/v1/1234/invoices/55/lines",
        "/billing/usage/v1/1234/invoices/55/subscriptions/70/usage",
        "/billing/usage/v1/1234/invoices/55/subscriptions/70/usage-details/1",
        "/billing/other/v1/1234/invoices/55",
    ],
)
async def test_no_other_path_is_a_route(payex: httpx.AsyncClient, path: str) -> None:
    answer = await payex.get(path)
    assert answer.status_code == 404
    assert answer.json()["Type"] == "about:blank"


async def test_subdomain_is_in_paths_and_links(connect: Connect) -> None:
    payex = connect(subdomain="billing")
    answer = await payex.get("/billing/billing/v1/1234/invoices/55")
    assert answer.json()["@id"] == "/billing/billing/v1/1234/invoices/55"
    assert (await payex.get(f"{V1}/invoices/55")).status_code == 404


async def test_a_slash_inside_a_number_is_no_separator(payex: httpx.AsyncClient) -> None:
    path = f"{V1}/customers/{TRICKY}/subscriptions/{quote('Pump #4/Öst', safe='')}"
    answer = await payex.get(path)
    assert answer.json()["subscriptionNo"] == "Pump #4/Öst"
    assert answer.json()["@id"] == path


async def test_an_unencoded_slash_is_a_separator(payex: httpx.AsyncClient) -> None:
    assert (await payex.get(f"{V1}/customers/AB/12")).status_code == 404


async def test_without_a_raw_path_the_decoded_path_counts() -> None:
    start, _ = await ask(get_scope(f"{V1}/customers/#1 100%"))
    assert start["status"] == 200


async def test_the_raw_path_counts_more_than_the_decoded_one() -> None:
    raw_path = f"{V1}/customers/{TRICKY}".encode()
    start, _ = await ask(get_scope(f"{V1}/customers/AB/12 & Å-3") | {"raw_path": raw_path})
    assert start["status"] == 200


async def test_token_scheme_is_read_in_either_case() -> None:
    start, _ = await ask(get_scope(f"{V1}/invoices/55"))
    assert start["status"] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer nobody"},
        {"Authorization": f"Bearer {TOKENS['5678']}"},
        {"Authorization": f"Basic {TOKENS['1234']}"},
        {"Authorization": TOKENS["1234"]},
    ],
    ids=["missing", "unknown", "another ledger's", "another scheme", "no scheme"],
)
async def test_a_token_that_does_not_fit_is_401(
    payex: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    payex.headers.pop("Authorization")
    answer = await payex.get(f"{V1}/invoices/55", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_token_is_checked_before_the_numbers_are(connect: Connect) -> None:
    answer = await connect("5678").get(f"{V1}/invoices/{'9' * 16}")
    assert answer.status_code == 401


async def test_ledger_that_is_not_configured_is_501(connect: Connect) -> None:
    answer = await connect("9000").get("/billing/usage/v1/9000/invoices/55")
    assert answer.status_code == 501
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_only_get_is_allowed(payex: httpx.AsyncClient, method: str) -> None:
    answer = await payex.request(method, f"{V1}/invoices/55")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_a_ledger_has_its_own_numbers(connect: Connect) -> None:
    path = "invoices/123456/subscriptions/12345680/usage-details"
    first = await connect("1234").get(f"/billing/usage/v1/1234/{path}")
    second = await connect("5678").get(f"/billing/usage/v1/5678/{path}")
    assert first.json()["items"] != second.json()["items"]
    assert (await connect("5678").get("/billing/usage/v1/5678/invoices/5600")).status_code == 404


async def test_lifespan_is_answered() -> None:
    received = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await create_sandbox()({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_websocket_gets_nothing() -> None:
    assert await ask({"type": "websocket"}) == []
