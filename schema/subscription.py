"""A subscription and its usage: `UsageSubscription` and what its fields answer with.

It is not called Subscription: in a supergraph that is the root of GraphQL subscriptions.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from strawberry.types.lazy_type import LazyType

from resolvers import lookups, usage
from resolvers.errors import problem_error
from resolvers.ledger import HolderNode, SubscriptionNode
from resolvers.pages import Page
from resolvers.payex.api.problems import Problem
from resolvers.payex.api.routes import Billing
from resolvers.selection import RecordFilter
from resolvers.totals import Group
from schema.declarations import Info, described, given, reads, resolved
from schema.directives import CALL, INTERNAL, PAGE, RAW, SUMS
from schema.inputs import UsageRecordFilter, UsageRecordOrder
from schema.node import Node
from schema.pages import PageInfo
from schema.problems import (
    CustomerNotFound,
    InvoiceHasNoUsage,
    InvoiceNotFound,
    SubscriptionNotFound,
    UnrecognizedProblem,
    ValidationProblem,
)
from schema.records import UsageRecord, UsageSummary
from schema.scalars import RawJSON
from schema.totals import UsageTotals

described(
    "BillingState",
    Billing,
    "Whether usage stands on an invoice.",
    {
        "BILLED": "It stands on an invoice.",
        "UNBILLED": "It is rated, but not invoiced yet: it changes, and goes with the bill run.",
    },
)


@strawberry.type(description="A usage record in a page.")
class UsageRecordEdge:
    """A record with its cursor."""

    cursor: str = strawberry.field(description="The record's cursor, for `after`.")
    item: UsageRecord = strawberry.field(name="node", description="The record.")


@strawberry.type(description="A page of usage records.")
@reads(lambda obj: isinstance(obj, Page))
class UsageRecordConnection:
    """A page of records."""

    edges: list[UsageRecordEdge] = strawberry.field(
        description="The records with their cursors.", directives=[PAGE]
    )
    items: list[UsageRecord] = strawberry.field(
        name="nodes", description="The records.", directives=[PAGE]
    )
    page_info: PageInfo = strawberry.field(
        resolver=lambda root: root, description="Where the page stands in the list."
    )
    total: int = strawberry.field(
        name="totalCount", description="How many records meet the filter, on all pages."
    )


@strawberry.type(description="PayEx's own sums of a subscription's usage.")
@reads(lambda obj: isinstance(obj, usage.Summaries))
class UsageSummaryList:
    """All sums."""

    items: list[UsageSummary] = strawberry.field(
        description="One summary for each kind of usage, in PayEx's order.", directives=[SUMS]
    )


# What PayEx can answer to the routes of a subscription and of its usage.
UsageProblem = (
    ValidationProblem
    | InvoiceNotFound
    | CustomerNotFound
    | InvoiceHasNoUsage
    | SubscriptionNotFound
    | UnrecognizedProblem
)
UsageRecordsResult = Annotated[
    UsageRecordConnection | UsageProblem,
    strawberry.union("UsageRecordsResult", description="Usage records, or why there are none."),
]
UsageSummariesResult = Annotated[
    UsageSummaryList | UsageProblem,
    strawberry.union("UsageSummariesResult", description="Summaries, or why there are none."),
]
UsageTotalsResult = Annotated[
    UsageTotals | UsageProblem,
    strawberry.union("UsageTotalsResult", description="Totals, or why there are none."),
]

_Filter = Annotated[
    UsageRecordFilter | None,
    strawberry.argument(description="What the records must be like; all records if omitted."),
]
_First = Annotated[
    int | None,
    strawberry.argument(description="How many records, from 1; 50 if omitted."),
]
_After = Annotated[
    str | None,
    strawberry.argument(
        description="The cursor behind which the page begins, of the same subscription's records."
    ),
]
_OrderBy = Annotated[
    UsageRecordOrder | None,
    strawberry.argument(description="The order of the records; PayEx's own if omitted."),
]
_GroupBy = Annotated[
    list[Group] | None,
    strawberry.argument(description="What to group by; one group for each currency if omitted."),
]


async def _usage_records(
    root: strawberry.Parent[SubscriptionNode],
    info: Info,
    first: _First = strawberry.UNSET,
    after: _After = strawberry.UNSET,
    filter: _Filter = strawberry.UNSET,  # noqa: A002 - the argument's public name
    order_by: _OrderBy = strawberry.UNSET,
) -> Any:
    return await usage.records(
        info.context,
        root,
        first=given(first),
        after=given(after),
        wanted=_conditions(filter),
        ordered=(order_by.field, order_by.direction) if order_by else None,
    )


async def _usage_summaries(root: strawberry.Parent[SubscriptionNode], info: Info) -> Any:
    return await usage.summaries(info.context, root)


async def _usage_totals(
    root: strawberry.Parent[SubscriptionNode],
    info: Info,
    group_by: _GroupBy = strawberry.UNSET,
    filter: _Filter = strawberry.UNSET,  # noqa: A002 - the argument's public name
) -> Any:
    return await usage.record_totals(info.context, root, given(group_by) or (), _conditions(filter))


async def _raw(root: strawberry.Parent[SubscriptionNode], info: Info) -> Any:
    found = await usage.raw_subscription(info.context, root)
    if isinstance(found, Problem):
        raise problem_error(found)
    return found


def _conditions(given: UsageRecordFilter | None) -> RecordFilter:
    return given.conditions() if given else RecordFilter()


@strawberry.federation.type(
    keys=["id"],
    description=(
        "A telephone number or another subscription, with its usage on one invoice (billed) or "
        "with its customer (unbilled)."
    ),
)
@reads(lambda obj: isinstance(obj, SubscriptionNode))
class UsageSubscription(Node):
    """PayEx's subscription."""

    subscription_no: strawberry.ID = strawberry.field(
        description="The subscription's number at PayEx, up to 34 characters."
    )
    billing: Billing = strawberry.field(description="Whether this usage has been invoiced.")
    # It is declared where subscriptions are known.
    holder_node: HolderNode = strawberry.field(
        name="holder",
        graphql_type=LazyType("UsageHolder", "schema.ledger"),
        description="The invoice or customer that the usage belongs to. Costs no call.",
    )
    usage_records: UsageRecordsResult | None = resolved(
        _usage_records, "The single calls, messages, sessions and purchases. Route `usage-details`."
    )
    usage_summaries: UsageSummariesResult | None = resolved(
        _usage_summaries, "PayEx's own sums of the usage. Route `usage-summaries`."
    )
    usage_totals: UsageTotalsResult | None = resolved(
        _usage_totals,
        "Exact sums that the gateway works out over the usage records, without sending them. "
        "Route `usage-details`, shared with `usageRecords`.",
    )
    raw: RawJSON | None = resolved(
        _raw,
        "The subscription as PayEx sent it, with the members that no field takes.",
        directives=(RAW, CALL, INTERNAL),
    )

    @classmethod
    def resolve_reference(cls, info: Info, key: Mapping[str, object]) -> Any:
        """Answer a reference of the supergraph, without a call."""
        return lookups.subscription_reference(info.context, key)


