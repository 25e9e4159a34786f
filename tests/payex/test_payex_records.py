"""Bodies of PayEx as typed records, exact to the last digit and with their own JSON."""

import gc
import json
import weakref
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.amounts import Money, Volume
from resolvers.payex.faults import Fault, FaultCode
from resolvers.payex.records import (
    Day,
    Decoder,
    Item,
    ItemList,
    SubscriptionItem,
    alone,
    decode_object,
    usage_records,
    usage_summaries,
)

SUBSCRIPTIONS = b"""{ "items": [ { "subscriptionNo": "12345680",
               "usageDetails":   "/billing/usage/v1/xxx/invoices/123456/subscriptions/12345680/usage-details",
               "usageSummaries": "/billing/usage/v1/xxx/invoices/123456/subscriptions/12345680/usage-summaries",
               "@id":            "/billing/usage/v1/xxx/invoices/123456/subscriptions/12345680" } ],
  "navigation": { "@id": "/billing/usage/v1/xxx/invoices/123456/subscriptions" } }"""  # noqa: E501
INVOICE = (
    b'{"@id": "...", "invoiceNo": "123456", '
    b'"subscriptions": "/billing/usage/v1/xxx/invoices/123456/subscriptions"}'
)
RECORD = b"""{"usageDetailId": 7, "startTime": "2019-05-06T00:00:00", "usageType": "call",
  "productGroupId": "PG", "detailInfo": "info", "destination": "Kiruna", "destinationCode": 46,
  "quantity": 1, "chargedVolume": 60, "totalVolume": 75.50, "volumeCode": "S", "unitPrice": 0.0100,
  "amount": 463.42, "vatRate": 25.00, "currency": "sek", "later": {"a": 1.10}}"""
SUMMARY = b"""{"productGroupId": null, "usageType": "data", "volumeCode": "MB",
  "startPeriod": "2019-05-01", "endPeriod": "2019-05-31T23:59:59", "quantity": 3,
  "chargedVolume": 1.0, "totalVolume": 2.0, "totalCharge": 99.90, "currency": "SEK"}"""
DETAILS = usage_records({})
SUMMARIES = usage_summaries({})
LINKED = Decoder(SubscriptionItem)


def page_of(*items: bytes) -> bytes:
    """Wrap elements as PayEx does."""
    return b'{"items": [' + b", ".join(items) + b'], "navigation": {"@id": "/x"}}'


def hint_of(decoder: Decoder[Any], body: bytes) -> str:
    """Return the hint of the fault that a page causes."""
    with pytest.raises(Fault) as malformed:
        decoder.page(body)
    assert malformed.value.code is FaultCode.UPSTREAM_MALFORMED
    return malformed.value.hint


def test_the_documented_list_of_subscriptions_is_read() -> None:
    [item], following = LINKED.page(SUBSCRIPTIONS)
    base = "/billing/usage/v1/xxx/invoices/123456/subscriptions/12345680"
    assert (item.number, item.identity, following) == ("12345680", b"12345680", None)
    assert item.usage_details == f"{base}/usage-details"
    assert item.usage_summaries == f"{base}/usage-summaries"


def test_the_documented_invoice_is_kept_to_the_byte() -> None:
    assert bytes(decode_object(INVOICE)) == INVOICE


def test_a_usage_record_is_read_to_the_last_member() -> None:
    [record], _ = DETAILS.page(page_of(RECORD))
    assert [record.usage_detail_id, record.product_group_id] == [7, "PG"]
    assert record.destination_code == 46
    assert record.start_time == datetime(2019, 5, 6)  # noqa: DTZ001 - PayEx's times have no zone
    assert (record.usage_type, record.detail_info, record.destination) == ("call", "info", "Kiruna")
    assert [str(record.quantity), str(record.vat_rate)] == ["1", "25.00"]
    assert record.charge == Money(Decimal("463.42"), "SEK")
    assert str(record.price and record.price.amount) == "0.0100"
    assert record.charged == Volume(Decimal(60), "S")
    assert record.total == Volume(Decimal("75.50"), "S")


def test_a_usage_summary_is_read_to_the_last_member() -> None:
    [summary], _ = SUMMARIES.page(page_of(SUMMARY))
    assert (summary.product_group_id, summary.usage_type) == (None, "data")
    assert str(summary.quantity) == "3"
    assert (summary.start_period, summary.end_period) == (Day(2019, 5, 1), Day(2019, 5, 31))
    assert summary.charge == Money(Decimal("99.90"), "SEK")
    assert summary.charged == Volume(Decimal("1.0"), "MB")
    assert summary.total == Volume(Decimal("2.0"), "MB")


