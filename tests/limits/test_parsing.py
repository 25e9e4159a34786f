"""Errors of syntax name kinds of tokens and names, and repeat nothing else of the text."""

import json
from collections.abc import Callable

import pytest
from graphql import GraphQLError, GraphQLSyntaxError, parse
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.http.errors import format_errors
from gateway.limits.parsing import parse_document

PIECES = (
    '"Agneta, found: x"',
    '"""Agneta"""',
    '"Agneta',
    '"Agneta \\q"',
    '"Agneta \\uD8"',
    "46701740605",
    "46701740605.5",
    "046701740605",
    "46701740605x",
    "# Agneta 46701740605\n",
    *"{}[]()!$&|:=@.?å-",
    "...",
    "a",
    "query",
    "fragment",
    "on",
    "true",
)


def refusal(text: str) -> GraphQLError:
    with pytest.raises(GraphQLError) as raised:
        parse_document(text)
    return raised.value


def located(read: Callable[[str], object], text: str) -> GraphQLError | None:
    try:
        read(text)
    except GraphQLError as error:
        return error
    return None


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
@example('{ a(b: "Agneta" "Agneta" }')
@example('"Agneta" { a }')
def test_no_value_of_a_text_is_repeated_and_the_place_stays(text: str) -> None:
    expected, error = located(parse, text), located(parse_document, text)
    reply = json.dumps(format_errors([error] if error else [], "support", executed=False))

    assert (error and error.locations) == (expected and expected.locations)
    assert "Agneta" not in reply
    assert "46701740605" not in reply


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{ "a" }', "Unexpected String after '{'."),
        ('{ """a\nb""" }', "Unexpected BlockString after '{'."),
        ("{ found } 1", "Unexpected Int after '}'."),
        ("{ found(1.5: 1) }", "Unexpected Float after '('."),
        ("{ found", "Unexpected <EOF> after Name 'found'."),
        ("{ ...", "Unexpected <EOF> after '...'."),
        ("found { a }", "Unexpected Name 'found'."),
        ("", "Unexpected <EOF>."),
        ("query ($a: A = $b) { a }", "Unexpected '$' after '='."),
        ("{ a(b: [1 , # x\n 01]) }", "Invalid number after Int."),
        ("{ a(b: -) }", "Invalid number after ':'."),
        ('{ a(b: "c', "Invalid or unterminated string after ':'."),
        ('{ a(b: """c', "Invalid or unterminated string after ':'."),
        ("{ a ? }", "Invalid character after Name 'a'."),
        ("?", "Invalid character."),
    ],
)
def test_what_is_unexpected_and_what_it_follows(text: str, message: str) -> None:
    error = refusal(text)

    assert isinstance(error, GraphQLSyntaxError)
    assert error.message == f"Syntax Error: {message}"


@pytest.mark.parametrize("opened", ["{a", "{... ", "{a(b: [{c: "])
def test_an_error_of_syntax_below_the_limit_of_nesting_is_one(opened: str) -> None:
    assert isinstance(refusal(opened * (1 if "(" in opened else 199) + "?"), GraphQLSyntaxError)
