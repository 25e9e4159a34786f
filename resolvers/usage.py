"""The usage of a subscription: records, PayEx's summaries, and the gateway's totals."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from resolvers.ledger import HolderNode, SubscriptionNode
from resolvers.operation import Operation
from resolvers.ordering import Direction, OrderField, order
from resolvers.pages import Page, PageRequest
from resolvers.payex.api.answers import Answer
from resolvers.payex.api.faults import Fault
from resolvers.payex.api.problems import Problem, argument_problem
from resolvers.payex.api.records import Item, ItemList, SubscriptionItem, UsageRecord, UsageSummary
from resolvers.payex.api.routes import Holder, Kind, Route
from resolvers.payex.api.turns import Steps, done
from resolvers.payex.api.work import Work
from resolvers.selection import RecordFilter
from resolvers.totals import Group, Totals, totals

T = TypeVar("T", bound=Item)

_ALL: Final = RecordFilter()


@dataclass(frozen=True, slots=True)
class SubscriptionEdge:
    """A subscription of a page, with its cursor."""

    cursor: str
    node: SubscriptionNode


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """A page of a holder's subscriptions; `wave` is when PayEx listed them."""

    holder: Holder
    page: Page[SubscriptionItem]
    wave: int

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
    """All of PayEx's sums for one subscription."""

    items: Sequence[UsageSummary]


async def subscriptions(
    operation: Operation, parent: HolderNode, first: int | None, after: str | None
) -> SubscriptionPage | Problem:
    """Return a page of the holder's subscriptions, in PayEx's order.

    Raises:
        Fault: PayEx could not be asked.
    """
    request = operation.pages.subscriptions(parent.holder, first, after)
    if errors := request.errors():
        return argument_problem(*errors)
    listed = operation.payex.routes.of(parent.holder, Kind.SUBSCRIPTIONS)
    answer = await operation.routes.demand(listed, parent.wave)
    found = _items(answer)
    if isinstance(found, Problem):
        return found
    page = await _cut(operation, (listed, first, after), request, found)
    if isinstance(page, Problem):
        return page
    return SubscriptionPage(parent.holder, page, answer.wave)


async def records(
    operation: Operation,
    subscription: SubscriptionNode,
    *,
    first: int | None,
    after: str | None,
    wanted: RecordFilter,
    ordered: tuple[OrderField, Direction] | None,
) -> Page[UsageRecord] | Problem:
    """Return a page of the subscription's usage records.

    Args:
        operation: what to ask through.
        subscription: whose usage.
        first: how many records.
        after: the cursor behind which the page begins.
        wanted: the conditions that the records meet.
        ordered: the order; PayEx's own if None.

    Raises:
        Fault: PayEx could not be asked.
    """
    holder, number = subscription.holder, subscription.subscription_no
    request = operation.pages.records(holder, number, first, after)
    if errors := [*request.errors(), *wanted.errors()]:
        return argument_problem(*errors)
    route, found = await _details(operation, subscription)
    if isinstance(found, Problem):
        return found
    if wanted != _ALL or ordered:
        found = await operation.findings.find(
            (route, wanted, ordered), partial(_selected, found, wanted, ordered)
        )
    return await _cut(operation, (route, wanted, ordered, first, after), request, found)


async def record_totals(
    operation: Operation,
    subscription: SubscriptionNode,
    group_by: Sequence[Group],
    wanted: RecordFilter,
) -> Totals | Problem:
    """Return exact sums over the subscription's usage records.

    Raises:
        Fault: PayEx could not be asked.
    """
    if errors := wanted.errors():
        return argument_problem(*errors)
    route, found = await _details(operation, subscription)
    if isinstance(found, Problem):
        return found
    groups = frozenset(group_by)
    return await operation.findings.find(
        (route, wanted, groups), partial(_summed, found, wanted, groups)
    )


async def summaries(operation: Operation, subscription: SubscriptionNode) -> Summaries | Problem:
    """Return PayEx's own sums of the subscription's usage.

    Raises:
        Fault: PayEx could not be asked.
    """
    route = subscription.route(operation.payex.routes, Kind.SUMMARIES)
    found = _items(await operation.routes.demand(route, subscription.wave), subscription)
    return found if isinstance(found, Problem) else Summaries(found)


async def raw_holder(operation: Operation, node: HolderNode) -> msgspec.Raw | Problem:
    """Return the invoice or customer as PayEx sends it.

    Raises:
        Fault: PayEx could not be asked, or the operation holds too many bytes.
    """
    route = operation.payex.routes.of(node.holder, Kind.HOLDER)
    return _held(operation, _content(await operation.routes.demand(route, node.wave)))


async def raw_subscription(operation: Operation, node: SubscriptionNode) -> msgspec.Raw | Problem:
    """Return the subscription as PayEx's list or its own route sends it.

    Raises:
        Fault: as of `raw_holder`.
    """
    if node.item is not None:
        return _held(operation, node.item.raw)
    number = node.subscription_no
    operation.stats.demand()
    found = _content(await operation.subscriptions.answer(node.holder, number, node.wave))
    return found if isinstance(found, Problem) else _held(operation, found.raw)


def _held(operation: Operation, raw: msgspec.Raw | Problem) -> msgspec.Raw | Problem:
    """Return what goes into the answer as it is, once for each alias."""
    if not isinstance(raw, Problem):
        operation.hold(memoryview(raw).nbytes)
    return raw


async def _details(
    operation: Operation, subscription: SubscriptionNode
) -> tuple[Route, Sequence[UsageRecord] | Problem]:
    route = subscription.route(operation.payex.routes, Kind.DETAILS)
    return route, _items(await operation.routes.demand(route, subscription.wave), subscription)


async def _cut(
    operation: Operation, key: Hashable, request: PageRequest, listed: Sequence[T]
) -> Page[T] | Problem:
    steps = partial(request.page, listed)
    if request.after is None:
        # It begins where the list does: there is nothing to look for.
        return done(steps(), partial(operation.budget.spend, Work.SELECTED))
    return await operation.findings.find(key, steps)


def _selected(
    records: Sequence[UsageRecord],
    wanted: RecordFilter,
    ordered: tuple[OrderField, Direction] | None,
) -> Steps[Sequence[UsageRecord]]:
    selected = yield from wanted.select(records)
    return (yield from order(selected, *ordered)) if ordered else selected


def _summed(
    records: Sequence[UsageRecord], wanted: RecordFilter, group_by: Collection[Group]
) -> Steps[Totals]:
    selected = yield from wanted.select(records)
    return (yield from totals(selected, group_by))


def _items(answer: Answer, subscription: SubscriptionNode | None = None) -> Any:
    content = _content(answer)
    if isinstance(content, Problem) and subscription:
        return content.of_subscription(subscription.subscription_no)
    return content.items if isinstance(content, ItemList) else content


def _content(answer: Answer) -> Any:
    if isinstance(answer.outcome, Fault):
        raise answer.outcome
    return answer.outcome
