"""The variables of an operation. The parts that depend on the document alone are prepared once."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    get_nullable_type,
    get_variable_values,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities import validate_input_value

from gateway.limits.value_errors import ValueErrors

# Values of these classes are coerced to themselves; an int if it is none too large.
_AS_THEY_ARE: Final[Mapping[Any, type]] = {
    GraphQLID: str,
    GraphQLString: str,
    GraphQLBoolean: bool,
    GraphQLInt: int,
}
# Errors that are reported at most.
_MAX_ERRORS: Final = 50


class _TooManyError(Exception):
    """The variables have more errors than the reply reports."""


class _Variable(NamedTuple):
    signature: GraphQLVariableSignature
    as_it_is: type | None
    nullable: bool


class OperationVariables:
    """Coerces the variables of an operation's requests.

    Args:
        schema: the schema.
        operation: the operation, of a valid document.
    """

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        signatures = [get_variable_signature(schema, node) for node in self._definitions]
        self._variables = [
            _Variable(
                signature,
                _AS_THEY_ARE.get(get_nullable_type(signature.type)),
                not is_non_null_type(signature.type),
            )
            for signature in signatures
            if not isinstance(signature, GraphQLError)
        ]

    def coerced(
        self, given: Mapping[str, Any], *, hide_suggestions: bool = False
    ) -> VariableValues | list[GraphQLError]:
        """Return the coerced variables, or what is wrong with them.

        graphql-core coerces them and finds the errors; the messages are our own, without values.

        Args:
            given: the variables as they came.
            hide_suggestions: whether errors leave out names that are like a wrong one.
        """
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature, as_it_is, nullable in self._variables:
            value = given.get(signature.name, Undefined)
            if value is Undefined and nullable and signature.default is None:
                sources[signature.name] = VariableValueSource(signature)
            elif _is_coerced(value, as_it_is) or (value is None and nullable):
                sources[signature.name] = VariableValueSource(signature, value)
                coerced[signature.name] = value
            else:
                found = get_variable_values(self._schema, self._definitions, dict(given), 1)
                if isinstance(found, list):
                    return self._errors(given, hide_suggestions=hide_suggestions)
                return found
        return VariableValues(sources, coerced)

    def _errors(self, given: Mapping[str, Any], *, hide_suggestions: bool) -> list[GraphQLError]:
        """Return what is wrong with the variables, in words that quote no value."""
        errors: list[GraphQLError] = []
        try:
            for node, (signature, _, nullable) in zip(
                self._definitions, self._variables, strict=True
            ):
                value = given.get(signature.name, Undefined)
                if value is not Undefined or not (nullable or signature.default):
                    found = ValueErrors(signature.type, value, hide_suggestions=hide_suggestions)
                    report = partial(_report, errors, node, found)
                    validate_input_value(value, signature.type, report, hide_suggestions=True)
        except _TooManyError:
            more = f"The variables have more errors; {_MAX_ERRORS} are reported."
            errors.append(GraphQLError(more))
        return errors or [GraphQLError("The variables do not match their types.")]


def _report(
    errors: list[GraphQLError],
    node: VariableDefinitionNode,
    found: ValueErrors,
    _: GraphQLError,
    path: list[str | int],
) -> None:
    if len(errors) == _MAX_ERRORS:
        raise _TooManyError
    place = f" at {''.join(map(_step, path))}" if path else ""
    words = f"Variable '${node.variable.name.value}' has invalid value{place}: "
    errors.append(GraphQLError(words + found.next_at(path), node))


def _step(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _is_coerced(value: Any, as_it_is: type | None) -> bool:
    class_ = type(value)
    if class_ is not as_it_is:
        return False
    return class_ is not int or GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT
