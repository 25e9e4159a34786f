"""The shape of bodies: what PayEx documents, and where it leaves room."""

import json
import re
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from typing import Any

import httpx
import pytest

from gateway.sandbox import create_sandbox
from gateway.sandbox.ledgers import LEDGERS, TOKENS
from gateway.sandbox.routes import Address, Route
from gateway.sandbox.tariffs import FIXED_NUMBERS, MOBILE_NUMBERS

Connect = Callable[..., httpx.AsyncClient]
V1 = "/billing/usage/v1/1234"
FAMILY = f"{V1}/invoices/123456"
LISTS = [
    (ledger, account, line)
    for ledger, accounts in LEDGERS.items()
    for account in accounts.values()
    for line in account.lines
]


async def read(payex: httpx.AsyncClient, path: str) -> Any:
    """The body, its numbers as decimals."""
    answer = await payex.get(path)
    assert answer.status_code == 200, path
    return json.loads(answer.content, parse_float=Decimal)


async def read_pages(payex: httpx.AsyncClient, path: str) -> list[list[Any]]:
    """The items of every page, by following the links."""
    pages = []
    while path:
        body = await read(payex, path)
        pages.append(body["items"])
        path = body["navigation"].get("next")
    return pages


async def read_items(payex: httpx.AsyncClient, path: str) -> list[Any]:
    """The items of all pages."""
    return [item for page in await read_pages(payex, path) for item in page]


async def read_records(payex: httpx.AsyncClient, account: str) -> list[Any]:
    """All records of the subscriptions of an account."""
    lines = await read_items(payex, f"{account}/subscriptions")
    return [item for line in lines for item in await read_items(payex, line["usageDetails"])]


async def test_an_invoice_names_itself_and_links_its_subscriptions(
    payex: httpx.AsyncClient,
) -> None:
    assert await read(payex, FAMILY) == {
        "@id": FAMILY,
        "invoiceNo": "123456",
        "subscriptions": f"{FAMILY}/subscriptions",
    }


async def test_a_customer_has_a_customer_number(payex: httpx.AsyncClient) -> None:
    body = await read(payex, f"{V1}/customers/9999")
    assert body["customerNo"] == "9999"


async def test_a_list_is_wrapped_in_items_and_navigation(payex: httpx.AsyncClient) -> None:
    link = f"{FAMILY}/subscriptions"
    body = await read(payex, link)
    assert body["navigation"] == {"@id": link}
    assert body["items"][0] == {
        "subscriptionNo": "12345680",
        "usageDetails": f"{link}/12345680/usage-details",
        "usageSummaries": f"{link}/12345680/usage-summaries",
        "@id": f"{link}/12345680",
    }


async def test_a_subscription_is_the_same_alone_and_in_the_list(payex: httpx.AsyncClient) -> None:
    for item in (await read(payex, f"{FAMILY}/subscriptions"))["items"]:
        assert await read(payex, item["@id"]) == item


async def test_billed_and_unbilled_usage_have_the_same_subscriptions_but_other_records(
    payex: httpx.AsyncClient,
) -> None:
    billed = await read(payex, f"{FAMILY}/subscriptions")
    unbilled = await read(payex, f"{V1}/customers/9999/subscriptions")
    numbers = [item["subscriptionNo"] for item in billed["items"]]
    assert len(numbers) == 5
    assert [item["subscriptionNo"] for item in unbilled["items"]] == numbers
    assert await read_records(payex, FAMILY) != await read_records(payex, f"{V1}/customers/9999")


async def test_subscriptions_of_an_invoice_may_be_expanded_or_null(
    payex: httpx.AsyncClient,
) -> None:
    listed = await read(payex, f"{V1}/invoices/5901")
    wrapped = await read(payex, f"{V1}/invoices/5902")
    absent = await read(payex, f"{V1}/invoices/5903")
    assert listed["subscriptions"][0]["subscriptionNo"] == "12345680"
    assert len(listed["subscriptions"]) == 3
    assert len(wrapped["subscriptions"]["items"]) == 3
    assert wrapped["subscriptions"]["navigation"]["@id"] == f"{V1}/invoices/5902/subscriptions"
    assert absent["subscriptions"] is None
    for number in ("5901", "5902", "5903"):
        assert len((await read(payex, f"{V1}/invoices/{number}/subscriptions"))["items"]) == 3


async def test_objects_of_one_invoice_do_not_name_themselves(payex: httpx.AsyncClient) -> None:
    assert "@id" not in await read(payex, f"{V1}/invoices/5800")
    for item in (await read(payex, f"{V1}/invoices/5800/subscriptions"))["items"]:
        assert "@id" not in item


async def test_a_paged_list_of_subscriptions_is_followed_to_its_end(
    payex: httpx.AsyncClient,
) -> None:
    link = f"{V1}/invoices/880044/subscriptions"
    first = await read(payex, link)
    assert first["navigation"] == {"@id": link, "next": f"{link}?page=2"}
    second = await read(payex, first["navigation"]["next"])
    assert second["navigation"] == {"@id": f"{link}?page=2", "next": f"{link}?page=3"}
    pages = await read_pages(payex, link)
    assert [len(page) for page in pages] == [20, 20, 4]
    assert len({item["subscriptionNo"] for page in pages for item in page}) == 44


