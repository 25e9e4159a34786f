"""What a subscription's usage fields answer: records, pages, filters, orders, totals, raw."""

import json
from typing import Any

import httpx
import pytest

DETAILS = "/invoices/55/subscriptions/70/usage-details"
RECORDS = """[
  {"usageType": "VOICE", "startTime": "2026-10-01T08:00:00", "destination": "Sverige mobil",
   "quantity": 1, "chargedVolume": 60, "totalVolume": 90, "volumeCode": "S", "unitPrice": 0.0115,
   "amount": 0.69, "currency": "sek", "vatRate": 25.00, "usageDetailId": "a1", "@id": null,
   "loyalty": {"points": 3.10}},
  {"usageType": "DATA", "startTime": "2026-10-02T23:59:59", "destination": "Norge",
   "chargedVolume": 1.5, "totalVolume": 2, "volumeCode": "mb", "amount": 12.10, "currency": "EUR"},
  {"usageType": "VOICE", "startTime": "2026-10-02T00:00:00", "destination": "Norge",
   "totalVolume": 2, "volumeCode": "MIN", "amount": 0.1, "currency": "SEK"},
  {"usageType": "SMS", "startTime": null, "amount": null, "currency": "SEK",
   "totalVolume": 7, "volumeCode": "FURLONG"},
  {}
]"""


@pytest.fixture
def usage(ask: Any, payex: Any) -> Any:
    """Return how to ask for fields of one subscription with five records."""
    body = f'{{"items": {RECORDS}}}'
    payex.answers[DETAILS] = httpx.Response(200, content=body)

    async def of(selection: str, **variables: object) -> Any:
        declared = {"after": "String", "first": "Int"}
        heads = "".join(f"${name}: {declared[name]}, " for name in variables)
        reply = await ask(
            f"query {f'({heads})' if heads else ''} "
            '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { '
            'subscription(subscriptionNo: "70") { ... on UsageSubscription '
            f"{{ {selection} }} }} }} }} }} }}",
            **variables,
        )
        assert "errors" not in reply, reply["errors"]
        return reply["data"]["owner"]["invoice"]["subscription"]

    return of


def records(arguments: str, fields: str) -> str:
    return f"usageRecords{arguments} {{ ... on UsageRecordConnection {{ {fields} }} }}"


async def test_every_member_of_a_record_is_readable(usage: Any) -> None:
    """Amounts and volumes are exact text; currencies are upper case; times have no zone."""
    found = await usage(
        records(
            "(first: 1)",
            "nodes { usageDetailId startTime usageType productGroupId detailInfo destination "
            "destinationCode quantity vatRate chargedVolume { value unit code } totalVolume "
            "{ value unit } unitPrice { amount currencyCode } amount { amount currencyCode } }",
        )
    )

    assert found["usageRecords"]["nodes"] == [
        {
            "usageDetailId": "a1",
            "startTime": "2026-10-01T08:00:00",
            "usageType": "VOICE",
            "productGroupId": None,
            "detailInfo": None,
            "destination": "Sverige mobil",
            "destinationCode": None,
            "quantity": "1",
            "vatRate": "25.00",
            "chargedVolume": {"value": "60", "unit": "S", "code": "S"},
            "totalVolume": {"value": "90", "unit": "S"},
            "unitPrice": {"amount": "0.0115", "currencyCode": "SEK"},
            "amount": {"amount": "0.69", "currencyCode": "SEK"},
        }
    ]


async def test_a_record_of_nothing_is_a_record_of_nulls(usage: Any) -> None:
    found = await usage(
        records("", "nodes { startTime amount { amount } chargedVolume { value } raw }")
    )

    assert found["usageRecords"]["nodes"][4] == {
        "startTime": None,
        "amount": None,
        "chargedVolume": None,
        "raw": {},
    }


async def test_an_undocumented_volume_code_is_unknown_and_stays_readable(usage: Any) -> None:
    found = await usage(records("", "nodes { totalVolume { value unit code } }"))

    assert [node["totalVolume"] for node in found["usageRecords"]["nodes"]][1:4] == [
        {"value": "2", "unit": "MB", "code": "mb"},
        {"value": "2", "unit": "MIN", "code": "MIN"},
        {"value": "7", "unit": "UNKNOWN", "code": "FURLONG"},
    ]


