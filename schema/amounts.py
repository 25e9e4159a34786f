"""Money and volumes as GraphQL types."""

import strawberry

from resolvers.payex.api.amounts import VolumeUnit
from schema.declarations import described
from schema.scalars import ExactDecimal

described(
    "VolumeUnit",
    VolumeUnit,
    "A unit of volume, by PayEx's codes. May gain values.",
    {
        "S": "Seconds.",
        "E": "Events: messages, purchases, single services.",
        "B": "Bytes.",
        "KB": (
            "Kilobytes. PayEx does not say whether of 1,000 or 1,024 bytes; the same goes for MB "
            "and GB."
        ),
        "MB": "Megabytes.",
        "GB": "Gigabytes.",
        "MIN": "Minutes.",
        "UNKNOWN": "PayEx gave no code, or one that is not documented: see `code`.",
    },
)


@strawberry.federation.type(shareable=True, description="An amount of money in one currency.")
class Money:
    """An amount beside its currency."""

    amount: ExactDecimal = strawberry.field(
        description=(
            "The amount in the currency's main unit (kronor, not öre), exactly as PayEx has it."
        )
    )
    currency_code: str | None = strawberry.field(
        description=(
            "The ISO 4217 code in upper case: `SEK`; PayEx's own text if it has another form. Null "
            "if PayEx gave none, or one that cannot be read."
        )
    )


@strawberry.type(description="A measured volume: time, data or a count.")
class Volume:
    """A value beside its unit."""

    value: ExactDecimal = strawberry.field(description="How many units.")
    unit: VolumeUnit = strawberry.field(description="The unit.")
    code: str | None = strawberry.field(
        description="PayEx's own code, if `unit` is `UNKNOWN` and PayEx gave one."
    )
