"""PayEx's bodies as typed values: one member that cannot be read costs its own field alone."""

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.amounts import UNREADABLE as UNREADABLE_CODE
from resolvers.payex.api.amounts import Money, Volume
from resolvers.payex.api.decoders import (
    Decoder,
    subscriptions,
    usage_records,
    usage_summaries,
)
from resolvers.payex.api.dynamic_values import is_dynamic, link_in
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.field_map import USAGE_DETAILS
from resolvers.payex.api.list_bodies import decode_object
from resolvers.payex.api.records import (
    ELEMENT,
    LIST,
    NUMBER,
    Day,
    Item,
    ItemList,
    Member,
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
LINKED = subscriptions()
DEEP = b"[" * 100_000 + b"]" * 100_000


def page_of(*items: bytes) -> bytes:
    """Wrap elements as PayEx does."""
    return b'{"items": [' + b", ".join(items) + b'], "navigation": {"@id": "/x"}}'


def listed(decoder: Decoder[Any], *items: bytes) -> ItemList[Any]:
    """Return the list of these elements."""
    return ItemList([decoder.page(page_of(*items))])


def values(item: Item) -> tuple[Any, ...]:
    """Return what an element was decoded to, without its origin and its position."""
    found = msgspec.structs.astuple(item)[2:]
    return tuple(bytes(one) if isinstance(one, msgspec.Raw) else one for one in found)


def hint_of(decoder: Decoder[Any], body: bytes) -> str:
    """Return the hint of the fault that a page causes."""
    with pytest.raises(Fault) as malformed:
        decoder.page(body)
    assert malformed.value.code is FaultCode.UPSTREAM_MALFORMED
    return malformed.value.hint


# -- what is as expected -----------------------------------------------------------------------


def test_the_documented_list_of_subscriptions_is_read() -> None:
    page = LINKED.page(SUBSCRIPTIONS)
    [item] = page.items
    base = "/billing/usage/v1/xxx/invoices/123456/subscriptions/12345680"
    assert (item.number, item.identity, page.next) == ("12345680", "12345680", None)
    assert link_in(item.usage_details) == f"{base}/usage-details"
    assert link_in(item.usage_summaries) == f"{base}/usage-summaries"


def test_the_documented_invoice_is_kept_to_the_byte() -> None:
    assert bytes(decode_object(INVOICE)) == INVOICE


# A neighbour that is odd has both records read member by member.
@pytest.mark.parametrize("neighbour", [b"{}", b'{"startTime": ""}'])
def test_a_usage_record_is_read_to_the_last_member(neighbour: bytes) -> None:
    record = DETAILS.page(page_of(RECORD, neighbour)).items[0]
    assert [record.usage_detail_id, record.product_group_id] == [7, "PG"]
    assert record.destination_code == 46
    assert record.start_time == datetime(2019, 5, 6)  # noqa: DTZ001 - PayEx's times have no zone
    assert (record.usage_type, record.detail_info, record.destination) == ("call", "info", "Kiruna")
    assert [str(record.quantity), str(record.vat_rate)] == ["1", "25.00"]
    assert record.charge == Money(Decimal("463.42"), "SEK")
    assert str(record.price and record.price.amount) == "0.0100"
    assert record.charged == Volume(Decimal(60), "S")
    assert record.total == Volume(Decimal("75.50"), "S")


@pytest.mark.parametrize("neighbour", [b"{}", b'{"startPeriod": ""}'])
def test_a_usage_summary_is_read_to_the_last_member(neighbour: bytes) -> None:
    summary = SUMMARIES.page(page_of(SUMMARY, neighbour)).items[0]
    assert (summary.product_group_id, summary.usage_type) == (None, "data")
    assert str(summary.quantity) == "3"
    assert (summary.start_period, summary.end_period) == (Day(2019, 5, 1), Day(2019, 5, 31))
    assert summary.charge == Money(Decimal("99.90"), "SEK")
    assert summary.charged == Volume(Decimal("1.0"), "MB")
    assert summary.total == Volume(Decimal("2.0"), "MB")


@pytest.mark.parametrize("decoder", [DETAILS, SUMMARIES, LINKED], ids=["d", "s", "n"])
def test_every_member_may_be_absent_or_null(decoder: Decoder[Item]) -> None:
    [absent] = decoder.page(page_of(b"{}")).items
    nulls = {field.encode_name: None for field in msgspec.structs.fields(absent)}
    null = msgspec.json.encode(nulls)
    page, by_member = decoder.page(page_of(null)), decoder.page(page_of(null, b"7"))
    assert {values(item) for item in (*page.items, by_member.items[0])} == {values(absent)}
    assert set(values(absent)) <= {None, b"null"}
    assert (page.unreadable, by_member.unreadable) == ({}, {ELEMENT: 1})


@pytest.mark.parametrize("neighbour", [b"{}", b"7"])
@pytest.mark.parametrize(
    "link",
    [
        "null",
        '"/billing"',
        '" /billing/../x?page=2#top "',
        '"//evil.example/x"',
        '"https://payex.test/x"',
        '{"items": []}',
        '[{"amount": 1}]',
        "[]",
    ],
)
def test_a_link_is_a_path_or_what_it_leads_to(link: str, neighbour: bytes) -> None:
    body = f'{{"subscriptionNo": "70", "usageDetails": {link}, "usageSummaries": {link}}}'
    for item in (LINKED.one(body.encode()), listed(LINKED, body.encode(), neighbour).items[0]):
        path = json.loads(link)
        for one in (item.usage_details, item.usage_summaries):
            assert link_in(one) == (path if isinstance(path, str) else None)


def test_a_link_that_nests_too_deeply_is_none() -> None:
    """It may have been read where fewer calls were under way."""
    assert not is_dynamic(msgspec.Raw(b'{"a":%b}' % DEEP))


@pytest.mark.parametrize(
    "link",
    [
        "5",
        "true",
        "{}",
        "[1]",
        '""',
        '"  "',
        '"x"',
        '"?page=2"',
        '"#x"',
        '"./x"',
        '"mailto:x@y"',
        r'"\\\\evil\\x"',
        r'"/billing\\x"',
        r'"/billing\nx"',
        r'"/\u0000"',
        r'"/\ud83d"',
        '"/\x7f"',
    ],
)
def test_a_link_that_is_none_is_null_and_counted(link: str) -> None:
    odd = f'{{"usageDetails": {link}, "subscriptionNo": "70", "usageSummaries": "/x"}}'.encode()
    found = listed(LINKED, odd, b'{"subscriptionNo": "71", "usageDetails": "/x"}')
    assert [(item.number, link_in(item.usage_details)) for item in found.items] == [
        ("70", None),
        ("71", "/x"),
    ]
    assert link_in(found.items[0].usage_summaries) == "/x"
    assert bytes(found.items[0].raw) == odd
    assert found.unreadable == {Member("usageDetails", "usageDetails"): 1}
    assert LINKED.one(odd).unreadable == found.unreadable


numbers = st.decimals(
    min_value=Decimal("-9E+59"), max_value=Decimal("9E+59"), allow_nan=False
).filter(lambda number: number.adjusted() >= -60)


@given(numbers, st.booleans(), st.booleans())
def test_a_number_keeps_each_digit_whether_it_is_a_number_or_text(
    number: Decimal, quoted: bool, has_odd_neighbour: bool
) -> None:
    text = f'"{number}"' if quoted else str(number)
    items = [f'{{"amount": {text}}}'.encode()] + [b"[]"] * has_odd_neighbour
    amount = DETAILS.page(page_of(*items)).items[0].amount
    assert amount is not None
    assert amount.as_tuple() == number.as_tuple()


# -- what cannot be read -----------------------------------------------------------------------

UNREADABLE = {
    "startTime": [
        '""',
        '"soon"',
        "20261031",
        "true",
        "{}",
        '"2026-02-30T00:00:00"',
        '"\\ud83d"',
        '"0000-00-00T00:00:00"',
        '"2026-10-31T23:59:59\\u0000junk"',
        '"2026-10-31T23:59:59\\u0000"',
        '"9999-12-31T23:30:00Z"',
        '"0001-01-01T00:00:00+01:00"',
    ],
    "amount": [
        '""',
        '"12,50"',
        '"1_000"',
        '"1\\u005f000"',
        '"NaN"',
        '" -Infinity "',
        '"s\\u004eaN12"',
        "1e999999999",
        "-1e999999999",
        "1e-999999999",
        '"\uff11\uff12"',
        '"\\uff11"',
        '"1\u0663"',
        '"\U0001d7cf.5"',
        '"\\ud835\\udfcf"',
        "1e99999999999999999999",
        "9" * 5000,
        "true",
        "[1]",
        '{"amount": 1}',
        '"\\udc00"',
    ],
    "usageType": ["7", "true", "{}", '["CALL"]', '"\\ud83d\\ud83d\\ude00"', '"CALL\\udfff"'],
    "usageDetailId": ["1.5", "1e3", "false", "{}", "[]", "9" * 5000],
    "currency": [
        "752",
        "false",
        '{"code": "SEK"}',
        '"SEK\\u0000"',
        '"SEK\\n"',
        '"S\\u0085EK"',
        '"S\x7fEK"',
        '"S\u0085EK"',
        '""',
        '"  "',
        '"\\ud83d"',
        '"\u00a0"',
    ],
    "volumeCode": ["1", '["S"]', '""', '" "', '"\\udc00"', '"\u2003"'],
}
EACH_UNREADABLE = pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, odd in UNREADABLE.items() for value in odd],
    ids=lambda text: text[:30],
)