async def test_paged_records_are_followed_to_their_end(payex: httpx.AsyncClient) -> None:
    pages = await read_pages(payex, f"{V1}/invoices/5600/subscriptions/46701740681/usage-details")
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({record["usageDetailId"] for page in pages for record in page}) == 120


@pytest.mark.parametrize("page", ["0", "4", "02", "two"])
async def test_a_page_that_does_not_exist_is_a_validation_problem(
    payex: httpx.AsyncClient, page: str
) -> None:
    answer = await payex.get(f"{V1}/invoices/880044/subscriptions?page={page}")
    assert answer.status_code == 400
    assert answer.json()["Problems"] == [{"page": "Not a valid page"}]


@pytest.mark.parametrize("rest", ["", "/subscriptions/12345680"])
async def test_a_page_of_a_single_resource_is_ignored(payex: httpx.AsyncClient, rest: str) -> None:
    paged = await payex.get(f"{FAMILY}{rest}?page=7")
    assert paged.content == (await payex.get(FAMILY + rest)).content


async def test_nothing_used_is_an_empty_list(payex: httpx.AsyncClient) -> None:
    lines = await read(payex, f"{V1}/customers/1001/subscriptions")
    unused = f"{V1}/customers/1000/subscriptions/46701740684"
    assert lines["items"] == []
    assert (await read(payex, f"{unused}/usage-details"))["items"] == []
    assert (await read(payex, f"{unused}/usage-summaries"))["items"] == []


async def test_the_bulk_subscription_has_exactly_ten_thousand_records(
    payex: httpx.AsyncClient,
) -> None:
    for account in ("invoices", "customers"):
        link = f"{V1}/{account}/10000/subscriptions/46701740690/usage-details"
        assert len((await read(payex, link))["items"]) == 10_000


async def test_a_record_has_the_assumed_members(payex: httpx.AsyncClient) -> None:
    for record in await read_records(payex, FAMILY):
        assert list(record) == [
            "usageDetailId",
            "startTime",
            "usageType",
            "productGroupId",
            "detailInfo",
            "destination",
            "destinationCode",
            "quantity",
            "chargedVolume",
            "totalVolume",
            "volumeCode",
            "unitPrice",
            "amount",
            "vatRate",
            "currency",
        ]


async def test_a_summary_has_the_assumed_members(payex: httpx.AsyncClient) -> None:
    body = await read(payex, f"{FAMILY}/subscriptions/12345680/usage-summaries")
    for summary in body["items"]:
        assert list(summary) == [
            "productGroupId",
            "usageType",
            "volumeCode",
            "startPeriod",
            "endPeriod",
            "quantity",
            "chargedVolume",
            "totalVolume",
            "totalCharge",
            "currency",
        ]
        assert (summary["startPeriod"], summary["endPeriod"]) == ("2026-10-01", "2026-10-31")


async def test_twelve_invoices_cover_the_months_before(payex: httpx.AsyncClient) -> None:
    months = set()
    for number in range(123444, 123456):
        records = await read_records(payex, f"{V1}/invoices/{number}")
        assert len(records) == 250
        months |= {record["startTime"][:7] for record in records}
    assert months == {
        *(f"2025-{month}" for month in (10, 11, 12)),
        *(f"2026-{month:02}" for month in range(1, 10)),
    }


async def test_records_stand_in_order_of_time_without_a_zone(payex: httpx.AsyncClient) -> None:
    link = f"{FAMILY}/subscriptions/12345680/usage-details"
    times = [record["startTime"] for record in (await read(payex, link))["items"]]
    assert times == sorted(times)
    assert all(re.fullmatch(r"2026-10-\d\dT\d\d:\d\d:\d\d", time) for time in times)


async def test_an_amount_is_the_charged_volume_at_the_unit_price(
    payex: httpx.AsyncClient,
) -> None:
    for record in await read_records(payex, FAMILY):
        exact = record["chargedVolume"] * record["unitPrice"]
        assert abs(record["amount"] - exact) <= Decimal("0.005")
        assert record["amount"].as_tuple().exponent == -2


async def test_a_free_allowance_is_not_charged(payex: httpx.AsyncClient) -> None:
    records = await read_records(payex, FAMILY)
    assert all(0 <= record["chargedVolume"] <= record["totalVolume"] for record in records)
    assert any(0 < record["chargedVolume"] < record["totalVolume"] for record in records)
    assert any(record["chargedVolume"] == 0 for record in records)


async def test_numbers_have_no_exponent(payex: httpx.AsyncClient) -> None:
    link = f"{FAMILY}/subscriptions/Router-0042/usage-details"
    body = (await payex.get(link)).text
    assert '"unitPrice":0.000002' in body
    assert not re.search(r"\d[eE][-+]?\d", body)


async def test_a_traveller_pays_in_two_currencies_and_in_both_casings(
    payex: httpx.AsyncClient,
) -> None:
    link = f"{FAMILY}/subscriptions/12345680/usage-details"
    records = (await read(payex, link))["items"]
    assert {record["currency"] for record in records} == {"SEK", "sek", "EUR", "eur"}


async def test_the_northern_ledger_pays_in_kroner_and_euros(connect: Connect) -> None:
    records = await read_records(connect("4321"), "/billing/usage/v1/4321/invoices/1")
    assert {record["currency"].upper() for record in records} == {"NOK", "EUR"}


async def test_a_credit_is_a_negative_amount(payex: httpx.AsyncClient) -> None:
    records = await read_records(payex, FAMILY)
    assert {record["usageType"] for record in records if record["amount"] < 0} == {"CREDIT"}


async def test_every_documented_volume_code_occurs_and_one_that_is_not(
    payex: httpx.AsyncClient,
) -> None:
    records = await read_records(payex, FAMILY)
    records += await read_records(payex, f"{V1}/customers/AB%2F12%20%26%20%C3%85-3")
    codes = {record["volumeCode"] for record in records}
    assert codes == {"S", "E", "B", "KB", "MB", "GB", "MIN", "DAY"}


async def test_odd_records_have_null_absent_and_unannounced_members(
    payex: httpx.AsyncClient,
) -> None:
    link = f"{V1}/invoices/5700/subscriptions/46701740682/usage-details"
    records = (await read(payex, link))["items"]
    for member in ("usageDetailId", "productGroupId", "destinationCode", "vatRate"):
        assert any(member not in record for record in records)
        assert any(member in record and record[member] is None for record in records)
    for member in ("amount", "totalVolume", "quantity", "detailInfo", "destination"):
        assert any(record[member] is None for record in records)
    assert any(record.get("networkElement") == {"type": "MSC", "no": 7} for record in records)


@pytest.mark.parametrize(
    ("ledger", "account", "line"),
    LISTS,
    ids=[f"{ledger} {account.number} {line.number}" for ledger, account, line in LISTS],
)
async def test_summaries_are_exactly_the_sums_of_the_records(
    connect: Connect, ledger: str, account: Any, line: Any
) -> None:
    """Per usage type, product group, volume code and currency, on every subscription there is."""
    payex = connect(ledger)
    address = Address("usage", ledger, account.kind, account.number)
    details = address.to(Route.USAGE_DETAILS, line.number).path
    summaries = address.to(Route.USAGE_SUMMARIES, line.number).path
    sums: defaultdict[tuple[Any, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for record in await read_items(payex, details):
        names = ("usageType", "productGroupId", "volumeCode", "currency")
        key = tuple(record.get(name) for name in names)
        values = [record[name] for name in ("quantity", "chargedVolume", "totalVolume", "amount")]
        sums[key] = [total + (value or 0) for total, value in zip(sums[key], values, strict=True)]
    assert {
        (item["usageType"], item["productGroupId"], item["volumeCode"], item["currency"]): [
            item["quantity"],
            item["chargedVolume"],
            item["totalVolume"],
            item["totalCharge"],
        ]
        for item in (await read(payex, summaries))["items"]
    } == sums


async def test_telephone_numbers_are_reserved_for_fiction(payex: httpx.AsyncClient) -> None:
    fiction = {*MOBILE_NUMBERS, *FIXED_NUMBERS}
    assert len(fiction) == 95 + 300
    for record in await read_records(payex, FAMILY):
        assert record["detailInfo"] in fiction or not record["detailInfo"].isdigit()
    for _, _, line in LISTS:
        assert line.number in fiction or not line.number.startswith("46")


async def test_bodies_are_the_same_bytes_in_every_process(payex: httpx.AsyncClient) -> None:
    """A change of the data set shows here: then this digest is to change with it, knowingly."""
    answer = await payex.get(f"{FAMILY}/subscriptions/12345680/usage-details")
    assert sha256(answer.content).hexdigest() == (
        "ef61ab2145c1c8eade31c335d3b31977fd5500b3f468b4ae243a86d0e94e5aac"
    )


async def test_order_of_requests_does_not_matter(connect: Connect) -> None:
    link = f"{FAMILY}/subscriptions/12345680/usage-details"
    early, late = connect(), connect()
    await late.get(f"{V1}/invoices/5600/subscriptions/46701740681/usage-details")
    assert (await late.get(link)).content == (await early.get(link)).content


async def test_another_seed_makes_other_usage_on_the_same_subscriptions(connect: Connect) -> None:
    one, two = connect(seed=1), connect(seed=2)
    lines = f"{FAMILY}/subscriptions"
    assert (await one.get(lines)).content == (await two.get(lines)).content
    details = f"{lines}/12345680/usage-details"
    assert (await one.get(details)).content != (await two.get(details)).content


async def test_a_body_is_encoded_once() -> None:
    app = create_sandbox()
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": FAMILY,
        "raw_path": FAMILY.encode(),
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {TOKENS['1234']}".encode())],
    }
    await app(scope, receive, send)
    await app(scope, receive, send)
    assert sent[1]["body"] is sent[3]["body"]
