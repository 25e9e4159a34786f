"""How many calls an operation costs, and in how many waves, counted at the upstream."""

from collections import Counter
from typing import Any

import httpx
import pytest

RECORDS = "usageRecords { ... on UsageRecordConnection { nodes { amount { amount } } } }"
SUMMARIES = "usageSummaries { ... on UsageSummaryList { items { usageType } } }"
TOTALS = "usageTotals { ... on UsageTotals { recordCount } }"


def owner(selection: str) -> str:
    return f'{{ owner(ownerNo: "1234") {{ {selection} }} }}'


def invoice(selection: str, number: str = "55") -> str:
    return f'invoice(invoiceNo: "{number}") {{ ... on Invoice {{ {selection} }} }}'


def customer(selection: str) -> str:
    return f'customer(customerNo: "99") {{ ... on Customer {{ {selection} }} }}'


def subscription(selection: str, number: str = "70") -> str:
    return (
        f's{number}: subscription(subscriptionNo: "{number}") '
        f"{{ ... on UsageSubscription {{ {selection} }} }}"
    )


def subscriptions(selection: str) -> str:
    return f"subscriptions {{ ... on UsageSubscriptionConnection {{ nodes {{ {selection} }} }} }}"


ALIASES = " ".join(f"a{n}: {invoice('invoiceNo')}" for n in range(10))
TWENTY = ", ".join(f'"{n}"' for n in [*range(17), 0, 1, 2])
FRAGMENTS = """
    query {
      owner(ownerNo: "1234") { ...A ...B invoice(invoiceNo: "55") { ... on Node { id } } }
      again: owner(ownerNo: "1234") { ...A }
    }
    fragment A on Owner { invoice(invoiceNo: "55") { ...C } }
    fragment B on Owner { b: invoice(invoiceNo: "55") { ...C __typename } }
    fragment C on Invoice { invoiceNo }
"""

COSTS = {
    "an invoice alone": (owner(invoice("invoiceNo")), 1, 1, 0),
    "usage records of one subscription": (owner(invoice(subscription(RECORDS))), 1, 1, 0),
    "records, summaries and totals of one subscription": (
        owner(invoice(subscription(f"{RECORDS} {SUMMARIES} {TOTALS}"))),
        2,
        1,
        1,
    ),
    "the list of subscriptions": (owner(invoice(subscriptions("subscriptionNo"))), 1, 1, 0),
    "records of each listed subscription": (owner(invoice(subscriptions(RECORDS))), 6, 2, 0),
    "one invoice under ten aliases": (owner(ALIASES), 1, 1, 9),
    "one invoice through fragments": (FRAGMENTS, 1, 1, 2),
    "three subscriptions, own fields only": (
        owner(invoice(" ".join(subscription("id billing", no) for no in ("70", "71", "72")))),
        1,
        1,
        2,
    ),
    "one subscription, own fields only": (owner(invoice(subscription("id"))), 1, 1, 0),
    "twenty numbers, three of them twice": (
        owner(f"invoices(invoiceNos: [{TWENTY}]) {{ ... on Invoice {{ invoiceNo }} }}"),
        17,
        1,
        3,
    ),
    "customer and invoice side by side": (
        owner(invoice(subscription(RECORDS)) + customer(subscription(RECORDS))),
        2,
        1,
        0,
    ),
    "a subscription beside the list it stands in": (
        owner(invoice(subscription("id") + subscriptions("subscriptionNo"))),
        1,
        1,
        1,
    ),
    "one subscription with usage, two without": (
        owner(invoice(subscription(RECORDS) + subscription("id", "71") + subscription("id", "72"))),
        2,
        1,
        1,
    ),
    "no field of the invoice but its type": (
        owner('invoice(invoiceNo: "55") { __typename }'),
        1,
        1,
        0,
    ),
    "an owner alone": (owner("ownerNo"), 0, 0, 0),
    "the list twice under one invoice's two aliases": (
        owner(f"a: {invoice(subscriptions(RECORDS))} b: {invoice(subscriptions(TOTALS))}"),
        6,
        2,
        6,
    ),
}


@pytest.mark.parametrize(("query", "calls", "waves", "deduplicated"), COSTS.values(), ids=COSTS)
async def test_an_operation_costs_exactly(
    ask: Any, payex: Any, query: str, calls: int, waves: int, deduplicated: int
) -> None:
    """The upstream sees as many calls as the reply tells, in as many waves."""
    reply = await ask(query)

    told = reply["extensions"]["upstream"]
    assert "errors" not in reply
    assert (calls, calls, waves, deduplicated) == (
        len(payex.calls),
        told["calls"],
        told["waves"],
        told["deduplicated"],
    )
    assert len(set(payex.calls)) == calls


