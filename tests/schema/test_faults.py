"""A fault is an entry in `errors` with a stable code, and takes no neighbour along."""

import logging
from typing import Any

import httpx
import pytest

PRIVATE = "Elsa Andersson 46701740605"
INSTANCE = "dd07e588-70c8-4b27-95f5-020cc2968c06"
FAULTS = {
    "401": (httpx.Response(401, text=PRIVATE), "UPSTREAM_UNAUTHENTICATED"),
    "403": (httpx.Response(403, text=PRIVATE), "UPSTREAM_FORBIDDEN"),
    "429": (httpx.Response(429, text=PRIVATE), "UPSTREAM_RATE_LIMITED"),
    "500 with a problem": (
        httpx.Response(500, json={"Type": "x/validation", "Detail": PRIVATE, "Instance": INSTANCE}),
        "UPSTREAM_ERROR",
    ),
    "501": (httpx.Response(501), "UPSTREAM_LEDGER_NOT_CONFIGURED"),
    "502 with HTML": (httpx.Response(502, html=f"<h1>{PRIVATE}</h1>"), "UPSTREAM_UNAVAILABLE"),
    "503 with nothing": (httpx.Response(503), "UPSTREAM_UNAVAILABLE"),
    "504": (httpx.Response(504), "UPSTREAM_UNAVAILABLE"),
    "404 that is no problem": (httpx.Response(404, html=PRIVATE), "UPSTREAM_ROUTE_ABSENT"),
    "a redirect": (
        httpx.Response(302, headers={"location": f"https://evil.example/{PRIVATE}"}),
        "UPSTREAM_ERROR",
    ),
    "truncated JSON": (
        httpx.Response(200, text='{"items": [{"detailInfo": "El'),
        "UPSTREAM_MALFORMED",
    ),
    "JSON of the wrong shape": (httpx.Response(200, json=[PRIVATE]), "UPSTREAM_MALFORMED"),
    "a link that cannot be read": (
        httpx.Response(200, json={"items": [], "navigation": {"next": [PRIVATE]}}),
        "UPSTREAM_MALFORMED",
    ),
    "a refused connection": (httpx.ConnectError(PRIVATE), "UPSTREAM_UNREACHABLE"),
    "a broken connection": (httpx.RemoteProtocolError(PRIVATE), "UPSTREAM_UNREACHABLE"),
    "a timeout": (httpx.ReadTimeout(PRIVATE), "UPSTREAM_TIMEOUT"),
    "a body compressed badly": (
        httpx.DecodingError(PRIVATE),
        "UPSTREAM_MALFORMED",
    ),
}
DETAILS = "/invoices/55/subscriptions/70/usage-details"
QUERY = """
{ owner(ownerNo: "1234") {
    invoice(invoiceNo: "55") { ... on Invoice { invoiceNo subscription(subscriptionNo: "70") {
      ... on UsageSubscription {
        usageSummaries { ... on UsageSummaryList { items { usageType } } }
        usageRecords { ... on UsageRecordConnection { totalCount } } } } } }
    neighbour: invoice(invoiceNo: "56") { ... on Invoice { invoiceNo } } } }
"""


@pytest.mark.parametrize(("answer", "code"), FAULTS.values(), ids=FAULTS)
async def test_a_fault_has_its_code_and_leaves_the_rest_of_the_answer(
    ask: Any, payex: Any, caplog: Any, answer: Any, code: str
) -> None:
    """Nothing that PayEx or the network said of it reaches the client or the log."""
    caplog.set_level(logging.DEBUG)
    payex.answers[DETAILS] = answer
    reply = await ask(QUERY)

    (error,) = reply["errors"]
    assert error["extensions"]["code"] == code
    assert error["path"] == ["owner", "invoice", "subscription", "usageRecords"]
    assert len(error["extensions"]["supportId"]) == 36
    found = reply["data"]["owner"]
    assert found["invoice"]["subscription"]["usageRecords"] is None
    assert found["invoice"]["subscription"]["usageSummaries"]["items"]
    assert found["neighbour"] == {"invoiceNo": "56"}
    assert PRIVATE not in str(reply)
    assert PRIVATE not in caplog.text
    assert "46701740605" not in caplog.text


