"""The gate to usage records: `usage`, and what is listed, summed or compared below it."""

from typing import Annotated, Any

import strawberry

from resolvers import usage_selection as selected
from resolvers.errors import without_problem
from resolvers.nodes import HolderNode, SubscriptionNode
from resolvers.pages import Page, PageArguments
from resolvers.record_filter import RecordFilter
from resolvers.total_order import TotalOrder
from resolvers.totals import Group
from schema.comparison import ComparisonGroup, UsageComparisonResult
from schema.declarations import Info, given, reads, resolved
from schema.directives import PAGE, READ, SLICED, USAGE
from schema.inputs import UsageRecordFilter, UsageRecordOrder
from schema.pages import BEFORE, FORWARDS, After, Last, PageInfo
from schema.problems import UsageProblem
from schema.records import UsageRecord
from schema.scalars import UtcDateTime
from schema.totals import UsageTotalOrder, UsageTotals

Filter = Annotated[
    UsageRecordFilter | None,
    strawberry.argument(description="Only records that match; all records if omitted."),
]
SubscriptionNos = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(
        description=(
            "Only these subscriptions; all of them if omitted. A number that is not here is "
            "answered with `SubscriptionNotFound`. Duplicates are ignored; an empty list is "
            "refused."
        )
    ),
]
_First = Annotated[
    int | None,
    strawberry.argument(description=FORWARDS.format("10,000", "GATEWAY_MAX_RECORDS")),
]
_Before = Annotated[
    str | None,
    strawberry.argument(description=f"{BEFORE} Records stay in the order of `orderBy`."),
]
_OrderBy = Annotated[
    UsageRecordOrder | None,
    strawberry.argument(
        description=(
            "PayEx's order of subscriptions, then of records, if omitted. Equal records keep that "
            "order."
        )
    ),
]
_GroupBy = Annotated[
    list[Group] | None,
    strawberry.argument(
        description=(
            "What to group by. Records of different currencies are never in one group, so without "
            "`groupBy` there is one group for each currency. The order matters to "
            "`UsageTotalOrderField.KEY` only; duplicates are ignored."
        )
    ),
]
_TotalOrderBy = Annotated[
    UsageTotalOrder | None,
    strawberry.argument(
        description="The order in which PayEx first has a record of each group, if omitted."
    ),
]
_LimitOfGroups = Annotated[
    int | None,
    strawberry.argument(
        description=(
            "Return only this many groups of each currency, from 1, and sum the others in "
            "`remainder`. Needs `orderBy`. All groups if omitted."
        )
    ),
]
_InvoiceNo = Annotated[
    strawberry.ID,
    strawberry.argument(
        description=(
            "The base invoice, normally the customer's previous one. Must not be the same invoice."
        )
    ),
]
_CompareBy = Annotated[
    list[ComparisonGroup] | None,
    strawberry.argument(
        description=(
            "What to compare by; one change for each currency if omitted. Periods cannot be "
            "compared by day."
        )
    ),
]
_LimitOfChanges = Annotated[
    int | None,
    strawberry.argument(
        description=(
            "Return only this many changes of each currency, from 1, and sum the others in "
            "`remainder`. All changes if omitted."
        )
    ),
]
_Root = strawberry.Parent[selected.UsageSelection]


@strawberry.type(description="A usage record and its cursor.")
class UsageRecordEdge:
    """A record with its cursor."""

    cursor: str = strawberry.field(description="The record's cursor, for `after` and `before`.")
    item: UsageRecord = strawberry.field(name="node", description="The record.")


@strawberry.type(description="A page of usage records.")
@reads(lambda obj: isinstance(obj, Page))
class UsageRecordConnection:
    """A page of records."""

    as_of: UtcDateTime = strawberry.field(
        description=(
            "When the oldest part of the list was fetched from PayEx. Caches keep it unchanged."
        )
    )
    edges: list[UsageRecordEdge] = strawberry.field(
        description="The records with their cursors.", directives=[PAGE]
    )
    items: list[UsageRecord] = strawberry.field(
        name="nodes", description="The records.", directives=[PAGE]
    )
    page_info: PageInfo = strawberry.field(
        resolver=lambda root: root, description="The page's position in the list."
    )
    total: int = strawberry.field(
        name="totalCount", description="How many records match, on all pages."
    )


