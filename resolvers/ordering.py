"""The order of usage records."""

import enum
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from operator import itemgetter
from typing import Any, Final, TypeVar

from resolvers.payex.api.amounts import VolumeUnit, currency_code
from resolvers.payex.api.records import UsageRecord
from resolvers.payex.api.turns import SLICE, Steps, slices

T = TypeVar("T")

# Microseconds for a record (measured): to read what it is ordered by, and to sort it.
_READ: Final = 1.0
_SORT: Final = 0.8
# Records that are sorted at once; cuts are chosen among the values of so many of them.
_RUN: Final = 4 * SLICE
_SAMPLES: Final = 8


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
    records: Sequence[UsageRecord], field: OrderField, direction: Direction, *, size: int = _RUN
) -> Steps[list[UsageRecord]]:
    """Return the records ordered; equal ones stay as PayEx has them.

    Amounts are ordered within one currency, and volumes, by the volume used and whatever their
    units, within one dimension (events, time, data). The direction does not turn around the
    currencies, which stand in the order of their codes, nor the dimensions. Records that lack the
    value come last in either direction.
    """
    key = _KEYS[field]
    apart: dict[Any, list[tuple[Any, UsageRecord]]] = defaultdict(list)
    lacking: list[UsageRecord] = []
    for part in slices(records):
        yield len(part) * _READ
        for record in part:
            found = key(record)
            if found is None:
                lacking.append(record)
            else:
                apart[found[0]].append((found[1], record))
    ordered: list[UsageRecord] = []
    for _, pairs in sorted(apart.items()):
        ordered += yield from in_order(pairs, direction, size)
    return ordered + lacking


def in_order(
    pairs: Sequence[tuple[Any, T]], direction: Direction, size: int = _RUN
) -> Steps[list[T]]:
    """Return what stands behind values by these; equal ones stay as they are."""
    # Backwards and forwards again, equal ones stay as they were.
    turn = slice(None, None, -1 if direction is Direction.DESCENDING else 1)
    together = yield from _sorted(pairs[turn], size)
    return [one for _, one in together][turn]


_value = itemgetter(0)


def _sorted(pairs: Sequence[tuple[Any, T]], size: int) -> Steps[list[tuple[Any, T]]]:
    """Return the pairs sorted; equal ones stay as they were.

    Runs of this size are sorted first. Then all runs are cut at the same values, and what stands
    between two cuts is sorted by itself, which is quick, since it is made of sorted pieces.
    """
    runs = []
    for part in slices(pairs, size):
        yield len(part) * _SORT
        runs.append(sorted(part, key=_value))
    if len(runs) == 1:
        return runs[0]
    step = max(1, size // _SAMPLES)
    sample = sorted(_value(pair) for run in runs for pair in run[::step])
    found: list[tuple[Any, T]] = []
    begins = [0] * len(runs)
    for cut in [*sample[_SAMPLES::_SAMPLES], None]:
        ends = [
            len(run) if cut is None else bisect_right(run, cut, begin, key=_value)
            for run, begin in zip(runs, begins, strict=True)
        ]
        between = [
            pair
            for run, begin, end in zip(runs, begins, ends, strict=True)
            for pair in run[begin:end]
        ]
        yield len(between) * _SORT
        found += sorted(between, key=_value)
        begins = ends
    return found


_Key = tuple[Any, Any]
"""What stands apart in either direction, and what is ordered within it."""


def _time(record: UsageRecord) -> _Key | None:
    return None if record.start_time is None else (0, record.start_time)


def _amount(record: UsageRecord) -> _Key | None:
    amount = record.amount
    return None if amount is None else (currency_code(record.currency) or "", amount)


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
