"""Shapes: the types of fields in a prepared form."""

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
    """Only graphql-core can fill a field."""


class Shape(NamedTuple):
    """The shape of a field's type.

    Attributes:
        nullable: whether it may be null.
        items: the shape of the items of a list.
        coerce: makes a leaf's part of the answer.
        types: the possible object types, with the function that finds an object's type; None if
            there is only one type, which accepts any object.
    """

    nullable: bool
    items: "Shape | None" = None
    coerce: Callable[[Any], Any] | None = None
    types: tuple[tuple[GraphQLObjectType, Predicate | None], ...] = ()


def shape_of(type_: GraphQLOutputType, schema: GraphQLSchema) -> Shape:
    """Return the shape of a type.

    Raises:
        UnplannableError: it holds an object whose type only graphql-core can find.
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
