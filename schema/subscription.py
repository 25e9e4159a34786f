"""A subscription and its usage: `UsageSubscription` and what its fields answer with.

It is not called Subscription: in a supergraph that is the root of GraphQL subscriptions.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry

from resolvers import lookups, old_fields, usage
from resolvers.errors import without_problem
from resolvers.nodes import HolderNode, SubscriptionNode
from resolvers.pages import PageArguments
from resolvers.payex.api.routes import Billing
from resolvers.totals import Group
from schema.declarations import Info, described, given, reads, resolved, told
from schema.directives import CALL, INTERNAL, PAGE, RAW, SUMS
from schema.inputs import UsageRecordOrder
from schema.internals import LazyType
from schema.node import GLOBAL_ID, Node
from schema.pages import PageInfo
from schema.problems import (
    CustomerNotFound,
    InvoiceHasNoUsage,
    InvoiceNotFound,
    UnrecognizedProblem,
    UsageProblem,
    ValidationProblem,
)
from schema.records import UsageSummary
from schema.scalars import RawJSON, UtcDateTime
from schema.totals import UsageTotals
from schema.usage_selection import (
    Filter,
    UsageRecordConnection,
    UsageResult,
    conditions,
    usage_of_one,
)

described(
    "BillingState",
    Billing,
    "Whether usage has been invoiced. May gain values.",
    {
        "BILLED": "The usage is on an invoice.",
        "UNBILLED": (
            "The usage is rated, but not invoiced yet. It changes until it is billed, and then "
            "disappears."
        ),
    },
)


@strawberry.type(description="PayEx's own summaries of usage.")
@reads(lambda obj: isinstance(obj, usage.Summaries))
class UsageSummaryList:
    """All sums."""

    as_of: UtcDateTime = strawberry.field(
        description="When the oldest summary was fetched from PayEx."
    )
    items: list[UsageSummary] = strawberry.field(
        description="The summaries, in PayEx's order.", directives=[SUMS]
    )


UsageRecordsResult = Annotated[
    UsageRecordConnection | UsageProblem,
    strawberry.union(
        "UsageRecordsResult",
        description="Usage records, or the problem that explains why there are none.",
    ),
]
UsageSummariesResult = Annotated[
    UsageSummaryList | UsageProblem,
    strawberry.union(
        "UsageSummariesResult",
        description="PayEx's summaries, or the problem that explains why there are none.",
    ),
]
UsageTotalsResult = Annotated[
    UsageTotals | UsageProblem,
    strawberry.union(
        "UsageTotalsResult", description="Sums, or the problem that explains why there are none."
    ),
]

_First = Annotated[
    int | None,
    strawberry.argument(
        description="Page size: 1 to 10,000 by default (`GATEWAY_MAX_RECORDS`); 50 if omitted."
    ),
]
_After = Annotated[
    str | None, strawberry.argument(description="Returns the page after this cursor.")
]
_OrderBy = Annotated[
    UsageRecordOrder | None, strawberry.argument(description="PayEx's order if omitted.")
]
_GroupBy = Annotated[
    list[Group] | None,
    strawberry.argument(description="One group for each currency if omitted."),
]
_Root = strawberry.Parent[SubscriptionNode]


async def _usage_records(
    root: _Root,
    info: Info,
    first: _First = strawberry.UNSET,
    after: _After = strawberry.UNSET,
    filter: Filter = strawberry.UNSET,  # noqa: A002 - the argument's public name
    order_by: _OrderBy = strawberry.UNSET,
) -> Any:
    asked = PageArguments(given(first), given(after))
    ordered = (order_by.field, order_by.direction) if order_by else None
    return await old_fields.records(info.context, root, asked, conditions(filter), ordered)


async def _usage_summaries(root: _Root, info: Info) -> Any:
    return await usage.summaries(info.context, root)


async def _usage_totals(
    root: _Root,
    info: Info,
    group_by: _GroupBy = strawberry.UNSET,
    filter: Filter = strawberry.UNSET,  # noqa: A002 - the argument's public name
) -> Any:
    return await old_fields.totals(info.context, root, given(group_by) or (), conditions(filter))


async def _raw(root: strawberry.Parent[SubscriptionNode], info: Info) -> Any:
    return without_problem(await usage.raw_subscription(info.context, root))


@told(id=GLOBAL_ID)
@strawberry.federation.type(
    keys=["id"],
    description=(
        "A telephone number or other subscription, with its usage on one invoice or, if unbilled, "
        "of one customer. The same telephone number on two invoices is two objects with two ids."
    ),
)
@reads(lambda obj: isinstance(obj, SubscriptionNode))
class UsageSubscription(Node):
    """PayEx's subscription."""

    subscription_no: strawberry.ID = strawberry.field(
        description="The subscription's number at PayEx, 1 to 34 characters."
    )
    billing: Billing = strawberry.field(description="Whether this usage has been invoiced.")
    # It is declared where subscriptions are known.
    holder_node: HolderNode = strawberry.field(
        name="holder",
        graphql_type=LazyType("UsageHolder", "schema.holders"),
        description="The invoice or customer that the usage belongs to. Costs no call.",
    )
    usage: UsageResult | None = resolved(
        usage_of_one,
        "Selects usage records of this subscription, to list, sum or compare them. Costs one call.",
    )
    usage_summaries: UsageSummariesResult | None = resolved(
        _usage_summaries, "PayEx's own summaries of this subscription's usage."
    )
    usage_records: UsageRecordsResult | None = resolved(
        _usage_records,
        "The usage records of this subscription.",
        deprecated="Use `usage { ... on UsageSelection { records } }`. Removed after 2027-06-01.",
    )
    usage_totals: UsageTotalsResult | None = resolved(
        _usage_totals,
        "Exact sums over the usage records of this subscription.",
        deprecated="Use `usage { ... on UsageSelection { totals } }`. Removed after 2027-06-01.",
    )
    raw: RawJSON | None = resolved(
        _raw,
        "The subscription as PayEx sent it, including members that no field exposes.",
        directives=(RAW, CALL, INTERNAL),
    )

    @classmethod
    def resolve_reference(cls, info: Info, key: Mapping[str, object]) -> Any:
        """Answer a reference of the supergraph, without a call."""
        return lookups.subscription_reference(info.context, key)


