"""The arguments of a field. The parts that depend on the document alone are prepared once."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLScalarType,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    VariableValues,
    get_argument_values,
    get_nullable_type,
    is_non_null_type,
)

Convert = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes a resolver's arguments of coerced ones: input objects, and the names of Python."""


class _Passed(NamedTuple):
    """An argument that is a scalar variable: its value is passed unchanged."""

    name: str
    parameter: str
    variable: str
    required: bool


class Arguments:
    """Reads the arguments of one field node.

    Args:
        field: the field.
        node: the field node, of a valid document without fragment arguments.
        parameters: the resolver's names of the arguments, by those of the schema.
        convert: converts coerced arguments for a resolver.
    """

    __slots__ = ("_convert", "_converted", "_field", "_given", "_node", "_passed")

    def __init__(
        self, field: GraphQLField, node: FieldNode, parameters: Mapping[str, str], convert: Convert
    ) -> None:
        self._field = field
        self._node = node
        self._convert = convert
        self._passed: list[_Passed] | None = []
        fixed = {}
        values = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name, argument in field.args.items():
            value = values.get(name)
            if value is None or not _varies(value):
                fixed[name] = argument
            elif (
                isinstance(value, VariableNode)
                and isinstance(get_nullable_type(argument.type), GraphQLScalarType)
                and argument.default_value is Undefined
            ):
                required = is_non_null_type(argument.type)
                passed = _Passed(name, parameters[name], value.name.value, required)
                self._passed.append(passed)
            else:
                # It depends on variables in a way that graphql-core works out for each request.
                self._passed = None
                return
        self._given = get_argument_values(GraphQLField(field.type, fixed), node)
        self._converted = convert(self._given)

    def given(self, variables: VariableValues) -> dict[str, Any]:
        """Return the coerced arguments by their names in the schema, without omitted ones.

        Raises:
            GraphQLError: a variable lacks a value.
        """
        if self._passed is None:
            return get_argument_values(self._field, self._node, variables)
        return self._filled(self._given, variables, converted=False)

    def converted(self, variables: VariableValues) -> dict[str, Any]:
        """Return the arguments for the resolver, in a new dictionary.

        Raises:
            GraphQLError: a variable lacks a value.
        """
        if self._passed is None:
            return self._convert(self.given(variables))
        return self._filled(self._converted, variables, converted=True)

    def _filled(
        self, fixed: Mapping[str, Any], variables: VariableValues, *, converted: bool
    ) -> dict[str, Any]:
        """Return the fixed arguments with the values of variables."""
        found = dict(fixed)
        for passed in self._passed or ():
            value = variables.coerced.get(passed.variable, Undefined)
            if passed.required and (value is None or value is Undefined):
                # graphql-core raises the error, in its own words.
                return get_argument_values(self._field, self._node, variables)
            if value is not Undefined:
                found[passed.parameter if converted else passed.name] = value
        return found


def _varies(value: ValueNode) -> bool:
    match value:
        case VariableNode():
            return True
        case ListValueNode():
            return any(map(_varies, value.values))
        case ObjectValueNode():
            return any(_varies(field.value) for field in value.fields)
        case _:
            return False
