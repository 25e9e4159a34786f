"""Cursors: they tell the same element again, and nobody what it is."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.cursors import Cursor, Cursors
from resolvers.payex.api.records import SubscriptionItem, UsageRecord

Listed = Callable[[Iterable[dict[str, Any]]], list[UsageRecord]]
KEY = b"of a ledger's token"
NUMBERS = ("xxx", "billed", "123456", "46")
HERE = Cursors(KEY, *NUMBERS)

keys = st.binary(min_size=1, max_size=64)
names = st.lists(st.text(st.characters(exclude_characters="\x00")), min_size=1)
seen = st.fixed_dictionaries(
    {},
    optional={
        "usageDetailId": st.text(max_size=3) | st.integers(),
        "amount": st.decimals(-9, 9, places=2).map(float),
        "destination": st.text(max_size=3),
        "currency": st.sampled_from(["SEK", "EUR"]),
    },
)
hidden = st.dictionaries(st.sampled_from(["note", "margin"]), st.integers() | st.text(max_size=3))


def element(listed: Listed, members: dict[str, Any], cursors: Cursors = HERE) -> bytes:
    return cursors.element(listed([members])[0])


@given(seen, hidden, hidden)
def test_a_cursor_is_built_from_nothing_that_only_raw_shows(
    listed: Listed, members: dict[str, Any], one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert element(listed, members | one) == element(listed, members | other)


def looks(members: dict[str, Any]) -> dict[str, str]:
    """Return what clients see of members. A currency is seen with an amount alone."""
    return {
        name: str(value)
        for name, value in members.items()
        if name != "currency" or "amount" in members
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"usageDetailId": 7}, {"usageDetailId": "7"}),
        ({"productGroupId": 7}, {"productGroupId": "7"}),
        ({"destinationCode": 46}, {"destinationCode": "46"}),
        ({"quantity": 100}, {"quantity": "1E+2"}),
        ({"quantity": "-0"}, {"quantity": 0}),
        ({"amount": "1.50"}, {"amount": " 1.50 ", "volumeCode": "MB"}),
        ({"amount": 1, "currency": "SEK"}, {"amount": 1, "currency": " sek "}),
        ({"amount": 1, "currency": " "}, {"amount": 1}),
        ({"quantity": 1, "currency": "SEK"}, {"quantity": 1}),
        ({"chargedVolume": 1, "volumeCode": "\x00"}, {"chargedVolume": 1}),
        ({"startTime": "2026-11-28 10:00"}, {"startTime": "2026-11-28T09:00:00Z"}),
        ({"usageType": None}, {}),
    ],
)
def test_elements_that_look_alike_have_one_cursor_however_payex_spells_them(
    listed: Listed, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """The spelling is told by `raw` alone. It may change, and the cursor leads on."""
    assert element(listed, one) == element(listed, other)
    assert element(listed, one) != element(listed, {"usageType": "DATA"})


@given(seen, seen)
def test_elements_that_look_otherwise_are_told_apart(
    listed: Listed, one: dict[str, Any], other: dict[str, Any]
) -> None:
    apart = looks(one) != looks(other)
    assert (element(listed, one) != element(listed, other)) is apart


@given(keys, keys)
def test_without_the_key_no_part_of_a_cursor_can_be_worked_out(
    listed: Listed, one: bytes, other: bytes
) -> None:
    """Each digest differs with the key, so that whoever tries members has to try keys as well."""
    ours, theirs = (Cursors(key, *NUMBERS) for key in (one, other))
    for part in (
        lambda cursors: cursors.token,
        lambda cursors: cursors.list,
        lambda cursors: element(listed, {"usageType": "VOICE"}, cursors),
    ):
        assert (part(ours) == part(theirs)) is (one == other)


@given(names, names)
def test_lists_with_other_numbers_have_nothing_in_common(
    listed: Listed, one: list[str], other: list[str]
) -> None:
    ours, theirs = Cursors(KEY, *one), Cursors(KEY, *other)
    same = one == other
    assert (ours.list == theirs.list) is same
    assert (element(listed, {}, ours) == element(listed, {}, theirs)) is same
    assert ours.token == theirs.token


def test_instances_that_have_the_ledgers_token_give_the_same_cursors(listed: Listed) -> None:
    record = listed([{"usageDetailId": 1}])[0]
    assert Cursors(KEY, *NUMBERS).behind(record, 3) == HERE.behind(record, 3)


def test_a_cursor_gives_no_number_away(listed: Listed) -> None:
    cursor = HERE.behind(listed([{"destination": "0701234567"}])[0], 0)
    read = Cursor.read(cursor)
    assert read is not None
    parts = (read.token, read.list, read.element)
    assert not any(number in part for number in (b"xxx", b"123456", b"46") for part in parts)
    assert len(cursor) == 36


@given(
    st.binary(min_size=3, max_size=3),
    st.binary(min_size=8, max_size=8),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)
def test_a_cursor_is_read_as_it_was_written(
    token: bytes, digest: bytes, twin: int, position: int
) -> None:
    cursor = Cursor(token, digest, digest[::-1], twin, position)
    assert Cursor.read(cursor.text) == cursor


@pytest.mark.parametrize("text", ["", "A" * 35, "A" * 37, "A" * 36 + "=", "Ä" * 36])
def test_what_is_not_as_long_as_a_cursor_or_has_other_characters_is_none(text: str) -> None:
    assert Cursor.read("A" * 36) is not None
    assert Cursor.read(text) is None


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**64])
def test_any_number_that_an_element_may_hold_has_a_cursor(listed: Listed, number: int) -> None:
    amount = Decimal("1E+999999999")
    record = listed([{"usageDetailId": number}])[0]
    record.amount = amount
    assert HERE.element(record) != element(listed, {"usageDetailId": number})


def test_a_subscription_is_known_by_its_number() -> None:
    one, again, other = (
        HERE.element(SubscriptionItem(subscription_no=number)) for number in (70, "70", "71")
    )
    assert one == again != other
