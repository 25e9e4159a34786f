"""Looking ahead: what a query selects below the field that is being resolved.

A look-ahead never raises an error for what is below. If a variable lacks a value there, that field
fails by itself later, with its own path; until then nothing is started for it.
"""

from collections.abc import Container, Iterator, Sequence
from typing import Any, Protocol, cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableValues,
    get_argument_values,
    get_directive_values,
)


class SelectedField(Protocol):
    """A field that the query selects."""

    @property
    def name(self) -> str:
        """The field's name in the schema."""

    @property
    def below(self) -> "LookAhead":
        """Looks below the field."""

    def arguments(self) -> dict[str, Any] | None:
        """Return the arguments by their names in the schema, coerced; none that is left out.

        None if a variable lacks a value that an argument needs.
        """


class LookAhead(Protocol):
    """What a query selects below a field."""

    def fields(self, type_name: str) -> Iterator[SelectedField]:
        """Yield the fields that are selected if the field answers with an object of this type.

        Fields that only read what is there already may be left out. There is none if a variable of
        `@skip` or `@include` lacks its value: an object of this type cannot be answered with then.
        """


class DocumentLookAhead:
    """Reads the selection from the document.

    Args:
        info: what graphql-core tells the resolver.
        nodes: the field nodes to look below; those of the field that is resolved if None.
        withheld: fields that are passed over, by the names of their type and of themselves.
    """

    def __init__(
        self,
        info: GraphQLResolveInfo[Any],
        nodes: Sequence[FieldNode] | None = None,
        withheld: Container[tuple[str, str]] = (),
    ) -> None:
        self._info = info
        self._withheld = withheld
        self._nodes = info.field_nodes if nodes is None else nodes
        # Strawberry hands resolvers the bare values where graphql-core expects its container.
        self._variables = VariableValues(
            sources={}, coerced=cast("dict[str, Any]", info.variable_values)
        )

    def fields(self, type_name: str) -> Iterator[SelectedField]:
        """Yield the fields that the nodes select on one type, as the executor would."""
        type_ = self._info.schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)  # noqa: S101 - our own type names
        # Validation has seen to it that a field of such a type has a selection.
        sets = [cast("SelectionSetNode", node.selection_set) for node in self._nodes]
        try:
            nodes = [node for each in sets for node in self._selected(each, type_)]
        except GraphQLError:
            return
        for node in nodes:
            # `__typename` is no field of the type.
            name = node.name.value
            if name in type_.fields and (type_name, name) not in self._withheld:
                yield _DocumentField(self._info, type_, node, self._variables, self._withheld)

    def _selected(
        self, selection_set: SelectionSetNode, type_: GraphQLObjectType
    ) -> Iterator[FieldNode]:
        for selection in selection_set.selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                yield selection
                continue
            fragment = (
                self._info.fragments[selection.name.value]
                if isinstance(selection, FragmentSpreadNode)
                else cast("InlineFragmentNode", selection)
            )
            condition = fragment.type_condition
            if condition is None or self._applies(condition.name.value, type_):
                yield from self._selected(fragment.selection_set, type_)

    def _included(self, node: SelectionNode) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        if skip and skip["if"]:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not include or include["if"] is True

    def _applies(self, condition: str, type_: GraphQLObjectType) -> bool:
        if condition == type_.name:
            return True
        abstract = self._info.schema.type_map[condition]
        return not isinstance(abstract, GraphQLObjectType) and self._info.schema.is_sub_type(
            abstract,  # type: ignore[arg-type]
            type_,
        )


class _DocumentField:
    def __init__(
        self,
        info: GraphQLResolveInfo[Any],
        type_: GraphQLObjectType,
        node: FieldNode,
        variables: VariableValues,
        withheld: Container[tuple[str, str]],
    ) -> None:
        self._info = info
        self._type = type_
        self._node = node
        self._variables = variables
        self._withheld = withheld

    @property
    def name(self) -> str:
        return self._node.name.value

    @property
    def below(self) -> LookAhead:
        return DocumentLookAhead(self._info, [self._node], self._withheld)

    def arguments(self) -> dict[str, Any] | None:
        try:
            return get_argument_values(self._type.fields[self.name], self._node, self._variables)
        except GraphQLError:
            return None
