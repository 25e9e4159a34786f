"""What is too large is refused before it is read any further, each limit by its name."""

import re
import sys
from contextlib import suppress
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLSyntaxError, parse
from graphql.language.parser import MAX_NESTING_DEPTH
from graphql.validation.validation_context import MAX_FRAGMENT_WORK
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits.parsing import parse_document
from gateway.limits.validation import find_errors
from gateway.limits.violations import (
    DIRECTIVES,
    DOCUMENT_OPERATIONS,
    FIXED,
    FRAGMENT_WORK,
    LARGEST,
    NESTING,
    LimitCode,
    LimitExceeded,
    oversizes,
)
from gateway.settings.limits import LimitSettings
from schema.subgraph import build_schema

SCHEMA = build_schema()._schema


def limits(**changed: Any) -> LimitSettings:
    """The defaults, but for what is changed."""
    return LimitSettings.model_construct(**changed)


def refusal(text: str) -> GraphQLError:
    with pytest.raises(GraphQLError) as raised:
        parse_document(text)
    return raised.value


@pytest.mark.parametrize(
    ("text", "setting", "limit", "measured", "message"),
    [
        (
            "{a{b{c}}}",
            "max_depth",
            2,
            3,
            "The operation nests 3 fields; at most 2 may be (GATEWAY_MAX_DEPTH).",
        ),
        (
            "{a:x b:x}",
            "max_aliases",
            1,
            2,
            "The operation has 2 aliases; at most 1 may be (GATEWAY_MAX_ALIASES).",
        ),
        (
            "{a b c}",
            "max_root_fields",
            2,
            3,
            "The operation has 3 fields at its root; at most 2 may be (GATEWAY_MAX_ROOT_FIELDS).",
        ),
        (
            "{a{b} c}",
            "max_selections",
            2,
            3,
            (
                "The operation has 3 selections, its fragments written out; at most 2 may be "
                "(GATEWAY_MAX_SELECTIONS)."
            ),
        ),
    ],
)
def test_a_limit_names_itself_its_value_and_what_was_measured(
    text: str, setting: str, limit: int, measured: int, message: str
) -> None:
    (error,) = oversizes(text, limits(**{setting: limit}))

    assert error.message == message
    assert error.extensions == {
        "code": f"{setting.upper()}_LIMIT",
        "limit": {f"GATEWAY_{setting.upper()}": limit},
        "measured": measured,
    }
    assert oversizes(text, limits(**{setting: limit + 1})) == []


@pytest.mark.parametrize(
    ("one", "most", "code", "has"),
    [
        (
            "query {a} ",
            DOCUMENT_OPERATIONS,
            LimitCode.MAX_DOCUMENT_OPERATIONS_LIMIT,
            "The document has 51 operations",
        ),
        (
            "@x ",
            DIRECTIVES,
            LimitCode.MAX_DIRECTIVES_LIMIT,
            "The document has 51 directives",
        ),
    ],
    ids=["operations", "directives"],
)
def test_a_limit_that_cannot_be_set_says_so_and_where_it_is_exceeded(
    one: str, most: int, code: LimitCode, has: str
) -> None:
    before = "" if "{" in one else "query A {a} query B "
    after = "" if "{" in one else "{a}"

    (error,) = oversizes(before + one * (most + 1) + after, limits())

    named = f"{code.setting}, which cannot be set"
    assert error.message == f"{has}; at most {most} may be ({named})."
    assert error.extensions == {
        "code": code.value,
        "limit": {f"GATEWAY_{code.removesuffix('_LIMIT')}": most},
        "measured": most + 1,
    }
    assert error.positions == [len(before + one * most)]
    assert oversizes(before + one * most + after, limits()) == []


def test_all_limits_that_are_exceeded_are_told_at_once() -> None:
    errors = oversizes(
        "{a:x{y{z}} b:x c:x}",
        limits(max_depth=2, max_aliases=2, max_root_fields=2, max_selections=4),
    )

    assert [error.extensions["measured"] for error in errors if error.extensions] == [3, 3, 3, 5]


def test_the_largest_operation_of_a_document_counts_whichever_is_asked_for() -> None:
    text = "query A {a} query B {...F} fragment F on Query {a{b{c}}}"

    (error,) = oversizes(text, limits(max_depth=2))

    assert error.extensions
    assert error.extensions["measured"] == 3


