"""Exact sums over usage records."""

from collections import defaultdict
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.amounts import UNREADABLE
from resolvers.payex.api.records import UsageRecord
from resolvers.total_order import Totals, arranged
from resolvers.totals import Group, sums
from tests.resolvers.summed import exact, groupings, key_of_total, records, shown
from tests.resolvers.worked import worked


def totals(given_records: list[UsageRecord], group_by: list[Group], size: int = 2) -> Totals:
    """Return sums that are worked out in small slices."""
    found = worked(sums(given_records, group_by, size=size))
    return worked(arranged(found, group_by, None, None, 0.0))


def currency_of(record: UsageRecord) -> str | None:
    return (record.currency or "").strip().upper() or None


def code_of(record: UsageRecord) -> str | None:
    return (record.volume_code or "").strip().upper().replace("LATER", "later") or None


def key_of(record: UsageRecord, group_by: list[Group]) -> tuple[Any, ...]:
    day = record.start_time.date() if record.start_time else None
    product = record.product_group_id
    keys = {
        Group.USAGE_TYPE: record.usage_type,
        Group.PRODUCT_GROUP: None if product is None else str(product),
        Group.DESTINATION: record.destination,
        Group.DETAIL_INFO: record.detail_info,
        Group.SUBSCRIPTION: record.raw_items.route.subscription_no,
        Group.DAY: day,
        Group.WEEK: day and date.fromisocalendar(*day.isocalendar()[:2], 1),
        Group.MONTH: day and date(day.year, day.month, 1),
        Group.CURRENCY: currency_of(record),
    }
    named = {*group_by, Group.CURRENCY}
    return tuple(keys[group] if group in named else None for group in Group)


@given(st.lists(records), groupings)
def test_each_group_holds_the_exact_sums_of_its_records(
    given_records: list[UsageRecord], group_by: list[Group]
) -> None:
    members: dict[tuple[Any, ...], list[UsageRecord]] = defaultdict(list)
    for record in given_records:
        members[key_of(record, group_by)].append(record)
    found = totals(given_records, group_by)
    assert found.record_count == len(given_records)
    # Groups stand in the order in which PayEx first has a record of each.
    assert [key_of_total(total) for total in found.groups] == list(members)
    for total in found.groups:
        group = members[key_of_total(total)]
        amounts = [
            Fraction(r.amount) for r in group if r.amount is not None and r.currency != UNREADABLE
        ]
        charged: dict[str | None, Fraction] = defaultdict(Fraction)
        used: dict[str | None, Fraction] = defaultdict(Fraction)
        half_known = set()
        for record in group:
            if record.volume_code == UNREADABLE:
                continue
            if record.charged_volume is not None:
                charged[code_of(record)] += Fraction(record.charged_volume)
            if record.total_volume is not None:
                used[code_of(record)] += Fraction(record.total_volume)
            if (record.charged_volume is None) != (record.total_volume is None):
                half_known.add(code_of(record))
        included = {code: used[code] - charged[code] for code in used.keys() - half_known}
        times = [record.start_time for record in group if record.start_time]
        assert shown(total) == (
            len(group),
            len(group) - len(amounts),
            (sum(amounts, Fraction()), total.currency_code) if amounts else None,
            charged,
            used,
            included,
            min(times, default=None),
            max(times, default=None),
        )


@given(st.lists(records).flatmap(lambda r: st.tuples(st.just(r), st.permutations(r))), groupings)
def test_the_order_of_the_records_changes_no_sum(
    pair: tuple[list[UsageRecord], list[UsageRecord]], group_by: list[Group]
) -> None:
    one, other = (totals(order, group_by).groups for order in pair)
    assert {key_of_total(total): shown(total) for total in one} == {
        key_of_total(total): shown(total) for total in other
    }


@given(st.lists(records), groupings, groupings)
def test_however_records_are_grouped_each_currency_has_one_sum(
    given_records: list[UsageRecord], one: list[Group], other: list[Group]
) -> None:
    sums: list[dict[str | None, Fraction]] = []
    for group_by in (one, other):
        by_currency: dict[str | None, Fraction] = defaultdict(Fraction)
        for total in totals(given_records, group_by).groups:
            if total.amount is not None:
                assert total.amount.currency_code == total.currency_code
                by_currency[total.currency_code] += Fraction(total.amount.amount)
        sums.append(by_currency)
    assert sums[0] == sums[1]


@given(st.lists(records))
def test_the_callers_decimal_context_changes_no_sum(given_records: list[UsageRecord]) -> None:
    with localcontext() as context:
        context.prec = 1
        rounded = [shown(total) for total in totals(given_records, []).groups]
    assert rounded == [shown(total) for total in totals(given_records, []).groups]


def test_grouping_by_currency_adds_nothing_to_what_always_stands_apart() -> None:
    mixed = [UsageRecord(amount=Decimal(1), currency=code) for code in ("sek", "EUR", "SEK ")]
    found = totals(mixed, [Group.CURRENCY])
    assert found == totals(mixed, [])
    assert [(t.currency_code, t.record_count) for t in found.groups] == [("SEK", 2), ("EUR", 1)]


def test_a_group_in_which_nothing_has_an_amount_has_none_rather_than_zero() -> None:
    [total] = totals([UsageRecord(), UsageRecord()], []).groups
    assert (total.amount, total.without_amount, total.record_count) == (None, 2, 2)


def test_no_records_have_no_groups() -> None:
    found = totals([], list(Group))
    assert (found.groups, found.remainder, found.by_currency, found.group_count) == ([], [], [], 0)


@pytest.mark.parametrize("texts", [("1", f"0.{'0' * 59}1"), ("9" * 60, f"0.{'1' * 5000}")])
def test_a_sum_is_exact_however_many_digits_it_takes(texts: tuple[str, str]) -> None:
    numbers = [Decimal(text) for text in texts]
    given_records = [
        UsageRecord(amount=number, charged_volume=number, total_volume=number) for number in numbers
    ]
    [total] = totals(given_records, []).groups
    volume = exact(total.charged_volumes)
    assert total.amount is not None
    assert Fraction(total.amount.amount) == sum(map(Fraction, numbers)) == volume[None]
    assert exact(total.total_volumes) == volume


def test_a_total_does_not_show_its_volumes() -> None:
    [total] = totals([UsageRecord(total_volume=Decimal("77.7"))], []).groups
    assert "77.7" not in repr(total)
