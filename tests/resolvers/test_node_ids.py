"""Global ids: there and back, with one spelling for each thing."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.node_ids import NodeKind, decode, encode, parameters


@st.composite
def some_thing(draw: st.DrawFn) -> tuple[NodeKind, list[str]]:
    """Draw a kind with as many numbers as it takes."""
    kind = draw(st.sampled_from(NodeKind))
    return kind, [draw(st.text()) for _ in parameters(kind)]


things = some_thing()


def spelled(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


@given(things)
def test_an_id_comes_back_as_what_it_was_made_of(thing: tuple[NodeKind, list[str]]) -> None:
    kind, numbers = thing
    assert decode(encode(kind, *numbers)) == (kind, tuple(numbers))


@given(things, things)
def test_two_things_have_two_ids(
    one: tuple[NodeKind, list[str]], other: tuple[NodeKind, list[str]]
) -> None:
    assert (encode(one[0], *one[1]) == encode(other[0], *other[1])) is (one == other)


@given(things)
def test_an_id_is_safe_in_a_url(thing: tuple[NodeKind, list[str]]) -> None:
    node_id = encode(thing[0], *thing[1])
    assert node_id.replace("-", "").replace("_", "").isalnum()
    assert node_id.isascii()


@given(st.text() | st.binary().map(spelled))
def test_any_text_is_refused_or_is_the_one_spelling_of_what_it_stands_for(text: str) -> None:
    decoded = decode(text)
    assert decoded is None or encode(decoded[0], *decoded[1]) == text


@given(things, st.data())
def test_an_id_with_one_character_changed_added_or_lost_is_another_or_none(
    thing: tuple[NodeKind, list[str]], data: st.DataObject
) -> None:
    node_id = encode(thing[0], *thing[1])
    place = data.draw(st.integers(0, len(node_id) - 1))
    character = data.draw(st.sampled_from(["", "=", " ", "\n", "+", "/", "!", "A", "å"]))
    for end in (place, place + 1):
        other = node_id[:place] + character + node_id[end:]
        if other != node_id:
            assert decode(other) != (thing[0], tuple(thing[1]))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'["i"]',
        b'["i","1"]',
        b'["i","1","2","3"]',
        b'["b","1","2"]',
        b'["x","1","2"]',
        b'["i",1,2]',
        b'["i", "1","2"]',
        b'["\\u0069","1","2"]',
        b'["i","\\ud800","2"]',
        b'["i","\xff","2"]',
        b"[" * 100_000,
    ],
    ids=lambda text: text[:20].decode(errors="replace"),
)
def test_what_this_gateway_never_made_is_none(text: bytes) -> None:
    assert decode(spelled(text)) is None


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (NodeKind.INVOICE, ("ownerNo", "invoiceNo")),
        (NodeKind.CUSTOMER, ("ownerNo", "customerNo")),
        (NodeKind.BILLED_SUBSCRIPTION, ("ownerNo", "invoiceNo", "subscriptionNo")),
        (NodeKind.UNBILLED_SUBSCRIPTION, ("ownerNo", "customerNo", "subscriptionNo")),
    ],
)
def test_each_kind_of_id_holds_its_numbers_in_order(kind: NodeKind, names: tuple[str, ...]) -> None:
    assert tuple(parameters(kind)) == names


def test_ids_stay_what_they_are() -> None:
    assert encode(NodeKind.INVOICE, "1234", "123456") == "WyJpIiwiMTIzNCIsIjEyMzQ1NiJd"


def test_the_longest_numbers_have_an_id() -> None:
    """Whatever is much longer is not even decoded."""
    numbers = ("\x01" * 15, "\x01" * 15, "\x01" * 34)
    assert decode(encode(NodeKind.BILLED_SUBSCRIPTION, *numbers))
    assert decode(encode(NodeKind.INVOICE, "1234", "1" * 1000)) is None
