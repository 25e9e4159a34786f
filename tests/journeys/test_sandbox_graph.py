"""The gateway and the sandbox were written apart; here they check each other."""

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.sandbox import CATALOGUE, TOKENS, Example, ProblemStyle, create_sandbox
from gateway.settings.settings import Settings

pytestmark = pytest.mark.no_cover  # other tests cover the same, and tracing doubles its time

LOOK_UP = """
query ($owner: ID!, $number: ID!, $subscription: ID!, $single: Boolean!, $list: Boolean!) {
  owner(ownerNo: $owner) {
    invoices: invoice(invoiceNo: $number) { ...Why ... on UsageHolder { ...Holder } }
    customers: customer(customerNo: $number) { ...Why ... on UsageHolder { ...Holder } }
  }
}
fragment Holder on UsageHolder {
  ownerNo
  subscription(subscriptionNo: $subscription) @include(if: $single) {
    ...Why
    ... on UsageSubscription {
      usageRecords(first: 10000) { ...Why ... on UsageRecordConnection {
        totalCount nodes { amount { amount } raw } } }
      usageSummaries { ...Why }
      usageTotals { ...Why }
    }
  }
  subscriptions(first: 200) @include(if: $list) {
    ...Why ... on UsageSubscriptionConnection { totalCount nodes { subscriptionNo } }
  }
}
fragment Why on Problem { __typename title status instance }
"""
PROBLEMS = {
    "validation": "ValidationProblem",
    "invoice-not-found": "InvoiceNotFound",
    "customer-not-found": "CustomerNotFound",
    "invoice-has-no-usage": "InvoiceHasNoUsage",
    "subscription-not-found": "SubscriptionNotFound",
    "invoice-under-review": "UnrecognizedProblem",
}


@pytest.mark.parametrize(
    "example", CATALOGUE, ids=lambda e: f"{e.ledger} {e.kind} {e.number} {e.subscription}"
)
async def test_each_number_of_the_catalogue_shows_what_it_says(ask: Any, example: Example) -> None:
    reply = await ask(
        LOOK_UP,
        {
            "owner": example.ledger,
            "number": example.number,
            "subscription": example.subscription or "none",
            "single": bool(example.subscription),
            "list": not example.subscription,
        },
    )

    if example.status == 501:
        codes = {error["extensions"]["code"] for error in reply["errors"]}
        assert codes == {"UPSTREAM_LEDGER_NOT_CONFIGURED"}
        return
    assert "errors" not in reply
    found = reply["data"]["owner"][example.kind]
    if example.problem:
        assert PROBLEMS[example.problem] in json.dumps(found)
    else:
        assert found["ownerNo"] == example.ledger
        assert "Problem" not in json.dumps(found)
        assert "NotFound" not in json.dumps(found)


SUMS = """
{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { ... on Invoice {
    subscriptions(first: 10) { ... on UsageSubscriptionConnection { nodes {
      usageRecords(first: 2000) { ... on UsageRecordConnection {
        nodes { usageType amount { amount currencyCode } } } }
      usageSummaries { ... on UsageSummaryList {
        items { usageType totalCharge { amount currencyCode } } } }
      usageTotals(groupBy: [USAGE_TYPE]) { ... on UsageTotals {
        groups { usageType amount { amount currencyCode } } } }
    } } } } } } }
"""


async def test_records_summaries_and_totals_agree_to_the_last_digit(ask: Any) -> None:
    """Three ways to one sum: by hand, by PayEx's summaries, by the gateway's totals."""
    reply = await ask(SUMS)
    nodes = reply["data"]["owner"]["invoice"]["subscriptions"]["nodes"]

    assert len(nodes) == 5
    for node in nodes:
        sources = (
            (node["usageRecords"]["nodes"], "amount"),
            (node["usageSummaries"]["items"], "totalCharge"),
            (node["usageTotals"]["groups"], "amount"),
        )
        sums: list[dict[Any, Decimal]] = []
        for rows, member in sources:
            found: dict[Any, Decimal] = defaultdict(Decimal)
            for row in rows:
                if money := row[member]:
                    key = row["usageType"], money["currencyCode"]
                    found[key] += Decimal(money["amount"])
            sums.append(dict(found))
        assert sums[0] == sums[1] == sums[2] != {}


async def test_ten_thousand_records_arrive_in_one_page_and_in_many(ask: Any) -> None:
    query = """
      query ($first: Int!, $after: String) { owner(ownerNo: "1234") {
        invoice(invoiceNo: "10000") { ... on Invoice {
          subscription(subscriptionNo: "46701740690") { ... on UsageSubscription {
            usageRecords(first: $first, after: $after) { ... on UsageRecordConnection {
              totalCount pageInfo { hasNextPage endCursor } nodes { usageDetailId } } }
      } } } } } }
    """

    async def page(first: int, after: str | None) -> Any:
        reply = await ask(query, {"first": first, "after": after})
        return reply["data"]["owner"]["invoice"]["subscription"]["usageRecords"]

    whole = await page(10_000, None)
    parts: list[Any] = []
    after = None
    for _ in range(4):
        part = await page(2_500, after)
        parts += part["nodes"]
        after = part["pageInfo"]["endCursor"]

    assert whole["totalCount"] == len(whole["nodes"]) == 10_000
    assert whole["nodes"] == parts
    assert not whole["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize("style", ProblemStyle)
async def test_problems_are_the_same_in_every_style_of_payex(style: ProblemStyle) -> None:
    settings = Settings(
        upstream_origin="https://payex.example",
        ledger_tokens=dict(TOKENS),
        insecure=True,
    )
    app = create_app(settings, upstream=httpx.ASGITransport(create_sandbox(problem_style=style)))
    query = """
      { owner(ownerNo: "1234") {
          a: invoice(invoiceNo: "404") { __typename }
          b: invoice(invoiceNo: "77") { __typename }
          c: customer(customerNo: "404") { __typename }
          d: invoice(invoiceNo: "12_34?") { __typename }
          e: invoice(invoiceNo: "55") { ... on Invoice {
            subscription(subscriptionNo: "404") { __typename } } } } }
    """
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        reply = (await client.post("/graphql", json={"query": query})).json()

    assert reply["data"]["owner"] == {
        "a": {"__typename": "InvoiceNotFound"},
        "b": {"__typename": "InvoiceHasNoUsage"},
        "c": {"__typename": "CustomerNotFound"},
        "d": {"__typename": "ValidationProblem"},
        "e": {"subscription": {"__typename": "SubscriptionNotFound"}},
    }


async def test_a_token_of_another_ledger_is_the_gateway_s_fault() -> None:
    settings = Settings(
        upstream_origin="https://payex.example",
        ledger_tokens={"1234": TOKENS["5678"]},
        insecure=True,
    )
    app = create_app(settings, upstream=httpx.ASGITransport(create_sandbox()))
    transport = httpx.ASGITransport(app)
    query = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }'
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        reply = (await client.post("/graphql", json={"query": query})).json()

    assert reply["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAUTHENTICATED"
