"""The whole schema, as a subgraph of Federation 2."""

from functools import cache
from typing import Any, Final

import strawberry
from graphql import GraphQLSchema
from strawberry.federation import Schema
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.types import get_object_definition

from resolvers.errors import ErrorCode, RequestError
from resolvers.payex.api.argument_errors import ArgumentErrorCode
from resolvers.payex.api.work import Work
from schema.declarations import Info
from schema.holders import Customer, Invoice, Owner
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import UsageSubscription
from schema.variants import PLAIN, Names, Variant

# The Guild's composer refuses versions above 2.9; it is the first with @cost and @listSize.
FEDERATION_VERSION: Final = "2.9"

_REFERENCE: Final = 6
"""Units of work of a reference: read, checked, and an object or an error in the answer."""

_ENTITIES = {type_.__name__: type_ for type_ in (Customer, Invoice, Owner, UsageSubscription)}


def _root(variant: Variant) -> type:
    """Return the root of a variant: it has the variant's SDL."""

    def sdl() -> str:
        # To print it takes 14 milliseconds, and an operation may ask for it a hundred times.
        return print_sdl(variant)

    @strawberry.type(name="_Service")
    class Service:
        text: str = strawberry.field(name="sdl", resolver=sdl)

    def service() -> Service:
        return Service()

    description = get_object_definition(Query, strict=True).description

    @strawberry.type(name="Query", description=description)
    class Root(Query):
        service_: Service = strawberry.field(
            name="_service",
            resolver=service,
            description="Federation: the schema of this subgraph.",
        )

    return Root


class _Subgraph(Schema):
    def entities_resolver(
        self, info: strawberry.Info, representations: list[FederationAny]
    ) -> list[FederationAny]:
        """Answer each reference by itself: a malformed one is an error of its own."""
        info.context.budget.spend(Work.REFERENCES, _REFERENCE * len(representations))
        return [_entity(info, representation) for representation in representations]


def _entity(info: Any, representation: Any) -> Any:
    given = representation if isinstance(representation, dict) else {}
    name = given.get("__typename")
    entity = _ENTITIES.get(name) if isinstance(name, str) else None
    if entity is None:
        message = "A representation needs the name of one of this graph's entities as __typename."
        return RequestError(
            ErrorCode.BAD_USER_INPUT,
            message,
            argument="representations",
            reason=ArgumentErrorCode.BLANK if name is None else ArgumentErrorCode.INVALID_CHARACTER,
        )
    try:
        key = {member: value for member, value in given.items() if member != "__typename"}
        return entity.resolve_reference(info, key)
    except Exception as error:  # noqa: BLE001 - returned, it is the error of this reference alone
        return error


@cache
def build_schema(info: type[Info] = Info, variant: Variant = PLAIN) -> Schema:
    """Return the executable schema, which is built once: nobody changes it.

    Args:
        info: what resolvers are told beside their object and arguments.
        variant: the variant.
    """
    return _Subgraph(
        query=_root(variant),
        types=[Invoice, Customer, UsageSubscription],
        federation_version=FEDERATION_VERSION,
        config=StrawberryConfig(scalar_map=SCALARS, info_class=info, name_converter=Names(variant)),
    )


def executable(schema: Schema) -> GraphQLSchema:
    """Return the schema as graphql-core executes it; Strawberry has no public name for it."""
    return schema._schema  # noqa: SLF001


@cache
def print_sdl(variant: Variant = PLAIN) -> str:
    """Return the SDL; that of the plain variant is in `schema.graphql`."""
    return variant.sdl(build_schema(variant=variant).as_str() + "\n")
