"""How much an operation asks of the schema is known before it is executed, and bounded."""

from typing import Any

import pytest
from graphql import (
    GraphQLError,
    OperationDefinitionNode,
    VariableValues,
    execute,
    get_introspection_query,
    get_variable_values,
    parse,
)

from gateway.limits.introspection import Introspection, introspection_of
from gateway.limits.violations import INTROSPECTION
from schema.subgraph import build_schema, executable
from tests.limits.introspected import EVERYTHING

SCHEMA = executable(build_schema())
ASKED = {
    "all": EVERYTHING,
    "all without descriptions": get_introspection_query(descriptions=False),
    "types of fields": "{ __schema { types { fields { name type { kind fields { name } } } } } }",
    "possible types": "{ __schema { types { possibleTypes { interfaces { name } __typename } } } }",
    "arguments": "{ __schema { directives { args { type { ofType { name } } } locations } } }",
    "one type": """{ a: __type(name: "Owner") { fields { args { name } } }
        b: __type(name: "") { name } }""",
    "deprecated": """{ __type(name: "UsageRecord") {
        fields(includeDeprecated: true) { name } enumValues { name } inputFields { name } } }""",
    "fragments": """{ ...F ... { ...G } } fragment F on Query { __schema { types { ...T } } }
        fragment G on Query { ...H } fragment H on Query { __type(name: "Node") { ...T } }
        fragment T on __Type { possibleTypes { ... { name kind } } }""",
}
DEAR = {
    "aliases": "{ __schema { types {"
    + "".join(f"a{n}: fields {{ type {{ fields {{ name }} }} }} " for n in range(90))
    + "} } }",
    "fragments": "{ ...F0 }"
    + "".join(
        f"fragment F{n} on Query {{ a{n}: __schema {{ types {{ ...T }} }} ...F{n + 1} }}"
        for n in range(40)
    )
    + "fragment F40 on Query { __typename }"
    + "fragment T on __Type { name fields { name args { name } type { name kind } } }",
    "possible types": "{ __schema { types { possibleTypes {"
    + " ".join(f"a{n}: interfaces {{ name kind description }}" for n in range(90))
    + "} } } }",
}


def introspection(text: str) -> Introspection:
    document = parse(text)
    (operation,) = (
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    found = introspection_of(SCHEMA, document, operation)
    assert found
    return found


def size(text: str, variables: dict[str, Any] | None = None, most: int = INTROSPECTION) -> int:
    (operation, *_) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    definitions = operation.variable_definitions or ()
    coerced = get_variable_values(SCHEMA, definitions, variables or {})
    assert isinstance(coerced, VariableValues)
    return introspection(text).size(coerced, most)


def fields(answer: Any) -> int:
    """Return how many fields an answer has."""
    if isinstance(answer, dict):
        return len(answer) + sum(map(fields, answer.values()))
    return sum(map(fields, answer)) if isinstance(answer, list) else 0


@pytest.mark.parametrize("text", ASKED.values(), ids=ASKED)
def test_it_is_as_large_as_the_answer(text: str) -> None:
    result: Any = execute(SCHEMA, parse(text))

    assert size(text) == fields(result.data)
    assert not result.errors


def test_a_variable_tells_which_type_is_asked_for() -> None:
    text = "query ($name: String!) { __type(name: $name) { fields { name } } }"

    assert size(text, {"name": "Money"}) == size(text.replace("$name)", '"Money")'), {"name": "x"})
    assert size(text, {"name": "none"}) == 1


def test_an_argument_without_a_value_is_left_to_the_execution() -> None:
    """The variable may be null where the argument must not be."""
    text = (
        'query ($no: Boolean) { __type(name: "Money") { fields(includeDeprecated: $no) { name } } }'
    )

    assert size(text, {"no": None}) == 2


@pytest.mark.parametrize("text", DEAR.values(), ids=DEAR)
def test_what_is_absurd_is_not_counted_to_its_end(text: str) -> None:
    assert size(text) == INTROSPECTION + 1
    (error,) = introspection(text).refusals(VariableValues({}, {}))
    assert isinstance(error, GraphQLError)
    assert error.message == (
        "The operation asks for 10001 or more fields of the schema; at most 10000 may be "
        "(GATEWAY_MAX_INTROSPECTION, which cannot be set)."
    )


def test_what_tools_ask_for_has_room_to_grow() -> None:
    assert size(EVERYTHING) <= INTROSPECTION // 2


@pytest.mark.parametrize("text", ["{ __typename }", "{ ...F } fragment F on Query { __typename }"])
def test_most_operations_ask_for_nothing_of_the_schema(text: str) -> None:
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)

    assert introspection_of(SCHEMA, document, operation) is None