@EACH_UNREADABLE
def test_what_cannot_be_read_is_null_counted_and_stands_in_raw(name: str, value: str) -> None:
    members = json.loads(RECORD) | {name: None}
    del members[name]
    rest = msgspec.json.encode(members)
    odd = rest[:-1] + f', "{name}": {value}}}'.encode()
    found = listed(DETAILS, RECORD, odd, rest)
    whole, one, lacking = found.items
    # What is stated and cannot be read is not what nobody states: no sum takes it.
    if attribute := {"currency": "currency", "volumeCode": "volume_code"}.get(name):
        setattr(lacking, attribute, UNREADABLE_CODE)
    assert values(one) == values(lacking)
    assert values(whole) == values(DETAILS.page(page_of(RECORD)).items[0])
    assert bytes(one.raw) == odd
    assert found.unreadable == {Member(name, name): 1}


@pytest.mark.parametrize(
    "place", ["Å", "\\u00e5", "\u0141\u00f3d\u017a", "\\u0141", "\u0663", "\\n", "\x7f"]
)
def test_what_stands_in_a_text_costs_no_other_member(place: str) -> None:
    odd = f'{{"destination": "{place}", "amount": 1.50}}'.encode()
    found = listed(DETAILS, RECORD, odd)
    assert found.items[1].destination == json.loads(f'"{place}"', strict=False)
    assert str(found.items[1].amount) == "1.50"
    assert not found.unreadable