@pytest.mark.parametrize("decoder", [DETAILS, SUMMARIES, LINKED], ids=["d", "s", "n"])
def test_every_member_may_be_absent_or_null(decoder: Decoder[Item]) -> None:
    [absent], _ = decoder.page(page_of(b"{}"))
    nulls = {field.encode_name: None for field in msgspec.structs.fields(absent)}
    [null], _ = decoder.page(page_of(msgspec.json.encode(nulls)))
    assert absent == null
    assert set(msgspec.structs.astuple(absent)) == {None}


def test_a_subscription_without_a_number_has_an_empty_one() -> None:
    numbers = [item.number for item in LINKED.page(page_of(b"{}", b'{"subscriptionNo": 46}'))[0]]
    assert numbers == ["", "46"]


@pytest.mark.parametrize("link", ["null", '"/billing"', '{"items": []}', "[1]", "7"])
def test_a_link_may_be_whatever_json_has(link: str) -> None:
    item = LINKED.one(f'{{"usageDetails": {link}, "usageSummaries": {link}}}'.encode())
    assert item.usage_details == item.usage_summaries == json.loads(link)


@given(st.decimals(allow_nan=False, allow_infinity=False), st.booleans())
def test_any_decimal_keeps_each_digit_as_a_number_and_as_text(
    number: Decimal, quoted: bool
) -> None:
    text = f'"{number}"' if quoted else str(number)
    [record], _ = DETAILS.page(page_of(f'{{"amount": {text}}}'.encode()))
    assert record.amount is not None
    assert record.amount.as_tuple() == number.as_tuple()


@pytest.mark.parametrize("escape", [False, True])
@given(
    st.lists(st.sampled_from([" ", "\t", "\u00a0", "\u2003", "_", "+", "-"]), max_size=3),
    st.sampled_from(["NaN", "nan", "sNaN", "N_aN", "s_nan", "NaN12", "Inf", "-Infinity", "I_NF"]),
)
def test_text_that_is_no_finite_number_is_refused_however_it_is_spelled(
    escape: bool, before: list[str], name: str
) -> None:
    text = "".join(before) + name
    value = "".join(f"\\u{ord(c):04x}" for c in text) if escape else text.replace("\t", "\\t")
    hint = hint_of(DETAILS, page_of(b"{}", f'{{"totalVolume": "{value}"}}'.encode()))
    assert hint in {
        "Expected a finite number - at `$.items[1].totalVolume`",
        "Invalid decimal string - at `$.items[1].totalVolume`",
    }


def test_text_that_only_looks_like_a_number_that_is_not_finite_is_text() -> None:
    [record], _ = DETAILS.page(page_of(b'{"destination": "NaN", "detailInfo": "Inf\\n"}'))
    assert (record.destination, record.detail_info) == ("NaN", "Inf\n")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2019-05-06", Day(2019, 5, 6)),
        ("2019-05-06T23:59:59", Day(2019, 5, 6)),
        ("2019-05-06 00:00", Day(2019, 5, 6)),
        ("2019-05-06T23:59:59Z", Day(2019, 5, 6)),
    ],
)
def test_a_day_may_have_a_time_after_it(text: str, day: Day) -> None:
    assert Day.parse(text) == day


