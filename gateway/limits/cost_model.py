"""The cost model: the costs of the schema's fields.

An object costs 1, a scalar nothing. A field adds its weight from `@cost`. Within a list, the sum is
multiplied by the list's size: that of its argument (`SIZED_BY`), or else the one of `@listSize`. Of
a union or an interface the most expensive type counts. Introspection is free: it makes no call, and
`GATEWAY_MAX_INTROSPECTION` bounds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, cast

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
    value_from_ast_untyped,
)
from strawberry.federation.schema_directives import Cost, ListSize

from gateway.limits.cost import OperationCost
from gateway.limits.definitions import fragments_of
from gateway.limits.prices import Condition, Field, Selection, Size, size_of
from schema.directives import SIZED_BY, WEIGHTS
from schema.internals import GraphQLCoreConverter

_SIZED_FIELDS: Final = frozenset({"nodes", "edges"})
_UNSIZED: Final = 10


class _Page(NamedTuple):
    """The size of the page, from the field above."""

    sizes: Sequence[ValueNode]


_Part = tuple[SelectionSetNode, Condition]
_Found = dict[str, list[tuple[FieldNode, Condition]]]


class CostModel:
    """The costs of the fields of a schema.

    Args:
        schema: a Strawberry schema in graphql-core's form.
        sized_by: by `Type.field`, the arguments that hold the size of the field's list.
    """

    def __init__(
        self, schema: GraphQLSchema, sized_by: Mapping[str, Sequence[str]] = SIZED_BY
    ) -> None:
        self._schema = schema
        self._sized_by = sized_by

    def read(self, document: DocumentNode, operation: OperationDefinitionNode) -> OperationCost:
        """Return the cost of an operation of a valid document within all limits.

        Fragments are expanded, which is why `GATEWAY_MAX_SELECTIONS` is checked first.
        """
        defaults = {
            node.variable.name.value: value_from_ast_untyped(node.default_value)
            for node in operation.variable_definitions or ()
            if node.default_value
        }
        root = cast("GraphQLObjectType", self._schema.get_root_type(operation.operation))
        reader = _Reader(self._schema, self._sized_by, fragments_of(document))
        selection = reader.selection([(operation.selection_set, ())], root)
        return OperationCost(selection, defaults, operation, reader.fields)


class _Reader:
    """Reads the selections of one document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        sized_by: Mapping[str, Sequence[str]],
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> None:
        self._schema = schema
        self._sized_by = sized_by
        self._fragments = fragments
        self.fields = 0

    def selection(
        self, parts: Iterable[_Part], type_: GraphQLObjectType, page: _Page | None = None
    ) -> Selection:
        """Return the selections on an object. Fields of the same name are one, as in execution."""
        found: _Found = {}
        seen: set[tuple[str, Condition]] = set()
        for selection_set, condition in parts:
            self._collect(selection_set, type_, condition, found, seen)
        fields = (
            self._field(key, nodes, type_, page)
            for key, nodes in found.items()
            if not nodes[0][0].name.value.startswith("__")
        )
        return Selection(frozenset(found), tuple(one for one in fields if one.weight or one.own))

    def _collect(
        self,
        selection_set: SelectionSetNode,
        type_: GraphQLObjectType,
        condition: Condition,
        found: _Found,
        seen: set[tuple[str, Condition]],
    ) -> None:
        """Collect the fields that are selected on a type, by their response names."""
        for node in selection_set.selections:
            on = _selected_on(node, condition)
            if on is None:
                continue
            if isinstance(node, FieldNode):
                key = (node.alias or node.name).value
                found.setdefault(key, []).append((node, on))
                continue
            if isinstance(node, FragmentSpreadNode):
                if (node.name.value, on) in seen:
                    continue
                seen.add((node.name.value, on))
                fragment: FragmentDefinitionNode | InlineFragmentNode = self._fragments[
                    node.name.value
                ]
            else:
                fragment = cast("InlineFragmentNode", node)
            if self._applies(fragment, type_):
                self._collect(fragment.selection_set, type_, on, found, seen)

    def _applies(
        self, fragment: FragmentDefinitionNode | InlineFragmentNode, type_: GraphQLObjectType
    ) -> bool:
        if fragment.type_condition is None or fragment.type_condition.name.value == type_.name:
            return True
        condition = self._schema.type_map[fragment.type_condition.name.value]
        return is_abstract_type(condition) and self._schema.is_sub_type(condition, type_)

    def _field(
        self,
        key: str,
        nodes: Sequence[tuple[FieldNode, Condition]],
        type_: GraphQLObjectType,
        page: _Page | None,
    ) -> Field:
        self.fields += 1
        name = nodes[0][0].name.value
        definition = type_.fields[name]
        weight, assumed = _stated(definition)
        weight += WEIGHTS.get(f"{type_.name}.{name}", 0)
        is_list = is_list_type(get_nullable_type(definition.type))
        size = Size(assumed) if is_list else None
        below_page = None
        sizing = self._sized_by.get(f"{type_.name}.{name}")
        if sizing and is_list:
            size = _size(_arguments(nodes[0][0], sizing), assumed, counts=True)
        elif sizing:
            below_page = _Page(_arguments(nodes[0][0], sizing))
        elif page and is_list and name in _SIZED_FIELDS:
            size = _size(page.sizes, assumed, counts=False)
        of = get_named_type(definition.type)
        parts = [(node.selection_set, on) for node, on in nodes if node.selection_set]
        below = {
            self.selection(parts, possible, below_page): None for possible in self._possible(of)
        }
        conditions = tuple(dict.fromkeys(on for _, on in nodes))
        return Field(
            key,
            weight,
            0 if is_leaf_type(of) else 1,
            size,
            tuple(below),
            () if () in conditions else conditions,
        )

    def _possible(self, type_: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
        if is_abstract_type(type_):
            return self._schema.get_possible_types(type_)
        return [type_] if is_object_type(type_) else []


def _stated(definition: GraphQLField) -> tuple[int, int]:
    """Return the weight of `@cost` and the size of `@listSize`."""
    weight, assumed = 0, _UNSIZED
    declared = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    for directive in getattr(declared, "directives", ()):
        if isinstance(directive, Cost):
            weight += directive.weight
        elif isinstance(directive, ListSize):
            assumed = directive.assumed_size or assumed
    return weight, assumed


def _arguments(node: FieldNode, names: Sequence[str]) -> Sequence[ValueNode]:
    """Return the values of arguments; null counts as omitted."""
    given = (one.value for one in node.arguments or () if one.name.value in names)
    return [value for value in given if not isinstance(value, NullValueNode)]


def _size(values: Sequence[ValueNode], assumed: int, *, counts: bool) -> Size:
    """Return the size that arguments state, by their value or by their length."""
    # Of several that are literals, all but one are refused.
    value = min(values, key=_varies, default=None)
    match value:
        case VariableNode():
            names = tuple(one.name.value for one in values if isinstance(one, VariableNode))
            return Size(assumed, names, counts=counts, sliced=True)
        case None:
            elements = assumed
        case ListValueNode():
            elements = len(value.values)
        case IntValueNode() if not counts:
            elements = size_of(int(value.value), assumed)
        case _:
            # GraphQL coerces a single value to a list of one.
            elements = 1
    return Size(elements, sliced=True)


def _varies(value: ValueNode) -> bool:
    return isinstance(value, VariableNode)


def _selected_on(node: SelectionNode, condition: Condition) -> Condition | None:
    """Return the type condition of a selection within another; None if there is none."""
    for directive in node.directives or ():
        wanted = {"include": True, "skip": False}.get(directive.name.value)
        if wanted is None:
            continue
        value = cast("tuple[ArgumentNode, ...]", directive.arguments)[0].value
        if isinstance(value, VariableNode):
            if (value.name.value, wanted) not in condition:
                condition = (*condition, (value.name.value, wanted))
        elif cast("BooleanValueNode", value).value is not wanted:
            return None
    return condition
