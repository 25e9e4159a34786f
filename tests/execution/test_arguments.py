"""Arguments are what graphql-core reads of them, whatever the document and a request leave open."""

from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    VariableValues,
    get_argument_values,
    parse,
)

from gateway.execution.arguments import Arguments
from resolvers.totals import Group
from tests.execution.both_executors import CORE

OWNER = "owner(ownerNo: %s) { ownerNo }"
RECORDS = "usageRecords(%s) { __typename }"


def field_of(type_name: str, text: str) -> tuple[Any, FieldNode]:
    """Return a field of the schema, and the field node of a text."""
    (operation,) = parse(f"{{ {text} }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    (node,) = operation.selection_set.selections
    type_ = CORE.type_map[type_name]
    assert isinstance(node, FieldNode)
    assert isinstance(type_, GraphQLObjectType)
    return type_.fields[node.name.value], node


def arguments_of(type_name: str, text: str) -> Arguments:
    """Return what reads a field node, with the names of the resolver in capitals."""
    field, node = field_of(type_name, text)
    parameters = {name: name.upper() for name in field.args}
    return Arguments(
        field,
        node,
        parameters,
        lambda given: {parameters[name]: value for name, value in given.items()},
    )


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("Query", OWNER % '"1"'),
        ("Query", OWNER % "$a"),
        ("UsageSubscription", "usageRecords { __typename }"),
        ("UsageSubscription", RECORDS % "first: 3, after: null"),
        ("UsageSubscription", RECORDS % "first: $n, after: $a"),
        ("UsageSubscription", RECORDS % 'first: $n, filter: {usageTypes: ["x", $a]}'),
        ("UsageSubscription", RECORDS % "orderBy: {field: AMOUNT}, after: $missing"),
        ("UsageSubscription", "usageTotals(groupBy: [DAY, $g]) { __typename }"),
        ("UsageSubscription", "usageTotals(groupBy: $g) { __typename }"),
        ("Owner", "invoices(invoiceNos: [$a]) { __typename }"),
    ],
)
def test_arguments_are_those_of_graphql_core(type_name: str, text: str) -> None:
    given = {"a": "55", "n": 7, "g": Group.DAY}
    variables = VariableValues({}, given)
    field, node = field_of(type_name, text)
    expected = get_argument_values(field, node, variables)
    arguments = arguments_of(type_name, text)

    for _ in range(2):
        assert arguments.given(variables) == expected
        assert arguments.converted(variables) == {
            name.upper(): value for name, value in expected.items()
        }


def test_each_request_has_a_dictionary_of_its_own() -> None:
    arguments = arguments_of("Query", OWNER % '"1"')

    arguments.converted(VariableValues({}, {}))["root"] = "somebody's"

    assert arguments.converted(VariableValues({}, {})) == {"OWNERNO": "1"}


@pytest.mark.parametrize("given", [{}, {"a": None}], ids=["omitted", "null"])
def test_a_variable_without_the_value_that_a_field_needs_is_no_argument(
    given: dict[str, Any],
) -> None:
    arguments = arguments_of("Query", OWNER % "$a")

    with pytest.raises(GraphQLError):
        arguments.given(VariableValues({}, given))
    with pytest.raises(GraphQLError):
        arguments.converted(VariableValues({}, given))