MARK = "701234567"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name in ("startTime", "amount", "quantity", "usageType", "productGroupId")
        for value in (f'{{"{MARK}": 1}}', f'["{MARK}"]', "true")
    ]
    + [(name, f'"{MARK}x"') for name in ("startTime", "amount", "quantity")]
    + [(name, MARK) for name in ("startTime", "usageType", "currency")],
)
def test_a_hint_names_the_member_and_never_the_value(name: str, value: str) -> None:
    body = page_of(b"{}", f'{{"{name}": {value}}}'.encode())
    with pytest.raises(Fault) as malformed:
        DETAILS.page(body)
    fault = malformed.value
    assert f"$.items[1].{name}" in fault.hint
    assert MARK not in f"{fault} {fault!r} {fault.hint}"
    assert fault.__suppress_context__


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ('"soon"', "Expected a date - at `$.items[0].startPeriod`"),
        ('""', "Expected a date - at `$.items[0].startPeriod`"),
        ("20190506", "Expected a date as text - at `$.items[0].startPeriod`"),
        ("{}", "Expected a date as text - at `$.items[0].startPeriod`"),
    ],
)
def test_a_day_that_is_none_is_a_malformed_body(value: str, hint: str) -> None:
    assert hint_of(SUMMARIES, page_of(f'{{"startPeriod": {value}}}'.encode())) == hint


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"items": [',
        b"\xff",
        b'{"items": [], "later": "Ume\xe5"}',
        b'{"items": [{"later": {"Ume\xe5": 1}}]}',
        b'{"items": [], "later": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda body: body[:34].decode(errors="replace"),
)
def test_a_body_that_is_no_json_is_malformed_even_where_no_field_looks(body: bytes) -> None:
    assert hint_of(DETAILS, body) == "The body is not JSON."
    for decode in (DETAILS.one, decode_object):
        with pytest.raises(Fault) as malformed:
            decode(body)
        assert malformed.value.hint == "The body is not JSON."


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1"])
def test_an_invoice_or_customer_is_an_object(body: bytes) -> None:
    with pytest.raises(Fault) as malformed:
        decode_object(body)
    assert malformed.value.code is FaultCode.UPSTREAM_MALFORMED


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"items": {}}', b'{"items": [null]}', b"null"])
def test_a_list_that_is_not_wrapped_in_items_is_malformed(body: bytes) -> None:
    assert hint_of(DETAILS, body)


@pytest.mark.parametrize(
    ("navigation", "following"),
    [
        ('"navigation": {"next": "/billing/n"}', "/billing/n"),
        ('"navigation": {"next": null}', None),
        ('"navigation": {"@id": "/x", "previous": 1}', None),
        ('"navigation": null', None),
        ('"unknown": 1', None),
    ],
)
def test_a_page_knows_the_link_to_the_next(navigation: str, following: str | None) -> None:
    assert DETAILS.page(f'{{"items": null, {navigation}}}'.encode()) == ([], following)


objects = st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4), max_size=3).map(
    lambda members: json.dumps({"later": members}, indent=1).encode()
)


@given(st.lists(st.lists(objects, max_size=3), max_size=3))
def test_each_element_of_all_pages_has_its_own_json_to_the_byte(pages: list[list[bytes]]) -> None:
    bodies = [page_of(*page) for page in pages]
    decoded = [item for body in bodies for item in DETAILS.page(body)[0]]
    items = ItemList(decoded, bodies).items
    sent = [element for page in pages for element in page]
    assert [bytes(item.raw) for item in items] == sent
    assert [item.identity for item in items] == sent
    assert [item.position for item in items] == list(range(len(sent)))


@pytest.mark.parametrize(
    ("decoder", "body"), [(DETAILS, RECORD), (SUMMARIES, SUMMARY)], ids=["details", "summaries"]
)
def test_a_list_that_nobody_holds_leaves_the_memory_at_once(
    decoder: Decoder[Item], body: bytes
) -> None:
    """Garbage that only the collector finds would be looked for after every few answers."""
    page = page_of(body)
    items = ItemList(decoder.page(page)[0], [page])
    assert items.items[0].raw
    gone = weakref.ref(items), weakref.ref(items.items[0].__dict__["origin"])

    gc.disable()
    try:
        del items

        assert [reference() for reference in gone] == [None, None]
    finally:
        gc.enable()


def test_raw_survives_a_page_whose_items_are_null() -> None:
    bodies = [b'{"items": null}', page_of(RECORD)]
    decoded = [item for body in bodies for item in DETAILS.page(body)[0]]
    assert bytes(ItemList(decoded, bodies).items[0].raw) == RECORD


def test_an_element_that_is_a_whole_body_has_that_body_as_its_json() -> None:
    body = b'{"subscriptionNo": "46", "later": 1.50}'
    item = alone(LINKED.one(body), body)
    assert (bytes(item.raw), item.position, item.identity) == (body, 0, b"46")


@pytest.mark.parametrize(
    ("decoder", "body"), [(DETAILS, RECORD), (SUMMARIES, SUMMARY)], ids=["details", "summaries"]
)
def test_a_record_shows_its_type_and_nothing_of_what_it_holds(
    decoder: Decoder[Item], body: bytes
) -> None:
    page = page_of(body)
    decoded, _ = decoder.page(page)
    items = ItemList(decoded, [page])
    [item] = items.items
    assert repr(item) == str(item) == f"<{type(item).__name__}>"
    assert not any(text in f"{items!r} {item.raw!r}" for text in ("Kiruna", "data", "SEK", "sek"))
    assert repr(LINKED.page(SUBSCRIPTIONS)[0]) == "[<SubscriptionItem>]"
