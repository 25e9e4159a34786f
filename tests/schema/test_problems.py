"""A problem is answered by the field that it is about, as a type of its own."""

import asyncio
import json
from typing import Any

import httpx
import pytest

PROBLEM = "__typename ... on Problem { title detail status instance }"
USAGE = "usageRecords { __typename ... on Problem { title } }"
BELOW = "/invoices/55/subscriptions/70/usage-details"


def query(selection: str) -> str:
    return f'{{ owner(ownerNo: "1234") {{ {selection} }} }}'


def invoice(selection: str) -> str:
    return query(f'invoice(invoiceNo: "55") {{ {PROBLEM} ... on Invoice {{ {selection} }} }}')


SUBSCRIPTION = (
    f'subscription(subscriptionNo: "70") {{ {PROBLEM} ... on UsageSubscription {{ {USAGE} }} }}'
)


@pytest.mark.parametrize(
    ("type_", "status", "name"),
    [
        ("billing/usage/problems/{}", 404, "InvoiceNotFound"),
        ("ledger/usage/v1/problems/{}", 404, "InvoiceNotFound"),
        ("http://payex.example/billing/usage/problems/{}", 404, "InvoiceNotFound"),
        ("billing.usage.{}", 404, "InvoiceNotFound"),
        ("billing/usage/problems/{}", 409, "UnrecognizedProblem"),
    ],
)
async def test_a_problem_is_known_by_the_last_segment_of_its_type_and_its_status(
    ask: Any, payex: Any, telling: Any, type_: str, status: int, name: str
) -> None:
    payex.answers["/invoices/55"] = telling(
        "invoice-not-found", status, Type=type_.format("invoice-not-found")
    )
    reply = await ask(invoice("invoiceNo"))

    assert reply["data"]["owner"]["invoice"]["__typename"] == name
    assert "errors" not in reply


@pytest.mark.parametrize(
    ("code", "name"),
    [("invoice-not-found", "InvoiceNotFound"), ("invoice-has-no-usage", "InvoiceHasNoUsage")],
)
async def test_a_problem_of_the_invoice_is_the_invoice_fields_answer_however_deep_it_was_told(
    ask: Any, payex: Any, telling: Any, code: str, name: str
) -> None:
    payex.answers[BELOW] = telling(code)
    reply = await ask(invoice(SUBSCRIPTION))

    assert reply["data"]["owner"]["invoice"]["__typename"] == name
    assert payex.routes == [BELOW]


@pytest.mark.parametrize(
    ("kind", "code", "type_"),
    [
        ("invoice", "invoice-not-found", "InvoiceNotFound"),
        ("invoice", "invoice-has-no-usage", "InvoiceHasNoUsage"),
        ("customer", "customer-not-found", "CustomerNotFound"),
    ],
)
async def test_what_was_not_found_is_told_with_the_number_that_was_asked_for(
    ask: Any, payex: Any, telling: Any, kind: str, code: str, type_: str
) -> None:
    """Also in a list."""
    payex.answers[f"/{kind}s/a%20b"] = telling(code)
    shown = f"... on {type_} {{ {kind}No }}"
    reply = await ask(query(f'{kind}s({kind}Nos: ["a b", "a b"]) {{ {shown} }}'))

    assert reply["data"]["owner"][f"{kind}s"] == [{f"{kind}No": "a b"}] * 2


@pytest.mark.parametrize("field", ["usageRecords", "usageTotals", "usageSummaries"])
async def test_a_subscription_that_was_not_found_is_told_with_its_number_at_every_field(
    ask: Any, payex: Any, telling: Any, field: str
) -> None:
    """The subscription's own, and that of a usage that is gone while the list still has it."""
    for leaf in ("usage-details", "usage-summaries"):
        payex.answers[f"/invoices/55/subscriptions/70/{leaf}"] = telling("subscription-not-found")
    shown = "... on SubscriptionNotFound { subscriptionNo }"
    single = f"... on UsageSubscription {{ {field} {{ __typename }} }}"
    listed = f"... on UsageSubscriptionConnection {{ nodes {{ {field} {{ {shown} }} }} }}"
    own = await ask(invoice(f'subscription(subscriptionNo: "70") {{ {shown} {single} }}'))
    below = await ask(invoice(f"subscriptions(first: 1) {{ {listed} }}"))

    assert own["data"]["owner"]["invoice"]["subscription"] == {"subscriptionNo": "70"}
    found = below["data"]["owner"]["invoice"]["subscriptions"]["nodes"]
    assert found == [{field: {"subscriptionNo": "70"}}]


@pytest.mark.parametrize("spelling", ["subscription-not-found", "subscription-not found"])
async def test_a_missing_subscription_is_the_subscription_fields_answer(
    ask: Any, payex: Any, telling: Any, spelling: str
) -> None:
    """It proves the invoice, and costs no further call."""
    payex.answers[BELOW] = telling(spelling)
    reply = await ask(invoice(SUBSCRIPTION))

    found = reply["data"]["owner"]["invoice"]
    assert found["__typename"] == "Invoice"
    assert found["subscription"]["__typename"] == "SubscriptionNotFound"
    assert payex.routes == [BELOW]


async def test_a_missing_customer_is_the_customer_fields_answer(
    ask: Any, payex: Any, telling: Any
) -> None:
    payex.answers["/customers/9/subscriptions"] = telling("customer-not-found", Detail="No.")
    reply = await ask(
        query(
            f'customer(customerNo: "9") {{ {PROBLEM} '
            "... on Customer { subscriptions { __typename } } }"
        )
    )

    assert reply["data"]["owner"]["customer"] == {
        "__typename": "CustomerNotFound",
        "title": "customer-not-found",
        "detail": "No.",
        "status": 404,
        "instance": "dd07e588-70c8-4b27-95f5-020cc2968c06",
    }


