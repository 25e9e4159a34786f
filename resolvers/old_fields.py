"""The fields of a subscription that `usage` takes the place of, answered through it.

They tell problems of their arguments where they tell all others: there is no gate above them.
"""

from collections.abc import Sequence

from resolvers import usage_selection
from resolvers.gathering import wanted_of
from resolvers.nodes import SubscriptionNode
from resolvers.operation import Operation
from resolvers.pages import Page, PageArguments
from resolvers.payex.api.problems import Problem, argument_problem
from resolvers.payex.api.records import UsageRecord
from resolvers.record_filter import RecordFilter
from resolvers.total_order import Totals
from resolvers.totals import Group
from resolvers.usage_selection import Order, selected_of


async def records(
    operation: Operation,
    subscription: SubscriptionNode,
    asked: PageArguments,
    conditions: RecordFilter,
    ordered: Order | None,
) -> Page[UsageRecord] | Problem:
    """Return a page of the subscription's usage records.

    Args:
        operation: what to ask through.
        subscription: whose usage.
        asked: which page.
        conditions: what the records meet.
        ordered: the order; PayEx's own if None.

    Raises:
        Fault: PayEx could not be asked.
    """
    holder, number = subscription.holder, subscription.subscription_no
    request = operation.pages.records(holder, number, asked)
    if errors := [*request.errors(), *conditions.errors()]:
        return argument_problem(*errors)
    found = await selected_of(operation, wanted_of(subscription), conditions)
    if isinstance(found, Problem):
        return found
    return await usage_selection.records(operation, found, asked, ordered)


async def totals(
    operation: Operation,
    subscription: SubscriptionNode,
    by: Sequence[Group],
    conditions: RecordFilter,
) -> Totals | Problem:
    """Return exact sums over the subscription's usage records.

    Raises:
        Fault: PayEx could not be asked.
    """
    if errors := conditions.errors():
        return argument_problem(*errors)
    found = await selected_of(operation, wanted_of(subscription), conditions)
    if isinstance(found, Problem):
        return found
    return await usage_selection.record_totals(operation, found, by, None, None)
