"""What a client says of the usage records it wants."""

from typing import Any

import strawberry

from resolvers.ordering import Direction, OrderField
from resolvers.record_filter import RecordFilter
from schema.declarations import described, given
from schema.scalars import ExactDecimal, LocalDateTime


def _condition(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


described(
    "UsageRecordOrderField",
    OrderField,
    "What usage records can be ordered by. May gain values.",
    {
        "TIME": "By `startTime`.",
        "AMOUNT": (
            "By currency code, then by `amount`. Give `currencyCode` in the filter to rank one "
            "currency."
        ),
        "VOLUME": (
            "By kind of volume (events, time, data), then by `totalVolume`, converted to one unit."
        ),
    },
)
described(
    "SortDirection",
    Direction,
    "A direction of ordering.",
    {
        "ASCENDING": "From the earliest or smallest.",
        "DESCENDING": "From the latest or largest.",
    },
)


@strawberry.input(description="How to order usage records. Equal records keep PayEx's order.")
class UsageRecordOrder:
    """A field and a direction."""

    field: OrderField = strawberry.field(description="What to order by.")
    direction: Direction = strawberry.field(
        default=Direction.ASCENDING,
        description="The direction. Records without the value come last in both directions.",
    )


@strawberry.input(
    description=(
        "Conditions on usage records. A record must meet all of them; a record without the value "
        "that a condition looks at does not meet it. A condition that is null or omitted does not "
        "apply; an empty list matches nothing. Text is compared without regard to case."
    )
)
class UsageRecordFilter:
    """Conditions on records."""

    start_time_from: LocalDateTime | None = _condition("`startTime` is at or after this time.")
    start_time_before: LocalDateTime | None = _condition(
        "`startTime` is before this time (exclusive)."
    )
    usage_types: list[str] | None = _condition("`usageType` is one of these: at most 1,000.")
    product_group_ids: list[strawberry.ID] | None = _condition(
        "`productGroupId` is one of these: at most 1,000."
    )
    destinations: list[str] | None = _condition("`destination` is one of these: at most 1,000.")
    destination_codes: list[str] | None = _condition(
        "`destinationCode` is one of these: at most 1,000."
    )
    detail_info_contains: str | None = _condition(
        "`detailInfo` contains this text, 3 to 75 characters. Between digits, spaces and dashes "
        "are ignored on both sides: `070-123` finds `0701 23`. Country codes are not converted. "
        "Callers who see masked numbers search the masked text."
    )
    minimum_amount: ExactDecimal | None = _condition(
        "`amount` is at least this (inclusive), whatever the currency: see `currencyCode`."
    )
    maximum_amount: ExactDecimal | None = _condition(
        "`amount` is at most this (inclusive), whatever the currency: see `currencyCode`."
    )
    charged: bool | None = _condition(
        "`true`: `amount` is known and not zero, so credits are included. `false`: `amount` is "
        "zero."
    )
    currency_code: str | None = _condition(
        "`amount` is in this currency, as an ISO 4217 code: `SEK`."
    )

    def conditions(self) -> RecordFilter:
        """Return the conditions as the resolvers know them."""
        return RecordFilter.of(
            from_time=given(self.start_time_from),
            before_time=given(self.start_time_before),
            usage_types=given(self.usage_types),
            product_group_ids=given(self.product_group_ids),
            destinations=given(self.destinations),
            destination_codes=given(self.destination_codes),
            detail_info_contains=given(self.detail_info_contains),
            minimum_amount=given(self.minimum_amount),
            maximum_amount=given(self.maximum_amount),
            charged=given(self.charged),
            currency_code=given(self.currency_code),
        )
