"""Exact sums over usage records."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal

from resolvers.payex.amounts import Money, Volume, VolumeUnit, currency_code
from resolvers.payex.records import UsageRecord

# No sum is rounded. It has hardly more digits than what it sums, and numbers are of ordinary size
# (`resolvers.payex.amounts`).
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


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
    records that the sum does not hold.
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

    def add(self, record: UsageRecord) -> None:
        """Take a record into the sums."""
        self.record_count += 1
        if record.amount is None:
            self.without_amount += 1
        elif self.amount is None:
            self.amount = Money(record.amount, self.currency_code)
        else:
            self.amount = Money(_EXACT.add(self.amount.amount, record.amount), self.currency_code)
        for sums, volume in ((self._charged, record.charged), (self._used, record.total)):
            if volume is not None:
                code = volume.code if volume.unit is VolumeUnit.UNKNOWN else volume.unit.value
                sums[code] = _EXACT.add(sums.get(code, Decimal(0)), volume.value)


@dataclass(frozen=True, slots=True)
class Totals:
    """The groups, in the order in which PayEx first has a record of each."""

    groups: Sequence[Total]
    record_count: int


def totals(records: Sequence[UsageRecord], group_by: Sequence[Group]) -> Totals:
    """Return exact sums of the records by group.

    Currencies always stand apart, asked for or not: no sum ever holds two.
    """
    wanted = frozenset(group_by)
    found: dict[tuple[object, ...], Total] = {}
    for record in records:
        key = (
            record.usage_type if Group.USAGE_TYPE in wanted else None,
            _day(record) if Group.DAY in wanted else None,
            record.destination if Group.DESTINATION in wanted else None,
            currency_code(record.currency),
        )
        total = found.get(key)
        if total is None:
            total = found[key] = Total(*key)
        total.add(record)
    return Totals(list(found.values()), len(records))


def _day(record: UsageRecord) -> date | None:
    return None if record.start_time is None else record.start_time.date()
