"""Exact sums over usage records."""

import enum
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, localcontext
from typing import Any, Final

from resolvers.payex.api.amounts import (
    UNREADABLE,
    Money,
    Volume,
    VolumeUnit,
    currency_code,
)
from resolvers.payex.api.records import UsageRecord
from resolvers.payex.api.turns import SLICE, Steps, slices

# No sum is rounded. It has hardly more digits than what it sums, and numbers are of ordinary size
# (`resolvers.payex.api.amounts`).
EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)

_ZERO: Final = Decimal(0)

# Microseconds (measured): to put a record into its group, by each key, to add it there, and for
# each group.
_GROUPED: Final = 0.2
_KEYED: Final = 0.4
_SUMMED: Final = 1.0
_GROUP: Final = 10.0
# To take the sums of a group into others.
_MERGED: Final = 3.0


class Group(enum.Enum):
    """What records are grouped by before they are summed: the members of `Total` that differ."""

    USAGE_TYPE = "usage_type"
    PRODUCT_GROUP = "product_group_id"
    DESTINATION = "destination"
    DETAIL_INFO = "detail_info"
    SUBSCRIPTION = "subscription_no"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    CURRENCY = "currency_code"

    __hash__ = object.__hash__


@dataclass(slots=True)
class Total:
    """The sums of one group. Members that records were not grouped by are None.

    `amount` is None where no record of the group carries an amount; `without_amount` counts the
    records that the sum does not hold: an amount whose currency cannot be read is in none, nor is a
    volume whose unit cannot be read.
    """

    usage_type: str | None = None
    product_group_id: str | None = None
    destination: str | None = None
    detail_info: str | None = None
    subscription_no: str | None = None
    day: date | None = None
    week: date | None = None
    month: date | None = None
    currency_code: str | None = None
    record_count: int = 0
    without_amount: int = 0
    amount: Money | None = None
    first_start_time: datetime | None = None
    last_start_time: datetime | None = None
    _charged: dict[str | None, Decimal] = field(default_factory=dict, repr=False)
    _used: dict[str | None, Decimal] = field(default_factory=dict, repr=False)
    _half_known: set[str | None] = field(default_factory=set, repr=False)

    @property
    def charged_volumes(self) -> list[Volume]:
        """The sums of the charged volumes, one for each of PayEx's volume codes."""
        return [Volume(value, code) for code, value in self._charged.items()]

    @property
    def total_volumes(self) -> list[Volume]:
        """The sums of the used volumes, one for each of PayEx's volume codes."""
        return [Volume(value, code) for code, value in self._used.items()]

    @property
    def included_volumes(self) -> list[Volume]:
        """What was used and not charged, for each code of which every record has both volumes."""
        return [
            Volume(EXACT.subtract(value, self._charged[code]), code)
            for code, value in self._used.items()
            if code not in self._half_known
        ]

    def add(self, records: Sequence[UsageRecord]) -> None:
        """Take records into the sums. It is for a decimal context that rounds nothing."""
        amounts = []
        charged: dict[str | None, list[Decimal]] = {}
        used: dict[str | None, list[Decimal]] = {}
        half_known = set()
        times = [time for record in records if (time := record.start_time) is not None]
        for record in records:
            if (amount := record.amount) is not None and record.currency != UNREADABLE:
                amounts.append(amount)
            if (code := record.volume_code) == UNREADABLE:
                continue
            paid, volume = record.charged_volume, record.total_volume
            if paid is not None:
                charged.setdefault(code, []).append(paid)
            if volume is not None:
                used.setdefault(code, []).append(volume)
            if (paid is None) is not (volume is None):
                half_known.add(code)
        self.record_count += len(records)
        self.without_amount += len(records) - len(amounts)
        self._take_amounts(amounts)
        self._take_times(times)
        for sums, stated in ((self._charged, charged), (self._used, used)):
            for code, volumes in stated.items():
                name = _unit(code)
                sums[name] = sum(volumes, sums.get(name, _ZERO))
        self._half_known.update(map(_unit, half_known))

    def take(self, others: Sequence["Total"]) -> None:
        """Take the sums of other groups into these. It is for a context that rounds nothing."""
        self.record_count += sum(one.record_count for one in others)
        self.without_amount += sum(one.without_amount for one in others)
        self._take_amounts([one.amount.amount for one in others if one.amount])
        self._take_times([time for one in others if (time := one.first_start_time)])
        self._take_times([time for one in others if (time := one.last_start_time)])
        for one in others:
            self._half_known |= one._half_known  # noqa: SLF001 - of its own class
            for sums, more in ((self._charged, one._charged), (self._used, one._used)):  # noqa: SLF001
                for code, value in more.items():
                    sums[code] = sums.get(code, _ZERO) + value

    def _take_amounts(self, amounts: list[Decimal]) -> None:
        if amounts:
            first = amounts.pop() if self.amount is None else self.amount.amount
            self.amount = Money(sum(amounts, first), self.currency_code)

    def _take_times(self, times: Sequence[datetime]) -> None:
        if times:
            first, last = self.first_start_time, self.last_start_time
            self.first_start_time = min(times) if first is None else min(first, *times)
            self.last_start_time = max(times) if last is None else max(last, *times)


