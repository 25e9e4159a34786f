"""Which usage records a client wants, and in which order."""

import enum
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any, Self

from resolvers.malformed import Malformed
from resolvers.payex.amounts import VolumeUnit, currency_code
from resolvers.payex.problems import FieldError, FieldErrorCode
from resolvers.payex.records import UsageRecord

# The form of ISO 4217; a list of all currencies would have to be kept up with.
_CURRENCY = re.compile("[A-Za-z]{3}")

# Where clients give the conditions that may be malformed.
_PATHS = {
    "from_time": "filter.startTimeFrom",
    "before_time": "filter.startTimeBefore",
    "minimum_amount": "filter.minimumAmount",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """What a record must be like; each condition that is not None must hold.

    A record that lacks what a condition looks at does not meet it.
    """

    from_time: datetime | None = None
    before_time: datetime | None = None
    usage_types: Sequence[str] | None = None
    destinations: Sequence[str] | None = None
    minimum_amount: Decimal | None = None
    currency_code: str | None = None
    malformed: tuple[FieldError, ...] = ()

    @classmethod
    def of(cls, **conditions: Any) -> Self:
        """Return the filter of conditions as they came. One that is malformed will be refused."""
        malformed = [
            value.refused_at(_PATHS[name])
            for name, value in conditions.items()
            if isinstance(value, Malformed)
        ]
        read = {
            name: value for name, value in conditions.items() if not isinstance(value, Malformed)
        }
        return cls(**read, malformed=tuple(malformed))

    def errors(self) -> list[FieldError]:
        """Return all that is wrong with the conditions."""
        errors = list(self.malformed)
        start, end = self.from_time, self.before_time
        if start is not None and end is not None and start >= end:
            message = "filter.startTimeBefore must be later than filter.startTimeFrom."
            errors.append(FieldError("filter", message, FieldErrorCode.TIME_SPAN_EMPTY))
        if self.currency_code is not None and not _CURRENCY.fullmatch(self.currency_code):
            message = "filter.currencyCode must be the three letters of a currency, such as SEK."
            error = FieldError("filter.currencyCode", message, FieldErrorCode.CURRENCY_MALFORMED)
            errors.append(error)
        return errors

    def select(self, records: Sequence[UsageRecord]) -> Sequence[UsageRecord]:
        """Return the records that meet every condition, in the order they came."""
        conditions = list(self._conditions())
        if not conditions:
            return records
        return [record for record in records if all(met(record) for met in conditions)]

    def _conditions(self) -> Sequence[Callable[[UsageRecord], bool]]:
        conditions: list[Callable[[UsageRecord], bool]] = []
        if self.from_time is not None:
            start = self.from_time
            conditions.append(lambda r: r.start_time is not None and r.start_time >= start)
        if self.before_time is not None:
            end = self.before_time
            conditions.append(lambda r: r.start_time is not None and r.start_time < end)
        if self.usage_types is not None:
            types = {text.casefold() for text in self.usage_types}
            conditions.append(
                lambda r: r.usage_type is not None and r.usage_type.casefold() in types
            )
        if self.destinations is not None:
            destinations = {text.casefold() for text in self.destinations}
            conditions.append(
                lambda r: r.destination is not None and r.destination.casefold() in destinations
            )
        if self.minimum_amount is not None:
            least = self.minimum_amount
            conditions.append(lambda r: r.amount is not None and r.amount >= least)
        if self.currency_code is not None:
            code = self.currency_code.upper()
            conditions.append(
                lambda r: r.currency is not None and currency_code(r.currency) == code
            )
        return conditions


class OrderField(enum.Enum):
    """What usage records can be ordered by."""

    TIME = "time"
    AMOUNT = "amount"
    VOLUME = "volume"


class Direction(enum.Enum):
    """Which end comes first."""

    ASCENDING = "ascending"
    DESCENDING = "descending"


# Units of one dimension have one base: seconds, bytes, events. PayEx does not say whether its
# kilobyte has 1000 or 1024 bytes; the order of 1 KB, 1 MB and 1 GB is the same.
_BASE: dict[VolumeUnit, tuple[int, int]] = {
    VolumeUnit.E: (0, 1),
    VolumeUnit.S: (1, 1),
    VolumeUnit.MIN: (1, 60),
    VolumeUnit.B: (2, 1),
    VolumeUnit.KB: (2, 1024),
    VolumeUnit.MB: (2, 1024**2),
    VolumeUnit.GB: (2, 1024**3),
    VolumeUnit.UNKNOWN: (3, 1),
}


# Exact for any volume that PayEx could mean, and never an error for the others.
_WIDE = Context(prec=200, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def order(
    records: Sequence[UsageRecord], field: OrderField, direction: Direction
) -> Sequence[UsageRecord]:
    """Return the records ordered; equal ones stay as PayEx has them.

    Amounts are ordered within one currency, and volumes, by the volume used and whatever their
    units, within one dimension (events, time, data). The direction does not turn around the
    currencies, which stand in the order of their codes, nor the dimensions. Records that lack the
    value come last in either direction.
    """
    key = _KEYS[field]
    found: list[tuple[_Key, UsageRecord]] = []
    lacking: list[UsageRecord] = []
    for record in records:
        value = key(record)
        if value is None:
            lacking.append(record)
        else:
            found.append((value, record))
    found.sort(key=lambda pair: pair[0][1], reverse=direction is Direction.DESCENDING)
    found.sort(key=lambda pair: pair[0][0])
    return [record for _, record in found] + lacking


_Key = tuple[Any, Any]
"""What stands apart in either direction, and what is ordered within it."""


def _time(record: UsageRecord) -> _Key | None:
    return None if record.start_time is None else (0, record.start_time)


def _amount(record: UsageRecord) -> _Key | None:
    charge = record.charge
    return None if charge is None else (charge.currency_code or "", charge.amount)


def _volume(record: UsageRecord) -> _Key | None:
    total = record.total
    if total is None:
        return None
    dimension, factor = _BASE[total.unit]
    return dimension, _WIDE.multiply(total.value, Decimal(factor))


_KEYS: dict[OrderField, Callable[[UsageRecord], _Key | None]] = {
    OrderField.TIME: _time,
    OrderField.AMOUNT: _amount,
    OrderField.VOLUME: _volume,
}
