"""Usage records and their sums, made from a tariff.

No public page of PayEx shows the members of usage details and usage summaries: all of them are
assumed, modelled on the files in which PayEx Billing describes a rated call. Volumes and amounts
are decimals from start to end, and date-times have no zone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import msgspec
from msgspec import UNSET, UnsetType

from gateway.sandbox.dice import Dice
from gateway.sandbox.tariffs import Service

_CENT = Decimal("0.01")
_FIRST_SECOND, _LAST_SECOND = 6 * 3600, 24 * 3600 - 1
_ODD_ONES = 8


class UsageDetail(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """One usage record (assumed): a call, a message, a data session, a purchase.

    `amount` is `unitPrice` times `chargedVolume`, rounded half up to two decimals, without VAT.
    Members that are unset are absent from the JSON.
    """

    usage_detail_id: str | UnsetType | None
    start_time: datetime
    usage_type: str
    product_group_id: str | UnsetType | None
    detail_info: str | None
    destination: str | None
    destination_code: str | UnsetType | None
    quantity: int | None
    charged_volume: Decimal | None
    total_volume: Decimal | None
    volume_code: str
    unit_price: Decimal | None
    amount: Decimal | None
    vat_rate: Decimal | UnsetType | None
    currency: str


class UnforeseenDetail(UsageDetail, kw_only=True, frozen=True):
    """A usage record with two members that nobody announced."""

    tariff_class: str
    network_element: dict[str, str | int]


class UsageSummary(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """Usage records summed (assumed). The period is that of the bill, both days included."""

    product_group_id: str | None
    usage_type: str
    volume_code: str
    start_period: date
    end_period: date
    quantity: int
    charged_volume: Decimal
    total_volume: Decimal
    total_charge: Decimal
    currency: str


class Period(msgspec.Struct, frozen=True):
    """Whole days: the first one, and how many."""

    start: date
    days: int

    @property
    def end(self) -> date:
        """The last day."""
        return self.start + timedelta(days=self.days - 1)


def rate_usage(
    tariff: Sequence[Service], count: int, period: Period, dice: Dice
) -> list[UsageDetail]:
    """Make `count` records in order of time.

    Every service of the tariff occurs once before any occurs twice, so even a short list shows
    what the tariff holds. A monthly allowance is spent in order of time.
    """
    services = [*dict.fromkeys(tariff)][:count]
    services += [dice.pick(tariff) for _ in range(count - len(services))]
    moments = [
        (dice.below(period.days), _FIRST_SECOND + dice.below(_LAST_SECOND - _FIRST_SECOND))
        for _ in services
    ]
    midnight = datetime.combine(period.start, datetime.min.time())
    first_id = 10_000_000 + dice.below(90_000_000)
    left = {service: Decimal(service.free) for service in services}
    details = []
    for place, index in enumerate(sorted(range(count), key=lambda index: (moments[index], index))):
        service, (day, second) = services[index], moments[index]
        volume = Decimal(dice.mostly_low(*service.volumes)).scaleb(-service.decimals)
        free = min(volume, left[service])
        left[service] -= free
        charged = volume - free
        destination = dice.pick(service.destinations)
        details.append(
            UsageDetail(
                usage_detail_id=str(first_id + place),
                start_time=midnight + timedelta(days=day, seconds=second),
                usage_type=service.usage_type,
                product_group_id=service.product_group,
                detail_info=dice.pick(service.details),
                destination=destination.text,
                destination_code=destination.code,
                quantity=1,
                charged_volume=charged,
                total_volume=volume,
                volume_code=service.volume_code,
                unit_price=service.unit_price,
                amount=(charged * service.unit_price).quantize(_CENT, ROUND_HALF_UP),
                vat_rate=service.vat_rate,
                currency=service.currency,
            )
        )
    return details


def make_odd(details: Iterable[UsageDetail]) -> list[UsageDetail]:
    """Let some records differ as PayEx's may: null members, absent ones, unannounced ones."""
    return [_odd(detail, place % _ODD_ONES) for place, detail in enumerate(details)]


def _odd(detail: UsageDetail, kind: int) -> UsageDetail:
    replace = msgspec.structs.replace
    match kind:
        case 1:
            return replace(detail, product_group_id=None, destination=None, destination_code=None)
        case 2:
            return UnforeseenDetail(
                **msgspec.structs.asdict(detail),
                tariff_class="Familj+",
                network_element={"type": "MSC", "no": 7},
            )
        case 3:
            return replace(
                detail,
                usage_detail_id=UNSET,
                product_group_id=UNSET,
                destination_code=UNSET,
                vat_rate=UNSET,
            )
        case 4:
            return replace(detail, unit_price=None, amount=None, vat_rate=None)
        case 5:
            return replace(
                detail,
                usage_detail_id=None,
                detail_info=None,
                quantity=None,
                charged_volume=None,
                total_volume=None,
            )
        case _:
            return detail


def summarise(details: Iterable[UsageDetail], period: Period) -> list[UsageSummary]:
    """Sum records per usage type, product group, volume code and currency.

    A null or absent member adds nothing; null and absent product groups are one group. The groups
    stand in the order in which the records first name them.
    """
    groups: defaultdict[tuple[str, str | None, str, str], list[UsageDetail]] = defaultdict(list)
    for detail in details:
        group = detail.product_group_id
        key = (
            detail.usage_type,
            None if group is UNSET else group,
            detail.volume_code,
            detail.currency,
        )
        groups[key].append(detail)
    return [
        UsageSummary(
            product_group_id=group,
            usage_type=usage_type,
            volume_code=volume_code,
            start_period=period.start,
            end_period=period.end,
            quantity=sum(detail.quantity or 0 for detail in members),
            charged_volume=_total(detail.charged_volume for detail in members),
            total_volume=_total(detail.total_volume for detail in members),
            total_charge=_total(detail.amount for detail in members),
            currency=currency,
        )
        for (usage_type, group, volume_code, currency), members in groups.items()
    ]


def _total(values: Iterable[Decimal | None]) -> Decimal:
    return sum((value for value in values if value is not None), Decimal(0))
