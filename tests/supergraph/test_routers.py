"""What clients of a supergraph get, and what it costs, by each router that runs here."""

import subprocess
from typing import Any

import pytest

from tests.gateway.service import SECONDS
from tests.supergraph.composing import FOLDER
from tests.supergraph.programs import node

pytestmark = pytest.mark.supergraph

BOTH_WAYS = """
{
  order(id: "0") {
    customer { name subscription(subscriptionNo: "12345680") {
      ... on UsageSubscription { subscriptionNo billing } } }
    invoice { invoiceNo subscription(subscriptionNo: "12345680") { ... on UsageSubscription {
      usageTotals { ... on UsageTotals { recordCount groups { amount { amount currencyCode } } } }
    } } }
    subscriptions { subscriptionNo billing }
  }
  owner(ownerNo: "1234") { customer(customerNo: "9999") { ... on Customer {
    customerNo name segment orders { id } } } }
}
"""
CUSTOMERS = """
{ orders(ownerNo: "1234") { customer { customerNo subscriptions(first: 1) {
  __typename ... on UsageSubscriptionConnection { totalCount } } } } }
"""
SUBSCRIPTIONS = """
{ orders(ownerNo: "1234") { subscriptions { usageRecords(first: 1) {
  __typename ... on UsageRecordConnection { totalCount } } } } }
"""
PROBLEMS = """
{
  orders(ownerNo: "1234") { customer { customerNo subscriptions {
    __typename ... on Problem { title status instance } } } }
  owner(ownerNo: "1234") {
    empty: invoice(invoiceNo: "77") { __typename ... on Problem { title status instance } }
    review: invoice(invoiceNo: "78") { __typename ... on Problem { title status instance } }
  }
}
"""


def entity_calls(door: Any) -> list[Any]:
    """Return the requests that hold references."""
    return [heard for heard in door.heard if "_entities" in heard.query]


def test_a_query_crosses_in_both_directions(router: Any, subgraphs: Any) -> None:
    """From an order to its usage, and from a customer of PayEx to what sales know of it."""
    reply = router.ask(BOTH_WAYS)

    assert reply == {
        "data": {
            "order": {
                "customer": {
                    "name": "Berg",
                    "subscription": {"subscriptionNo": "12345680", "billing": "UNBILLED"},
                },
                "invoice": {
                    "invoiceNo": "123456",
                    "subscription": {
                        "usageTotals": {
                            "recordCount": 50,
                            "groups": [
                                {"amount": {"amount": "2.11", "currencyCode": "EUR"}},
                                {"amount": {"amount": "579.85", "currencyCode": "SEK"}},
                            ],
                        }
                    },
                },
                "subscriptions": [{"subscriptionNo": "12345680", "billing": "BILLED"}],
            },
            "owner": {
                "customer": {
                    "customerNo": "9999",
                    "name": "Berg",
                    "segment": "PRIVATE",
                    "orders": [{"id": "0"}, {"id": "60"}],
                }
            },
        }
    }
    assert sorted(subgraphs.payex.calls) == [
        "customers/9999",
        "customers/9999/subscriptions/12345680",
        "invoices/123456/subscriptions/12345680/usage-details",
    ]


def test_a_hundred_references_to_customers_are_one_wave(router: Any, subgraphs: Any) -> None:
    """PayEx answers none of the calls before the last of them has come."""
    subgraphs.payex.together = 60
    reply = router.ask(CUSTOMERS)

    found = [order["customer"]["subscriptions"] for order in reply["data"]["orders"]]
    assert "errors" not in reply
    assert found[0] == found[60] == {"__typename": "UsageSubscriptionConnection", "totalCount": 5}
    assert len(found) == 100
    assert len(subgraphs.payex.calls) == len(set(subgraphs.payex.calls)) == 60
    assert subgraphs.payex.most_in_flight == 60
    (call,) = entity_calls(subgraphs.door)
    assert {reference["__typename"] for reference in call.references} == {"Customer"}
    assert len({reference["customerNo"] for reference in call.references}) == 60


def test_a_hundred_references_to_subscriptions_are_one_wave(router: Any, subgraphs: Any) -> None:
    subgraphs.payex.together = 100
    reply = router.ask(SUBSCRIPTIONS)

    found = [order["subscriptions"][0]["usageRecords"] for order in reply["data"]["orders"]]
    assert "errors" not in reply
    assert {records["totalCount"] for records in found} == {50, 12}
    assert len(subgraphs.payex.calls) == len(set(subgraphs.payex.calls)) == 100
    assert subgraphs.payex.most_in_flight == 100
    (call,) = entity_calls(subgraphs.door)
    assert {reference["__typename"] for reference in call.references} == {"UsageSubscription"}
    assert len(call.references) == 100


@pytest.mark.usefixtures("subgraphs")
def test_problems_of_payex_arrive_as_data(router: Any) -> None:
    """Of references too, and those of a type that the gateway does not know."""
    reply = router.ask(PROBLEMS)

    assert "errors" not in reply
    missing = reply["data"]["orders"][1]["customer"]
    assert missing["customerNo"] == "404"
    assert missing["subscriptions"]["__typename"] == "CustomerNotFound"
    assert missing["subscriptions"]["status"] == 404
    owner = reply["data"]["owner"]
    assert owner["empty"]["__typename"] == "InvoiceHasNoUsage"
    assert owner["empty"]["title"] == "The invoice has no usage"
    assert owner["empty"]["instance"]
    assert owner["review"]["__typename"] == "UnrecognizedProblem"


def test_a_fault_leaves_the_rest_of_the_answer(router: Any, subgraphs: Any) -> None:
    subgraphs.payex.failing = {"invoices/123456/subscriptions/12345680/usage-details"}
    reply = router.ask(BOTH_WAYS)

    (error,) = reply["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_ERROR"
    assert error["extensions"]["supportId"]
    assert error["path"] == ["order", "invoice", "subscription", "usageTotals"]
    order = reply["data"]["order"]
    assert order["invoice"] == {"invoiceNo": "123456", "subscription": {"usageTotals": None}}
    assert order["customer"]["subscription"]["billing"] == "UNBILLED"
    assert reply["data"]["owner"]["customer"]["name"] == "Berg"


def test_the_planner_is_the_one_that_was_asked_for(router: Any) -> None:
    """Without its package, Hive Gateway would quietly use the other one."""
    assert ("Using Hive Router Runtime" in router.program.printed) is ("Rust" in router.name)
    assert "Falling back" not in router.program.printed


def test_no_router_asks_anyone_but_the_subgraphs(router: Any) -> None:
    """With the switches of the page, and in all that the tests before have asked for."""
    assert "OUTSIDE" not in router.program.printed


def test_a_program_that_asks_someone_else_would_be_noticed() -> None:
    """So the test above has something to look for."""
    guard = f"--import={(FOLDER / 'loopback.mjs').as_uri()}"
    code = "await fetch('http://192.0.2.1/').catch((error) => console.log(error.cause.code))"
    ran = subprocess.run(  # noqa: S603 - our own command
        [node(FOLDER, "supergraph"), guard, "--input-type=module", "--eval", code],
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )

    assert (ran.stdout, ran.stderr) == ("ECONNREFUSED\n", "OUTSIDE 192.0.2.1\n")
