"""Money and volumes as GraphQL types."""

import strawberry

from resolvers.payex.api.amounts import VolumeUnit
from schema.declarations import described
from schema.scalars import ExactDecimal

described(
    "VolumeUnit",
    VolumeUnit,
    "What a volume is measured in: PayEx's volume codes.",
    {
        "S": "Seconds.",
        "E": "Events: messages, purchases, single services.",
        "B": "Bytes.",
        "KB": "Kilobytes.",
        "MB": "Megabytes.",
        "GB": "Gigabytes.",
        "MIN": "Minutes.",
        "UNKNOWN": "PayEx gave no code, or one that it does not document: see `code`.",
    },
)


@strawberry.federation.type(shareable=True, description="An amount of money in one currency.")
class Money:
    """An amount beside its currency."""

    amount: ExactDecimal = strawberry.field(
        description="The amount in the currency's main unit, exact as PayEx has it."
    )
    currency_code: str | None = strawberry.field(
        description=(
            "The ISO 4217 code in upper case: `SEK`. PayEx's own text where that has not the form "
            "of a code; null where none can be read."
        )
    )


@strawberry.type(description="A measured volume: a duration, an amount of data, or a count.")
class Volume:
    """A value beside its unit."""

    value: ExactDecimal = strawberry.field(description="How many units.")
    unit: VolumeUnit = strawberry.field(description="What is counted.")
    code: str | None = strawberry.field(
        description="PayEx's own volume code, as it came, for a unit that is `UNKNOWN`."
    )
