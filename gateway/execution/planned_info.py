"""The info of a resolver that a plan calls."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, VariableValues

from gateway.execution.resolver_fields import ResolverField
from gateway.execution.selections import Selected
from schema.internals import FieldDetailsList

Select = Callable[[GraphQLObjectType, FieldDetailsList], Selected]
"""Returns what field nodes select of an object type."""


class Request(Protocol):
    """A request that a plan answers."""

    schema: GraphQLSchema
    select: Select
    context: Any
    variables: VariableValues


class PlannedInfo:
    """The info of a resolver in one request, and the look-ahead below its field.

    Args:
        request: the request.
        link: the field.

    Attributes:
        context: the context of the request.
    """

    __slots__ = ("_link", "_request", "context")

    def __init__(self, request: Request, link: ResolverField) -> None:
        self._request = request
        self._link = link
        self.context = request.context

    @property
    def name(self) -> str:
        """The field's name in the schema."""
        return self._link.name

    @property
    def below(self) -> "PlannedInfo":
        """The look-ahead below the field."""
        return self

    def arguments(self) -> dict[str, Any] | None:
        """Return the coerced arguments by their names in the schema; None if one lacks a value."""
        try:
            return self._link.arguments(self._request.variables)
        except GraphQLError:
            return None

    def fields(self, type_name: str) -> Iterator["PlannedInfo"]:
        """Yield the fields with resolvers that are selected if the field returns this type."""
        type_ = self._request.schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)  # noqa: S101 - our own type names
        # There are none if a condition is null.
        for link in self._request.select(type_, self._link.nodes).links or ():
            yield PlannedInfo(self._request, link)
