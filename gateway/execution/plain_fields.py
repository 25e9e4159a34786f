"""Plain fields: they only read an attribute, down to the leaves.

graphql-core or a plan handles all others: fields with a resolver, unions and interfaces.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    TypeNameMetaFieldDef,
    get_named_type,
    is_leaf_type,
    is_object_type,
)

from schema.internals import (
    FieldDetailsList,
    GraphQLCoreConverter,
    GroupedFieldSet,
    StrawberryField,
)

Collect = Callable[[GraphQLObjectType, FieldDetailsList], GroupedFieldSet]
"""Returns what is selected of a type, by response names."""


@dataclass(frozen=True, slots=True)
class PlainField:
    """A field that reads an attribute, and the selections below it.

    Attributes:
        attribute: the attribute's name; None for `__typename`.
        type: the field's type.
        below: the fields of its object, by their response names; empty for a leaf.
    """

    attribute: str | None
    type: GraphQLOutputType
    below: Mapping[str, "PlainField"]


def plain_fields(
    parent: GraphQLObjectType, selected: GroupedFieldSet, collect: Collect
) -> dict[str, PlainField]:
    """Return the plain ones of the selected fields of an object, with all below them.

    Args:
        parent: the object's type.
        selected: the selections on it, by response names.
        collect: returns the selections below a field.
    """
    found = ((key, _plain(parent, nodes, collect)) for key, nodes in selected.items())
    return {key: field for key, field in found if field is not None}


def _plain(
    parent: GraphQLObjectType, nodes: FieldDetailsList, collect: Collect
) -> PlainField | None:
    name = nodes[0].node.name.value
    if name == "__typename":
        return PlainField(None, TypeNameMetaFieldDef.type, {})
    field = parent.fields.get(name)
    attribute = attribute_of(field) if field else None
    if field is None or attribute is None:
        return None
    below: Mapping[str, PlainField] = {}
    named = get_named_type(field.type)
    if is_object_type(named):
        try:
            selected = collect(named, nodes)
        except GraphQLError:
            # A condition is null: it is an error of this field.
            return None
        below = plain_fields(named, selected, collect)
        if len(below) < len(selected):
            return None
    elif not is_leaf_type(named):
        return None
    return PlainField(attribute, field.type, below)


def attribute_of(field: GraphQLField) -> str | None:
    """Return the attribute that a field reads, or None if a resolver fills it."""
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if (
        isinstance(declared, StrawberryField)
        and declared.is_basic_field
        and declared.default_resolver is getattr
    ):
        return declared.python_name
    return None
