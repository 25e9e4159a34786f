"""A body that is decoded in slices is decoded to what it is decoded to as a whole."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resolvers.payex.api.body_slices import AT_ONCE, SLICE, DecodingSteps, exact_end
from resolvers.payex.api.decoders import Decoder, subscriptions, usage_records, usage_summaries
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.list_bodies import goes_on
from resolvers.payex.api.records import Item, ItemList, Page

T = TypeVar("T")

DECODERS: list[Decoder[Any]] = [usage_records({}), usage_summaries({}), subscriptions()]
USUAL = b'{"usageType":"call","startTime":"2019-05-06T00:00:00","amount":1.50,"currency":"SEK"}'
SIZES = [1, 20, 100, 300]

# Text that looks like the structure around it, in all that JSON can write it with.
TEXTS = st.sampled_from(
    [
        "}, {",
        "},{",
        '"}, {"a": "',
        "]}",
        "[",
        "\\",
        '\\"',
        '"items": [',
        "2019-05-06T00:00:00",
        "2019-05-06T00:00:00.12345678",
        "2019-05-06T00:00:00Z",
        "1_0",
        "٣",
        "é",
        "\x7f",
        "/billing/usage/v1/xxx/invoices/1",
        "1.50",
        "SEK",
    ]
)
NAMES = st.sampled_from(
    [
        "subscriptionNo",
        "usageDetails",
        "startTime",
        "startPeriod",
        "amount",
        "currency",
        "quantity",
        "usageType",
        "items",
        "navigation",
        "next",
        "later",
        "\x7fraw_items",
        "\x7fposition",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
ELEMENTS = st.one_of(st.just(json.loads(USUAL)), st.dictionaries(NAMES, VALUES, max_size=5), VALUES)
BLANKS = st.sampled_from(["", " ", "\n  ", "\t\r\n"])
# What a page may be broken by.
BREAKS = st.sampled_from(["", ",", "]", "}", "{", '"', "\\ud83d", "\\ud83d\\ude00", ",,", "\x01"])


@st.composite
def members(draw: st.DrawFn) -> str:
    """Return members that stand beside the elements."""
    name, value = draw(NAMES), draw(VALUES | st.just({"next": "/x"}))
    return f"{json.dumps(name)}:{json.dumps(value)}"


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Return a page, or nearly one."""
    blank = draw(BLANKS)
    escaped = draw(st.booleans())
    elements = f"{blank},{blank}".join(
        json.dumps(element, ensure_ascii=escaped) for element in draw(st.lists(ELEMENTS))
    )
    items = f'"items"{blank}:{blank}[{blank}{elements}{blank}]'
    before, behind = (draw(st.lists(members(), max_size=2)) for _ in range(2))
    body = f"{blank}{{{blank}" + f"{blank},{blank}".join([*before, items, *behind]) + "}" + blank
    for _ in range(draw(st.integers(0, 1))):
        place = draw(st.integers(0, len(body)))
        body = body[:place] + draw(BREAKS) + body[place:]
    encoded = body.encode()
    return encoded.replace(b"SEK", b"S\xffK") if draw(st.integers(0, 9)) == 5 else encoded


def shown(value: object) -> object:
    """Return a value that can be compared by its text."""
    return bytes(value) if isinstance(value, msgspec.Raw) else value


def told(pages: list[Page[Any]]) -> tuple[Any, ...]:
    """Return all that pages tell."""
    found: ItemList[Item] = ItemList(pages)
    values = [
        {name: shown(getattr(item, name)) for name in item.__struct_fields__ if name != "raw_items"}
        for item in found.items
    ]
    raws = [bytes(item.raw) for item in found.items]
    return repr(values), raws, pages[-1].next, dict(found.unreadable)


def outcome(decode: Callable[[], list[Page[Any]]]) -> tuple[Any, ...]:
    """Return what a body was decoded to, or why it cannot be."""
    try:
        return told(decode())
    except Fault as fault:
        return fault.code, fault.hint


