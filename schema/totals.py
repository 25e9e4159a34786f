"""The gateway's exact sums over usage records as GraphQL types."""

from collections.abc import Mapping
from typing import Final

import strawberry

from resolvers.ordering import Direction
from resolvers.total_order import TotalOrderField, Totals
from resolvers.totals import Group, Total
from schema.amounts import Money, Volume
from schema.declarations import described, reads
from schema.directives import CURRENCIES, FEW, SUMS
from schema.scalars import LocalDate, LocalDateTime, UtcDateTime

GROUPS: Final[Mapping[str, str]] = {
    "USAGE_TYPE": "By `usageType`, as PayEx spells it.",
    "PRODUCT_GROUP": "By `productGroupId`.",
    "DESTINATION": "By `destination`.",
    "DETAIL_INFO": "By `detailInfo`, such as the number called.",
    "SUBSCRIPTION": "By subscription.",
    "DAY": "By the local day of `startTime`.",
    "WEEK": "By the ISO 8601 week (Monday to Sunday) of `startTime`, in local time.",
    "MONTH": "By the calendar month of `startTime`, in local time.",
    "CURRENCY": (
        "By currency. Currencies are always kept apart, so this adds nothing to other values."
    ),
}
"""The description of each group, by its name."""

described("UsageGroup", Group, "What usage records can be grouped by. May gain values.", GROUPS)
described(
    "UsageTotalOrderField",
    TotalOrderField,
    "What groups can be ordered by. Ties are broken by `KEY`, ascending. May gain values.",
    {
        "KEY": (
            "By the group's keys, in the order of `groupBy`: dates by time, text by Unicode code "
            "point (sort again to display it in a language)."
        ),
        "AMOUNT": "By `amount`: credits are the smallest.",
        "RECORD_COUNT": "By `recordCount`.",
    },
)


@strawberry.input(
    description=(
        "How to order groups. They are ordered within one currency; currencies by code, none last."
    )
)
class UsageTotalOrder:
    """A field and a direction."""

    field: TotalOrderField = strawberry.field(description="What to order by.")
    direction: Direction = strawberry.field(
        description="The direction. Groups without the value come last in both directions."
    )


@strawberry.interface(
    description=(
        "What a group has in common. A key is null if `groupBy` does not name it, and also if the "
        "group's records do not state it: they then form a group of their own."
    )
)
class UsageGroupKeys:
    """The keys that every group may have."""

    usage_type: str | None = strawberry.field(description="The kind of usage.")
    product_group_id: strawberry.ID | None = strawberry.field(description="The product group.")
    destination: str | None = strawberry.field(description="The destination.")
    detail_info: str | None = strawberry.field(
        description=(
            "The free text, such as the number called. May be masked, see `UsageRecord.detailInfo`."
        )
    )
    subscription_no: strawberry.ID | None = strawberry.field(description="The subscription.")
    currency_code: str | None = strawberry.field(
        description="The currency, always set apart. Null if PayEx gave none."
    )


@strawberry.type(description="The exact sums of one group of usage records, in one currency.")
@reads(lambda obj: isinstance(obj, Total))
class UsageTotal(UsageGroupKeys):
    """Sums of one group."""

    day: LocalDate | None = strawberry.field(description="The day, in local time.")
    week: LocalDate | None = strawberry.field(
        description="The first day (Monday) of the ISO 8601 week, in local time."
    )
    month: LocalDate | None = strawberry.field(
        description="The first day of the calendar month, in local time."
    )
    amount: Money | None = strawberry.field(
        description="The sum of the amounts. Null if no record of the group has an amount."
    )
    record_count: int = strawberry.field(description="How many records are in the group.")
    without_amount: int = strawberry.field(
        name="recordsWithoutAmount",
        description="How many of them have no amount, and so are missing from `amount`.",
    )
    first_start_time: LocalDateTime | None = strawberry.field(
        description="The earliest `startTime` of the records. Null if none has one."
    )
    last_start_time: LocalDateTime | None = strawberry.field(
        description="The latest `startTime` of the records. Null if none has one."
    )
    charged_volumes: list[Volume] = strawberry.field(
        description="The sums of the charged volumes, one for each unit.", directives=[FEW]
    )
    total_volumes: list[Volume] = strawberry.field(
        description="The sums of the used volumes, one for each unit.", directives=[FEW]
    )
    included_volumes: list[Volume] = strawberry.field(
        description=(
            "What was used and not charged, one for each unit. A unit is left out if any record of "
            "the group states only one of its two volumes: unknown is not zero."
        ),
        directives=[FEW],
    )


@strawberry.type(
    description="Exact sums of usage records. No sum mixes currencies, and none is rounded."
)
@reads(lambda obj: isinstance(obj, Totals))
class UsageTotals:
    """All groups."""

    as_of: UtcDateTime = strawberry.field(
        description="When the oldest part of the summed records was fetched from PayEx."
    )
    groups: list[UsageTotal] = strawberry.field(
        description=(
            "The groups. With `orderBy`, the groups of one currency stand together: by currency "
            "code, no currency last. Empty if no record matched."
        ),
        directives=[SUMS],
    )
    remainder: list[UsageTotal] = strawberry.field(
        description=(
            "The exact sums of the groups that `limitPerCurrency` left out, one for each currency "
            "that lost any. All keys are null. `groups` and `remainder` together add up to "
            "`byCurrency`."
        ),
        directives=[CURRENCIES],
    )
    by_currency: list[UsageTotal] = strawberry.field(
        description=(
            "The sums of all matching records, one for each currency: the bottom line. All keys "
            "are null."
        ),
        directives=[CURRENCIES],
    )
    group_count: int = strawberry.field(
        description=(
            "How many groups there are, including those in `remainder`. A destination in two "
            "currencies is two groups."
        )
    )
    record_count: int = strawberry.field(description="How many records matched.")
