"""An id names one document however it is spelt; a shape is a document without its layout."""

from hashlib import sha256

import pytest
from graphql import parse
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents.ids import digest, is_digest, normalised, shape

KEY = "0123456789abcdef" * 4
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
WORDS = st.text("abcXYZ019-._", max_size=12)


def shape_of(text: str) -> str:
    return shape(parse(text))


@pytest.mark.parametrize(
    "spelt",
    [KEY, KEY.upper(), f"sha256:{KEY}", f"web~1.2.0~{KEY}", f"web~1.2.0~sha256:{KEY}", f"~~{KEY}"],
)
def test_every_spelling_of_a_digest_is_one_id(spelt: str) -> None:
    assert normalised(spelt) == KEY


@pytest.mark.parametrize(
    ("spelt", "plain"),
    [
        ("getInvoice", "getInvoice"),
        ("web~1.2.0~getInvoice", "getInvoice"),
        ("a~b", "a~b"),
        ("a~b~c~d", "a~b~c~d"),
        ("x-own:abc", "x-own:abc"),
        ("sha256:abc", "sha256:abc"),
        (KEY + "0", KEY + "0"),
        (f"{KEY}\n", f"{KEY}\n"),
        ("", ""),
    ],
)
def test_other_ids_lose_only_the_application_and_its_version(spelt: str, plain: str) -> None:
    assert normalised(spelt) == plain
    assert not is_digest(plain)


@settings(deadline=None)
@given(DIGESTS, WORDS, WORDS, st.booleans())
def test_a_digest_comes_back_from_any_spelling(
    key: str, name: str, version: str, upper: bool
) -> None:
    given_ = key.upper() if upper else key
    for spelt in (given_, f"sha256:{given_}", f"{name}~{version}~{given_}"):
        assert normalised(spelt) == key
        assert is_digest(normalised(spelt))


@settings(deadline=None)
@given(st.text(st.sampled_from("a~:sh256")) | st.text())
def test_normalising_twice_is_normalising_once(spelt: str) -> None:
    assert normalised(normalised(spelt)) == normalised(spelt)


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8")))
def test_a_digest_is_the_sha_256_of_the_text_in_utf_8(text: str) -> None:
    assert digest(text) == sha256(text.encode()).hexdigest()
    assert is_digest(digest(text))


def test_half_a_surrogate_pair_has_a_digest_of_its_own() -> None:
    assert len({digest("\ud800"), digest("\udfff"), digest("?"), digest("\ufffd")}) == 4


def test_layout_and_the_order_of_definitions_are_not_of_the_shape() -> None:
    published = "query A { a ...F }\n\nfragment F on T {\n  b(x: 1, y: [2])\n}"
    sent = "# of A\nfragment F on T{b(x:1 y:[2])} query A{a,...F}"
    assert shape_of(sent) == shape_of(published)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{ a b }", "{ b a }"),
        ("{ a }", "query A { a }"),
        ("{ a(x: 1) }", '{ a(x: "1") }'),
        ("{ a }", "{ a @skip(if: true) }"),
        ("{ a: b }", "{ b: a }"),
    ],
)
def test_all_else_is_of_the_shape(one: str, other: str) -> None:
    assert shape_of(one) != shape_of(other)
