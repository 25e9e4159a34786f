"""The variables of an operation: what the document alone tells of them is worked out once."""

from collections.abc import Mapping
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
    get_nullable_type,
    get_variable_values,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource

# Values of these classes are coerced to themselves; an int if it is none too large.
_AS_THEY_ARE: Final[Mapping[Any, type]] = {
    GraphQLID: str,
    GraphQLString: str,
    GraphQLBoolean: bool,
    GraphQLInt: int,
}
# Errors that are told at most: the bound that graphql-core executes by.
_MAX_ERRORS: Final = 50


class _Variable(NamedTuple):
    signature: GraphQLVariableSignature
    as_it_is: type | None
    nullable: bool


class OperationVariables:
    """Coerces what requests of an operation bring as variables.

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
        """Return the coerced variables, or what is wrong with them, as graphql-core does.

        Args:
            given: the variables as they came.
            hide_suggestions: whether errors keep to themselves what names are like the wrong ones.
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
                return get_variable_values(
                    self._schema,
                    self._definitions,
                    dict(given),
                    max_errors=_MAX_ERRORS,
                    hide_suggestions=hide_suggestions,
                )
        return VariableValues(sources, coerced)


def _is_coerced(value: Any, as_it_is: type | None) -> bool:
    class_ = type(value)
    if class_ is not as_it_is:
        return False
    return class_ is not int or GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT
