"""What a field's value has to be like: its type, taken apart once."""

from collections.abc import Callable
from typing import Any, NamedTuple

from graphql import (
    GraphQLAbstractType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

Predicate = Callable[[Any, Any], Any]


class UnplannableError(Exception):
    """A field cannot be filled but by graphql-core."""


class Shape(NamedTuple):
    """A field's type.

    Attributes:
        nullable: whether it may be null.
        items: the shape of the items of a list.
        coerce: makes a leaf's part of the answer.
        types: the object types that it may be of, with what tells an object's type; None where
            there is one type only, and it takes anything.
    """

    nullable: bool
    items: "Shape | None" = None
    coerce: Callable[[Any], Any] | None = None
    types: tuple[tuple[GraphQLObjectType, Predicate | None], ...] = ()


def shape_of(type_: GraphQLOutputType, schema: GraphQLSchema) -> Shape:
    """Return the shape of a type.

    Raises:
        UnplannableError: it holds an object whose type only graphql-core can tell.
    """
    nullable = not is_non_null_type(type_)
    of = get_nullable_type(type_)
    if is_list_type(of):
        return Shape(nullable, items=shape_of(of.of_type, schema))
    if is_leaf_type(of):
        return Shape(nullable, coerce=of.coerce_output_value)
    if is_abstract_type(of):
        return Shape(nullable, types=_possible(of, schema))
    assert isinstance(of, GraphQLObjectType)  # noqa: S101 - there is no other output type
    return Shape(nullable, types=((of, of.is_type_of),))


def _possible(
    type_: GraphQLAbstractType, schema: GraphQLSchema
) -> tuple[tuple[GraphQLObjectType, Predicate | None], ...]:
    possible = schema.get_possible_types(type_)
    if not all(each.is_type_of for each in possible):
        raise UnplannableError
    return tuple((each, each.is_type_of) for each in possible)