def result(steps: DecodingSteps[T]) -> T:
    """Take all steps, and return what they lead to."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: T = done.value
            return found


def sliced(decoder: Decoder[Any], body: bytes, size: int) -> list[Page[Any]]:
    """Decode a body in slices."""
    return result(decoder.in_slices(body, size))


def end_of(body: bytes, start: int, size: int) -> int | None:
    return result(exact_end(body, start, size))


@pytest.mark.parametrize("decoder", DECODERS, ids=["details", "summaries", "subscriptions"])
@given(body=bodies(), size=st.sampled_from(SIZES))
@example(body=b'{"items":[{},]}', size=1)
@example(body=b'{"items":[{},{},]}', size=1)
@example(body=b'{"items":[,{}]}', size=1)
@example(body=b'{"items":[ ]}', size=1)
@example(body=b'{"items":[{}],"items":[]}', size=1)
@example(body=b'{"items":[{}],"\\u0069tems":null}', size=1)
@example(body=b'{"items":[{"amount":1}],"later":[{},{}]}', size=1)
@example(body=b'{"a":{"items":[{"amount":1},{}]},"items":[{"amount":2},{}]}', size=1)
@example(body=b'{"a":"\\"items\\":[","items":[{"amount":2},{"amount":3}]}', size=1)
@example(body=b'{"items":[{},{}],"navigation":{"next":"\\ud83d"}}', size=1)
@example(body=b'{"items":[{"usageType":"\\ud83d"},{"usageType":"b"}]}', size=1)
@example(body=b'{"items":[{"usageType":"\xff"},{"usageType":"b"}]}', size=1)
@example(body=b'{"items":[{"usageType":"a"},{}],"later":"\xff"}', size=1)
@example(body=b'{"items":[{},{}],"navigation":7}', size=1)
@example(body=b'{"items":[{},{}}', size=1)
@example(body=b'{"items":[{"a":{"b":{"c":{"d":{"e":{}}}}}},{},{}]}', size=31)
@example(body=b'{"items":[1,2,"},{",[[],{}],{"a":[{},{}]},null]}', size=1)
def test_a_body_in_slices_is_decoded_as_it_is_as_a_whole(
    decoder: Decoder[Any], body: bytes, size: int
) -> None:
    assert outcome(lambda: sliced(decoder, body, size)) == outcome(lambda: [decoder.page(body)])


@pytest.mark.parametrize("comma", [b",", b", ", b",\n    "])
@pytest.mark.parametrize(
    "record", [USUAL, b'{"amount":1,"later":{"a":[{},{}]}}', b'{"startTime":"2019-05-06Z"}', b"7"]
)
def test_a_large_body_is_cut_into_slices_of_the_size(record: bytes, comma: bytes) -> None:
    body = b'{"items":[' + comma.join([record] * 1000) + b"]}"
    size = len(body) // 10
    pages = sliced(DECODERS[0], body, size)
    # The last one alone tells how the list goes on.
    assert 10 <= len(pages) - 1 <= 13
    assert max(len(bytes(page.source)) for page in pages if isinstance(page.source, bytes)) < (
        size + 2 * len(record) + 10
    )


def test_only_a_slice_with_odd_values_is_read_member_by_member() -> None:
    odd = b'{"startTime":"","usageType":"call"}'
    pages = sliced(DECODERS[0], b'{"items":[' + b",".join([USUAL, odd, USUAL]) + b"]}", 1)
    assert [dict(page.unreadable) for page in pages if page.unreadable] == [pages[1].unreadable]


def test_each_slice_is_handed_out_with_its_size() -> None:
    body = b'{"items":[' + b",".join([USUAL] * 3) + b"]}"
    steps = [step for step in DECODERS[0].in_slices(body, 1) if step.size]
    assert [(step.size, step.items) for step in steps] == [(len(USUAL), 1)] * 3


@pytest.mark.parametrize("sign", [b"[]", b"{}", b'{"a":[{}]}'])
def test_to_count_brackets_is_done_in_steps_and_paid_for(sign: bytes) -> None:
    """One element of a megabyte may hold a million of them, and have no end that can be guessed."""
    count = 20_000
    body = b'{"items":[{"x":[' + b",".join([sign] * count) + b"]}]}"
    steps = list(DECODERS[0].in_slices(body, 1))

    brackets = count * len(sign.translate(None, b'":a,'))
    assert 0.5 * brackets < sum(step.units for step in steps) < 1.5 * brackets
    assert max(step.units for step in steps) < brackets / 4


@pytest.mark.parametrize("body", [b"[", b'[{"a":1', b'["', b'["\\"', b"[[]", b"[{},"])
def test_a_list_without_an_end_has_none(body: bytes) -> None:
    assert end_of(body, 1, 100) is None


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (b'{"items":[{}', b'],"items":[{}]}'),
        (b'{"items":[{}', b"]"),
        (b'{"items":[{}', b'],"later":["%b"]}' % (b"x" * AT_ONCE)),
        (b'{"items":[{"a":"%b' % (b"x" * 2 * AT_ONCE), b'"}]}'),
        (b'{"items":[{"a":"%b' % (b"x" * AT_ONCE), b""),
        (b'{"later":"%b","items":[{}' % (b"x" * 65536), b"]}"),
        (b"[{}", b"]"),
    ],
    ids=["two lists", "cut", "a rest", "an element", "a text", "a late list", "an array"],
)
def test_a_large_body_that_cannot_be_read_in_slices_is_not_read_as_a_whole(
    before: bytes, behind: bytes
) -> None:
    """To decode 33 MB at once, twice, kept the event loop for half a second."""
    body = before + b" " * (AT_ONCE - len(before) - len(behind) + 1) + behind
    with pytest.raises(Fault) as caught:
        sliced(DECODERS[0], body, SLICE)

    assert caught.value.code is FaultCode.UPSTREAM_MALFORMED
    assert f"{len(body)} bytes" in (caught.value.hint or "")
    assert f"at most {AT_ONCE}" in (caught.value.hint or "")


def test_a_body_that_is_not_too_large_is_read_as_a_whole_where_it_has_to_be() -> None:
    body = b'{"items":[{}],"items":[{"amount":1},{}]' + b" " * (AT_ONCE - 40) + b"}"

    assert len(body) == AT_ONCE
    assert len(sliced(DECODERS[0], body, SLICE)[0].items) == 2


def test_raw_reads_the_one_slice_that_holds_it() -> None:
    body = b'{"items":[' + b",".join([USUAL] * 3) + b"]}"
    found: ItemList[Item] = ItemList(sliced(DECODERS[0], body, 1))
    assert found.items[1].raw == msgspec.Raw(USUAL)


def test_a_bracket_in_a_text_is_none_also_behind_an_escaped_quote() -> None:
    body = rb'{"a":"\"}"},{"b":1}]'
    assert end_of(body, 0, 0) == body.index(b",{")


def test_a_page_whose_elements_a_second_list_replaces_does_not_go_on() -> None:
    assert goes_on(b'{"items":[', b"]}") is not None
    assert goes_on(b'{"items":[', b'],"items":[1]}') is None
