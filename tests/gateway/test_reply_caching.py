"""What browsers and routers may keep of a reply, and for how long; and how large it travels."""

import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.environment import load_settings

Serve = Callable[..., Awaitable[httpx.AsyncClient]]

PREFLIGHT = {"graphql-require-preflight": "1"}
INVOICE = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { __typename } } }'
CUSTOMER = '{ owner(ownerNo: "1234") { customer(customerNo: "9999") { __typename } } }'
MISSING = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "404") { __typename } } }'
FAILING = '{ owner(ownerNo: "9000") { invoice(invoiceNo: "1") { __typename } } }'
RECORDS = """{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { ... on Invoice {
  subscription(subscriptionNo: "12345680") { ... on UsageSubscription {
    usageRecords { ... on UsageRecordConnection { nodes { usageType startTime } } } } } } } } }"""


async def control(gateway: httpx.AsyncClient, query: str) -> str:
    """Return the reply's Cache-Control."""
    reply = await gateway.post("/graphql", json={"query": query})
    found: str = reply.headers["cache-control"]
    return found


async def test_billed_usage_may_be_kept_for_as_long_as_the_gateway_keeps_it(serve: Serve) -> None:
    assert await control(await serve({"GATEWAY_CACHE_BILLED_TTL": "61"}), INVOICE) in {
        "private, max-age=60",
        "private, max-age=61",
    }


async def test_the_part_with_the_shortest_life_decides(serve: Serve) -> None:
    gateway = await serve({"GATEWAY_CACHE_PROBLEM_TTL": "6"})
    both = f"{{ a: {INVOICE[2:-2]} b: {MISSING[2:-2]} }}"

    assert await control(gateway, both) in {"private, max-age=5", "private, max-age=6"}


async def test_unbilled_usage_is_asked_for_anew_each_time(serve: Serve) -> None:
    assert await control(await serve(), CUSTOMER) == "private, no-cache"


async def test_an_answer_that_needs_no_call_is_asked_for_anew(serve: Serve) -> None:
    assert await control(await serve(), "{ __typename }") == "private, no-cache"


@pytest.mark.parametrize("query", [FAILING, "{ nothing }", "{"])
async def test_a_reply_with_errors_is_never_kept(serve: Serve, query: str) -> None:
    assert await control(await serve(), query) == "no-store"


async def test_a_reply_belongs_to_its_caller_and_media_type(serve: Serve) -> None:
    """The next person at the same browser has another token, and must not meet this reply."""
    reply = await (await serve()).post("/graphql", json={"query": INVOICE})

    vary = {name.strip().lower() for name in reply.headers["vary"].split(",")}
    assert {"accept", "authorization", "payex-usage-claims"} <= vary


async def test_get_has_an_etag_and_an_unchanged_answer_is_304(serve: Serve) -> None:
    gateway = await serve()
    first = await gateway.get("/graphql", params={"query": INVOICE}, headers=PREFLIGHT)
    tag = first.headers["etag"]

    again = await gateway.get(
        "/graphql", params={"query": INVOICE}, headers={**PREFLIGHT, "if-none-match": f'"x", {tag}'}
    )

    assert tag.startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert again.headers["cache-control"].startswith("private, max-age=")
    assert "Authorization" in again.headers["vary"]


@pytest.mark.parametrize("condition", ['W/"other"', "nonsense", "*"])
async def test_another_etag_brings_the_answer(serve: Serve, condition: str) -> None:
    reply = await (await serve()).get(
        "/graphql", params={"query": INVOICE}, headers={**PREFLIGHT, "if-none-match": condition}
    )

    assert reply.json()["data"]["owner"]["invoice"] == {"__typename": "Invoice"}


async def test_the_etag_is_that_of_the_data(serve: Serve) -> None:
    gateway = await serve()
    tags = [
        (await gateway.get("/graphql", params={"query": query}, headers=PREFLIGHT)).headers["etag"]
        for query in (INVOICE, CUSTOMER, INVOICE)
    ]

    assert tags[0] == tags[2] != tags[1]


@pytest.mark.parametrize("query", [FAILING, "{"])
async def test_a_reply_with_errors_has_no_etag(serve: Serve, query: str) -> None:
    reply = await (await serve()).get("/graphql", params={"query": query}, headers=PREFLIGHT)

    assert "etag" not in reply.headers


async def test_a_post_has_no_etag(serve: Serve) -> None:
    reply = await (await serve()).post("/graphql", json={"query": INVOICE})

    assert "etag" not in reply.headers


async def test_a_large_reply_is_compressed_for_who_takes_it() -> None:
    """The bytes are looked at as they are sent."""
    sent = await raw_reply({"accept-encoding": "gzip"}, RECORDS)

    assert sent["headers"][b"content-encoding"] == b"gzip"
    assert b"usageType" in gzip.decompress(sent["body"])


@pytest.mark.parametrize("coding", ["", "br", "identity"])
async def test_nobody_else_gets_it_compressed(coding: str) -> None:
    sent = await raw_reply({"accept-encoding": coding}, RECORDS)

    assert b"content-encoding" not in sent["headers"]
    assert b"usageType" in sent["body"]


async def test_a_small_reply_is_not_worth_it() -> None:
    sent = await raw_reply({"accept-encoding": "gzip"}, "{ __typename }")

    assert b"content-encoding" not in sent["headers"]


async def raw_reply(headers: dict[str, str], query: str) -> dict[str, Any]:
    """Return a reply's headers and bytes; httpx would decompress them."""
    app = create_app(load_settings({}))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://gateway.example") as client,
            client.stream("POST", "/graphql", json={"query": query}, headers=headers) as reply,
        ):
            body = b"".join([chunk async for chunk in reply.aiter_raw()])
            raw = {name.lower(): value for name, value in reply.headers.raw}
    return {"headers": raw, "body": body}
