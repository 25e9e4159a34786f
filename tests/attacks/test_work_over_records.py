"""Small operations that make much work of one long list, sent to the running gateway."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

MANY = 99
# The sandbox has 10,000 records of it.
RECORDS = """{ owner(ownerNo: "1234") { invoice(invoiceNo: "10000") { ... on Invoice {
  subscription(subscriptionNo: "46701740690") { ... on UsageSubscription { %s } }
} } } }"""
SUMS = "usageTotals(groupBy: [USAGE_TYPE]%s) { ... on UsageTotals { groups { recordCount } } }"
PAGE = (
    "usageRecords(first: 10000) { ... on UsageRecordConnection { nodes { startTime usageType"
    " destination detailInfo amount { amount currencyCode } totalVolume { value unit } } } }"
)
PLAIN = {"accept-encoding": "identity"}


def aliases(*fields: str) -> str:
    """Return an operation that asks for each of these fields of one subscription's usage."""
    return RECORDS % " ".join(f"a{number}: {field}" for number, field in enumerate(fields))


OTHER_SUMS = aliases(
    *(SUMS % f', filter: {{ minimumAmount: "-{number}" }}' for number in range(MANY))
)
LEAVES = (
    "usageRecords(first: 10000) { ... on UsageRecordConnection { nodes { startTime usageType"
    " destination detailInfo quantity vatRate } } }"
)
PAGES = aliases(*[LEAVES] * 30)


def ask(gateway: httpx.Client, query: str, **headers: str) -> httpx.Response:
    return gateway.post("/graphql", json={"query": query}, headers=PLAIN | headers)


def spent(gateway: httpx.Client, query: str) -> int:
    """Return what an operation spends whose document and answers of PayEx are known."""
    replies = [ask(gateway, query).json() for _ in range(3)]
    assert not any("errors" in reply for reply in replies)
    units: int = replies[-1]["extensions"]["cost"]["spent"]
    return units


def refused(reply: httpx.Response) -> dict[str, Any]:
    """Return what the one error of a reply tells."""
    (error,) = reply.json()["errors"]
    extensions: dict[str, Any] = error["extensions"]
    return extensions


def used_up(reply: httpx.Response) -> dict[str, Any]:
    """Return what an operation had spent, by kind of work, that was ended for it."""
    told = refused(reply)
    assert told["code"] == "OPERATION_BUDGET_LIMIT"
    assert reply.json()["data"] is None
    units: dict[str, Any] = told["spent"]
    return units


def test_sums_under_many_aliases_cost_little_more_than_under_one(gateway: httpx.Client) -> None:
    """7 KB took 10 seconds of a core."""
    one = spent(gateway, aliases(SUMS % ""))
    many = spent(gateway, aliases(*[SUMS % ""] * MANY))

    assert many < 2 * one


def test_other_sums_under_each_alias_are_ended_by_the_budget(gateway: httpx.Client) -> None:
    units = used_up(ask(gateway, OTHER_SUMS))

    assert max(units, key=units.__getitem__) == "selected"


def test_large_pages_of_objects_under_many_aliases_are_refused_by_their_price(
    gateway: httpx.Client,
) -> None:
    """They took 25 seconds of a core, and the reply would have 123 MB."""
    assert refused(ask(gateway, aliases(*[PAGE] * 30)))["code"] == "MAX_COST_LIMIT"


def test_large_pages_of_leaves_under_many_aliases_are_ended_by_the_budget(
    gateway: httpx.Client,
) -> None:
    """Scalars cost nothing before they are written."""
    reply = ask(gateway, PAGES)
    units = used_up(reply)

    assert max(units, key=units.__getitem__) == "written"
    assert len(reply.content) < len(PAGES)


def test_one_page_of_ten_thousand_records_is_answered(gateway: httpx.Client) -> None:
    nodes = ask(gateway, RECORDS % PAGE).json()["data"]["owner"]["invoice"]["subscription"]

    assert len(nodes["usageRecords"]["nodes"]) == 10_000


def test_work_over_records_ends_when_the_operations_time_is_up(gateway: httpx.Client) -> None:
    """It was answered after 48 seconds where 30 were granted."""
    reply = ask(gateway, aliases(*[PAGE] * 5), **{"payex-usage-deadline": "0.02"})

    codes = {error["extensions"]["code"] for error in reply.json()["errors"]}
    assert codes == {"DEADLINE_EXCEEDED"}
    assert len(reply.content) < len(ask(gateway, RECORDS % PAGE).content)


def test_the_gateway_says_that_it_is_alive_while_it_works_over_records(
    gateway: httpx.Client,
) -> None:
    """The longest work that the budget allows keeps the event loop for a slice at a time."""
    answers = []
    with ThreadPoolExecutor() as threads:
        work = [threads.submit(ask, gateway, query) for query in (OTHER_SUMS, PAGES)]
        while not all(each.done() for each in work):
            answers.append(gateway.get("/health/live").status_code)

    assert [json.loads(each.result().content)["data"] for each in work] == [None, None]
    assert len(answers) > 4
    assert set(answers) == {200}