@pytest.mark.parametrize(
    "zero", ["0e100", "-0e100", "0e-999999999", "0e99999999999999999999", '"0.00e100"']
)
def test_zero_is_zero_whatever_its_exponent(zero: str) -> None:
    found = listed(DETAILS, f'{{"amount": {zero}}}'.encode(), RECORD)
    assert found.items[0].amount == 0
    assert abs(found.items[0].amount.adjusted()) <= 60
    assert not found.unreadable


@pytest.mark.parametrize("neighbour", [b"{}", b'{"startTime": ""}'])
@pytest.mark.parametrize("blank", [" ", "\\t", "\u00a0", "\u2003"])
def test_blanks_around_numbers_and_times_are_ignored(neighbour: bytes, blank: str) -> None:
    odd = f'{{"amount": "{blank}1.50{blank}", "startTime": "{blank}2026-10-31{blank}"}}'.encode()
    item = listed(DETAILS, odd, neighbour).items[0]
    assert str(item.amount) == "1.50"
    assert item.start_time == datetime(2026, 10, 31)  # noqa: DTZ001 - PayEx's times have no zone


@pytest.mark.parametrize("decoder", [DETAILS, SUMMARIES, LINKED], ids=["d", "s", "n"])
def test_a_list_that_is_null_is_empty_and_counted(decoder: Decoder[Item]) -> None:
    found = ItemList([decoder.page(b'{"items": null}')])
    assert (found.items, found.unreadable) == ([], {LIST: 1})


