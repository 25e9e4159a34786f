"""Two selections compared, group by group: what each was on either side, and how it changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from resolvers.ordering import Direction
from resolvers.payex.api.amounts import Money
from resolvers.payex.api.turns import SLICE, Steps, slices
from resolvers.total_order import by_code, by_key, kept, ordered
from resolvers.totals import EXACT, Group, Sums, Total, merged

# Microseconds (measured): to put the two sides of a group together.
_PAIRED: Final = 2.0

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Change:
    """How one group changed; a side that lacks the group is None.

    The members that a `Total` has for its group are those of `either`.
    """

    base: Total | None
    current: Total | None

    @property
    def either(self) -> Total:
        """A side that has the group."""
        total = self.current or self.base
        assert total is not None  # noqa: S101 - a change has a side
        return total

    @property
    def usage_type(self) -> str | None:
        """The kind of usage."""
        return self.either.usage_type

    @property
    def product_group_id(self) -> str | None:
        """The product group."""
        return self.either.product_group_id

    @property
    def destination(self) -> str | None:
        """The destination."""
        return self.either.destination

    @property
    def detail_info(self) -> str | None:
        """The free text."""
        return self.either.detail_info

    @property
    def subscription_no(self) -> str | None:
        """The subscription."""
        return self.either.subscription_no

    @property
    def currency_code(self) -> str | None:
        """The currency."""
        return self.either.currency_code

    @property
    def amount_change(self) -> Money | None:
        """The current amount minus the base's, exactly; None if neither side has an amount."""
        base = self.base.amount if self.base else None
        current = self.current.amount if self.current else None
        if base is None:
            return current
        change = EXACT.subtract(current.amount if current else _ZERO, base.amount)
        return Money(change, self.currency_code)

    @property
    def record_count_change(self) -> int:
        """The current count of records minus the base's."""
        base = self.base.record_count if self.base else 0
        return (self.current.record_count if self.current else 0) - base


@dataclass(frozen=True, slots=True)
class Comparison:
    """A selection beside the same selection of a base invoice.

    Attributes:
        base: the base's sums, one for each currency.
        current: the selection's own.
        changes: the changes of the groups, in their order.
        remainder: the changes that were left out, one for each currency that has any.
        change_count: how many changes there are in all.
        as_of: when the oldest part of both sides was fetched, in seconds since 1970.
    """

    base: Sequence[Total]
    current: Sequence[Total]
    changes: Sequence[Change]
    remainder: Sequence[Change]
    change_count: int
    as_of: float


def compared(
    base: Sums, current: Sums, by: Sequence[Group], limit: int | None, as_of: float
) -> Steps[Comparison]:
    """Return how the groups of one selection differ from those of another.

    Args:
        base: the sums of the base, by the same groups as `current`.
        current: the sums of the selection.
        by: what they are grouped by, in the client's order.
        limit: how many changes of each currency are kept; all if None.
        as_of: when the oldest part of both was fetched.
    """
    changes: list[Change] = []
    for part in slices([*dict.fromkeys((*current.groups, *base.groups))], SLICE):
        yield len(part) * _PAIRED
        changes += [Change(base.groups.get(key), current.groups.get(key)) for key in part]
    changes = yield from by_key(changes, by, Direction.ASCENDING)
    changes = yield from ordered(changes, _amount, Direction.DESCENDING)
    changes = yield from by_code(changes)
    first, left = kept(changes, limit)
    return Comparison(
        (yield from by_code((yield from merged(list(base.groups.values()))))),
        (yield from by_code((yield from merged(list(current.groups.values()))))),
        first,
        (yield from _remainder(left)),
        len(changes),
        as_of,
    )


def _remainder(left: Sequence[Change]) -> Steps[list[Change]]:
    base = yield from merged([change.base for change in left if change.base])
    current = yield from merged([change.current for change in left if change.current])
    before = {total.currency_code: total for total in base}
    now = {total.currency_code: total for total in current}
    codes = dict.fromkeys(change.currency_code for change in left)
    return [Change(before.get(code), now.get(code)) for code in codes]


def _amount(change: Change) -> object:
    amount = change.amount_change
    return amount and amount.amount
