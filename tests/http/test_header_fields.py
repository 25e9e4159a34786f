"""Header fields are read as RFC 9110 writes them: lines, lists, quoted text, weights, tags."""

import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from gateway.http.header_fields import elements, lines, listed, matches_tag, remembered

BLANKS = st.text(" \t", max_size=3)


def headers(*fields: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.encode(), value.encode("latin-1")) for name, value in fields])


def test_blanks_around_a_value_are_no_part_of_it() -> None:
    given = headers(("a", "\t 5 \t"), ("b", "6"), ("a", " x  y"))

    assert lines(given, "a") == ["5", "x  y"]
    assert lines(given, "c") == []


@given(st.lists(st.sampled_from(["gzip", 'a;b="x,;y"', "c;q=0.5", ""])), st.data())
def test_a_list_is_the_same_however_it_is_spread_over_lines(
    parts: list[str], data: st.DataObject
) -> None:
    """Neither blanks nor empty elements are any part of it."""
    rows: list[str] = [""]
    for part in parts:
        text = data.draw(BLANKS) + part + data.draw(BLANKS)
        if data.draw(st.booleans()):
            rows.append(text)
        else:
            rows[-1] += f",{text}"

    spread = headers(*(("accept", row) for row in rows))

    assert elements(listed(spread, "accept")) == elements(",".join(parts))


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("Text/HTML", "text/html", ()),
        ("a ; B = C ;", "a", (("b", "C"),)),
        ('a;b="c, d; e"', "a", (("b", "c, d; e"),)),
        (r'a;b="say \"x\" \\ y"', "a", (("b", r'say "x" \ y'),)),
        ('a;b="";c', "a", (("b", ""), ("c", ""))),
        ('a;b="open, c;d=1', "a", (("b", '"open, c;d=1'),)),
        ('a;b="\\', "a", (("b", '"\\'),)),
        ("a;b=1;b=2", "a", (("b", "1"), ("b", "2"))),
        (";", "", ()),
    ],
)
def test_an_element_has_a_name_and_parameters(
    text: str, name: str, parameters: tuple[tuple[str, str], ...]
) -> None:
    (element,) = elements(text)

    assert (element.name, element.parameters, element.weight) == (name, parameters, 1.0)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("q=1", 1.0),
        ("Q=0.5", 0.5),
        ("q = 0.5", 0.5),
        ('q="0.5"', 0.5),
        ("q=.5", 0.5),
        ("q=1.", 1.0),
        ("q=0.12345", 0.12345),
        ("q=0.5;q=1", 0.5),
        ("q=0", 0.0),
        ("q=0.000", 0.0),
    ],
)
def test_a_weight_is_a_decimal_from_0_to_1(text: str, weight: float) -> None:
    assert elements(f"gzip;{text}")[0].weight == weight


@pytest.mark.parametrize(
    "text",
    [
        "q=",
        "q",
        "q=x",
        "q=nan",
        "q=inf",
        "q=1.1",
        "q=-1",
        "q=1e-1",
        "q=0,5",
        "q=\u0660.\u0665",
        "q=.",
    ],
)
def test_a_weight_that_is_none_asks_for_nothing(text: str) -> None:
    """What it meant may have been never."""
    assert elements(f"gzip;{text}")[0].weight == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "*",
        '"tag"',
        'W/"tag"',
        '"other","tag"',
        '"a,b", W/"tag"',
        ', ,"x"\t,, "tag" ,',
        '"ends in \\", "tag"',
        '"","tag"',
    ],
)
@pytest.mark.parametrize("tag", ['"tag"', 'W/"tag"'])
def test_tags_are_compared_weakly(text: str, tag: str) -> None:
    assert matches_tag(text, tag)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tag",
        "W/tag",
        'w/"tag"',
        '"TAG"',
        '"a, "tag" ,b"',
        '"x" "tag"',
        '"tag',
        'tag"',
        '"tag", x',
        '*, "x"',
        '"x,tag"',
    ],
)
def test_another_tag_and_a_malformed_list_do_not_match(text: str) -> None:
    assert not matches_tag(text, 'W/"tag"')


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_read(text: str, tag: str) -> None:
    for element in elements(text):
        assert 0 <= element.weight <= 1
    assert matches_tag(f'{text}, "{tag}"', f'"{tag}"') in {True, False}


class Answer:
    """What a function makes of a header."""


@pytest.mark.parametrize("count", [100, 101])
def test_a_list_of_too_many_elements_is_read_as_an_empty_one(count: int) -> None:
    """To read 55 KB of them took 50 milliseconds, before it was known who asks."""
    assert len(elements(",".join(["a/b;q=0.1"] * count))) == (count if count <= 100 else 0)


def test_an_element_of_too_many_parameters_has_neither_name_nor_parameters() -> None:
    most, more = elements("a" + ";b=c" * 99 + ",a" + ";b=c" * 100)

    assert (most.name, len(most.parameters)) == ("a", 99)
    assert (more.name, more.parameters) == ("", ())


def test_only_short_headers_are_remembered() -> None:
    """A client could fill the memory with long ones."""
    read = remembered(lambda _: Answer())
    short, long = "x" * 256, "x" * 257

    assert read(short) is read(short)
    gone = weakref.ref(read(long))
    gc.collect()
    assert gone() is None


def test_a_long_weight_that_is_none_is_read_once() -> None:
    """In the square of its length it would take hours."""
    (element,) = elements(f"a;q={'1' * 500_000}!")

    assert element.weight == 0