@pytest.mark.parametrize("root", ["{...F0}", "{a}"])
def test_fragments_within_fragments_nest_no_deeper_than_is_validated(root: str) -> None:
    """A chain of short fragments is as deep as one long selection."""
    chain = "".join(f"fragment F{n} on Query{{...F{n + 1}}}" for n in range(200))

    (error,) = oversizes(f"{root}{chain}fragment F200 on Query{{a}}", limits(max_tokens=2000))

    assert error.extensions
    assert error.extensions["code"] == "MAX_NESTING_LIMIT"
    assert NESTING == MAX_NESTING_DEPTH


def test_fragments_are_followed_as_far_as_graphql_core_does() -> None:
    assert FRAGMENT_WORK == MAX_FRAGMENT_WORK


def test_a_figure_that_no_number_holds_is_told_as_the_largest() -> None:
    """Fragments that spread each other twice double with each of them."""
    bomb = "{...F0}" + "".join(
        f"fragment F{n} on Query{{...F{n + 1} ...F{n + 1}}}" for n in range(100)
    )
    errors = oversizes(bomb + "fragment F100 on Query{a}", limits())

    assert {(error.extensions or {})["measured"] for error in errors} == {LARGEST}


def test_a_code_and_its_setting_are_one_name() -> None:
    settings = {f"GATEWAY_{name.upper()}" for name in LimitSettings.model_fields}

    named = {code.setting for code in LimitCode}

    # Errors beyond the most are left out, and budgets are spent while the operation is executed.
    assert named - settings == {code.setting for code in FIXED}
    assert settings - named == {
        "GATEWAY_MAX_ERRORS",
        "GATEWAY_COST_MODE",
        "GATEWAY_OPERATION_BUDGET",
        "GATEWAY_OPERATION_BYTES",
        "GATEWAY_PROCESS_BYTES",
    }


def test_every_limit_has_its_words() -> None:
    for code in LimitCode:
        error = LimitExceeded(code, 7, 8, variable="x", share=1, path="a.b")

        named = code.setting + (", which cannot be set" if code in FIXED else "")
        assert re.fullmatch(rf"The .* 8\b.*; at most 7 may be \({named}\)\.", error.message)


def test_a_long_text_is_not_read() -> None:
    (error,) = oversizes("{a" + " " * 200 + "}", limits(max_document=100))

    assert error.message == (
        "The document has 203 characters; at most 100 may be (GATEWAY_MAX_DOCUMENT)."
    )


@pytest.mark.parametrize(
    "text",
    ["{" + "a " * 30 + "}", "{a" + "#\n" * 20 + "#\r\n}", "{a}" + "\n" * 21, "{a}" + "\r\n\r" * 11],
)
def test_tokens_comments_and_lines_beyond_the_limit_are_not_looked_at(text: str) -> None:
    (error,) = oversizes(text, limits(max_tokens=20))

    assert error.message == (
        "The document has 21 or more tokens, comments or lines; "
        "at most 20 may be (GATEWAY_MAX_TOKENS)."
    )
    assert oversizes(text, limits(max_tokens=40)) == []


@pytest.mark.parametrize(
    ("text", "setting", "limit"),
    [
        ("{" + "a " * 18 + "}", "max_tokens", 20),
        ("{a}" + "\n" * 20, "max_tokens", 20),
        ("{a}" + " " * 17, "max_document", 20),
        ("{a" * NESTING + "}" * NESTING, "max_depth", NESTING),
    ],
    ids=["tokens", "lines", "characters", "nesting"],
)
def test_what_is_as_large_as_its_limit_is_read(text: str, setting: str, limit: int) -> None:
    assert oversizes(text, limits(**{setting: limit})) == []


@pytest.mark.parametrize(
    ("text", "setting", "limit"),
    [
        ("{a b c > d e}", "max_tokens", 4),
        ("{\r\na\n\rb\n> c\n}", "max_tokens", 3),
        ("{b c d} > {a{b}}", "max_depth", 1),
        ("{a{b{c}}} > {a: b}", "max_aliases", 0),
        ("{a{b{c}}} > {a b}", "max_root_fields", 1),
        ("{a{b{c}}} > {a b c d}", "max_selections", 3),
        ("{a} > " + "{a" * 201 + "}" * 201, "max_depth", 1),
    ],
    ids=["token", "line", "depth", "aliases", "root fields", "selections", "nesting"],
)
def test_what_is_too_large_is_told_where_it_begins(text: str, setting: str, limit: int) -> None:
    before, after = text.split("> ")

    (error,) = oversizes(before + after, limits(**{setting: limit}))

    assert error.positions == [len(before)]