async def test_raw_is_what_payex_sent(usage: Any) -> None:
    found = await usage(records("", "nodes { raw }"))

    assert [node["raw"] for node in found["usageRecords"]["nodes"]] == json.loads(RECORDS)


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("(orderBy: {field: TIME})", [0, 2, 1, 3, 4]),
        ("(orderBy: {field: TIME, direction: DESCENDING})", [1, 2, 0, 3, 4]),
        ("(orderBy: {field: AMOUNT})", [1, 2, 0, 3, 4]),
        ("(orderBy: {field: AMOUNT, direction: DESCENDING})", [1, 0, 2, 3, 4]),
        ("(orderBy: {field: VOLUME})", [0, 2, 1, 3, 4]),
        ('(filter: {startTimeFrom: "2026-10-02T00:00:00"})', [1, 2]),
        ('(filter: {startTimeBefore: "2026-10-02T00:00:00"})', [0]),
        ('(filter: {usageTypes: ["voice", "SMS"]})', [0, 2, 3]),
        ('(filter: {destinations: ["NORGE"]})', [1, 2]),
        ('(filter: {minimumAmount: "0.69"})', [0, 1]),
        ("(filter: {minimumAmount: 0.69})", [0, 1]),
        ('(filter: {minimumAmount: "0.5", currencyCode: "sek"})', [0]),
        ("(filter: {usageTypes: []})", []),
        ("(filter: null, orderBy: null, first: null, after: null)", [0, 1, 2, 3, 4]),
        ("(filter: {usageTypes: null})", [0, 1, 2, 3, 4]),
    ],
)
async def test_records_are_selected_and_ordered(
    usage: Any, arguments: str, places: list[int]
) -> None:
    """Every condition must hold; equal records keep PayEx's order; lacking ones come last."""
    found = await usage(records(arguments, "totalCount nodes { raw }"))

    all_records = json.loads(RECORDS)
    assert [node["raw"] for node in found["usageRecords"]["nodes"]] == [
        all_records[place] for place in places
    ]
    assert found["usageRecords"]["totalCount"] == len(places)


