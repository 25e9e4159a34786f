"""The sharp edges of a plain dataloader, each blunted: no key harms, holds up or hangs another."""

import asyncio
from typing import Any

import httpx

QUERY = """
{ owner(ownerNo: "1234") { invoices(invoiceNos: ["1", "2", "3"]) {
    ... on Invoice { invoiceNo } ... on Problem { title } } } }
"""


async def test_a_call_that_gives_up_by_itself_fails_alone_and_hangs_nobody(
    ask: Any, payex: Any
) -> None:
    """A CancelledError that nobody asked for is a fault of its one call."""

    async def give_up() -> httpx.Response:
        raise asyncio.CancelledError

    payex.answers["/invoices/2"] = give_up
    async with asyncio.timeout(10):
        reply = await ask(QUERY)

    assert reply["data"]["owner"]["invoices"] == [{"invoiceNo": "1"}, None, {"invoiceNo": "3"}]
    assert [error["extensions"]["code"] for error in reply["errors"]] == ["UPSTREAM_UNREACHABLE"]


async def test_a_key_that_fails_does_not_fail_its_neighbours(
    ask: Any, payex: Any, telling: Any
) -> None:
    payex.answers["/invoices/1"] = httpx.Response(500)
    payex.answers["/invoices/3"] = telling("invoice-not-found")
    reply = await ask(QUERY)

    assert reply["data"]["owner"]["invoices"] == [
        None,
        {"invoiceNo": "2"},
        {"title": "invoice-not-found"},
    ]


async def test_a_slow_key_does_not_hold_up_what_follows_from_a_fast_one(
    ask: Any, payex: Any
) -> None:
    """The second wave of one invoice starts while the first of another is under way."""
    details = "/invoices/1/subscriptions/70/usage-details"
    asked = asyncio.Event()

    async def fast() -> httpx.Response:
        asked.set()
        return httpx.Response(200, json={"items": []})

    async def slow() -> httpx.Response:
        await asked.wait()
        return httpx.Response(200, json={"items": []})

    payex.subscriptions = ["70"]
    payex.answers[details] = fast
    payex.answers["/invoices/2/subscriptions"] = slow
    nodes = "subscriptions { ... on UsageSubscriptionConnection { nodes { %s } } }"
    selection = nodes.replace("%s", "usageRecords { __typename }")
    async with asyncio.timeout(10):
        reply = await ask(
            '{ owner(ownerNo: "1234") { invoices(invoiceNos: ["1", "2"]) '
            f"{{ ... on Invoice {{ {selection} }} }} }} }}"
        )

    assert "errors" not in reply


async def test_calls_of_all_operations_are_bounded_together(
    ask: Any, payex: Any, settings: dict[str, Any]
) -> None:
    settings["upstream_max_in_flight"] = 4
    query = "query ($n: [ID!]!)" + QUERY.replace('["1", "2", "3"]', "$n")
    # Of a document that is known, they all begin at once.
    await ask(query, n=[])
    await asyncio.gather(*(ask(query, n=[f"1{n}", f"2{n}", f"3{n}"]) for n in range(5)))

    assert payex.most_in_flight == 4
    assert len(payex.calls) == 15


async def test_an_operation_that_needs_more_calls_than_the_bound_is_told_so(
    ask: Any, payex: Any, settings: dict[str, Any]
) -> None:
    settings["max_calls"] = 2
    reply = await ask(QUERY)

    (error,) = reply["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_TOO_MANY_CALLS"
    assert error["extensions"]["limit"] == {"GATEWAY_MAX_CALLS": 2}
    assert len(payex.calls) == 2


async def test_the_same_question_of_two_operations_is_one_call(ask: Any, payex: Any) -> None:
    """Each tells what it was spared."""
    first, second = await asyncio.gather(ask(QUERY), ask(QUERY))

    told = [reply["extensions"]["upstream"] for reply in (first, second)]
    assert first["data"] == second["data"]
    assert len(payex.calls) == 3
    assert sorted((cost["misses"], cost["coalesced"]) for cost in told) == [(0, 3), (3, 0)]


async def test_what_is_kept_costs_no_call_and_no_wave(
    ask: Any, payex: Any, settings: dict[str, Any]
) -> None:
    settings["cache_billed_ttl"] = 60
    await ask(QUERY)
    again = (await ask(QUERY))["extensions"]["upstream"]

    assert len(payex.calls) == 3
    assert (again["calls"], again["waves"], again["hits"]) == (0, 0, 3)


async def test_unbilled_usage_is_not_kept_unless_a_setting_says_so(ask: Any, payex: Any) -> None:
    query = '{ owner(ownerNo: "1234") { customer(customerNo: "9") { __typename } } }'
    await ask(query)
    await ask(query)

    assert len(payex.calls) == 2
