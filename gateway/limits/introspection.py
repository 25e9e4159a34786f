"""Introspection: the size of its answer, counted without executing it.

The selections on a type, a field or an argument of the schema are counted once, however often the
answer repeats them. So counting an answer takes less work than making it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    VariableValues,
    get_argument_values,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from gateway.limits.definitions import fragments_of
from gateway.limits.violations import INTROSPECTION, LimitCode, LimitExceeded

_ROOTS: Final[Mapping[str, GraphQLField]] = {
    "__schema": SchemaMetaFieldDef,
    "__type": TypeMetaFieldDef,
}


_Fragments = Mapping[str, FragmentDefinitionNode]


class Introspection:
    """The introspection of an operation. Made by `introspection_of`.

    Args:
        schema: the schema.
        fragments: those of the document.
        roots: the introspection fields.
    """

    def __init__(
        self, schema: GraphQLSchema, fragments: _Fragments, roots: Sequence[FieldNode]
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._roots = roots

    def size(self, variables: VariableValues, most: int = INTROSPECTION) -> int:
        """Return the number of fields of the answer; `most + 1` if there are more.

        Fields under `@skip` and `@include` count, and repeated ones each time.

        Args:
            variables: the coerced variables.
            most: where counting stops.
        """
        count = _Count(self._schema, self._fragments, variables, most)
        try:
            for node in self._roots:
                count.add(_ROOTS[node.name.value], node, None)
        except _BeyondError:
            return most + 1
        return min(count.total, most + 1)

    def refusals(self, variables: VariableValues) -> list[LimitExceeded]:
        """Return why the operation is not executed, if the answer has too many fields."""
        size, most = self.size(variables), INTROSPECTION
        if size <= most:
            return []
        return [LimitExceeded(LimitCode.MAX_INTROSPECTION_LIMIT, most, size, self._roots[0])]


def introspection_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Introspection | None:
    """Return the introspection of an operation; None if it has none.

    Args:
        schema: the schema.
        document: a valid document within all limits.
        operation: the operation.
    """
    fragments = fragments_of(document)
    # Fragments at the root are read once, however often they are spread.
    sets, spread = [operation.selection_set], set[str]()
    roots: list[FieldNode] = []
    for selection_set in sets:
        for node in selection_set.selections:
            if isinstance(node, InlineFragmentNode):
                sets.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                sets.append(fragments[node.name.value].selection_set)
            elif isinstance(node, FieldNode) and node.name.value in _ROOTS:
                roots.append(node)
    return Introspection(schema, fragments, roots) if roots else None


class _BeyondError(Exception):
    """There are more fields than are counted."""


class _Asked(NamedTuple):
    """The parts of an info that the schema's own resolvers use."""

    schema: GraphQLSchema


class _Count:
    """Counts the fields of one answer."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: _Fragments,
        variables: VariableValues,
        most: int,
    ) -> None:
        self._asked: Any = _Asked(schema)
        self._fragments = fragments
        self._variables = variables
        self._most = most
        self._known: dict[tuple[int, int], int] = {}
        self.total = 0

    def add(self, field: GraphQLField, node: FieldNode, source: object) -> None:
        """Count a field and what is below it."""
        self.total += 1
        if self.total > self._most:
            raise _BeyondError
        type_ = get_named_type(field.type)
        if node.selection_set is None or not isinstance(type_, GraphQLObjectType):
            return
        try:
            arguments = get_argument_values(field, node, self._variables)
        except GraphQLError:
            # Executing it is an error too.
            return
        found = cast("Any", field.resolve)(source, self._asked, **arguments)
        if found is not None:
            is_list = is_list_type(get_nullable_type(field.type))
            for one in found if is_list else (found,):
                self._add_within(node.selection_set, type_, one)

    def _add_within(
        self, selection_set: SelectionSetNode, type_: GraphQLObjectType, source: object
    ) -> None:
        # Fields and arguments come with their names, in a new tuple each time.
        key = id(selection_set), id(source[1] if isinstance(source, tuple) else source)
        known = self._known.get(key)
        if known is not None:
            self.total += known
            return
        before = self.total
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                self.add(type_.fields.get(node.name.value, TypeNameMetaFieldDef), node, source)
            elif isinstance(node, FragmentSpreadNode):
                self._add_within(self._fragments[node.name.value].selection_set, type_, source)
            else:
                inline = cast("InlineFragmentNode", node)
                self._add_within(inline.selection_set, type_, source)
        self._known[key] = self.total - before