UsageSubscriptionResult = Annotated[
    UsageSubscription | UsageProblem,
    strawberry.union(
        "UsageSubscriptionResult",
        description="A subscription, or the problem that explains why there is none.",
    ),
]


@strawberry.type(description="A subscription and its cursor.")
class UsageSubscriptionEdge:
    """A subscription with its cursor."""

    cursor: str = strawberry.field(
        description="The subscription's cursor, for `after` and `before`."
    )
    node: UsageSubscription = strawberry.field(description="The subscription.")


@strawberry.type(description="A page of subscriptions.")
@reads(lambda obj: isinstance(obj, usage.SubscriptionPage))
class UsageSubscriptionConnection:
    """A page of subscriptions."""

    as_of: UtcDateTime = strawberry.field(description="When the list was fetched from PayEx.")
    edges: list[UsageSubscriptionEdge] = strawberry.field(
        description="The subscriptions with their cursors.", directives=[PAGE]
    )
    nodes: list[UsageSubscription] = strawberry.field(
        description="The subscriptions.", directives=[PAGE]
    )
    page: PageInfo = strawberry.field(
        name="pageInfo", description="The page's position in the list."
    )
    total: int = strawberry.field(
        name="totalCount",
        description="How many subscriptions there are, on all pages, that the caller may see.",
    )


UsageSubscriptionsResult = Annotated[
    UsageSubscriptionConnection
    | ValidationProblem
    | InvoiceNotFound
    | CustomerNotFound
    | InvoiceHasNoUsage
    | UnrecognizedProblem,
    strawberry.union(
        "UsageSubscriptionsResult",
        description="Subscriptions, or the problem that explains why there are none.",
    ),
]
