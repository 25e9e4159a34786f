"""Answers that are not PayEx's own, or not quite as documented: told apart, and never half-read."""

from typing import Any

import httpx
import pytest

INSTANCE = "dd07e588-70c8-4b27-95f5-020cc2968c06"
CUSTOMER = "/customers/9"
QUERY = """{ owner(ownerNo: "1234") { customer(customerNo: "9") { __typename
  ... on Customer { raw } ... on Problem { title status instance }
  ... on ValidationProblem { fieldErrors { parameter message } } } } }"""
LIST = "/invoices/55/subscriptions"
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "body",
    [
        {"type": "https://tools.ietf.org/html/rfc9110#section-15.5.5"},
        {"type": "about:blank"},
        {},
        {"type": "https://errors.example/no-route"},
        {"type": ["billing/usage/problems/customer-not-found"]},
    ],
    ids=lambda body: str(body.get("type")),
)
async def test_a_framework_s_404_is_a_fault_that_tells_the_operator_where_to_look(
    ask: Any, payex: Any, caplog: Any, body: dict[str, Any]
) -> None:
    members = {"title": "Not Found", "status": 404, "instance": INSTANCE}
    payex.answers[CUSTOMER] = httpx.Response(404, json=body | members)
    reply = await ask(QUERY)

    extensions = reply["errors"][0]["extensions"]
    assert extensions["code"] == "UPSTREAM_ROUTE_ABSENT"
    assert (extensions["title"], extensions["instance"]) == ("Not Found", INSTANCE)
    assert reply["data"]["owner"]["customer"] is None
    assert "GATEWAY_UPSTREAM_SUBDOMAIN" in caplog.text
    assert "`python -m gateway check`" in caplog.text
    assert '"Not Found"' in caplog.text
    assert len(payex.calls) == 1


async def test_a_route_that_is_absent_says_nothing_of_the_others(ask: Any, payex: Any) -> None:
    payex.answers["/invoices/55/subscriptions/70/usage-summaries"] = httpx.Response(404)
    reply = await ask(
        """{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { subscription(
        subscriptionNo: "70") { ... on UsageSubscription { usageSummaries { __typename }
        usageRecords { ... on UsageRecordConnection { totalCount } } } } } } } }"""
    )

    assert [error["extensions"]["code"] for error in reply["errors"]] == ["UPSTREAM_ROUTE_ABSENT"]
    found = reply["data"]["owner"]["invoice"]["subscription"]
    assert found == {"usageSummaries": None, "usageRecords": {"totalCount": 2}}


async def test_a_problem_without_a_type_keeps_its_title_and_instance(ask: Any, payex: Any) -> None:
    body = {"Title": "Conflict", "Instance": INSTANCE}
    payex.answers[CUSTOMER] = httpx.Response(409, json=body)
    reply = await ask(QUERY)

    extensions = reply["errors"][0]["extensions"]
    assert extensions["code"] == "UPSTREAM_ERROR"
    assert (extensions["title"], extensions["instance"]) == ("Conflict", INSTANCE)


async def test_a_title_that_may_hold_a_number_is_not_told(
    ask: Any, payex: Any, caplog: Any
) -> None:
    body = {"title": "No customer 0701740605", "instance": "/customers/0701740605"}
    payex.answers[CUSTOMER] = httpx.Response(409, json=body)
    reply = await ask(QUERY)

    assert "0701740605" not in str(reply) + caplog.text


@pytest.mark.parametrize(
    "type_",
    [
        "billing/usage/problems/customer-is-moving",
        "billing/usage/customer-is-moving",
        "https://payex.example/ledger/customer-is-moving",
    ],
)
async def test_an_unknown_type_of_payex_s_form_is_data(ask: Any, payex: Any, type_: str) -> None:
    body = {"Type": type_, "Title": True, "Status": 404}
    payex.answers[CUSTOMER] = httpx.Response(404, json=body | {"Instance": INSTANCE})
    reply = await ask(QUERY)

    assert reply["data"]["owner"]["customer"] == {
        "__typename": "UnrecognizedProblem",
        "title": "PayEx told of a problem",
        "status": 404,
        "instance": INSTANCE,
    }


async def test_a_validation_problem_has_an_entry_for_each_message(ask: Any, payex: Any) -> None:
    body = b"""{"Type": "billing/usage/problems/validation", "Title": "T", "Problems":
        [{"invoiceNo": ["Too long", "Not a number"]}, {"x": null}, {"y": {"code":1.50}}]}"""
    payex.answers[CUSTOMER] = httpx.Response(400, content=BOM + body)
    reply = await ask(QUERY)

    assert reply["data"]["owner"]["customer"]["fieldErrors"] == [
        {"parameter": "invoiceNo", "message": "Too long"},
        {"parameter": "invoiceNo", "message": "Not a number"},
        {"parameter": "y", "message": '{"code":1.50}'},
    ]


async def test_a_byte_order_mark_before_a_body_is_passed_over(ask: Any, payex: Any) -> None:
    payex.answers[CUSTOMER] = httpx.Response(200, content=BOM + b'{"customerNo": "9"}')
    payex.answers[LIST] = httpx.Response(200, content=BOM + b'{"items": [{"subscriptionNo": "7"}]}')
    reply = await ask(QUERY)
    listed = await ask(
        '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { subscriptions { '
        "... on UsageSubscriptionConnection { totalCount nodes { raw } } } } } } }"
    )

    assert reply["data"]["owner"]["customer"]["raw"] == {"customerNo": "9"}
    found = listed["data"]["owner"]["invoice"]["subscriptions"]
    assert found == {"totalCount": 1, "nodes": [{"raw": {"subscriptionNo": "7"}}]}


@pytest.mark.parametrize(
    "link", ["?page=2", f"https://payex.example/billing/usage/v1/1234{LIST}?page=2"]
)
async def test_a_next_page_may_be_named_in_each_way_of_rfc_3986(
    ask: Any, payex: Any, link: str
) -> None:
    first = {"items": [{"subscriptionNo": "1"}], "navigation": {"next": link}}
    payex.answers[LIST] = httpx.Response(200, json=first)
    payex.answers[f"{LIST}?page=2"] = httpx.Response(200, json={"items": [{"subscriptionNo": "2"}]})
    reply = await ask(
        '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { subscriptions { '
        "... on UsageSubscriptionConnection { totalCount } } } } } }"
    )

    assert reply["data"]["owner"]["invoice"]["subscriptions"] == {"totalCount": 2}