@dataclass(frozen=True, slots=True)
class Sums:
    """The groups, in the order in which PayEx first has a record of each, by what is their own."""

    groups: "dict[Key, Total]"
    record_count: int


Key = tuple[Any, ...]
"""What tells a group from others: its members in the order of `Group`, the currency last."""


def sums(
    records: Sequence[UsageRecord], group_by: Iterable[Group], *, size: int = SLICE
) -> Steps[Sums]:
    """Return exact sums of the records by group.

    Currencies always stand apart, asked for or not: no sum ever holds two.
    """
    asked = {*group_by, Group.CURRENCY}
    wanted = [one for one in Group if one in asked]
    groups: dict[Key, list[UsageRecord]] = defaultdict(list)
    for part in slices(records, size):
        yield len(part) * (_GROUPED + _KEYED * len(wanted))
        for key, record in zip(_keys(part, wanted), part, strict=True):
            groups[key].append(record)
    found = {}
    next_: list[tuple[Total, Sequence[UsageRecord]]] = []
    cost = 0.0
    names = [one.value for one in wanted]
    for key, members in groups.items():
        total = found[key] = Total(**dict(zip(names, key, strict=True)))
        for part in slices(members, size):
            next_.append((total, part))
            cost += _GROUP + len(part) * _SUMMED
            if cost >= size:
                yield cost
                _add(next_)
                next_.clear()
                cost = 0.0
    yield cost
    _add(next_)
    return Sums(found, len(records))


def merged(groups: Sequence[Total], *, size: int = SLICE) -> Steps[list[Total]]:
    """Return the sums of all groups, one for each currency, in the order of their first groups."""
    found: dict[str | None, Total] = {}
    for part in slices(groups, size):
        yield len(part) * _MERGED
        apart: dict[str | None, list[Total]] = defaultdict(list)
        for one in part:
            apart[one.currency_code].append(one)
        with localcontext(EXACT):
            for code, of_currency in apart.items():
                found.setdefault(code, Total(currency_code=code)).take(of_currency)
    return list(found.values())


def _add(parts: Iterable[tuple[Total, Sequence[UsageRecord]]]) -> None:
    # To add many numbers at once takes a sixth of the time that one at a time does (measured).
    with localcontext(EXACT):
        for total, records in parts:
            total.add(records)


def _keys(records: Sequence[UsageRecord], wanted: Sequence[Group]) -> Iterator[Key]:
    return zip(*(map(_READ[one], records) for one in wanted), strict=True)


def _unit(code: str | None) -> str | None:
    """Return what stands for all spellings of a unit."""
    unit = Volume(_ZERO, code).unit
    return code if unit is VolumeUnit.UNKNOWN else unit.value


def _product_group(record: UsageRecord) -> str | None:
    return None if record.product_group_id is None else str(record.product_group_id)


def _day(record: UsageRecord) -> date | None:
    return None if record.start_time is None else record.start_time.date()


def _week(record: UsageRecord) -> date | None:
    day = _day(record)
    return None if day is None else day - timedelta(days=day.weekday())


def _month(record: UsageRecord) -> date | None:
    day = _day(record)
    return None if day is None else day.replace(day=1)


_READ: Final[dict[Group, Callable[[UsageRecord], Any]]] = {
    Group.USAGE_TYPE: lambda record: record.usage_type,
    Group.PRODUCT_GROUP: _product_group,
    Group.DESTINATION: lambda record: record.destination,
    Group.DETAIL_INFO: lambda record: record.detail_info,
    Group.SUBSCRIPTION: lambda record: record.subscription_no,
    Group.DAY: _day,
    Group.WEEK: _week,
    Group.MONTH: _month,
    Group.CURRENCY: lambda record: currency_code(record.currency),
}
"""What each group has in common."""