def test_a_subscription_that_is_no_object_is_counted_once() -> None:
    found = listed(LINKED, b"7", b'{"subscriptionNo": "70"}', b"null", b'{"subscriptionNo": ""}')
    assert [item.number for item in found.items] == ["70"]
    assert found.unreadable == {ELEMENT: 2, NUMBER: 1}


@pytest.mark.parametrize("number", [b'"7%b"', b"7%b"], ids=["text", "integer"])
def test_a_subscription_of_a_number_longer_than_any_is_left_out_and_counted(number: bytes) -> None:
    """Its number is in the answer once for each alias."""
    found = listed(LINKED, *(b'{"subscriptionNo": %b}' % (number % (b"7" * n)) for n in (254, 255)))
    assert [len(item.number) for item in found.items] == [255]
    assert found.unreadable == {NUMBER: 1}


@pytest.mark.parametrize("value", ['"soon"', '""', "20190506", "{}", '"\\ud83d"'])
def test_a_day_that_cannot_be_read_is_null(value: str) -> None:
    found = listed(SUMMARIES, SUMMARY, f'{{"startPeriod": {value}, "quantity": 1}}'.encode())
    assert found.items[1].start_period is None
    assert found.items[1].quantity == 1
    assert found.unreadable == {Member("startPeriod", "startPeriod"): 1}


@pytest.mark.parametrize("element", [b"null", b"7", b'"x"', b"[{}]", b"true", b'"\\ud83d"'])
def test_an_element_that_is_no_object_is_not_lost(element: bytes) -> None:
    found = listed(DETAILS, RECORD, element)
    assert set(values(found.items[1])) == {None}
    assert bytes(found.items[1].raw) == element
    assert found.items[0].charge == Money(Decimal("463.42"), "SEK")
    assert found.unreadable == {ELEMENT: 1}


@pytest.mark.parametrize(
    "part",
    [
        rb'"later": "\ud83d"',
        rb'"later": ["\uDC00 and \ud83d"]',
        rb'"\ud83d": 1',
        rb'"later": {"\udfff": {}}',
        rb'"later": "\\\ud83d"',
        rb'"later": "\ud83d\u0041"',
    ],
)
def test_a_lone_surrogate_that_no_field_reads_costs_nothing(part: bytes) -> None:
    odd = b'{"amount": 1, %b}' % part
    found = listed(DETAILS, odd, RECORD)
    assert found.items[0].amount == 1
    assert bytes(found.items[0].raw) == odd
    assert not found.unreadable


def test_whole_characters_are_read_whatever_their_neighbours_are() -> None:
    odd = rb'{"detailInfo": "\ud83d\ude00 \\ud83d", "destination": "\ud83d"}'
    found = listed(DETAILS, odd)
    assert found.items[0].detail_info == "\U0001f600 \\ud83d"
    assert found.unreadable == {Member("destination", "destination"): 1}


def test_a_member_that_is_mapped_is_told_by_both_names() -> None:
    decoder = usage_records({"amount": "chargedAmount"})
    found = listed(decoder, b'{"chargedAmount": "x"}', b'{"chargedAmount": []}')
    assert found.unreadable == {Member("amount", "chargedAmount"): 2}


