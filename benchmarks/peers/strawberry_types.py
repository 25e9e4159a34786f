"""The types of the plain Strawberry server that hold no calls, made from PayEx's bodies."""

from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry

Body = dict[str, Any]


@strawberry.enum
class VolumeUnit(Enum):
    """PayEx's volume codes."""

    S = "S"
    E = "E"
    B = "B"
    KB = "KB"
    MB = "MB"
    GB = "GB"
    MIN = "MIN"
    UNKNOWN = "UNKNOWN"


@strawberry.type
class Volume:
    """A measured volume."""

    value: Decimal
    unit: VolumeUnit
    code: str | None


@strawberry.type
class Money:
    """An amount in one currency."""

    amount: Decimal
    currency_code: str | None


@strawberry.interface
class Problem:
    """Why there is no answer."""

    title: str
    detail: str | None
    status: int
    instance: strawberry.ID | None


@strawberry.type
class ValidationProblem(Problem):
    """An argument was refused."""


@strawberry.type
class InvoiceNotFound(Problem):
    """There is no such invoice."""


@strawberry.type
class InvoiceHasNoUsage(Problem):
    """The invoice bills no usage."""


@strawberry.type
class SubscriptionNotFound(Problem):
    """There is no such subscription."""


@strawberry.type
class UnrecognizedProblem(Problem):
    """A problem of another type."""


PROBLEMS = {
    "validation": ValidationProblem,
    "invoice-not-found": InvoiceNotFound,
    "invoice-has-no-usage": InvoiceHasNoUsage,
    "subscription-not-found": SubscriptionNotFound,
}


def problem(body: Body) -> Any:
    """Return the problem that a body tells of, or None if it tells of none."""
    if "Type" not in body:
        return None
    kind = PROBLEMS.get(body["Type"].rpartition("/")[2], UnrecognizedProblem)
    return kind(
        title=body["Title"],
        detail=body["Detail"],
        status=body["Status"],
        instance=body["Instance"],
    )


def volume(value: Any, code: str | None) -> Volume | None:
    """Return a volume with its unit."""
    if value is None:
        return None
    unit = (code or "").strip().upper()
    known = unit in VolumeUnit.__members__
    return Volume(value=value, unit=VolumeUnit[unit if known else "UNKNOWN"], code=code)


def money(amount: Any, currency: str | None) -> Money | None:
    """Return an amount with its currency."""
    if amount is None:
        return None
    return Money(amount=amount, currency_code=(currency or "").strip().upper() or None)


@strawberry.type
class UsageRecord:
    """One call, message, data session or purchase."""

    usage_detail_id: strawberry.ID | None
    start_time: str | None
    usage_type: str | None
    product_group_id: strawberry.ID | None
    detail_info: str | None
    destination: str | None
    destination_code: str | None
    quantity: Decimal | None
    charged_volume: Volume | None
    total_volume: Volume | None
    unit_price: Money | None
    amount: Money | None
    vat_rate: Decimal | None


def usage_record(item: Body) -> UsageRecord:
    """Return the record that a body tells of."""
    return UsageRecord(
        usage_detail_id=item.get("usageDetailId"),
        start_time=item.get("startTime"),
        usage_type=item.get("usageType"),
        product_group_id=item.get("productGroupId"),
        detail_info=item.get("detailInfo"),
        destination=item.get("destination"),
        destination_code=item.get("destinationCode"),
        quantity=item.get("quantity"),
        charged_volume=volume(item.get("chargedVolume"), item.get("volumeCode")),
        total_volume=volume(item.get("totalVolume"), item.get("volumeCode")),
        unit_price=money(item.get("unitPrice"), item.get("currency")),
        amount=money(item.get("amount"), item.get("currency")),
        vat_rate=item.get("vatRate"),
    )


@strawberry.type
class UsageRecordConnection:
    """Usage records."""

    nodes: list[UsageRecord]
    total_count: int
