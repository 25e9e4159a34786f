"""Usage records, summaries and subscriptions, each with its own JSON to the byte."""

import gc
import json
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.decoders import Decoder, subscriptions, usage_records, usage_summaries
from resolvers.payex.api.records import NUMBER, Day, Item, ItemList

RECORD = b"""{"startTime": "2019-05-06T00:00:00", "destination": "Kiruna", "amount": 463.42,
  "currency": "sek", "later": {"a": 1.10}}"""
SUMMARY = b'{"usageType": "data", "startPeriod": "2019-05-01", "totalCharge": 99.90}'
DETAILS = usage_records({})
SUMMARIES = usage_summaries({})
LINKED = subscriptions()
KINDS = pytest.mark.parametrize(
    ("decoder", "body"), [(DETAILS, RECORD), (SUMMARIES, SUMMARY)], ids=["details", "summaries"]
)


def page_of(*items: bytes) -> bytes:
    """Wrap elements as PayEx does."""
    return b'{"items": [' + b", ".join(items) + b'], "navigation": {"@id": "/x"}}'


def listed(decoder: Decoder[Any], *pages: bytes) -> ItemList[Any]:
    """Return the list that is spread over pages."""
    return ItemList([decoder.page(page) for page in pages])


objects = st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4), max_size=3).map(
    lambda members: json.dumps({"later": members}, indent=1).encode()
)


@given(st.lists(st.lists(objects, max_size=3), max_size=3))
def test_each_element_of_all_pages_has_its_own_json_to_the_byte(pages: list[list[bytes]]) -> None:
    items = listed(DETAILS, *(page_of(*page) for page in pages)).items
    sent = [element for page in pages for element in page]
    assert [bytes(item.raw) for item in items] == sent
    assert [item.position for item in items] == list(range(len(sent)))


@KINDS
def test_a_list_that_nobody_holds_leaves_the_memory_at_once(
    decoder: Decoder[Item], body: bytes
) -> None:
    """Garbage that only the collector finds would be looked for after every few answers."""
    items = listed(decoder, page_of(body))
    assert items.items[0].raw
    gone = weakref.ref(items), weakref.ref(items.items[0].raw_items)

    gc.disable()
    try:
        del items

        assert [reference() for reference in gone] == [None, None]
    finally:
        gc.enable()


def test_raw_survives_a_page_whose_items_are_null() -> None:
    items = listed(DETAILS, b'{"items": null}', page_of(RECORD)).items
    assert bytes(items[0].raw) == RECORD


def test_an_element_that_is_a_whole_body_has_that_body_as_its_json() -> None:
    body = b'{"subscriptionNo": "46", "later": 1.50}'
    item = LINKED.one(body)
    assert (bytes(item.raw), item.position, item.identity) == (body, 0, "46")


@pytest.mark.parametrize("lacking", ["{}", '{"subscriptionNo": ""}', '{"subscriptionNo": true}'])
def test_a_subscription_without_a_number_is_left_out_and_counted(lacking: str) -> None:
    """Nothing can be asked for by it, and its neighbours can."""
    sent = [b'{"subscriptionNo": "1"}', lacking.encode(), b'{"subscriptionNo": 3}']
    found = listed(LINKED, page_of(*sent), page_of(lacking.encode()))
    assert [item.number for item in found.items] == ["1", "3"]
    assert [bytes(item.raw) for item in found.items] == [sent[0], sent[2]]
    assert found.unreadable == {NUMBER: 2}


@KINDS
def test_a_record_shows_its_type_and_nothing_of_what_it_holds(
    decoder: Decoder[Item], body: bytes
) -> None:
    items = listed(decoder, page_of(body))
    [item] = items.items
    assert repr(item) == str(item) == f"<{type(item).__name__}>"
    shown = f"{items!r} {item.raw!r} {decoder.page(page_of(body))!r}"
    assert not any(text in shown for text in ("Kiruna", "data", "SEK", "sek"))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2019-05-06", Day(2019, 5, 6)),
        ("2019-05-06T23:59:59", Day(2019, 5, 6)),
        ("2026-09-30T22:00:00Z", Day(2026, 10, 1)),
    ],
)
def test_a_day_may_have_a_time_after_it(text: str, day: Day) -> None:
    assert Day.parse(text) == day