@pytest.mark.parametrize("depth", [201, 3000, 20_000])
@pytest.mark.parametrize(
    ("before", "opened", "closed", "after"),
    [
        ("", "{a", "}", ""),
        ("{a", "{...", "}", "}"),
        ("{a(b:", "[", "]", ")}"),
        ("{a(b:", "{c:", "}", ")}"),
        ("query($a:", "[", "]", "){a}"),
    ],
    ids=["selections", "inline fragments", "lists", "objects", "types"],
)
def test_deep_nesting_is_refused_long_before_the_stack_ends(
    depth: int, before: str, opened: str, closed: str, after: str
) -> None:
    text = before + opened * depth + closed * depth + after

    error = refusal(text)

    assert error.message == (
        "The document nests 201 or more selections, lists or objects, its fragments written out; "
        "at most 200 may be (MAX_NESTING, which cannot be set)."
    )


def test_what_a_document_quotes_is_not_taken_for_a_limit() -> None:
    error = refusal('{a(b:1) "Syntax Error: Document is nested too deeply. Parsing aborted."}')

    assert isinstance(error, GraphQLSyntaxError)


@given(st.text(alphabet='{}[]()!$@:=|&."#\\,\n abq01-\ud800\ufeffé😀', max_size=60))
def test_any_text_is_a_document_or_refused_in_words(text: str) -> None:
    if not oversizes(text, limits(max_tokens=20)):
        with suppress(GraphQLSyntaxError):
            parse_document(text)


def test_a_document_is_measured_on_what_is_left_of_the_stack() -> None:
    """A server, its middlewares and an operation stand on it already."""
    deep = "{a" * 190 + "}" * 190
    chain = "".join(f"fragment F{n} on Query{{...F{n + 1}}}" for n in range(2000))
    long = "{...F0}" + chain + "fragment F2000 on Query{a}"
    wide = limits(max_document=10**6, max_tokens=10**6)
    frame, frames = sys._getframe(), 0
    while frame.f_back:
        frame, frames = frame.f_back, frames + 1

    def below(left: int) -> list[LimitExceeded]:
        if left:
            return below(left - 1)
        return oversizes(deep, wide) + oversizes(long, wide)

    found = below(sys.getrecursionlimit() - frames - 50)

    assert [(error.extensions or {})["measured"] for error in found] == [190, 201]


@pytest.mark.parametrize("left", range(5))
def test_too_many_directives_are_reported_at_the_first_one_beyond_the_limit(left: int) -> None:
    before = "query Q {a %s}" % ("@x " * (DIRECTIVES - left))
    text = f"""{before}
    query ($a: Int @A) @B {{ b {{ c @C {{ d }} }} ...F e @D }}
    fragment F on Query {{ f @E }}
    """
    (error,) = oversizes(text, limits())

    assert error.locations
    ((line, column),) = error.locations
    assert text.splitlines()[line - 1][column - 1 :].startswith("@" + "ABCDE"[left])


@pytest.mark.parametrize(("count", "refused"), [(100, False), (101, True)])
@pytest.mark.parametrize(
    "around",
    ["{%s}", '{owner(ownerNo:"1"){%s}}', "{...{%s}}", "{...F}fragment F on Query{%s}"],
)
def test_fields_that_validation_would_compare_too_often_are_refused_before_it(
    around: str, count: int, *, refused: bool
) -> None:
    """It refuses each of them for the same reason, after ten times the work."""
    field = "ownerNo " if "owner(" in around else "__typename "
    text = around % (field * count)
    found = oversizes(text, limits(max_root_fields=1000))

    codes = [error.extensions["code"] for error in found if error.extensions]
    assert codes == ["MAX_COMPARISONS_LIMIT"] * refused
    if refused:
        errors = find_errors(SCHEMA, parse(text))
        assert errors[-1].message == found[0].message


def test_fields_of_other_response_names_are_not_compared() -> None:
    fields = " ".join(f"a{n}: __typename b{n}: __typename" for n in range(400))

    assert oversizes(f"{{{fields}}}", limits(max_aliases=1000, max_root_fields=1000)) == []
