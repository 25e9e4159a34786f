"""Subscriptions in pages, PayEx's summaries, and what PayEx sent as it came."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from resolvers.gathering import content, gather, number_errors, wanted_of
from resolvers.nodes import HolderNode, SubscriptionNode
from resolvers.operation import Operation
from resolvers.pages import Page, PageArguments
from resolvers.payex.api.problems import Problem, argument_problem
from resolvers.payex.api.records import Item, SubscriptionItem, UsageSummary
from resolvers.payex.api.routes import Holder, Kind

T = TypeVar("T", bound=Item)


@dataclass(frozen=True, slots=True)
class SubscriptionEdge:
    """A subscription of a page, with its cursor."""

    cursor: str
    node: SubscriptionNode


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """A page of a holder's subscriptions; `wave` is when PayEx listed them.

    `as_of` is when the list was fetched, in seconds since 1970.
    """

    holder: Holder
    page: Page[SubscriptionItem]
    wave: int
    as_of: float

    @property
    def nodes(self) -> list[SubscriptionNode]:
        """The subscriptions, in PayEx's order."""
        return [
            SubscriptionNode(self.holder, item.number, self.wave, item) for item in self.page.items
        ]

    @property
    def edges(self) -> list[SubscriptionEdge]:
        """The subscriptions with their cursors."""
        cursors = map(self.page.cursor, range(len(self.page.items)))
        return [SubscriptionEdge(*edge) for edge in zip(cursors, self.nodes, strict=True)]

    @property
    def total(self) -> int:
        """How many subscriptions the holder has."""
        return self.page.total


@dataclass(frozen=True, slots=True)
class Summaries:
    """PayEx's sums; `as_of` is when the oldest was fetched, in seconds since 1970."""

    items: Sequence[UsageSummary]
    as_of: float


async def subscriptions(
    operation: Operation, parent: HolderNode, asked: PageArguments
) -> SubscriptionPage | Problem:
    """Return a page of the holder's subscriptions, in PayEx's order.

    Raises:
        Fault: PayEx could not be asked.
    """
    request = operation.pages.subscriptions(parent.holder, asked)
    if errors := request.errors():
        return argument_problem(*errors)
    listed = operation.payex.routes.of(parent.holder, Kind.SUBSCRIPTIONS)
    answer = await operation.routes.demand(listed, parent.wave)
    found = content(answer)
    if isinstance(found, Problem):
        return found
    page = await operation.cut((listed, asked), request, found.items)
    if isinstance(page, Problem):
        return page
    return SubscriptionPage(parent.holder, page, answer.wave, found.fetched)


async def summaries(
    operation: Operation,
    parent: HolderNode | SubscriptionNode,
    numbers: Sequence[str] | None = None,
) -> Summaries | Problem:
    """Return PayEx's own sums of usage: by subscription, then in PayEx's order.

    Args:
        operation: what to ask through.
        parent: whose usage.
        numbers: only these of its subscriptions; all of them if None.

    Raises:
        RequestError: `TOO_MANY_SUBSCRIPTIONS` or `USAGE_INCOMPLETE`.
        Fault: PayEx could not be asked.
    """
    if errors := number_errors(numbers):
        return argument_problem(*errors)
    found = await gather(operation, wanted_of(parent, numbers), Kind.SUMMARIES)
    if isinstance(found, Problem):
        return found
    return Summaries([one for part in found.parts for one in part.items], found.fetched)


async def raw_holder(operation: Operation, node: HolderNode) -> msgspec.Raw | Problem:
    """Return the invoice or customer as PayEx sends it.

    Raises:
        Fault: PayEx could not be asked, or the operation holds too many bytes.
    """
    route = operation.payex.routes.of(node.holder, Kind.HOLDER)
    return _held(operation, content(await operation.routes.demand(route, node.wave)))


async def raw_subscription(operation: Operation, node: SubscriptionNode) -> msgspec.Raw | Problem:
    """Return the subscription as PayEx's list or its own route sends it.

    Raises:
        Fault: as of `raw_holder`.
    """
    if node.item is not None:
        return _held(operation, node.item.raw)
    number = node.subscription_no
    operation.stats.demand()
    found = content(await operation.subscriptions.answer(node.holder, number, node.wave))
    return found if isinstance(found, Problem) else _held(operation, found.raw)


def _held(operation: Operation, raw: msgspec.Raw | Problem) -> msgspec.Raw | Problem:
    """Return what goes into the answer as it is, once for each alias."""
    if not isinstance(raw, Problem):
        operation.hold(memoryview(raw).nbytes)
    return raw
