"""In which order a client wants usage records."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.ordering import Direction, OrderField
from resolvers.ordering import order as order_in_steps
from resolvers.payex.api.records import UsageRecord
from resolvers.payex.api.turns import done
from tests.resolvers.worked import worked

NOON = datetime(2026, 11, 1, 12)  # noqa: DTZ001 - PayEx's times have no zone
SECOND = timedelta(seconds=1)
FACTORS = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "S": 1, "MIN": 60, "E": 1}
DIMENSIONS = {"E": 0, "S": 1, "MIN": 1, "B": 2, "KB": 2, "MB": 2, "GB": 2}


def order(
    given_records: list[UsageRecord], field: OrderField, direction: Direction, size: int = 2
) -> list[UsageRecord]:
    """Return records that are ordered in runs of a few."""
    return worked(order_in_steps(given_records, field, direction, size=size))


def amount_key(record: UsageRecord) -> Any:
    return record.amount and ((record.currency or "").strip().upper(), Fraction(record.amount))


def volume_key(record: UsageRecord) -> Any:
    code = (record.volume_code or "").strip().upper()
    volume = record.total_volume
    return volume and (DIMENSIONS.get(code, 3), Fraction(volume) * FACTORS.get(code, 1))


KEYS: dict[OrderField, Callable[[UsageRecord], Any]] = {
    OrderField.TIME: lambda record: record.start_time and (0, record.start_time),
    OrderField.AMOUNT: amount_key,
    OrderField.VOLUME: volume_key,
}
# None stands for an absent value, so that zero must not: it would be falsy in the model above.
values = st.none() | (
    st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from([1, 60, 1024]).map(Decimal)
).filter(bool)
records = st.builds(
    UsageRecord,
    start_time=st.none() | st.sampled_from([NOON, NOON + SECOND]) | st.datetimes(),
    amount=values,
    currency=st.sampled_from([None, "SEK", "sek", "EUR"]),
    total_volume=values,
    volume_code=st.sampled_from([None, "later", "kb", *FACTORS]),
)


@pytest.mark.no_cover  # examples cover the same, and tracing doubles its time
@given(
    st.lists(records),
    st.sampled_from(OrderField),
    st.sampled_from(Direction),
    st.integers(1, 20),
)
def test_an_order_is_a_stable_permutation_with_the_lacking_last(
    given_records: list[UsageRecord], field: OrderField, direction: Direction, size: int
) -> None:
    key = KEYS[field]
    having = [record for record in given_records if key(record) is not None]
    lacking = [record for record in given_records if key(record) is None]
    sign = -1 if direction is Direction.DESCENDING else 1
    ranks = {value: rank for rank, value in enumerate(sorted({key(r)[1] for r in having}))}
    wanted = sorted(having, key=lambda r: (key(r)[0], sign * ranks[key(r)[1]])) + lacking
    ordered = order(given_records, field, direction, size)
    assert [id(record) for record in ordered] == [id(record) for record in wanted]


@pytest.mark.parametrize("direction", Direction)
def test_currencies_and_dimensions_keep_their_order_in_either_direction(
    direction: Direction,
) -> None:
    mixed = [
        UsageRecord(amount=Decimal(1), currency=currency, total_volume=Decimal(1), volume_code=code)
        for currency, code in [("SEK", "GB"), ("EUR", "E"), ("NOK", "MIN")]
    ]
    by_amount = order(mixed, OrderField.AMOUNT, direction)
    by_volume = order(mixed, OrderField.VOLUME, direction)
    assert [record.currency for record in by_amount] == ["EUR", "NOK", "SEK"]
    assert [record.volume_code for record in by_volume] == ["E", "MIN", "GB"]


def test_zero_is_a_value_and_stands_before_what_is_absent() -> None:
    absent = UsageRecord()
    zero = UsageRecord(amount=Decimal(0), total_volume=Decimal(0), start_time=NOON)
    for field in OrderField:
        for direction in Direction:
            assert order([absent, zero], field, direction)[0] is zero


def test_volumes_are_ordered_to_the_last_digit_and_to_any_size() -> None:
    texts = ["1E+999999", "1E+30", f"1{'0' * 39}1", f"1{'0' * 39}2", "-1E+999999", "1E-999999"]
    gigabytes = [UsageRecord(total_volume=Decimal(text), volume_code="GB") for text in texts]
    ordered = order(gigabytes, OrderField.VOLUME, Direction.ASCENDING)
    assert [str(r.total_volume) for r in ordered] == [texts[i] for i in (4, 5, 1, 2, 3, 0)]


@pytest.mark.parametrize(
    ("below", "unit", "above"),
    [("59", "S", "1"), ("1", "MIN", "61"), ("1023", "B", "1"), ("1", "KB", "1025")],
)
def test_volumes_are_ordered_by_what_they_are_in_one_unit(
    below: str, unit: str, above: str
) -> None:
    other = {"S": "MIN", "MIN": "S", "B": "KB", "KB": "B"}[unit]
    less = UsageRecord(total_volume=Decimal(below), volume_code=unit)
    more = UsageRecord(total_volume=Decimal(above), volume_code=other)
    steps = order_in_steps([more, less], OrderField.VOLUME, Direction.ASCENDING)
    assert done(steps, lambda _: None) == [less, more]
