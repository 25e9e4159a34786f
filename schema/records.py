"""Usage records and usage summaries as GraphQL types."""

from typing import Any

import strawberry

from resolvers.nodes import SubscriptionNode, subscription_of
from resolvers.payex.api.records import Usage
from schema.amounts import Money, Volume
from schema.directives import INTERNAL, RAW
from schema.internals import LazyType
from schema.scalars import ExactDecimal, LocalDate, LocalDateTime, RawJSON

# It is declared where records are known.
_SUBSCRIPTION: Any = LazyType("UsageSubscription", "schema.subscription")
_KIND = "The kind of usage, in the company's own terms"
_GROUP = "The company's product group."
_CHARGED = "The volume that is charged for"
_USED = "The volume that was used."


def _subscription(root: strawberry.Parent[Usage]) -> Any:
    return subscription_of(root)


@strawberry.type(
    description=(
        "One rated call, message, data session or purchase (PayEx: usage detail). A field is null "
        "if PayEx did not send it."
    )
)
class UsageRecord:
    """PayEx's usage detail."""

    usage_detail_id: strawberry.ID | None = strawberry.field(
        description="PayEx's id of the record. Not unique across subscriptions."
    )
    subscription_no: strawberry.ID = strawberry.field(
        description=(
            "The number of the subscription. Cheaper than `subscription { subscriptionNo }`."
        )
    )
    subscription: SubscriptionNode = strawberry.field(
        resolver=_subscription,
        graphql_type=_SUBSCRIPTION,
        description="The subscription. Its own fields cost no call.",
    )
    start_time: LocalDateTime | None = strawberry.field(description="When the usage began.")
    usage_type: str | None = strawberry.field(description=f"{_KIND}: `VOICE`.")
    product_group_id: strawberry.ID | None = strawberry.field(description=_GROUP)
    detail_info: str | None = strawberry.field(
        description=(
            "Free text, up to 75 characters, such as the number called. Personal data. Without the "
            "scope `usage:numbers` its last digits may be replaced by `•`."
        )
    )
    destination: str | None = strawberry.field(
        description="Where the usage went, as text. May be masked as `detailInfo` is."
    )
    destination_code: str | None = strawberry.field(description="PayEx's code for the destination.")
    quantity: ExactDecimal | None = strawberry.field(
        description="How many events the record stands for, usually 1."
    )
    charged: Volume | None = strawberry.field(
        name="chargedVolume",
        description=f"{_CHARGED}; less than `totalVolume` if some of it is included.",
    )
    total: Volume | None = strawberry.field(name="totalVolume", description=_USED)
    price: Money | None = strawberry.field(
        name="unitPrice", description="The price of one unit of volume."
    )
    charge: Money | None = strawberry.field(
        name="amount",
        description=(
            "What the record costs; negative for a credit. PayEx does not say whether VAT is "
            "included."
        ),
    )
    vat_rate: ExactDecimal | None = strawberry.field(description="The VAT rate in percent: `25`.")
    raw: RawJSON | None = strawberry.field(
        description=(
            "The record as PayEx sent it, byte for byte, including members that no field exposes."
        ),
        directives=[RAW, INTERNAL],
    )


@strawberry.type(
    description=(
        "PayEx's own sum of one kind of usage over a period. A field is null if PayEx did not send "
        "it."
    )
)
class UsageSummary:
    """PayEx's usage summary."""

    subscription_no: strawberry.ID = strawberry.field(description="The number of the subscription.")
    subscription: SubscriptionNode = strawberry.field(
        resolver=_subscription,
        graphql_type=_SUBSCRIPTION,
        description="The subscription. Its own fields cost no call.",
    )
    usage_type: str | None = strawberry.field(description=f"{_KIND}.")
    product_group_id: strawberry.ID | None = strawberry.field(description=_GROUP)
    start_period: LocalDate | None = strawberry.field(description="The first day of the period.")
    end_period: LocalDate | None = strawberry.field(
        description="The last day of the period (inclusive)."
    )
    quantity: ExactDecimal | None = strawberry.field(description="How many events are summed.")
    charged: Volume | None = strawberry.field(name="chargedVolume", description=f"{_CHARGED}.")
    total: Volume | None = strawberry.field(name="totalVolume", description=_USED)
    charge: Money | None = strawberry.field(
        name="totalCharge", description="The total cost of the usage."
    )
    raw: RawJSON | None = strawberry.field(
        description=(
            "The summary as PayEx sent it, byte for byte, including members that no field exposes."
        ),
        directives=[RAW, INTERNAL],
    )
