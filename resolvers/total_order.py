"""Groups of sums arranged: ordered, the first ones of each currency kept, the others summed."""

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeVar

from resolvers.ordering import Direction, in_order
from resolvers.payex.api.turns import Steps
from resolvers.totals import Group, Sums, Total, merged

T = TypeVar("T")

_CURRENCY: Final = attrgetter(Group.CURRENCY.value)

# Microseconds (measured): to read what a group is ordered by.
_READ: Final = 0.5


class TotalOrderField(enum.Enum):
    """What groups can be ordered by."""

    KEY = "key"
    AMOUNT = "amount"
    RECORD_COUNT = "record_count"


class TotalOrder(NamedTuple):
    """An order of groups, within one currency."""

    field: TotalOrderField
    direction: Direction


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums as clients see them.

    Attributes:
        groups: the groups, in their order.
        remainder: the sums of the others, one for each currency that has any.
        by_currency: the sums of all records, one for each currency.
        group_count: how many groups there are in all.
        record_count: how many records are summed.
        as_of: when the oldest part was fetched, in seconds since 1970.
    """

    groups: Sequence[Total]
    remainder: Sequence[Total]
    by_currency: Sequence[Total]
    group_count: int
    record_count: int
    as_of: float


def arranged(
    sums: Sums, by: Sequence[Group], order: TotalOrder | None, limit: int | None, as_of: float
) -> Steps[Totals]:
    """Return sums as a client asks for them.

    Args:
        sums: the sums.
        by: what they are grouped by, in the client's order.
        order: the order of the groups; that of their first records if None.
        limit: how many groups of each currency are kept; all if None.
        as_of: when the oldest part was fetched.
    """
    groups = list(sums.groups.values())
    left: list[Total] = []
    by_currency = yield from merged(groups)
    if order is not None:
        if order.field is TotalOrderField.KEY:
            groups = yield from by_key(groups, by, order.direction)
        else:
            groups = yield from by_key(groups, by, Direction.ASCENDING)
            groups = yield from ordered(groups, _VALUES[order.field], order.direction)
        groups = yield from by_code(groups)
        by_currency = yield from by_code(by_currency)
        groups, left = kept(groups, limit)
    remainder = yield from merged(left)
    count = len(sums.groups)
    return Totals(groups, remainder, by_currency, count, sums.record_count, as_of)


def by_key(groups: Sequence[T], by: Iterable[Group], direction: Direction) -> Steps[list[T]]:
    """Return groups by their keys, the first key first; those that lack one come last by it."""
    found = list(groups)
    for group in reversed([*dict.fromkeys(by)]):
        found = yield from ordered(found, attrgetter(group.value), direction)
    return found


def ordered(groups: Sequence[T], value: Callable[[T], Any], direction: Direction) -> Steps[list[T]]:
    """Return groups by a value; equal ones stay as they are, and those that lack it come last."""
    yield len(groups) * _READ
    pairs, lacking = [], []
    for one in groups:
        found = value(one)
        if found is None:
            lacking.append(one)
        else:
            pairs.append((found, one))
    return [*(yield from in_order(pairs, direction)), *lacking]


def by_code(groups: Sequence[T]) -> Steps[list[T]]:
    """Return groups by the codes of their currencies; those without one come last."""
    return (yield from ordered(groups, _CURRENCY, Direction.ASCENDING))


def kept(groups: Sequence[T], limit: int | None) -> tuple[list[T], list[T]]:
    """Return so many groups of each currency, and the others. Those of a currency are together."""
    first: list[T] = []
    left: list[T] = []
    for _, found in groupby(groups, _CURRENCY):
        together = list(found)
        first += together[:limit]
        left += [] if limit is None else together[limit:]
    return first, left


_VALUES: Final[dict[TotalOrderField, Callable[[Total], Any]]] = {
    TotalOrderField.AMOUNT: lambda total: total.amount and total.amount.amount,
    TotalOrderField.RECORD_COUNT: attrgetter("record_count"),
}
