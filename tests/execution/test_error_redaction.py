"""The words of graphql-core name types, variables and places, and no value of the request."""

from typing import Any

import pytest
from graphql import GraphQLError, build_schema, execute, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.error_redaction import without_values

SCHEMA = build_schema(
    """
    enum Colour { RED }
    input Filter { since: String!, colour: Colour, number: Int, flag: Boolean, size: Float }
    type Query { found(filter: Filter, colour: Colour, id: ID, number: Int): String }
    """
)
PRIVATE = "Agneta Hemlig: 'born', {46701740605}"
# Whatever a variable may hold: JSON, with a name of somebody in it.
HOLDS = st.recursive(
    st.just(PRIVATE) | st.none() | st.booleans(),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["since", "colour", PRIVATE]), below, max_size=3)
    ),
    max_leaves=8,
)


def complaints(text: str, variables: dict[str, Any] | None = None) -> list[str]:
    """Return what graphql-core has to say of a document and its variables."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return [error.message]
    errors = validate(SCHEMA, document)
    if not errors:
        result = execute(SCHEMA, document, variable_values=variables)
        errors = result.errors or []  # type: ignore[union-attr]
    return [error.message for error in errors]


@pytest.mark.parametrize("type_", ["Filter", "Colour", "ID", "Int", "Filter!", "[Int!]"])
@given(value=HOLDS)
def test_no_value_of_a_variable_is_repeated(type_: str, value: Any) -> None:
    """Of whatever type the variable is, and however deep the value lies."""
    field = {"Colour": "colour", "ID": "id", "Int": "number"}.get(type_, "filter")
    use = f"found({field}: $x)" if type_ != "[Int!]" else "found(number: 1)"
    for words in complaints(f"query ($x: {type_}) {{ {use} }}", {"x": value}):
        for part in ("Agneta", "Hemlig", "46701740605"):
            assert part not in without_values(words)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{ found(number: "46701740605") }', "Int cannot represent non-integer value."),
        ("{ found(number: 46701740605) }", "Int cannot represent non 32-bit signed integer value."),
        ('{ found(id: {a: "Hemlig"}) }', "An ID is text or an integer."),
        ('{ found(colour: "Hemlig") }', "Enum 'Colour' cannot represent non-enum value."),
        ("{ found(colour: HEMLIG) }", "Value does not exist in 'Colour' enum."),
        (
            "{ found(filter: 46701740605) }",
            "Expected value of type 'Filter' to be an object.",
        ),
        (
            "{ found(filter: {colour: RED}) }",
            "Expected value of type 'Filter' to include required field 'since'.",
        ),
        ('{ "Hemlig" }', "Syntax Error: Expected Name, found String."),
        ('{ """Hem\nlig""" }', "Syntax Error: Expected Name, found BlockString."),
        ("{ found } 46701740605", "Syntax Error: Unexpected Int."),
        ("{ found(46701740605.5: 1) }", "Syntax Error: Expected Name, found Float."),
        ("{ a46701740605 }", "Cannot query field 'a...' on type 'Query'."),
    ],
)
def test_no_value_of_a_document_is_repeated(text: str, told: str) -> None:
    (words,) = complaints(text)

    assert without_values(words) == told


@pytest.mark.parametrize(
    "text",
    [
        "{ unknown }",
        "query ($x: Int) { found(colour: $x) }",
        "query ($x: Int!) { found(number: $x) }",
        "{ found(nothing: 1) }",
        "{ found",
        "{ a: found(number: 1) a: found(number: 2) }",
        "{ ...F }",
    ],
)
def test_words_that_quote_no_value_stay(text: str) -> None:
    for words in complaints(text, {}):
        assert without_values(words) == words


def test_it_is_told_which_variable_and_where_in_it() -> None:
    (words,) = complaints(
        "query ($x: Filter) { found(filter: $x) }", {"x": {"since": "x", "colour": "Hemlig"}}
    )

    assert without_values(words) == (
        "Variable '$x' has invalid value at .colour: Value does not exist in 'Colour' enum."
    )


def test_no_words_of_python_are_repeated() -> None:
    """Python says of 5,000 digits which of its functions raises the limit."""
    (words,) = complaints(f"{{ found(number: {'9' * 5000}) }}")

    assert without_values(words) == "Expected value of type 'Int'."


@pytest.mark.parametrize("literal", [True, False])
@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("sinc", "unknown field 'sinc'. Did you mean 'since' or 'size'?"),
        ("zzzz", "unknown field 'zzzz'."),
        ("a46701740605", "unknown field 'a...'."),
    ],
)
def test_an_unknown_input_field_is_named_with_those_that_are_like_it(
    field: str, told: str, *, literal: bool
) -> None:
    if literal:
        words = complaints(f'{{ found(filter: {{since: "x", {field}: "Hemlig"}}) }}')
    else:
        given = {"x": {"since": "x", field: "Hemlig, found: it"}}
        words = complaints("query ($x: Filter) { found(filter: $x) }", given)

    assert without_values(words[0]).endswith(f"'Filter' not to include {told}")


@pytest.mark.parametrize(
    "key", ["Agneta Hemlig", "46701740605", "Agneta, found: x", "", "Agneta. Did you mean 'a'?"]
)
def test_a_key_that_is_no_name_is_not_repeated(key: str) -> None:
    given = {"x": {"since": "x", key: 1}}
    (words,) = complaints("query ($x: Filter) { found(filter: $x) }", given)

    assert without_values(words) == (
        "Variable '$x' has invalid value: Expected value of type 'Filter' not to include unknown "
        "field."
    )


def test_a_value_cannot_pass_for_words_of_graphql_core() -> None:
    value = "Expected value of type 'Filter' not to include unknown field 'Hemlig', found: x"
    (words,) = complaints("query ($x: Colour) { found(colour: $x) }", {"x": value})

    assert "Hemlig" not in without_values(words)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{ found(filter: {since: null}) }", None),
        ("query ($x: Int!) { found(number: $x) }", {"x": None}),
        ('query ($x: String = "a") { found(filter: {since: $x}) }', {"x": None}),
    ],
)
def test_null_is_told_in_graphql_s_words(text: str, variables: dict[str, Any] | None) -> None:
    (words,) = complaints(text, variables)

    assert without_values(words).endswith(" not to be null.")


@pytest.mark.parametrize(
    "piece", ["Value '", "' does not exist in '", " cannot represent ", " found Int '", "12345 "]
)
@pytest.mark.parametrize("words", ["Int cannot represent non-integer value: %s", "Value '%s", "%s"])
def test_the_longest_value_is_left_out_in_linear_work(words: str, piece: str) -> None:
    """A client may send what the words are told by. In the square of it this would take minutes."""
    left = without_values(words % (piece * 100_000))

    assert "12345" not in left
