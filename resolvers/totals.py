"""Exact sums over usage records."""

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, localcontext
from itertools import repeat
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
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)

_ZERO: Final = Decimal(0)

# Microseconds (measured): to put a record into its group, to add it there, and for each group.
_GROUPED: Final = 0.7
_SUMMED: Final = 1.3
_GROUP: Final = 5.0


class Group(enum.Enum):
    """What records are grouped by before they are summed."""

    USAGE_TYPE = "usage_type"
    DAY = "day"
    DESTINATION = "destination"
    CURRENCY = "currency"


@dataclass(slots=True)
class Total:
    """The sums of one group. Members that records were not grouped by are None.

    `amount` is None where no record of the group carries an amount; `without_amount` counts the
    records that the sum does not hold: an amount whose currency cannot be read is in none, nor is a
    volume whose unit cannot be read.
    """

    usage_type: str | None
    day: date | None
    destination: str | None
    currency_code: str | None
    record_count: int = 0
    without_amount: int = 0
    amount: Money | None = None
    _charged: dict[str | None, Decimal] = field(default_factory=dict, repr=False)
    _used: dict[str | None, Decimal] = field(default_factory=dict, repr=False)

    @property
    def charged_volumes(self) -> list[Volume]:
        """The sums of the charged volumes, one for each of PayEx's volume codes."""
        return [Volume(value, code) for code, value in self._charged.items()]

    @property
    def total_volumes(self) -> list[Volume]:
        """The sums of the used volumes, one for each of PayEx's volume codes."""
        return [Volume(value, code) for code, value in self._used.items()]

    def add(self, records: Sequence[UsageRecord]) -> None:
        """Take records into the sums. It is for a decimal context that rounds nothing."""
        amounts = []
        charged: dict[str | None, list[Decimal]] = {}
        used: dict[str | None, list[Decimal]] = {}
        for record in records:
            if (amount := record.amount) is not None and record.currency != UNREADABLE:
                amounts.append(amount)
            if (code := record.volume_code) == UNREADABLE:
                continue
            if (volume := record.charged_volume) is not None:
                charged.setdefault(code, []).append(volume)
            if (volume := record.total_volume) is not None:
                used.setdefault(code, []).append(volume)
        self.record_count += len(records)
        self.without_amount += len(records) - len(amounts)
        if amounts:
            first = amounts.pop() if self.amount is None else self.amount.amount
            self.amount = Money(sum(amounts, first), self.currency_code)
        for sums, stated in ((self._charged, charged), (self._used, used)):
            for code, volumes in stated.items():
                unit = Volume(volumes[0], code).unit
                name = code if unit is VolumeUnit.UNKNOWN else unit.value
                sums[name] = sum(volumes, sums.get(name, _ZERO))


@dataclass(frozen=True, slots=True)
class Totals:
    """The groups, in the order in which PayEx first has a record of each."""

    groups: Sequence[Total]
    record_count: int


def totals(
    records: Sequence[UsageRecord], group_by: Iterable[Group], *, size: int = SLICE
) -> Steps[Totals]:
    """Return exact sums of the records by group.

    Currencies always stand apart, asked for or not: no sum ever holds two.
    """
    wanted = frozenset(group_by)
    groups: dict[_Key, list[UsageRecord]] = defaultdict(list)
    for part in slices(records, size):
        yield len(part) * _GROUPED
        for key, record in zip(_keys(part, wanted), part, strict=False):
            groups[key].append(record)
    found = []
    next_: list[tuple[Total, Sequence[UsageRecord]]] = []
    cost = 0.0
    for key, members in groups.items():
        total = Total(*key)
        found.append(total)
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
    return Totals(found, len(records))


def _add(parts: Iterable[tuple[Total, Sequence[UsageRecord]]]) -> None:
    # To add many numbers at once takes a sixth of the time that one at a time does (measured).
    with localcontext(_EXACT):
        for total, records in parts:
            total.add(records)


_Key = tuple[str | None, date | None, str | None, str | None]
"""What tells a group from others: the first four members of its `Total`."""


def _keys(records: Sequence[UsageRecord], by: frozenset[Group]) -> Iterator[_Key]:
    nothing: Iterable[Any] = repeat(None)
    types = [each.usage_type for each in records] if Group.USAGE_TYPE in by else nothing
    days = [_day(each) for each in records] if Group.DAY in by else nothing
    destinations = [each.destination for each in records] if Group.DESTINATION in by else nothing
    currencies = [currency_code(each.currency) for each in records]
    return zip(types, days, destinations, currencies, strict=False)


def _day(record: UsageRecord) -> date | None:
    return None if record.start_time is None else record.start_time.date()
