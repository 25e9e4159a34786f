"""An operation whose budget is used up: it ends, and its reply says what was spent on what."""

import asyncio
import gc
from typing import Any

import httpx
import pytest

from resolvers.payex.resilience.witnesses import MOST_WITNESSES

GRAPHQL_JSON = "application/graphql-response+json"
QUERY = """query ($n: [ID!]!) {
  owner(ownerNo: 1234) { invoices(invoiceNos: $n) { ... on Invoice { raw } } }
}"""
INVOICES = {"query": QUERY, "variables": {"n": [str(number) for number in range(50)]}}


@pytest.mark.parametrize("budget", [1000, 15_000], ids=["before the calls", "by the calls"])
@pytest.mark.parametrize("projection", ["0", "1"])
async def test_an_operation_whose_budget_is_used_up_ends_with_the_one_error_that_says_so(
    serve: Any, connected: dict[str, str], projection: str, budget: int
) -> None:
    limits = {"GATEWAY_OPERATION_BUDGET": str(budget), "GATEWAY_PROJECTION": projection}
    client = await serve({**connected, **limits}, lambda _: httpx.Response(200, json={}))
    reply = await client.post("/graphql", json=INVOICES, headers={"accept": GRAPHQL_JSON})

    assert reply.status_code == 200
    assert reply.json()["data"] is None
    (error,) = reply.json()["errors"]
    told = error["extensions"]
    assert told["code"] == "OPERATION_BUDGET_LIMIT"
    assert error["locations"] == [{"line": 1, "column": 1}]
    assert told["limit"] == {"GATEWAY_OPERATION_BUDGET": budget}
    assert told["measured"] == sum(told["spent"].values()) > budget
    dearest = max(told["spent"], key=told["spent"].get)
    for figure in (str(budget), str(told["measured"]), "GATEWAY_OPERATION_BUDGET", dearest):
        assert figure in error["message"]
    assert reply.headers["cache-control"] == "no-store"


async def test_its_calls_are_cancelled(serve: Any, connected: dict[str, str]) -> None:
    begun = cancelled = 0

    async def silence(_: httpx.Request) -> httpx.Response:
        nonlocal begun, cancelled
        begun += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            raise
        raise AssertionError

    environment = {**connected, "GATEWAY_OPERATION_BUDGET": "20000", "GATEWAY_DEADLINE": "60"}
    client = await serve(environment, httpx.MockTransport(silence))
    reply = await client.post("/graphql", json=INVOICES)

    (error,) = reply.json()["errors"]
    assert error["extensions"]["code"] == "OPERATION_BUDGET_LIMIT"
    assert error["extensions"]["spent"]["calls"] > 0
    # Twenty go on, to tell whether PayEx answers anybody.
    assert begun == cancelled + MOST_WITNESSES


async def test_what_it_has_read_is_given_back_before_the_garbage_collector_comes(
    serve: Any, connected: dict[str, str]
) -> None:
    """There is room for one such list: until the collector came, all others were refused."""
    items = [{"usageDetailId": str(number), "detailInfo": "x" * 100} for number in range(10_000)]
    usage = """{ owner(ownerNo: 1234) { invoice(invoiceNo: 1) { ... on Invoice {
      subscription(subscriptionNo: 1) { ... on UsageSubscription {
        usageTotals { ... on UsageTotals { recordCount } } } } } } } }"""
    limits = {"GATEWAY_OPERATION_BUDGET": "15000", "GATEWAY_PROCESS_BYTES": "30000000"}
    client = await serve(
        {**connected, **limits}, lambda _: httpx.Response(200, json={"items": items})
    )
    gc.disable()
    try:
        replies = [await client.post("/graphql", json={"query": usage}) for _ in range(3)]
    finally:
        gc.enable()

    for reply in replies:
        (error,) = reply.json()["errors"]
        assert error["extensions"]["code"] == "OPERATION_BUDGET_LIMIT"
        assert error["extensions"]["spent"]["read"] > 1000