@pytest.mark.parametrize(
    ("parameter", "field"),
    [("invoiceNo", "invoice"), ("subscriptionNo", "subscription"), ("from", "usageRecords")],
)
async def test_a_validation_problem_is_answered_where_the_parameter_belongs(
    ask: Any, payex: Any, telling: Any, parameter: str, field: str
) -> None:
    payex.answers[BELOW] = telling("validation", 400, Problems=[{parameter: "Not valid"}])
    reply = await ask(invoice(SUBSCRIPTION))

    found = reply["data"]["owner"]
    names = {}
    for name in ("invoice", "subscription", "usageRecords"):
        found = found.get(name) or {}
        names[name] = found.get("__typename")
    assert [name for name, type_ in names.items() if type_ == "ValidationProblem"] == [field]


async def test_members_of_a_problem_are_read_in_any_casing(ask: Any, payex: Any) -> None:
    body: dict[str, object] = {
        "tYPE": "billing/x/problems/validation",
        "TITLE": "T",
        "detail": "D",
        "iNSTANCE": None,
        "other": 1,
    }
    body |= {"problems": [{"invoiceNo": "Bad"}]}
    payex.answers["/invoices/55"] = httpx.Response(400, json=body)
    selection = "... on ValidationProblem { fieldErrors { parameter message } }"
    reply = await ask(query(f'invoice(invoiceNo: "55") {{ {PROBLEM} {selection} }}'))

    assert reply["data"]["owner"]["invoice"] == {
        "__typename": "ValidationProblem",
        "title": "T",
        "detail": "D",
        "status": 400,
        "instance": None,
        "fieldErrors": [{"parameter": "invoiceNo", "message": "Bad"}],
    }


async def test_a_type_that_payex_adds_reaches_the_client_whole(ask: Any, payex: Any) -> None:
    body = b'{"Type": "billing/usage/problems/new", "Title": "New", "Status": 404, "Fee": 1.10}'
    payex.answers["/invoices/55"] = httpx.Response(404, content=body)
    selection = "... on UnrecognizedProblem { type raw }"
    reply = await ask(query(f'invoice(invoiceNo: "55") {{ {PROBLEM} {selection} }}'))

    found = reply["data"]["owner"]["invoice"]
    assert found["__typename"] == "UnrecognizedProblem"
    assert found["type"] == "billing/usage/problems/new"
    assert found["raw"] == json.loads(body)


async def test_a_documented_problem_on_a_route_that_has_none_such_is_unrecognized(
    ask: Any, payex: Any, telling: Any
) -> None:
    payex.answers["/customers/9"] = telling("invoice-not-found")
    reply = await ask(query(f'customer(customerNo: "9") {{ {PROBLEM} }}'))

    assert reply["data"]["owner"]["customer"]["__typename"] == "UnrecognizedProblem"


async def test_a_missing_subscription_that_the_list_tells_of_is_one_where_a_union_has_it(
    ask: Any, payex: Any, telling: Any
) -> None:
    """The list's own field has no such problem, and those of single subscriptions have."""
    payex.answers["/invoices/55/subscriptions"] = telling("subscription-not-found")
    reply = await ask(
        invoice(
            f'one: subscription(subscriptionNo: "9") {{ {PROBLEM} }} '
            f'other: subscription(subscriptionNo: "8") {{ {PROBLEM} }} '
            "subscriptions { __typename }"
        )
    )

    found = reply["data"]["owner"]["invoice"]
    assert found["one"]["__typename"] == found["other"]["__typename"] == "SubscriptionNotFound"
    assert found["one"]["instance"] == "dd07e588-70c8-4b27-95f5-020cc2968c06"
    assert found["subscriptions"]["__typename"] == "UnrecognizedProblem"
    assert payex.routes == ["/invoices/55/subscriptions"]


@pytest.mark.parametrize("code", ["under-review", "customer-not-found"])
async def test_a_problem_of_the_list_that_no_subscription_has_stays_unrecognized(
    ask: Any, payex: Any, telling: Any, code: str
) -> None:
    payex.answers["/invoices/55/subscriptions"] = telling(code)
    single = f'subscription(subscriptionNo: "9") {{ {PROBLEM} }}'
    reply = await ask(invoice(f"{single} subscriptions {{ __typename }}"))

    found = reply["data"]["owner"]["invoice"]
    assert found["subscription"]["__typename"] == "UnrecognizedProblem"


async def test_an_unknown_problem_of_the_usage_leaves_its_parents_to_be_asked(
    ask: Any, payex: Any, telling: Any
) -> None:
    payex.answers[BELOW] = telling("under-review")
    reply = await ask(invoice(SUBSCRIPTION))

    found = reply["data"]["owner"]["invoice"]["subscription"]
    assert found["usageRecords"]["__typename"] == "UnrecognizedProblem"
    assert payex.routes == ["/invoices/55", "/invoices/55/subscriptions/70", BELOW]


async def test_a_parent_that_turns_out_missing_does_not_wait_for_its_children(
    ask: Any, payex: Any, telling: Any
) -> None:
    """The call below never ends. No waiter is left when the operation ends."""
    payex.answers["/invoices/55"] = telling("invoice-not-found")
    payex.answers[BELOW] = httpx_never
    reply = await ask(invoice(f"raw {SUBSCRIPTION}"))

    assert reply["data"]["owner"]["invoice"]["__typename"] == "InvoiceNotFound"
    assert BELOW in payex.routes


async def httpx_never() -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError
