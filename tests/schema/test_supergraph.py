"""Global ids, and references of a supergraph."""

from typing import Any

import pytest

RECORDS = "usageRecords { __typename ... on UsageRecordConnection { totalCount } }"


def entities(selection: str) -> str:
    return f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {selection} }} }}"


async def ids(ask: Any) -> dict[str, str]:
    reply = await ask(
        '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { id '
        'subscription(subscriptionNo: "70") { ... on UsageSubscription { id } } } } '
        'customer(customerNo: "9") { ... on Customer { id '
        'subscription(subscriptionNo: "70") { ... on UsageSubscription { id } } } } } }'
    )
    found = reply["data"]["owner"]
    return {
        "Invoice": found["invoice"]["id"],
        "Customer": found["customer"]["id"],
        "billed": found["invoice"]["subscription"]["id"],
        "unbilled": found["customer"]["subscription"]["id"],
    }


async def test_what_has_an_id_is_found_again_by_it(ask: Any, payex: Any) -> None:
    """The node is proven by one call, whichever type it has."""
    for name, node_id in (await ids(ask)).items():
        payex.calls.clear()
        reply = await ask("query ($id: ID!) { node(id: $id) { __typename id } }", id=node_id)

        type_ = name if name[0].isupper() else "UsageSubscription"
        assert reply["data"]["node"] == {"__typename": type_, "id": node_id}
        assert len(payex.calls) == 1


async def test_the_usage_below_a_node_proves_it(ask: Any, payex: Any) -> None:
    node_id = (await ids(ask))["billed"]
    payex.calls.clear()
    reply = await ask(
        "query ($id: ID!) { node(id: $id) { ... on UsageSubscription { billing "
        f"subscriptionNo {RECORDS} }} }} }}",
        id=node_id,
    )

    assert reply["data"]["node"] == {
        "billing": "BILLED",
        "subscriptionNo": "70",
        "usageRecords": {"__typename": "UsageRecordConnection", "totalCount": 2},
    }
    assert payex.routes == ["/invoices/55/subscriptions/70/usage-details"]


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("invoice-not-found", 404, "NOT_FOUND"),
        ("validation", 400, "BAD_USER_INPUT"),
        ("new", 404, "UPSTREAM_PROBLEM"),
    ],
)
async def test_a_node_that_payex_does_not_know_is_null_with_an_error(
    ask: Any, payex: Any, telling: Any, code: str, status: int, expected: str
) -> None:
    node_id = (await ids(ask))["Invoice"]
    payex.answers["/invoices/55"] = telling(code, status)
    reply = await ask("query ($id: ID!) { node(id: $id) { id } }", id=node_id)

    assert reply["data"] == {"node": None}
    assert reply["errors"][0]["extensions"]["code"] == expected
    assert reply["errors"][0]["extensions"]["instance"] == "dd07e588-70c8-4b27-95f5-020cc2968c06"


async def test_a_reference_costs_no_call_until_a_field_needs_one(ask: Any, payex: Any) -> None:
    subscription = (await ids(ask))["unbilled"]
    payex.calls.clear()
    reply = await ask(
        entities(
            "__typename ... on Owner { ownerNo } ... on Invoice { invoiceNo } "
            "... on Customer { customerNo } ... on UsageSubscription { subscriptionNo billing }"
        ),
        r=[
            {"__typename": "Owner", "ownerNo": "1234"},
            {"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": "55"},
            {"__typename": "Customer", "ownerNo": "5678", "customerNo": "9"},
            {"__typename": "UsageSubscription", "id": subscription},
        ],
    )

    assert reply["data"]["_entities"] == [
        {"__typename": "Owner", "ownerNo": "1234"},
        {"__typename": "Invoice", "invoiceNo": "55"},
        {"__typename": "Customer", "customerNo": "9"},
        {"__typename": "UsageSubscription", "subscriptionNo": "70", "billing": "UNBILLED"},
    ]
    assert payex.calls == []


async def test_a_hundred_references_are_one_wave_of_distinct_calls(ask: Any, payex: Any) -> None:
    field = f'subscription(subscriptionNo: "70") {{ ... on UsageSubscription {{ {RECORDS} }} }}'
    references = [
        {"__typename": "Customer", "ownerNo": "1234", "customerNo": str(n % 60)} for n in range(100)
    ]
    reply = await ask(entities(f"... on Customer {{ {field} }}"), r=references)

    assert "errors" not in reply
    assert len(payex.calls) == len(set(payex.calls)) == 60
    assert reply["extensions"]["upstream"]["waves"] == 1


async def test_several_subscriptions_of_one_reference_are_one_list_call(
    ask: Any, payex: Any
) -> None:
    reference = {"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": "55"}
    fields = (
        'a: subscription(subscriptionNo: "70") { __typename } '
        'b: subscription(subscriptionNo: "71") { __typename }'
    )
    await ask(entities(f"... on Invoice {{ {fields} }}"), r=[reference])

    assert payex.routes == ["/invoices/55/subscriptions"]


