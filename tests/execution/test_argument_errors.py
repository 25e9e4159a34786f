"""The error of a null variable names the argument, its type and the variable."""

import pytest
from graphql import ExecutionResult, GraphQLError, build_schema, execute, parse

from gateway.execution.argument_errors import name_arguments

SCHEMA = build_schema(
    """
    input Order { direction: Int! = 1, then: [Order!] }
    type Query { found(number: Int! = 1, many: [Int!], order: [Order!]): Query, name: String }
    """
)


def errors(text: str, variable: str = "x") -> list[GraphQLError]:
    """Return the errors of an execution where a variable is null."""
    document = parse(text)
    result = execute(SCHEMA, document, variable_values={variable: None}, root_value={"found": {}})
    assert isinstance(result, ExecutionResult)
    assert result.errors
    name_arguments(result.errors, SCHEMA, document)
    return result.errors


@pytest.mark.parametrize(
    ("field", "argument", "type_"),
    [
        ("found(number: $x) { name }", "number", "Int!"),
        ("name found(many: [1, 2], number: $x) { name }", "number", "Int!"),
        ("found { found(many: [1, $x, 2, $x]) { name } }", "many[1]", "Int!"),
        ("found(order: {direction: $x}) { name }", "order.direction", "Int!"),
        (
            "found(order: [{}, {then: {direction: $x}}]) { name }",
            "order[1].then.direction",
            "Int!",
        ),
        ("found { name @skip(if: $x) }", "if", "Boolean!"),
        ("name @include(if: $x)", "if", "Boolean!"),
        ("found { ...F } } fragment F on Query { found(number: $x) { name }", "number", "Int!"),
        ("... on Query { found { ... @include(if: $x) { name } } }", "if", "Boolean!"),
    ],
)
def test_the_argument_of_a_null_variable_is_named(field: str, argument: str, type_: str) -> None:
    declared = "Boolean = true" if type_ == "Boolean!" else "Int = 1"
    (error,) = errors(f"query ($x: {declared}) {{ {field} }}")

    assert error.message == (
        f"Argument '{argument}' needs a value of type '{type_}', and the variable '$x' is null or "
        "has no value."
    )
    assert error.extensions == {
        "code": "BAD_USER_INPUT",
        "reason": "BLANK",
        "argument": argument,
    }


def test_place_and_path_stay() -> None:
    (error,) = errors("query ($x: Int = 1) {\n found { other: found(number: $x) { name } } }")

    assert error.path == ["found", "other"]
    assert error.locations == [(2, 31)]


def test_a_number_in_the_variable_s_name_is_not_repeated() -> None:
    text = "query ($x46701740605: Int = 1) { found(number: $x46701740605) { name } }"
    (error,) = errors(text, "x46701740605")

    assert "'$x...'" in error.message


def test_other_errors_stay() -> None:
    document = parse("{ name }")
    unexpected = ValueError()
    others = [
        GraphQLError("one"),
        GraphQLError("two", [document.definitions[0]]),
        GraphQLError("three", original_error=unexpected),
    ]
    name_arguments(others, SCHEMA, document)

    assert [error.message for error in others] == ["one", "two", "three"]
    assert others[2].original_error is unexpected
