"""Resolver fields: the fields of an object that are not plain, and their resolvers."""

from functools import partial
from typing import Any

from graphql import GraphQLObjectType, VariableValues
from strawberry.federation import Schema

from gateway.execution.arguments import Arguments
from gateway.execution.plain_fields import attribute_of
from gateway.execution.shapes import UnplannableError, shape_of
from schema.internals import (
    FieldDetailsList,
    GraphQLCoreConverter,
    StrawberryField,
    convert_arguments,
)
from schema.subgraph import executable


class ResolverField:
    """A field that is not plain.

    Args:
        key: its response name.
        parent: the object type that it is a field of.
        nodes: the field nodes.
        schema: the schema.

    Attributes:
        key: the response name.
        name: its name in the schema.
        nodes: the field nodes.
        shape: the shape of its value.

    Raises:
        UnplannableError: only graphql-core can fill it.
        GraphQLError: its arguments are wrong.
    """

    __slots__ = (
        "_arguments",
        "_attribute",
        "_info",
        "_resolver",
        "_root",
        "key",
        "name",
        "nodes",
        "shape",
    )

    def __init__(
        self, key: str, parent: GraphQLObjectType, nodes: FieldDetailsList, schema: Schema
    ) -> None:
        self.key = key
        self.nodes = nodes
        self.name = nodes[0].node.name.value
        field = parent.fields.get(self.name)
        declared = field and field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if field is None or not isinstance(declared, StrawberryField) or declared.extensions:
            # Such as __schema, or a field that Strawberry does more for than call its resolver.
            raise UnplannableError
        self.shape = shape_of(field.type, executable(schema))
        self._attribute = attribute_of(field)
        resolver = declared.base_resolver
        self._resolver: Any = resolver.wrapped_func if resolver else None
        root = resolver and (
            resolver.parent_parameter or resolver.root_parameter or resolver.self_parameter
        )
        self._root = root.name if root else None
        info = resolver and resolver.info_parameter
        self._info = info.name if info else None
        self._arguments = Arguments(
            field,
            nodes[0].node,
            {
                name: argument.python_name
                for name, argument in zip(field.args, declared.arguments, strict=True)
            },
            partial(
                convert_arguments,
                arguments=declared.arguments,
                scalar_registry=schema.schema_converter.scalar_registry,
                config=schema.config,
            ),
        )

    def fill(self, source: Any, info: object, variables: VariableValues) -> Any:
        """Return the field's value, or an awaitable of it.

        Args:
            source: the object that it is a field of.
            info: the resolver's info.
            variables: the coerced variables.

        Raises:
            GraphQLError: an argument lacks its value.
            Exception: the resolver's.
        """
        if self._attribute is not None:
            return getattr(source, self._attribute)
        arguments = self._arguments.converted(variables)
        if self._root is not None:
            arguments[self._root] = source
        if self._info is not None:
            arguments[self._info] = info
        return self._resolver(**arguments)

    def arguments(self, variables: VariableValues) -> dict[str, Any]:
        """Return the coerced arguments by their names in the schema, without omitted ones.

        Raises:
            GraphQLError: an argument lacks its value.
        """
        return self._arguments.given(variables)
