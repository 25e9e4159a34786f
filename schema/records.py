"""Usage records and usage summaries as GraphQL types. Their fields' names are assumed."""

import strawberry

from schema.amounts import Money, Volume
from schema.directives import INTERNAL, RAW
from schema.scalars import ExactDecimal, LocalDate, LocalDateTime, RawJSON

_MAY_BE_NULL = (
    "Any field may be null: PayEx did not state it, or what it states cannot be read, which "
    "`extensions.warnings` tells."
)
_ASSUMED = "(Assumed name: PayEx publishes no fields of its usage records.)"


@strawberry.type(
    description=(
        "One rated call, message, data session or purchase. PayEx calls it a usage detail; route "
        f"`usage-details`. {_MAY_BE_NULL} {_ASSUMED}"
    )
)
class UsageRecord:
    """PayEx's usage detail."""

    usage_detail_id: strawberry.ID | None = strawberry.field(description="PayEx's id, if any.")
    start_time: LocalDateTime | None = strawberry.field(
        description="When the usage began, local time without a zone."
    )
    usage_type: str | None = strawberry.field(
        description="The kind of usage, in the company's own words, such as `VOICE`."
    )
    product_group_id: strawberry.ID | None = strawberry.field(
        description="The company's product group that the usage is rated under."
    )
    detail_info: str | None = strawberry.field(
        description="Free text about the usage, such as the number called, up to 75 characters."
    )
    destination: str | None = strawberry.field(description="Where the usage went, in plain text.")
    destination_code: str | None = strawberry.field(description="PayEx's destination code.")
    quantity: ExactDecimal | None = strawberry.field(
        description="How many events the record stands for, usually 1."
    )
    charged: Volume | None = strawberry.field(
        name="chargedVolume",
        description="The volume that is paid for; less than the total where some is included.",
    )
    total: Volume | None = strawberry.field(
        name="totalVolume", description="The volume that was used."
    )
    price: Money | None = strawberry.field(
        name="unitPrice", description="The price of one unit of the volume."
    )
    charge: Money | None = strawberry.field(
        name="amount", description="What the record costs; negative for a credit."
    )
    vat_rate: ExactDecimal | None = strawberry.field(
        description="The VAT rate in percent, as PayEx states it."
    )
    raw: RawJSON | None = strawberry.field(
        description=(
            "The whole record as PayEx sent it, to the byte, with the members that no field takes. "
            "Null only if PayEx's list holds null in its place, or if a router withholds it."
        ),
        directives=[RAW, INTERNAL],
    )


@strawberry.type(
    description=(
        "PayEx's own sum of one kind of usage over a period; route `usage-summaries`. "
        f"{_MAY_BE_NULL} {_ASSUMED}"
    )
)
class UsageSummary:
    """PayEx's usage summary."""

    usage_type: str | None = strawberry.field(
        description="The kind of usage, in the company's own words."
    )
    product_group_id: strawberry.ID | None = strawberry.field(
        description="The company's product group that the usage is rated under."
    )
    start_period: LocalDate | None = strawberry.field(description="The first day of the period.")
    end_period: LocalDate | None = strawberry.field(description="The last day of the period.")
    quantity: ExactDecimal | None = strawberry.field(description="How many events are summed.")
    charged: Volume | None = strawberry.field(
        name="chargedVolume", description="The volume that is paid for."
    )
    total: Volume | None = strawberry.field(
        name="totalVolume", description="The volume that was used."
    )
    charge: Money | None = strawberry.field(
        name="totalCharge", description="What the usage costs together."
    )
    raw: RawJSON | None = strawberry.field(
        description=(
            "The whole summary as PayEx sent it, to the byte, with the members that no field "
            "takes. Null only if PayEx's list holds null in its place, or if a router withholds it."
        ),
        directives=[RAW, INTERNAL],
    )
