"""Groups of sums as clients ask for them: ordered, limited, and never short of a record."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from resolvers.comparison import Change, Comparison, compared
from resolvers.ordering import Direction
from resolvers.payex.api.records import UsageRecord
from resolvers.total_order import TotalOrder, TotalOrderField, Totals, arranged
from resolvers.totals import Group, Total, sums
from tests.resolvers.summed import groupings, key_of_total, records, shown
from tests.resolvers.worked import worked

TIMELESS = list(Group)[:5]
orders = st.builds(TotalOrder, st.sampled_from(TotalOrderField), st.sampled_from(Direction))
limits = st.none() | st.integers(1, 4)


def totals(
    given_records: list[UsageRecord],
    by: list[Group],
    order: TotalOrder | None = None,
    limit: int | None = None,
) -> Totals:
    return worked(arranged(worked(sums(given_records, by)), by, order, limit, 0.0))


def comparison(
    base: list[UsageRecord], current: list[UsageRecord], by: list[Group], limit: int | None = None
) -> Comparison:
    return worked(compared(worked(sums(base, by)), worked(sums(current, by)), by, limit, 0.0))


def bottom_lines(groups: Any) -> dict[str | None, tuple[Any, ...]]:
    """Add groups up by currency: counts, amounts and volumes."""
    lines: dict[str | None, list[Any]] = defaultdict(lambda: [0, 0, None, {}, {}])
    for total in groups:
        line = lines[total.currency_code]
        line[0] += total.record_count
        line[1] += total.without_amount
        if total.amount is not None:
            line[2] = Fraction(total.amount.amount) + (line[2] or 0)
        for place, volumes in ((3, total.charged_volumes), (4, total.total_volumes)):
            for volume in volumes:
                code = volume.code
                line[place][code] = line[place].get(code, 0) + Fraction(volume.value)
    return {code: tuple(line) for code, line in lines.items()}


def amount(total: Total) -> Decimal | None:
    return total.amount.amount if total.amount else None


@given(st.lists(records), groupings, orders, limits)
def test_groups_and_remainder_add_up_to_the_bottom_line(
    given_records: list[UsageRecord], by: list[Group], order: TotalOrder, limit: int | None
) -> None:
    found = totals(given_records, by, order, limit)

    together = bottom_lines([*found.groups, *found.remainder])
    assert together == bottom_lines(found.by_currency)
    assert found.record_count == sum(total.record_count for total in found.by_currency)
    assert len({total.currency_code for total in found.by_currency}) == len(found.by_currency)
    assert found.group_count == len(totals(given_records, by).groups)


@given(st.lists(records), groupings)
def test_the_bottom_line_is_what_no_grouping_gives(
    given_records: list[UsageRecord], by: list[Group]
) -> None:
    """Included volumes and times too: what one record lacks, no group makes up for."""
    found = totals(given_records, by).by_currency

    assert {t.currency_code: shown(t) for t in found} == {
        t.currency_code: shown(t) for t in totals(given_records, []).groups
    }


@given(st.lists(records), groupings, orders, limits)
def test_a_limit_keeps_the_first_groups_of_each_currency(
    given_records: list[UsageRecord], by: list[Group], order: TotalOrder, limit: int | None
) -> None:
    whole = totals(given_records, by, order).groups
    kept: dict[str | None, list[Any]] = defaultdict(list)
    for total in whole:
        kept[total.currency_code].append(key_of_total(total))
    found = totals(given_records, by, order, limit)

    assert [key_of_total(total) for total in found.groups] == [
        key for keys in kept.values() for key in keys[:limit]
    ]
    lost = [code for code, keys in kept.items() if limit is not None and len(keys) > limit]
    assert [total.currency_code for total in found.remainder] == lost


@given(st.lists(records), groupings, orders)
def test_groups_stand_by_currency_then_by_value_then_by_key(
    given_records: list[UsageRecord], by: list[Group], order: TotalOrder
) -> None:
    """What lacks the value comes last in either direction; ties go by key, ascending."""
    turned = order.direction is Direction.DESCENDING

    def keys(total: Total) -> list[Any]:
        return [getattr(total, group.value) for group in dict.fromkeys(by)]

    def before(one: Total, two: Total) -> bool:
        """Whether one may stand before two of the same currency."""
        value = {TotalOrderField.AMOUNT: amount, TotalOrderField.RECORD_COUNT: _count}
        read = value.get(order.field)
        pairs = [(read(one), read(two), turned)] if read else []
        pairs += [(a, b, turned and not read) for a, b in zip(keys(one), keys(two), strict=True)]
        for a, b, descending in pairs:
            if a == b:
                continue
            if a is None or b is None:
                return b is None
            return bool(a > b if descending else a < b)
        return True

    found = totals(given_records, by, order).groups
    codes = [total.currency_code for total in found]
    assert codes == sorted(codes, key=lambda code: (code is None, code or ""))
    for one, two in pairwise(found):
        assert one.currency_code != two.currency_code or before(one, two)


def _count(total: Total) -> int:
    return total.record_count


@given(
    st.lists(records),
    st.lists(records),
    st.lists(st.sampled_from(TIMELESS)),
    limits,
)
def test_changes_and_their_remainder_add_up_to_the_difference_of_both_sides(
    base: list[UsageRecord], current: list[UsageRecord], by: list[Group], limit: int | None
) -> None:
    found = comparison(base, current, by, limit)
    difference: dict[str | None, Fraction] = defaultdict(Fraction)
    for sign, side in ((1, found.current), (-1, found.base)):
        for total in side:
            difference[total.currency_code] += sign * Fraction(amount(total) or 0)
    changed: dict[str | None, Fraction] = defaultdict(Fraction)
    for change in [*found.changes, *found.remainder]:
        told = change.amount_change
        changed[change.currency_code] += Fraction(told.amount if told else 0)

    assert changed == difference
    counts = sum(change.record_count_change for change in [*found.changes, *found.remainder])
    assert counts == len(current) - len(base)


@given(st.lists(records), st.lists(records), st.lists(st.sampled_from(TIMELESS)))
def test_every_group_of_either_side_has_one_change(
    base: list[UsageRecord], current: list[UsageRecord], by: list[Group]
) -> None:
    """The side that lacks it is None, and its keys are those of the side that has it."""
    sides = [
        {key_of_total(total): shown(total) for total in totals(side, by).groups}
        for side in (base, current)
    ]
    found = comparison(base, current, by)
    told = {key_of_total(change.either): change for change in found.changes}

    assert told.keys() == sides[0].keys() | sides[1].keys()
    assert found.change_count == len(found.changes) == len(told)
    for key, change in told.items():
        both = [change.base and shown(change.base), change.current and shown(change.current)]
        assert both == [side.get(key) for side in sides]
        assert [getattr(change, group.value) for group in TIMELESS] == list(key[:5])


@given(st.lists(records), st.lists(records), st.lists(st.sampled_from(TIMELESS)))
def test_the_largest_increase_of_a_currency_comes_first_and_the_unknown_last(
    base: list[UsageRecord], current: list[UsageRecord], by: list[Group]
) -> None:
    found = comparison(base, current, by).changes
    codes = [change.currency_code for change in found]

    assert codes == sorted(codes, key=lambda code: (code is None, code or ""))
    for one, two in pairwise(found):
        if one.currency_code == two.currency_code:
            assert _change(two) is None or _change(one) >= _change(two)


def _change(change: Change) -> Any:
    return change.amount_change and change.amount_change.amount