@pytest.mark.parametrize(("answer", "code"), FAULTS.values(), ids=FAULTS)
async def test_an_invoice_that_only_a_failing_call_could_prove_is_never_assumed(
    ask: Any, payex: Any, answer: Any, code: str
) -> None:
    """It is asked for itself, unless the fault is one that every call would meet."""
    payex.answers[DETAILS] = answer
    reply = await ask(
        '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { invoiceNo '
        'subscription(subscriptionNo: "70") { ... on UsageSubscription { subscriptionNo '
        "usageRecords { __typename } } } } } } }"
    )

    (error,) = reply["errors"]
    assert error["extensions"]["code"] == code
    if code in {"UPSTREAM_ERROR", "UPSTREAM_MALFORMED", "UPSTREAM_ROUTE_ABSENT"}:
        assert reply["data"]["owner"]["invoice"]["subscription"]["usageRecords"] is None
        assert sorted(payex.routes) == [
            "/invoices/55",
            "/invoices/55/subscriptions/70",
            DETAILS,
        ]
    else:
        assert reply["data"]["owner"]["invoice"] is None
        assert payex.routes == [DETAILS]


async def test_one_of_many_invoices_fails_alone(ask: Any, payex: Any) -> None:
    payex.answers["/invoices/2"] = httpx.Response(500)
    reply = await ask(
        '{ owner(ownerNo: "1234") { invoices(invoiceNos: ["1", "2", "3"]) '
        "{ ... on Invoice { invoiceNo } } } }"
    )

    assert reply["data"]["owner"]["invoices"] == [{"invoiceNo": "1"}, None, {"invoiceNo": "3"}]
    assert reply["errors"][0]["path"] == ["owner", "invoices", 1]


async def test_a_bound_that_bites_names_itself_and_its_value(
    ask: Any, payex: Any, settings: dict[str, Any]
) -> None:
    settings["upstream_max_body"] = 1024
    payex.answers["/invoices/55"] = httpx.Response(200, json={"x": "y" * 2000})
    reply = await ask('{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }')

    assert reply["errors"][0]["extensions"]["code"] == "UPSTREAM_BODY_TOO_LARGE"
    assert reply["errors"][0]["extensions"]["limit"] == {"GATEWAY_UPSTREAM_MAX_BODY": 1024}


async def test_the_log_has_payex_s_instance_beside_the_support_id(
    ask: Any, payex: Any, caplog: Any
) -> None:
    payex.answers["/invoices/55"] = FAULTS["500 with a problem"][0]
    reply = await ask('{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }')

    (record,) = [r for r in caplog.records if r.name == "resolvers.operation"]
    assert record.instance == INSTANCE
    assert record.support_id == reply["errors"][0]["extensions"]["supportId"]


async def test_a_fault_that_the_gateway_itself_makes_leaves_no_line(
    ask: Any, settings: dict[str, Any], caplog: Any
) -> None:
    """In an outage there would be thousands. The line of the request has the code."""
    settings["max_calls"] = 1
    invoices = (
        'a: invoice(invoiceNo: "55") { __typename } b: invoice(invoiceNo: "56") { __typename }'
    )
    reply = await ask(f'{{ owner(ownerNo: "1234") {{ {invoices} }} }}')

    assert reply["errors"][0]["extensions"]["code"] == "UPSTREAM_TOO_MANY_CALLS"
    assert [r for r in caplog.records if r.name == "resolvers.operation"] == []


async def test_a_parent_whose_own_call_fails_as_well_is_null_with_that_fault(
    ask: Any, payex: Any
) -> None:
    payex.answers[DETAILS] = httpx.Response(500)
    payex.answers["/invoices/55"] = httpx.Response(403)
    reply = await ask(
        '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { '
        'subscription(subscriptionNo: "70") { ... on UsageSubscription { usageRecords '
        '{ __typename } } } } } neighbour: invoice(invoiceNo: "56") '
        "{ ... on Invoice { invoiceNo } } } }"
    )

    assert reply["data"]["owner"] == {"invoice": None, "neighbour": {"invoiceNo": "56"}}
    assert [error["extensions"]["code"] for error in reply["errors"]] == ["UPSTREAM_FORBIDDEN"]
