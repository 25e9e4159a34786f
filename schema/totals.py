"""The gateway's exact sums over usage records as GraphQL types."""

import strawberry

from resolvers.totals import Group, Totals
from schema.amounts import Money, Volume
from schema.declarations import described, reads
from schema.directives import FEW, SUMS
from schema.scalars import LocalDate

described(
    "UsageGroup",
    Group,
    "What usage records are grouped by before they are summed.",
    {
        "USAGE_TYPE": "By `usageType`.",
        "DAY": "By the day that `startTime` falls on, in local time.",
        "DESTINATION": "By `destination`.",
        "CURRENCY": (
            "By currency. Totals never mix currencies: each stands apart even without this."
        ),
    },
)


@strawberry.type(
    description=(
        "The exact sums of one group of usage records in one currency. Fields that the records "
        "were not grouped by are null."
    )
)
class UsageTotal:
    """Sums of one group."""

    usage_type: str | None = strawberry.field(description="The group's `usageType`.")
    day: LocalDate | None = strawberry.field(description="The group's day, in local time.")
    destination: str | None = strawberry.field(description="The group's `destination`.")
    currency_code: str | None = strawberry.field(
        description=(
            "The currency of every amount in the group; null where the records state none, or one "
            "that cannot be read."
        )
    )
    amount: Money | None = strawberry.field(
        description=(
            "The sum of the amounts; null if the group has none that can be summed: see "
            "`recordsWithoutAmount`."
        )
    )
    record_count: int = strawberry.field(description="How many records the group holds.")
    without_amount: int = strawberry.field(
        name="recordsWithoutAmount",
        description=(
            "How many of them the sum does not hold: they carry no amount, or one that cannot be "
            "read, or state a currency that cannot be read."
        ),
    )
    charged_volumes: list[Volume] = strawberry.field(
        description=(
            "The sums of the volumes that are paid for, one for each unit. A volume whose unit is "
            "stated and cannot be read is in none; `extensions.warnings` tells how many there are."
        ),
        directives=[FEW],
    )
    total_volumes: list[Volume] = strawberry.field(
        description=(
            "The sums of the volumes that were used, one for each unit. A volume whose unit is "
            "stated and cannot be read is in none; `extensions.warnings` tells how many there are."
        ),
        directives=[FEW],
    )


@strawberry.type(description="Exact sums over a subscription's usage records, by group.")
@reads(lambda obj: isinstance(obj, Totals))
class UsageTotals:
    """All groups."""

    groups: list[UsageTotal] = strawberry.field(
        description=(
            "The groups, in the order in which PayEx first has a record of each. Without "
            "`groupBy`, one for each currency; empty if no record is summed."
        ),
        directives=[SUMS],
    )
    record_count: int = strawberry.field(description="How many records are summed in all groups.")
