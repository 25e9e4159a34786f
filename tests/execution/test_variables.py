"""Variables are coerced as graphql-core coerces them, whatever a request brings."""

from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, get_variable_values, parse
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.execution.variables import OperationVariables
from tests.execution.both_executors import CORE

TYPES = ("ID", "String", "Int", "Boolean", "Decimal", "[ID!]", "UsageRecordFilter", "UsageGroup")
DEFAULTS = {"ID": '"1"', "Int": "7", "Boolean": "true", "[ID!]": '["1"]'}
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.sampled_from((2**31 - 1, 2**31, -(2**31), -(2**31) - 1))
    | st.floats(allow_nan=False)
    | st.text(max_size=3)
    | st.sampled_from(("12.50", "DAY"))
    | st.lists(st.text(max_size=2), max_size=2)
    | st.dictionaries(st.sampled_from(("usageTypes", "minimumAmount")), st.text(max_size=2))
)


@st.composite
def definitions(draw: st.DrawFn) -> str:
    type_ = draw(st.sampled_from(TYPES))
    default = draw(st.booleans()) and DEFAULTS.get(type_)
    return type_ + draw(st.sampled_from(("", "!"))) + (f" = {default}" if default else "")


@given(
    st.lists(definitions(), max_size=3),
    st.dictionaries(st.sampled_from(("a", "b", "c", "unknown")), VALUES),
    st.booleans(),
)
@example(["Int"], {"a": 2**31}, False)
@example(["Int"], {"a": -(2**31) - 1}, False)
@example(["ID!"], {"a": None}, False)
def test_variables_are_coerced_as_graphql_core_does(
    types: list[str], brought: dict[str, Any], hide: bool
) -> None:
    operation = operation_of(types)

    found = OperationVariables(CORE, operation).coerced(brought, hide_suggestions=hide)
    expected = get_variable_values(
        CORE, operation.variable_definitions or (), brought, 50, hide_suggestions=hide
    )

    assert told(found) == told(expected)


@pytest.mark.parametrize(
    ("type_", "value"), [("ID!", "55"), ("String", "é"), ("Int", 0), ("Boolean!", False)]
)
def test_a_plain_value_is_passed_on_as_it_is(type_: str, value: object) -> None:
    found = OperationVariables(CORE, operation_of([type_])).coerced({"a": value})

    assert not isinstance(found, list)
    assert found.coerced["a"] is value


def operation_of(types: list[str]) -> OperationDefinitionNode:
    """Return an operation with variables of these types, named from `a` on."""
    named = ", ".join(f"${name}: {type_}" for name, type_ in zip("abc", types, strict=False))
    (operation,) = parse(f"query {f'({named})' if named else ''} {{ __typename }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def told(found: Any) -> Any:
    """Return all that tells one outcome from another, but for the words about a value."""
    if isinstance(found, list):
        errors: list[GraphQLError] = found
        return [
            ({**error.formatted, "message": ""}, error.message.partition(": ")[0])
            for error in errors
        ]
    sources = {name: (str(source[0].type), source[1]) for name, source in found.sources.items()}
    return found.coerced, sources