async def test_an_operation_that_is_alone_starts_a_wave_at_once(ask: Any, payex: Any) -> None:
    await ask(COSTS["twenty numbers, three of them twice"][0])

    assert payex.most_in_flight == 17


async def test_a_list_of_many_subscriptions_is_one_wave_and_their_records_another(
    ask: Any, payex: Any
) -> None:
    payex.subscriptions = [str(number) for number in range(44)]
    reply = await ask(owner(invoice(subscriptions(RECORDS))))

    told = reply["extensions"]["upstream"]
    assert (told["calls"], told["waves"], payex.most_in_flight) == (45, 2, 44)


@pytest.mark.parametrize("places", [1, 2, 8, 9, 16, 17])
@pytest.mark.parametrize("bound", ["upstream_max_in_flight", "upstream_max_connections"])
async def test_calls_that_wait_for_places_of_their_own_operation_are_a_wave_later(
    ask: Any, payex: Any, settings: dict[str, Any], bound: str, places: int
) -> None:
    """What is told is what happened."""
    settings[bound] = places
    reply = await ask(COSTS["twenty numbers, three of them twice"][0])

    told = reply["extensions"]["upstream"]
    assert (told["calls"], told["waves"]) == (17, -(-17 // places))
    assert payex.most_in_flight == places
    waves = Counter(call["wave"] for call in told["trace"])
    assert all(waves[wave] == places for wave in range(1, told["waves"]))


async def test_each_call_is_told_with_route_status_and_time(ask: Any) -> None:
    """The trace shows templates: nobody's numbers stand in it."""
    reply = await ask(owner(invoice(subscription(RECORDS))))

    (call,) = reply["extensions"]["upstream"]["trace"]
    assert {key: call[key] for key in ("route", "wave", "status")} == {
        "route": "/invoices/{invoiceNo}/subscriptions/{subscriptionNo}/usage-details",
        "wave": 1,
        "status": 200,
    }
    assert call["milliseconds"] >= 0


async def test_a_skipped_field_costs_nothing(ask: Any, payex: Any) -> None:
    query = """
        query ($no: Boolean!, $yes: Boolean!) {
          owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice {
            subscription(subscriptionNo: "70") { ... on UsageSubscription {
              usageSummaries @skip(if: $yes) { __typename }
              usageTotals @include(if: $no) { __typename }
              ... on UsageSubscription @include(if: $yes) { usageRecords { __typename } }
            } }
            subscriptions @include(if: $no) { __typename }
          } } }
        }
    """
    await ask(query, no=False, yes=True)

    assert payex.routes == ["/invoices/55/subscriptions/70/usage-details"]


async def test_a_number_that_the_list_lacks_is_asked_for_by_its_own_route(
    ask: Any, payex: Any, telling: Any
) -> None:
    payex.answers["/invoices/55/subscriptions/404"] = telling("subscription-not-found")
    reply = await ask(
        owner(
            'invoice(invoiceNo: "55") { ... on Invoice { '
            'a: subscription(subscriptionNo: "70") { __typename } '
            'b: subscription(subscriptionNo: "404") { __typename ... on Problem { title } } } }'
        )
    )

    assert reply["data"]["owner"]["invoice"] == {"a": {"__typename": "UsageSubscription"}} | {
        "b": {"__typename": "SubscriptionNotFound", "title": "subscription-not-found"}
    }
    assert payex.routes == ["/invoices/55/subscriptions", "/invoices/55/subscriptions/404"]
    assert reply["extensions"]["upstream"]["waves"] == 2


async def test_links_of_payex_and_routes_from_numbers_are_one_call(ask: Any, payex: Any) -> None:
    """PayEx's list spells a link its own way; the same subscription by number is no second call."""
    payex.subscriptions = ["a/b"]
    path = "/billing/usage/v1/1234/invoices/55/subscriptions/a%2fb"
    item = {"subscriptionNo": "a/b", "usageDetails": f"{path}/usage-details"}
    payex.answers["/invoices/55/subscriptions"] = httpx.Response(200, json={"items": [item]})
    await ask(
        owner(invoice(subscription(RECORDS, "a/b").replace("sa/b", "s") + subscriptions(RECORDS)))
    )

    assert payex.routes == [
        "/invoices/55/subscriptions",
        "/invoices/55/subscriptions/a%2Fb/usage-details",
    ]