async def test_a_problem_of_a_reference_is_answered_below_it(
    ask: Any, payex: Any, telling: Any
) -> None:
    payex.answers["/invoices/55/subscriptions"] = telling("invoice-not-found")
    payex.answers["/invoices/55/subscriptions/70"] = telling("invoice-not-found")
    payex.answers["/invoices/55"] = telling("invoice-not-found")
    reply = await ask(
        entities(
            "... on Invoice { subscriptions { __typename } raw "
            'subscription(subscriptionNo: "70") { __typename } }'
        ),
        r=[{"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": "55"}],
    )

    assert reply["data"]["_entities"] == [
        {
            "subscriptions": {"__typename": "InvoiceNotFound"},
            "subscription": {"__typename": "InvoiceNotFound"},
            "raw": None,
        }
    ]
    assert reply["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ({"__typename": "Invoice", "ownerNo": "1234"}, "BAD_USER_INPUT"),
        ({"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": 5.5}, "BAD_USER_INPUT"),
        ({"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": True}, "BAD_USER_INPUT"),
        ({"__typename": "Owner", "ownerNo": "12 34 !!"}, "BAD_USER_INPUT"),
        ({"__typename": "Customer", "ownerNo": "1234", "customerNo": ""}, "BAD_USER_INPUT"),
        ({"__typename": "UsageSubscription", "id": "WyJpIiwiMTIzNCIsIjU1Il0"}, "BAD_USER_INPUT"),
        ({"__typename": "UsageSubscription", "id": "x"}, "BAD_USER_INPUT"),
        ({"__typename": "Owner", "ownerNo": "9"}, "LEDGER_NOT_CONFIGURED"),
        ({"__typename": "Nobody", "id": "1"}, "BAD_USER_INPUT"),
        ({"__typename": ["Owner"], "ownerNo": "1234"}, "BAD_USER_INPUT"),
        ({"ownerNo": "1234"}, "BAD_USER_INPUT"),
        ([], "BAD_USER_INPUT"),
    ],
)
async def test_a_malformed_reference_is_a_coded_error(
    ask: Any, payex: Any, reference: Any, code: str
) -> None:
    """It leaves its neighbours."""
    good = {"__typename": "Owner", "ownerNo": "1234"}
    reply = await ask(entities("__typename"), r=[reference, good])

    assert reply["data"]["_entities"] == [None, {"__typename": "Owner"}]
    assert reply["errors"][0]["extensions"]["code"] == code
    assert payex.calls == []


async def test_a_references_number_is_read_as_an_argument_is(ask: Any) -> None:
    """GraphQL's `ID` takes integers, and some routers send them."""
    number = {"__typename": "Invoice", "ownerNo": 1234, "invoiceNo": 55}
    reply = await ask(entities("... on Invoice { ownerNo invoiceNo }"), r=[number])

    assert reply["data"]["_entities"] == [{"ownerNo": "1234", "invoiceNo": "55"}]


async def test_two_ledgers_with_equal_numbers_never_meet(ask: Any, payex: Any) -> None:
    await ask(
        '{ a: owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } '
        'b: owner(ownerNo: "5678") { invoice(invoiceNo: "55") { __typename } } }'
    )

    assert sorted(payex.calls) == [
        "/billing/usage/v1/1234/invoices/55",
        "/billing/usage/v1/5678/invoices/55",
    ]


async def test_the_raw_body_of_a_single_subscription_is_its_own_call(ask: Any, payex: Any) -> None:
    reply = await ask(
        '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { '
        'subscription(subscriptionNo: "70") { ... on UsageSubscription { raw } } } } } }'
    )

    found = reply["data"]["owner"]["invoice"]["subscription"]["raw"]
    assert found["subscriptionNo"] == "70"
    assert payex.routes == ["/invoices/55/subscriptions/70"]


async def test_a_problem_below_a_subscription_of_a_reference_is_each_fields_own(
    ask: Any, payex: Any, telling: Any
) -> None:
    subscription = (await ids(ask))["billed"]
    for leaf in ("", "/usage-details", "/usage-summaries"):
        path = f"/invoices/55/subscriptions/70{leaf}"
        payex.answers[path] = telling("subscription-not-found")
    reply = await ask(
        entities(
            "... on UsageSubscription { raw usageRecords { __typename } "
            "usageTotals { __typename } usageSummaries { __typename } }"
        ),
        r=[{"__typename": "UsageSubscription", "id": subscription}],
    )

    missing = {"__typename": "SubscriptionNotFound"}
    assert reply["data"]["_entities"] == [
        {"raw": None, "usageRecords": missing, "usageTotals": missing, "usageSummaries": missing}
    ]
    assert [error["path"] for error in reply["errors"]] == [["_entities", 0, "raw"]]