def test_of_a_member_that_stands_twice_the_last_counts() -> None:
    found = listed(DETAILS, b'{"amount": "x", "amount": 2}', b'{"amount": 2, "amount": "x"}')
    assert [record.amount for record in found.items] == [2, None]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-10-31T23:59:59.9999999", "2026-10-31T23:59:59.999999"),
        ("2026-10-31T23:59:59.999999\\u0039", "2026-10-31T23:59:59.999999"),
        ("2026-10-31T23:59:59\\u002e9999999", "2026-10-31T23:59:59.999999"),
        ("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.999999"),
        ("2026-10-31T23:30:00Z", "2026-11-01T00:30:00"),
        ("2026-10-31T08:00", "2026-10-31T08:00:00"),
        ("2026-10-31T08:00:00.1234567", "2026-10-31T08:00:00.123456"),
        ("2026-10-31T08:00:00.123456", "2026-10-31T08:00:00.123456"),
    ],
)
def test_times_are_read_by_the_one_rule(text: str, time: str) -> None:
    page = DETAILS.page(page_of(f'{{"startTime": "{text}"}}'.encode()))
    assert [item.start_time and item.start_time.isoformat() for item in page.items] == [time]
    assert not page.unreadable


def test_text_that_only_looks_like_a_number_that_is_not_finite_is_text() -> None:
    [record] = DETAILS.page(page_of(b'{"destination": "NaN", "detailInfo": "Inf\\n"}')).items
    assert (record.destination, record.detail_info) == ("NaN", "Inf\n")


@pytest.mark.parametrize("number", ["true", "{}", "[7]", "1.5", '"\\ud83d"'])
def test_a_subscription_of_its_own_route_is_read_without_its_number(number: str) -> None:
    body = f'{{"subscriptionNo": {number}, "usageDetails": "/x"}}'.encode()
    item = LINKED.one(body)
    assert (item.number, link_in(item.usage_details), bytes(item.raw)) == ("", "/x", body)
    assert item.unreadable == {Member("subscriptionNo", "subscriptionNo"): 1}


def test_an_invoice_with_a_lone_surrogate_is_kept_to_the_byte() -> None:
    body = rb'{"invoiceNo": "\ud83d"}'
    assert bytes(decode_object(body)) == body


# -- by property -------------------------------------------------------------------------------

escapes = st.sampled_from([r"\ud83d", r"\udc00", r"\ud83d\ude00", r"\\ud83d", r"\"", r"\u0031"])
texts = st.lists(
    st.text(st.characters(exclude_characters='"\\', exclude_categories=["Cs", "Cc"]), max_size=5)
    | escapes
    | st.sampled_from(["2026-10-31", "T23:59:59", ".9999999", "Z", "12.50", "1_0", "NaN", "e5"])
    | st.sampled_from(["\uff11", r"\uff11", r"\u0000", "-0", "\x7f", " "]),
    max_size=4,
).map(lambda parts: f'"{"".join(parts)}"')
scalars = (
    texts
    | st.sampled_from(["null", "true", "false", "-0", "1e999999999", "0e-999999999", "9" * 5000])
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.integers().map(str)
)


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    lists = st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
    return lists | objects_of(texts, inner)


