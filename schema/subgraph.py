"""The whole schema, as a subgraph of Federation 2."""

from collections.abc import Iterator
from typing import Any, Final

from graphql import GraphQLError, OperationDefinitionNode
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.federation import Schema
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig

from resolvers.errors import ErrorCode, RequestError
from schema.declarations import Info
from schema.ledger import Customer, Invoice, Owner
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import UsageSubscription

# The Guild's composer refuses versions above 2.9; it is the first with @cost and @listSize.
FEDERATION_VERSION: Final = "2.9"

# Documents whose parse and validation are kept. The texts are the clients' own, so it is bounded.
_DOCUMENTS = 1000

_ENTITIES = {type_.__name__: type_ for type_ in (Customer, Invoice, Owner, UsageSubscription)}


class _NamedOperation(SchemaExtension):
    """Refuses to guess among several operations; Strawberry alone would run the first."""

    def on_execute(self) -> Iterator[None]:
        context = self.execution_context
        definitions = context.graphql_document.definitions if context.graphql_document else ()
        operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
        if len(operations) > 1 and not context._provided_operation_name:  # noqa: SLF001
            raise GraphQLError("The document has several operations: name one by operationName.")
        yield


class _Subgraph(Schema):
    def process_errors(self, *_: Any, **__: Any) -> None:
        """Log nothing: the HTTP edge does, without the query that Strawberry would quote."""

    def entities_resolver(
        self, info: Info, representations: list[FederationAny]
    ) -> list[FederationAny]:
        """Answer each reference by itself: a malformed one is an error of its own."""
        return [_entity(info, representation) for representation in representations]


def _entity(info: Info, representation: Any) -> Any:
    given = representation if isinstance(representation, dict) else {}
    name = given.get("__typename")
    entity = _ENTITIES.get(name) if isinstance(name, str) else None
    if entity is None:
        message = "A representation needs the name of one of this graph's entities as __typename."
        return RequestError(ErrorCode.BAD_USER_INPUT, message, argument="representations")
    try:
        key = {member: value for member, value in given.items() if member != "__typename"}
        return entity.resolve_reference(info, key)
    except Exception as error:  # noqa: BLE001 - returned, it is the error of this reference alone
        return error


def build_schema() -> Schema:
    """Return the executable schema."""
    return _Subgraph(
        query=Query,
        types=[Invoice, Customer, UsageSubscription],
        federation_version=FEDERATION_VERSION,
        config=StrawberryConfig(scalar_map=SCALARS),
        extensions=[
            lambda: ParserCache(maxsize=_DOCUMENTS),
            lambda: ValidationCache(maxsize=_DOCUMENTS),
            _NamedOperation,
        ],
    )


def print_sdl() -> str:
    """Return the SDL, as `schema.graphql` holds it."""
    return build_schema().as_str() + "\n"