async def test_an_operation_that_shares_a_call_is_not_ended_by_who_started_it(
    serve: Any, connected: dict[str, str]
) -> None:
    """The one asks for fifty invoices, and the other for one of them."""
    released = asyncio.Event()

    async def late(_: httpx.Request) -> httpx.Response:
        await released.wait()
        return httpx.Response(200, json={"invoiceNo": "0"})

    environment = {**connected, "GATEWAY_OPERATION_BUDGET": "20000"}
    client = await serve(environment, httpx.MockTransport(late))
    many = asyncio.create_task(client.post("/graphql", json=INVOICES))
    few = asyncio.create_task(client.post("/graphql", json={**INVOICES, "variables": {"n": ["0"]}}))
    ended = await many
    released.set()
    served = await few

    assert ended.json()["data"] is None
    assert served.json()["data"]["owner"]["invoices"][0]["raw"] == {"invoiceNo": "0"}


async def test_each_reply_tells_what_was_spent_of_the_budget(
    serve: Any, connected: dict[str, str]
) -> None:
    environment = {**connected, "GATEWAY_OPERATION_BUDGET": "12345"}
    client = await serve(environment, lambda _: httpx.Response(200, json={}))

    async def cost(*numbers: str) -> dict[str, int]:
        reply = await client.post("/graphql", json={**INVOICES, "variables": {"n": numbers}})
        told: dict[str, int] = reply.json()["extensions"]["cost"]
        return told

    first, second, third = [await cost("1"), await cost("2"), await cost("3", "4")]
    assert {each["budget"] for each in (first, second, third)} == {12345}
    assert 0 < first["spent"] == second["spent"] < third["spent"] < 12345


RAW = {"query": "{ owner(ownerNo: 1234) { invoice(invoiceNo: 1) { ... on Invoice { raw } } } }"}


async def test_the_bytes_of_a_reply_are_paid_for_and_compressed_ones_cost_more(
    serve: Any, connected: dict[str, str]
) -> None:
    long = {"text": "x" * 500_000}
    client = await serve(connected, lambda _: httpx.Response(200, json=long))

    plain, packed = [
        (await client.post("/graphql", json=RAW, headers={"accept-encoding": coding})).json()
        for coding in ("identity", "gzip")
    ]
    tagged = await client.get(
        "/graphql",
        params=RAW,
        headers={"accept-encoding": "identity", "graphql-require-preflight": "1"},
    )

    # The second and the third have it of the cache.
    assert plain["data"] == packed["data"] == tagged.json()["data"]
    assert (
        packed["extensions"]["cost"]["spent"] > tagged.json()["extensions"]["cost"]["spent"] + 1000
    )
    assert tagged.headers["etag"]


async def test_a_reply_that_is_longer_than_can_be_paid_for_is_a_short_one(
    serve: Any, connected: dict[str, str]
) -> None:
    long = {"text": "x" * 2_000_000}
    environment = {**connected, "GATEWAY_OPERATION_BUDGET": "32000"}
    client = await serve(environment, lambda _: httpx.Response(200, json=long))
    reply = await client.post("/graphql", json=RAW, headers={"accept-encoding": "gzip"})

    assert reply.json()["data"] is None
    (error,) = reply.json()["errors"]
    assert error["extensions"]["code"] == "OPERATION_BUDGET_LIMIT"
    assert error["extensions"]["spent"]["reply"] > 10_000


@pytest.mark.parametrize(
    ("selection", "kind"),
    [
        ("... on Invoice { raw }", "calls"),
        ("... on ValidationProblem { fieldErrors { message } }", "document"),
    ],
)
async def test_an_operation_tells_the_log_what_used_its_budget_up(
    serve: Any,
    connected: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    selection: str,
    kind: str,
) -> None:
    budget = {"GATEWAY_OPERATION_BUDGET": "12000" if kind == "calls" else "1000"}
    client = await serve({**connected, **budget}, lambda _: httpx.Response(200, json={}))
    query = QUERY.replace("... on Invoice { raw }", selection)
    with caplog.at_level("INFO", "gateway.operation_log"):
        await client.post("/graphql", json={**INVOICES, "query": query})

    assert vars(caplog.records[-1])["budget_used_up_by"] == kind
    assert vars(caplog.records[-1])["codes"] == ["OPERATION_BUDGET_LIMIT"]
    page = (await client.get("/metrics")).text
    assert f'payex_usage_budgets_used_up_total{{what="{kind}"}} 1.0' in page