def objects_of(
    names: st.SearchStrategy[str], inner: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    members = st.tuples(names, inner).map(" : ".join)
    return st.lists(members, max_size=5).map(lambda parts: f"{{ {', '.join(parts)}}}")


jsons = st.recursive(scalars, containers, max_leaves=5)
names = st.sampled_from([f'"{name}"' for name in USAGE_DETAILS]) | texts
elements = (objects_of(names, jsons) | jsons).map(str.encode)


@given(st.lists(elements, min_size=1, max_size=4))
def test_whatever_stands_in_one_element_the_others_are_read_as_if_alone(sent: list[bytes]) -> None:
    together = listed(DETAILS, *sent)
    apart = [listed(DETAILS, one) for one in sent]
    assert [values(item) for item in together.items] == [values(found.items[0]) for found in apart]
    assert [bytes(item.raw) for item in together.items] == sent
    assert together.unreadable == sum((Counter(found.unreadable) for found in apart), Counter())


@given(elements)
def test_a_field_is_null_exactly_if_its_member_is_absent_null_or_counted(element: bytes) -> None:
    found = listed(DETAILS, element)
    sent = json.loads(element, parse_int=str)
    if not isinstance(sent, dict):
        assert found.unreadable == {ELEMENT: 1}
        return
    names = found.items[0].__struct_fields__[2:]
    for name, value, member in zip(names, values(found.items[0]), USAGE_DETAILS, strict=True):
        assert name.replace("_", "") == member.lower()
        is_counted = found.unreadable.get(Member(member, member), 0) == 1
        is_null = value is None or (is_counted and value == UNREADABLE_CODE)
        assert is_null is (is_counted or sent.get(member) is None)


# -- what is no list ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"items": [',
        b"\xff",
        b'{"items": [], "later": "Ume\xe5"}',
        b'{"items": [{"later": {"Ume\xe5": 1}}]}',
        rb'{"items": [{"later": "\x"}]}',
        rb'{"items": [\ud83d]}',
        b'{"items": [{"amount": NaN}]}',
    ],
    ids=lambda body: body[:34].decode(errors="replace"),
)
def test_a_body_that_is_no_json_is_malformed_even_where_no_field_looks(body: bytes) -> None:
    assert hint_of(DETAILS, body) == "The body is not JSON."
    for decode in (DETAILS.one, decode_object):
        with pytest.raises(Fault) as malformed:
            decode(body)
        assert malformed.value.hint == "The body is not JSON."


def test_a_body_that_is_nested_too_deeply_is_malformed() -> None:
    assert hint_of(DETAILS, page_of(b'{"later": %b}' % DEEP)) == "The body is nested too deeply."
    for decode in (DETAILS.one, decode_object):
        with pytest.raises(Fault) as malformed:
            decode(b'{"later": %b}' % DEEP)
        assert malformed.value.hint == "The body is nested too deeply."


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1", b'["\\ud83d"]'])
def test_an_invoice_customer_or_single_subscription_is_an_object(body: bytes) -> None:
    for decode in (decode_object, LINKED.one):
        with pytest.raises(Fault) as malformed:
            decode(body)
        assert malformed.value.code is FaultCode.UPSTREAM_MALFORMED


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"items": {}}', b'{"items": "x"}', b"null"])
def test_a_list_that_is_not_wrapped_in_items_is_malformed(body: bytes) -> None:
    assert hint_of(DETAILS, body)


MARK = "701234567"


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (f'{{"items": {{"{MARK}": 1}}}}', "items is an object, not a list or null."),
        (f"[{MARK}]", "The body is a list, not an object."),
        (MARK, "The body is a number, not an object."),
        ("null", "The body is null, not an object."),
        (f'{{"{MARK}": 1}}', "The body has no items."),
        (
            f'{{"items": [], "navigation": {{"next": {MARK}}}}}',
            "navigation.next is a number, not text or null.",
        ),
        (
            f'{{"items": [], "navigation": ["{MARK}"]}}',
            "navigation is a list, not an object or null.",
        ),
    ],
)
def test_a_hint_says_in_words_which_member_is_wrong_and_never_its_value(
    body: str, hint: str
) -> None:
    with pytest.raises(Fault) as malformed:
        DETAILS.page(body.encode())
    fault = malformed.value
    assert fault.hint == hint
    assert MARK not in f"{fault} {fault!r}"
    assert fault.__suppress_context__


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
@pytest.mark.parametrize("items", ["null", "[]", "[7]"])
def test_a_page_knows_the_link_to_the_next(
    items: str, navigation: str, following: str | None
) -> None:
    assert DETAILS.page(f'{{"items": {items}, {navigation}}}'.encode()).next == following


@pytest.mark.parametrize(
    "navigation", ["7", '"/billing"', "[]", '{"next": 7}', '{"next": {}}', '{"next": "/\\ud83d"}']
)
def test_a_list_that_does_not_tell_how_it_goes_on_is_malformed(navigation: str) -> None:
    """Its first page is not passed for the whole of it."""
    body = f'{{"items": [{{"amount": 1}}], "navigation": {navigation}}}'.encode()
    assert "navigation" in hint_of(DETAILS, body)