UsageSubscriptionResult = Annotated[
    UsageSubscription | UsageProblem,
    strawberry.union(
        "UsageSubscriptionResult", description="A subscription, or why there is none."
    ),
]


@strawberry.type(description="A subscription in a page.")
class UsageSubscriptionEdge:
    """A subscription with its cursor."""

    cursor: str = strawberry.field(description="The subscription's cursor, for `after`.")
    node: UsageSubscription = strawberry.field(description="The subscription.")


@strawberry.type(description="A page of subscriptions.")
@reads(lambda obj: isinstance(obj, usage.SubscriptionPage))
class UsageSubscriptionConnection:
    """A page of subscriptions."""

    edges: list[UsageSubscriptionEdge] = strawberry.field(
        description="The subscriptions with their cursors.", directives=[PAGE]
    )
    nodes: list[UsageSubscription] = strawberry.field(
        description="The subscriptions.", directives=[PAGE]
    )
    page: PageInfo = strawberry.field(
        name="pageInfo", description="Where the page stands in the list."
    )
    total: int = strawberry.field(
        name="totalCount", description="How many subscriptions there are, on all pages."
    )


UsageSubscriptionsResult = Annotated[
    UsageSubscriptionConnection
    | ValidationProblem
    | InvoiceNotFound
    | CustomerNotFound
    | InvoiceHasNoUsage
    | UnrecognizedProblem,
    strawberry.union(
        "UsageSubscriptionsResult", description="Subscriptions, or why there are none."
    ),
]