async def _records(  # noqa: PLR0913, PLR0917 - Relay has four arguments for pages
    root: _Root,
    info: Info,
    first: _First = strawberry.UNSET,
    after: After = strawberry.UNSET,
    last: Last = strawberry.UNSET,
    before: _Before = strawberry.UNSET,
    order_by: _OrderBy = strawberry.UNSET,
) -> Any:
    asked = PageArguments(given(first), given(after), given(last), given(before))
    ordered = (order_by.field, order_by.direction) if order_by else None
    return without_problem(await selected.records(info.context, root, asked, ordered))


async def _totals(
    root: _Root,
    info: Info,
    group_by: _GroupBy = strawberry.UNSET,
    order_by: _TotalOrderBy = strawberry.UNSET,
    limit_per_currency: _LimitOfGroups = strawberry.UNSET,
) -> Any:
    ordered = TotalOrder(order_by.field, order_by.direction) if order_by else None
    limit = given(limit_per_currency)
    by = given(group_by) or ()
    return without_problem(await selected.record_totals(info.context, root, by, ordered, limit))


async def _compared_to(
    root: _Root,
    info: Info,
    invoice_no: _InvoiceNo,
    group_by: _CompareBy = strawberry.UNSET,
    limit_per_currency: _LimitOfChanges = strawberry.UNSET,
) -> Any:
    by = [group.value for group in given(group_by) or ()]
    return await selected.compare(info.context, root, invoice_no, by, given(limit_per_currency))


@strawberry.type(
    description=(
        "The usage records that a filter selects. A selection may be empty: no record matched, "
        "which is not a problem. Its fields share their calls to PayEx."
    )
)
@reads(lambda obj: isinstance(obj, selected.UsageSelection))
class UsageSelection:
    """A selection."""

    subscription_count: int = strawberry.field(description="How many subscriptions were searched.")
    covers_all_subscriptions: bool = strawberry.field(
        description=(
            "True if every subscription of the invoice or customer was searched. False below a "
            "single subscription, with `subscriptionNos`, and for every caller whose rights are "
            "limited to certain subscriptions, whether or not there are others: sums are then not "
            "those of the whole invoice."
        )
    )
    records: UsageRecordConnection | None = resolved(
        _records, "The records, in pages.", directives=(READ, SLICED)
    )
    totals: UsageTotals | None = resolved(
        _totals, "Exact sums of the records, by group.", directives=(READ,)
    )
    compared_to: UsageComparisonResult | None = resolved(
        _compared_to,
        "Compares the selection with the same selection on another invoice of the ledger, to show "
        "why an invoice is higher. `filter` and `subscriptionNos` apply to both sides; a "
        "subscription that the base invoice does not have counts as new. PayEx does not say whose "
        "an invoice is: the client must name one of the same customer. Costs as many calls again "
        "as the selection itself.",
        directives=(READ, USAGE),
    )


UsageResult = Annotated[
    UsageSelection | UsageProblem,
    strawberry.union(
        "UsageResult",
        description="The selected usage, or the problem that explains why there is none.",
    ),
]


def conditions(filter_: UsageRecordFilter | None) -> RecordFilter:
    """Return the conditions of a filter, which may be omitted."""
    return filter_.conditions() if filter_ else RecordFilter()


async def usage_of(
    root: strawberry.Parent[HolderNode],
    info: Info,
    subscription_nos: SubscriptionNos = strawberry.UNSET,
    filter: Filter = strawberry.UNSET,  # noqa: A002 - the argument's public name
) -> Any:
    """Resolve `usage` of an invoice or customer."""
    numbers, wanted = given(subscription_nos), conditions(filter)
    return await selected.select(info.context, info.below, root, numbers, wanted)


async def usage_of_one(
    root: strawberry.Parent[SubscriptionNode],
    info: Info,
    filter: Filter = strawberry.UNSET,  # noqa: A002 - the argument's public name
) -> Any:
    """Resolve `usage` of a subscription."""
    return await selected.select(info.context, info.below, root, None, conditions(filter))
