"""A small schema with everything that a price is made of, and answers that are made up of it."""

import random
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import strawberry
from graphql import OperationDefinitionNode, parse, validate
from strawberry.federation import Schema
from strawberry.federation.schema_directives import Cost, ListSize, Shareable

from gateway.limits.cost import OperationCost
from gateway.limits.cost_model import CostModel

T = TypeVar("T")

CALL = Cost(weight=10)


def sized(elements: int) -> ListSize:
    return ListSize(
        assumed_size=elements,
        slicing_arguments=None,
        sized_fields=None,
        require_one_slicing_argument=False,
    )


class Bill:
    """Makes up an answer by chance, and counts what is in it."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self.cost = self.nodes = 0

    def one(self, kind: Callable[[], T]) -> T:
        """Return an object."""
        self.cost += 1
        return kind()

    def some(self, *kinds: Callable[[], Any]) -> Any:
        """Return an object of any of these kinds, or null."""
        made = self._chance.choice((lambda: None, *kinds))()
        self.cost += made is not None
        return made

    def many(self, kind: Callable[[], T], most: int, *, sliced: bool = False) -> list[T]:
        """Return a list of objects; it is as long as an argument allows if it is sliced."""
        length = self._chance.randint(0, most)
        self.nodes += length * sliced
        return [self.one(kind) for _ in range(length)]

    def call(self, times: int = 1) -> None:
        """Count calls."""
        self.cost += 10 * times


Info = strawberry.Info[Bill, None]


@strawberry.type
class Tag:
    """A leaf of the graph."""

    text: str = "tag"


def _tag(info: Info) -> Tag:
    return info.context.one(Tag)


def _tags(info: Info) -> list[Tag]:
    return info.context.many(Tag, 2)


def _called(info: Info) -> str:
    info.context.call()
    return "called"


@strawberry.interface
class Named:
    """What both kinds share."""

    name: str = "name"
    tags: list[Tag] = strawberry.field(resolver=_tags, directives=[sized(2)])


@strawberry.type
class Plain(Named):
    """Costs nothing beside itself."""

    tag: Tag = strawberry.field(resolver=_tag)


@strawberry.type
class Dear(Named):
    """Has what costs a call."""

    call: str = strawberry.field(resolver=_called, directives=[CALL])


def _plain(info: Info) -> Plain:
    return info.context.one(Plain)


@strawberry.type
class Edge:
    """An edge."""

    node: Plain = strawberry.field(resolver=_plain)


def _nodes(root: strawberry.Parent["Page"], info: Info) -> list[Plain]:
    return info.context.many(Plain, root.first, sliced=True)


def _edges(root: strawberry.Parent["Page"], info: Info) -> list[Edge]:
    return info.context.many(Edge, root.first, sliced=True)


@strawberry.type
class Page:
    """A page, of the size that the field above states."""

    first: strawberry.Private[int]
    total: int = 0
    nodes: list[Plain] = strawberry.field(resolver=_nodes, directives=[sized(5)])
    edges: list[Edge] = strawberry.field(resolver=_edges, directives=[sized(5)])


def _why(info: Info) -> list[Tag]:
    return info.context.many(Tag, 3)


@strawberry.type
class Refusal:
    """Why there is no page."""

    why: list[Tag] = strawberry.field(resolver=_why, directives=[sized(3)])


Answer = Annotated[Page | Refusal, strawberry.union("Answer")]
Kind = Annotated[Plain | Dear, strawberry.union("Kind")]


def _named(info: Info) -> Any:
    return info.context.some(Plain, Dear)


def _page(info: Info, first: int | None = None) -> Any:
    info.context.call()
    length = 5 if first is None else max(0, first)
    return info.context.some(lambda: Page(first=length), Refusal)


def _kinds(info: Info, numbers: list[strawberry.ID]) -> Any:
    info.context.call(len(numbers))
    info.context.nodes += len(numbers)
    return [info.context.some(Plain, Dear) for _ in numbers]


def _unsized(info: Info) -> list[Plain]:
    return info.context.many(Plain, 10)


@strawberry.type
class Query:
    """The root."""

    plain: Plain = strawberry.field(resolver=_plain)
    named: Named | None = strawberry.field(resolver=_named)
    page: Answer | None = strawberry.field(resolver=_page, directives=[CALL, Shareable()])
    kinds: list[Kind | None] = strawberry.field(resolver=_kinds, directives=[CALL, sized(100)])
    unsized: list[Plain] = strawberry.field(resolver=_unsized)


SCHEMA = Schema(query=Query, types=[Plain, Dear], federation_version="2.9")
CORE = SCHEMA._schema
SIZED_BY = {"Query.page": ("first",), "Query.kinds": ("numbers",)}
MODEL = CostModel(CORE, SIZED_BY)


def read(text: str) -> OperationCost:
    document = parse(text)
    assert validate(CORE, document) == []
    (operation,) = (
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    return MODEL.read(document, operation)