async def test_pages_hold_each_record_once(usage: Any) -> None:
    seen: list[Any] = []
    after = None
    while True:
        found = await usage(
            records(
                "(first: 2, after: $after, orderBy: {field: AMOUNT})",
                "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } "
                "edges { cursor node { raw } } nodes { raw }",
            ),
            after=after,
        )
        page = found["usageRecords"]
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        assert page["edges"][0]["cursor"] == page["pageInfo"]["startCursor"]
        assert page["edges"][-1]["cursor"] == page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasPreviousPage"] == bool(seen)
        seen += [node["raw"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    everything = json.loads(RECORDS)
    assert sorted(map(json.dumps, seen)) == sorted(map(json.dumps, everything))


async def test_a_record_that_arrives_in_between_is_neither_lost_nor_repeated(
    usage: Any, payex: Any
) -> None:
    first = await usage(records("(first: 2)", "pageInfo { endCursor } nodes { raw }"))
    grown = [{"usageType": "NEW"}, *json.loads(RECORDS)]
    payex.answers[DETAILS] = httpx.Response(200, json={"items": grown})
    after = first["usageRecords"]["pageInfo"]["endCursor"]
    # The fake writes JSON its own way, so the first answer has to be asked for anew.
    again = await usage(records("(first: 3)", "pageInfo { endCursor } nodes { raw }"))
    payex.answers[DETAILS] = httpx.Response(200, json={"items": [{"usageType": "NEWER"}, *grown]})
    after = again["usageRecords"]["pageInfo"]["endCursor"]
    second = await usage(records("(after: $after)", "nodes { raw }"), after=after)

    assert [node["raw"] for node in second["usageRecords"]["nodes"]] == grown[3:]


async def test_a_list_that_lost_the_cursors_record_says_so(usage: Any, payex: Any) -> None:
    first = await usage(records("(first: 2)", "pageInfo { endCursor }"))
    payex.answers[DETAILS] = httpx.Response(200, json={"items": []})
    found = await usage(
        "usageRecords(after: $after) { ... on ValidationProblem { fieldErrors { message } } }",
        after=first["usageRecords"]["pageInfo"]["endCursor"],
    )

    assert "start again without after" in found["usageRecords"]["fieldErrors"][0]["message"]


async def test_totals_are_exact_and_never_mix_currencies_or_units(usage: Any) -> None:
    found = await usage(
        "usageTotals { ... on UsageTotals { recordCount groups { currencyCode recordCount "
        "recordsWithoutAmount amount { amount currencyCode } usageType day destination "
        "totalVolumes { value unit code } chargedVolumes { value unit } } } }"
    )

    nothing = {"usageType": None, "day": None, "destination": None}
    assert found["usageTotals"] == {
        "recordCount": 5,
        "groups": [
            nothing
            | {
                "currencyCode": "SEK",
                "recordCount": 3,
                "recordsWithoutAmount": 1,
                "amount": {"amount": "0.79", "currencyCode": "SEK"},
                "totalVolumes": [
                    {"value": "90", "unit": "S", "code": "S"},
                    {"value": "2", "unit": "MIN", "code": "MIN"},
                    {"value": "7", "unit": "UNKNOWN", "code": "FURLONG"},
                ],
                "chargedVolumes": [{"value": "60", "unit": "S"}],
            },
            nothing
            | {
                "currencyCode": "EUR",
                "recordCount": 1,
                "recordsWithoutAmount": 0,
                "amount": {"amount": "12.10", "currencyCode": "EUR"},
                "totalVolumes": [{"value": "2", "unit": "MB", "code": "MB"}],
                "chargedVolumes": [{"value": "1.5", "unit": "MB"}],
            },
            nothing
            | {
                "currencyCode": None,
                "recordCount": 1,
                "recordsWithoutAmount": 1,
                "amount": None,
                "totalVolumes": [],
                "chargedVolumes": [],
            },
        ],
    }


@pytest.mark.parametrize(
    ("group", "field", "values"),
    [
        ("USAGE_TYPE", "usageType", ["VOICE", "DATA", "SMS", None]),
        ("DAY", "day", ["2026-10-01", "2026-10-02", "2026-10-02", None, None]),
        ("DESTINATION", "destination", ["Sverige mobil", "Norge", "Norge", None, None]),
        ("CURRENCY", "currencyCode", ["SEK", "EUR", None]),
    ],
)
async def test_totals_are_grouped(usage: Any, group: str, field: str, values: list[Any]) -> None:
    found = await usage(
        f"usageTotals(groupBy: [{group}]) {{ ... on UsageTotals {{ groups {{ {field} }} }} }}"
    )

    assert [total[field] for total in found["usageTotals"]["groups"]] == values


async def test_totals_hold_the_filtered_records_only(usage: Any) -> None:
    found = await usage(
        'usageTotals(filter: {usageTypes: ["VOICE"]}) '
        "{ ... on UsageTotals { recordCount groups { amount { amount } } } }"
    )

    assert found["usageTotals"] == {"recordCount": 2, "groups": [{"amount": {"amount": "0.79"}}]}


async def test_summaries_are_payex_s_own(usage: Any, payex: Any) -> None:
    summary = {
        "usageType": "VOICE",
        "startPeriod": "2026-10-01",
        "endPeriod": "2026-10-31T00:00:00",
        "quantity": 2,
        "chargedVolume": 60,
        "totalVolume": 90,
        "volumeCode": "S",
        "totalCharge": 0.79,
        "currency": "sek",
        "extra": 1,
    }
    payex.answers[DETAILS.replace("details", "summaries")] = httpx.Response(
        200, json={"items": [summary]}
    )
    found = await usage(
        "usageSummaries { ... on UsageSummaryList { items { usageType startPeriod endPeriod "
        "quantity productGroupId chargedVolume { value } totalVolume { unit } totalCharge "
        "{ amount currencyCode } raw } } }"
    )

    assert found["usageSummaries"]["items"] == [
        {
            "usageType": "VOICE",
            "startPeriod": "2026-10-01",
            "endPeriod": "2026-10-31",
            "quantity": "2",
            "productGroupId": None,
            "chargedVolume": {"value": "60"},
            "totalVolume": {"unit": "S"},
            "totalCharge": {"amount": "0.79", "currencyCode": "SEK"},
            "raw": summary,
        }
    ]


async def test_a_paged_upstream_list_is_read_to_its_end(usage: Any, payex: Any) -> None:
    link = f"/billing/usage/v1/1234{DETAILS}?page=2"
    payex.answers[DETAILS] = httpx.Response(
        200, json={"items": [{"usageType": "A"}], "navigation": {"next": link}}
    )
    payex.answers[f"{DETAILS}?page=2"] = httpx.Response(
        200, json={"items": [{"usageType": "B"}], "navigation": {"next": None}}
    )
    found = await usage(records("", "totalCount nodes { usageType raw }"))

    assert [node["raw"]["usageType"] for node in found["usageRecords"]["nodes"]] == ["A", "B"]
    assert len(payex.calls) == 2


async def test_a_list_that_lost_the_cursors_subscription_says_so(ask: Any, payex: Any) -> None:
    query = """
      query ($after: String) { owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice {
        subscriptions(first: 2, after: $after) {
          ... on UsageSubscriptionConnection { pageInfo { endCursor } nodes { subscriptionNo } }
          ... on ValidationProblem { fieldErrors { parameter } } } } } } }
    """

    async def page(after: str | None) -> Any:
        return (await ask(query, after=after))["data"]["owner"]["invoice"]["subscriptions"]

    first = await page(None)
    payex.subscriptions = ["60", "70", "71", "72"]
    moved = await page(first["pageInfo"]["endCursor"])
    payex.subscriptions = ["72"]
    lost = await page(first["pageInfo"]["endCursor"])

    assert [node["subscriptionNo"] for node in moved["nodes"]] == ["72"]
    assert lost == {"fieldErrors": [{"parameter": "after"}]}


async def test_customers_are_found_by_many_numbers_as_invoices_are(ask: Any, payex: Any) -> None:
    reply = await ask(
        '{ owner(ownerNo: "1234") { customers(customerNos: ["9", "8", "9"]) '
        "{ ... on Customer { customerNo } } } }"
    )

    assert [item["customerNo"] for item in reply["data"]["owner"]["customers"]] == ["9", "8", "9"]
    assert len(payex.calls) == 2
