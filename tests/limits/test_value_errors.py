"""Errors of bad values name types, fields and places, and no value of the request."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLInputType,
    GraphQLObjectType,
    OperationDefinitionNode,
    build_schema,
    is_input_object_type,
    is_input_type,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st

from gateway.execution.variables import OperationVariables
from gateway.http.errors import format_errors
from gateway.limits.validation import find_errors
from tests.execution.both_executors import CORE

SMALL = build_schema(
    """
    enum Colour { RED }
    input Filter { since: String!, colour: Colour, number: Int, flag: Boolean, size: Float }
    type Query {
      found(filter: Filter, colour: Colour, id: ID, number: Int, many: [[Int!]!], of: [Filter!]):
        String
    }
    """
)
PARTS = ("Agneta", "HEMLIG", "46701740605")
# Each is bad somewhere, as a literal; "@" becomes the literal of a field.
LITERALS = (
    "\"Agneta: found, 'HEMLIG'\"",
    "'''46701740605 Agneta'''".replace("'", '"'),
    "46701740605",
    "46701740605.5",
    "HEMLIG",
    "true",
    "null",
    '["Agneta", 46701740605, null, HEMLIG]',
    '{since: "Agneta", other: 46701740605}',
    "9" * 5000,
)
PRIVATE = "Agneta HEMLIG: 'born', {46701740605}, found: Value '"
HOLDS = st.recursive(
    st.sampled_from((PRIVATE, 46701740605, 46701740605.5)) | st.none() | st.booleans(),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["since", "colour", "usageTypes", PRIVATE]), below, max_size=3
        )
    ),
    max_leaves=8,
)
TYPES = tuple(type_ for type_ in CORE.type_map.values() if is_input_type(type_))


def positions() -> Iterator[tuple[str, str, str]]:
    """Return each argument of the schema, and each field of its input objects, as a literal."""
    for type_ in CORE.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                for argument, declared in field.args.items():
                    for literal in places(declared.type):
                        yield type_.name, name, f"{argument}: {literal}"


def places(type_: GraphQLInputType) -> Iterator[str]:
    yield "@"
    named = type_
    while hasattr(named, "of_type"):
        named = named.of_type
    if is_input_object_type(named):
        for name, field in named.fields.items():
            for literal in places(field.type):
                yield f"{{{name}: {literal}}}"


def assert_private(errors: Any) -> None:
    reply = json.dumps(format_errors(errors, "support", executed=False))
    for part in (*PARTS, "999"):
        assert part not in reply


def coerced(schema: Any, type_: str, value: Any, **options: bool) -> Any:
    (operation,) = parse(f"query ($x: {type_}) {{ __typename }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    return OperationVariables(schema, operation).coerced({"x": value}, **options)


def message(type_: str, value: Any, **options: bool) -> str:
    """Return the one message about a variable, without the words in front of it."""
    (error,) = coerced(SMALL, type_, value, **options)
    return str(error.message).removeprefix("Variable '$x' has invalid value")


def messages(argument: str) -> list[str]:
    return [error.message for error in find_errors(SMALL, parse(f"{{ found({argument}) }}"))]


@pytest.mark.parametrize("literal", LITERALS, ids=range(len(LITERALS)))
def test_no_literal_is_repeated_wherever_it_stands(literal: str) -> None:
    found = 0
    for type_, field, argument in positions():
        text = f"fragment F on {type_} {{ {field}({argument.replace('@', literal)}) }}"
        errors = find_errors(CORE, parse(text), most=100)
        assert_private(errors)
        found += len(errors)
    assert found


@pytest.mark.parametrize("wrapped", ["{}", "{}!", "[{}!]", "[[{}]!]!"])
@given(value=HOLDS, type_=st.sampled_from(TYPES))
def test_no_value_of_a_variable_is_repeated(wrapped: str, value: Any, type_: Any) -> None:
    outcome = coerced(CORE, wrapped.format(type_.name), value)

    if isinstance(outcome, list):
        assert_private(outcome)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ('number: "1"', ["An Int is an integer of at most 32 bits."]),
        ("many: [[1, 1.5]]", ["An Int is an integer of at most 32 bits."]),
        ("many: [[1], null]", ["Expected value of non-null type '[Int!]!' not to be null."]),
        ("id: {a: 1}", ["An ID is text or an integer."]),
        ("colour: 1", ["The value does not exist in 'Colour' enum."]),
        (
            "colour: RD",
            ["The value does not exist in 'Colour' enum. Did you mean 'RED'?"],
        ),
        ("filter: 1", ["Expected value of type 'Filter' to be an object."]),
        (
            "filter: {}",
            ["Expected value of type 'Filter' to include required field 'since'."],
        ),
        (
            'of: {sinc: 1, zzzz: 2, flag: "a"}',
            [
                "Expected value of type 'Filter' to include required field 'since'.",
                "A Boolean is true or false.",
                (
                    "Expected value of type 'Filter' not to include unknown field 'sinc'. "
                    "Did you mean 'since' or 'size'?"
                ),
                "Expected value of type 'Filter' not to include unknown field 'zzzz'.",
            ],
        ),
        (
            "filter: {since: null}",
            ["Expected value of non-null type 'String!' not to be null."],
        ),
    ],
)
def test_what_is_wrong_with_a_literal(argument: str, expected: list[str]) -> None:
    assert messages(argument) == expected


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("Int!", None, ": Expected value of non-null type 'Int!' not to be null."),
        ("[[Int!]!]", [[1], [2, 1.5]], " at [1][1]: An Int is an integer of at most 32 bits."),
        ("[[Int]!]", True, ": An Int is an integer of at most 32 bits."),
        (
            "[Filter]",
            {"since": "x", "colour": "HEMLIG"},
            " at .colour: The value does not exist in 'Colour' enum.",
        ),
        ("Filter", "HEMLIG", ": Expected value of type 'Filter' to be an object."),
        (
            "[Filter]",
            [{"since": "x", "size": "1"}],
            " at [0].size: A Float is a number.",
        ),
        (
            "Filter",
            {"since": "x", "a b": 1},
            ": Expected value of type 'Filter' not to include unknown field.",
        ),
    ],
)
def test_what_is_wrong_with_a_variable_and_where(type_: str, value: Any, expected: str) -> None:
    assert message(type_, value) == expected


def test_a_variable_that_is_left_out_is_missed() -> None:
    (operation,) = parse("query ($x: Int!) { found(number: $x) }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    errors: Any = OperationVariables(SMALL, operation).coerced({})

    assert errors[0].message.endswith("Expected a value of non-null type 'Int!' to be provided.")


def test_near_names_can_be_hidden() -> None:
    given = {"since": "x", "sinc": 1}

    assert "Did you mean" in message("Filter", given)
    assert "Did you mean" not in message("Filter", given, hide_suggestions=True)


def test_of_very_many_errors_of_variables_the_first_ones_are_reported() -> None:
    errors = coerced(SMALL, "[Int]", ["HEMLIG"] * 60)

    assert len(errors) == 51
    assert errors[-1].message == "The variables have more errors; 50 are reported."
