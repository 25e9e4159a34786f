"""PayEx's own bodies and links: what it documents, what may be missing, what is refused."""

from typing import Any

import httpx
import pytest

DOCUMENTED_LIST = """
{ "items": [ { "subscriptionNo": "12345680",
    "usageDetails": "/billing/usage/v1/1234/invoices/123456/subscriptions/12345680/usage-details",
  "usageSummaries": "/billing/usage/v1/1234/invoices/123456/subscriptions/12345680/usage-summaries",
    "@id": "/billing/usage/v1/1234/invoices/123456/subscriptions/12345680" } ],
  "navigation": { "@id": "/billing/usage/v1/1234/invoices/123456/subscriptions" } }
"""
LIST = "/invoices/123456/subscriptions"
QUERY = """
{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { ... on Invoice {
    subscriptions { ... on UsageSubscriptionConnection { totalCount
      nodes { subscriptionNo raw usageRecords { __typename } }
      edges { cursor node { subscriptionNo } }
      pageInfo { hasNextPage endCursor } } } } } } }
"""


async def test_the_documented_list_passes_verbatim(ask: Any, payex: Any) -> None:
    payex.answers[LIST] = httpx.Response(200, content=DOCUMENTED_LIST)
    reply = await ask(QUERY)

    found = reply["data"]["owner"]["invoice"]["subscriptions"]
    assert found["totalCount"] == 1
    assert found["nodes"][0]["subscriptionNo"] == "12345680"
    assert found["nodes"][0]["raw"]["@id"].endswith("/12345680")
    assert found["edges"][0]["cursor"] == found["pageInfo"]["endCursor"]
    assert payex.routes == [LIST, f"{LIST}/12345680/usage-details"]


@pytest.mark.parametrize("link", [None, {"items": []}, [], "absent"])
@pytest.mark.parametrize("number", ["12345680", 12345680])
async def test_a_link_that_is_none_is_built_from_the_numbers(
    ask: Any, payex: Any, link: Any, number: Any
) -> None:
    """The documented type of a link is "dynamic": it may be expanded, null, or left out."""
    item = {"subscriptionNo": number} | ({} if link == "absent" else {"usageDetails": link})
    payex.answers[LIST] = httpx.Response(200, json={"items": [item], "@id": None})
    reply = await ask(QUERY)

    assert "errors" not in reply
    assert payex.routes == [LIST, f"{LIST}/12345680/usage-details"]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/billing/usage/v1/1234/x",
        "//evil.example/billing/usage/v1/1234/x",
        "/billing/usage/v1/5678/invoices/123456/subscriptions/12345680/usage-details",
        "/billing/usage/v1/1234/../5678/invoices/1",
        "/billing/usage/v1/1234/%2e%2e/5678/invoices/1",
        "/billing/usage/v1/1234/x%2F..%2F..%2F5678/invoices/1",
        "/billing/usage/v1/1234/x%5C..%5C..%5C5678/invoices/1",
        "/billing/usage/v1/12345/invoices/1",
        "/billing/other/v1/1234/invoices/1",
        "/etc/passwd",
        " https://payex.test/billing/usage/v1/1234/x",
    ],
)
async def test_a_link_out_of_the_ledger_is_refused(ask: Any, payex: Any, link: str) -> None:
    item = {"subscriptionNo": "12345680", "usageDetails": link}
    payex.answers[LIST] = httpx.Response(200, json={"items": [item]})
    reply = await ask(QUERY)

    (error,) = reply["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_LINK_REFUSED"
    assert "leads out of the ledger" in error["message"]
    assert error["path"][-1] == "usageRecords"
    assert payex.routes == [LIST]


@pytest.mark.parametrize("link", ["", "x", "  ", "x\n", "\\\\evil\\x", 5, True, {}, ["x"]])
async def test_a_link_that_is_none_costs_a_warning_alone(ask: Any, payex: Any, link: Any) -> None:
    item = {"subscriptionNo": "12345680", "usageDetails": link}
    payex.answers[LIST] = httpx.Response(200, json={"items": [item]})
    reply = await ask(QUERY)

    assert "errors" not in reply
    assert payex.routes == [LIST, f"{LIST}/12345680/usage-details"]
    [warning] = (one for one in reply["extensions"]["warnings"] if one["type"] != "DEPRECATION")
    assert warning["message"] == (
        "In subscriptions, usageDetails could not be read in 1 item: the gateway uses its own link "
        "in place of it."
    )
    assert warning["data"]["member"] == "usageDetails"


async def test_a_next_link_out_of_the_ledger_is_refused(ask: Any, payex: Any) -> None:
    navigation = {"next": "/billing/usage/v1/5678/invoices/123456/subscriptions?page=2"}
    payex.answers[LIST] = httpx.Response(200, json={"items": [], "navigation": navigation})
    reply = await ask(QUERY)

    assert reply["errors"][0]["extensions"]["code"] == "UPSTREAM_LINK_REFUSED"
    assert LIST in payex.routes
    assert not any("5678" in path for path in payex.calls)


async def test_more_pages_than_the_bound_are_an_error_that_names_it(
    ask: Any, payex: Any, settings: dict[str, Any]
) -> None:
    """A part of a list is never passed off as the whole."""
    settings["upstream_max_pages"] = 3
    for page in range(1, 6):
        link = f"/billing/usage/v1/1234{LIST}?page={page + 1}"
        path = LIST if page == 1 else f"{LIST}?page={page}"
        payex.answers[path] = httpx.Response(200, json={"items": [], "navigation": {"next": link}})
    reply = await ask(QUERY)

    assert reply["errors"][0]["extensions"]["code"] == "UPSTREAM_TOO_MANY_PAGES"
    assert reply["errors"][0]["extensions"]["limit"] == {"GATEWAY_UPSTREAM_MAX_PAGES": 3}
    assert sum(path.startswith(f"/billing/usage/v1/1234{LIST}") for path in payex.calls) == 3


@pytest.mark.parametrize("body", [{"@id": None}, {"subscriptions": []}, {"subscriptions": {}}])
async def test_an_invoice_body_may_lack_or_expand_anything(
    ask: Any, payex: Any, body: dict[str, Any]
) -> None:
    payex.answers["/invoices/123456"] = httpx.Response(200, json=body)
    reply = await ask(
        '{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") '
        "{ ... on Invoice { invoiceNo ownerNo raw } } } }"
    )

    assert reply["data"]["owner"]["invoice"] == {
        "invoiceNo": "123456",
        "ownerNo": "1234",
        "raw": body,
    }


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        ("AB/12 & Å-3", "AB%2F12%20%26%20%C3%85-3"),
        ("#1 100%", "%231%20100%25"),
        ("a.b", "a.b"),
        ("%2F", "%252F"),
        ("!\"#$%&'()*+,-.", "%21%22%23%24%25%26%27%28%29%2A%2B%2C-."),
    ],
)
async def test_a_number_is_one_path_segment_whatever_it_holds(
    ask: Any, payex: Any, number: str, encoded: str
) -> None:
    reply = await ask(
        'query ($no: ID!) { owner(ownerNo: "1234") { customer(customerNo: $no) '
        "{ ... on Customer { customerNo } } } }",
        no=number,
    )

    assert reply["data"]["owner"]["customer"] == {"customerNo": number}
    assert payex.routes == [f"/customers/{encoded}"]
