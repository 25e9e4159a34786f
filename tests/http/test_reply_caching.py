"""What browsers and routers may keep of a reply, and for how long; and how large it travels."""

import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.settings.load import load_settings

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


async def conditional(gateway: httpx.AsyncClient, *lines: str) -> httpx.Response:
    """Ask by GET, with these lines of `If-None-Match`."""
    headers = [*PREFLIGHT.items(), *(("if-none-match", line) for line in lines)]
    return await gateway.get("/graphql", params={"query": INVOICE}, headers=headers)


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

    assert varies(reply) == ["accept", "accept-encoding", "authorization", "payex-usage-claims"]


def varies(reply: httpx.Response) -> list[str]:
    return sorted(name.strip().lower() for name in reply.headers["vary"].split(","))


@pytest.mark.parametrize("query", [INVOICE, RECORDS, "{"])
async def test_vary_names_everything_once_however_a_reply_travels(serve: Serve, query: str) -> None:
    gateway = await serve()
    for coding in ("gzip", "identity", "gzip;q=1, identity;q=0"):
        reply = await gateway.post(
            "/graphql", json={"query": query}, headers={"accept-encoding": coding}
        )

        assert varies(reply) == ["accept", "accept-encoding", "authorization", "payex-usage-claims"]


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


@pytest.mark.parametrize("form", ["*", "{0}", "W/{0}", '"a,b",{0}', "\t{0} "])
async def test_an_answer_is_unchanged_by_any_form_of_its_etag(serve: Serve, form: str) -> None:
    gateway = await serve()
    strong = (await conditional(gateway)).headers["etag"].removeprefix("W/")

    again = await conditional(gateway, form.format(strong))

    assert (again.status_code, again.content) == (304, b"")


async def test_two_lines_of_etags_are_one_list(serve: Serve) -> None:
    gateway = await serve()
    tag = (await conditional(gateway)).headers["etag"]

    assert (await conditional(gateway, '"other"', tag)).status_code == 304


@pytest.mark.parametrize("condition", ['W/"other"', "nonsense"])
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


@pytest.mark.parametrize(
    "codings",
    [
        ["gzip"],
        ["GZIP"],
        ["x-gzip"],
        ["*"],
        ["gzip;q=0.001"],
        ["br;q=1, gzip;q=0.5"],
        ["br", "gzip"],
        ["gzip, identity"],
        ["gzip;q=0.5, *;q=0"],
        ["identity;q=0, *"],
    ],
    ids=str,
)
async def test_a_large_reply_is_compressed_for_who_takes_it(codings: list[str]) -> None:
    """The bytes are looked at as they are sent."""
    sent = await raw_reply(codings, RECORDS)

    assert sent["headers"][b"content-encoding"] == b"gzip"
    assert b"usageType" in gzip.decompress(sent["body"])


@pytest.mark.parametrize(
    "codings",
    [
        [],
        [""],
        ["br"],
        ["identity"],
        ["gzip;q=0"],
        ["gzip;q=0.000, br"],
        ["gzip; Q=0"],
        ["gzip;q=0, *"],
        ["*", "gzip;q=0"],
        ["gzip;q=0.1, identity;q=0.2"],
        ["gzip;q=0.1, *;q=0.2"],
        ["*;q=0, identity"],
        ["notgzip"],
    ],
    ids=str,
)
async def test_nobody_else_gets_it_compressed(codings: list[str]) -> None:
    sent = await raw_reply(codings, RECORDS)

    assert b"content-encoding" not in sent["headers"]
    assert b"usageType" in sent["body"]


@pytest.mark.parametrize("codings", [["gzip, identity;q=0"], ["gzip, *;q=0"]], ids=str)
async def test_who_refuses_bytes_as_they_are_gets_a_small_reply_compressed_too(
    codings: list[str],
) -> None:
    sent = await raw_reply(codings, "{ __typename }")

    assert sent["headers"][b"content-encoding"] == b"gzip"
    assert b"Query" in gzip.decompress(sent["body"])


async def test_an_unchanged_answer_has_no_body_to_compress(serve: Serve) -> None:
    reply = await (await serve()).get(
        "/graphql",
        params={"query": INVOICE},
        headers={**PREFLIGHT, "accept-encoding": "gzip, *;q=0", "if-none-match": "*"},
    )

    assert (reply.status_code, reply.content) == (304, b"")
    assert "content-encoding" not in reply.headers


@pytest.mark.parametrize("coding", ["*;q=0", "identity;q=0", "br, identity;q=0", "gzip;q=0,*;q=0"])
async def test_who_takes_neither_coding_is_refused(serve: Serve, coding: str) -> None:
    gateway = await serve()
    reply = await gateway.post(
        "/graphql", json={"query": INVOICE}, headers={"accept-encoding": coding}
    )

    assert (reply.status_code, reply.headers["content-type"]) == (406, "application/problem+json")
    assert reply.json()["detail"] == "Replies go as they are (identity), or in gzip."


async def test_a_small_reply_is_not_worth_it() -> None:
    sent = await raw_reply(["gzip"], "{ __typename }")

    assert b"content-encoding" not in sent["headers"]


async def raw_reply(codings: list[str], query: str) -> dict[str, Any]:
    """Return a reply's headers and bytes; httpx would decompress them.

    Args:
        codings: the lines of `Accept-Encoding`.
        query: what is asked.
    """
    app = create_app(load_settings({}))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            # httpx takes gzip by itself.
            del client.headers["accept-encoding"]
            lines = [("accept-encoding", line) for line in codings]
            asked = client.stream("POST", "/graphql", json={"query": query}, headers=lines)
            async with asked as reply:
                body = b"".join([chunk async for chunk in reply.aiter_raw()])
                raw = {name.lower(): value for name, value in reply.headers.raw}
    return {"headers": raw, "body": body}
