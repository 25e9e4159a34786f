"""What a client says of the usage records it wants."""

import strawberry

from resolvers.ordering import Direction, OrderField
from resolvers.selection import RecordFilter
from schema.declarations import described, given
from schema.scalars import ExactDecimal, LocalDateTime

described(
    "UsageRecordOrderField",
    OrderField,
    "What usage records can be ordered by. Records that lack the value come last.",
    {
        "TIME": "By `startTime`.",
        "AMOUNT": "By `amount`, within one currency; currencies in the order of their codes.",
        "VOLUME": (
            "By `totalVolume`, whatever its unit: durations among themselves, data likewise."
        ),
    },
)
described(
    "SortDirection",
    Direction,
    "Which end of an order comes first.",
    {"ASCENDING": "The earliest or smallest.", "DESCENDING": "The latest or largest."},
)


@strawberry.input(description="The order of usage records; equal ones stay as PayEx has them.")
class UsageRecordOrder:
    """A field and a direction."""

    field: OrderField = strawberry.field(description="What to order by.")
    direction: Direction = strawberry.field(
        default=Direction.ASCENDING, description="Which end comes first."
    )


@strawberry.input(
    description=(
        "What usage records must be like. Every condition that is given must hold; a record that "
        "lacks what a condition looks at does not meet it."
    )
)
class UsageRecordFilter:
    """Conditions on records."""

    start_time_from: LocalDateTime | None = strawberry.field(
        default=strawberry.UNSET, description="`startTime` is this moment or later."
    )
    start_time_before: LocalDateTime | None = strawberry.field(
        default=strawberry.UNSET,
        description="`startTime` is before this moment, which is not included.",
    )
    usage_types: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="`usageType` is one of these, in whatever casing."
    )
    destinations: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="`destination` is one of these, in whatever casing."
    )
    minimum_amount: ExactDecimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="`amount` is this or more, in the record's currency: see `currencyCode`.",
    )
    currency_code: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="`amount` is in this currency, in three letters, in whatever casing: `SEK`.",
    )

    def conditions(self) -> RecordFilter:
        """Return the conditions as the resolvers know them."""
        return RecordFilter.of(
            from_time=given(self.start_time_from),
            before_time=given(self.start_time_before),
            usage_types=given(self.usage_types),
            destinations=given(self.destinations),
            minimum_amount=given(self.minimum_amount),
            currency_code=given(self.currency_code),
        )
