"""Which usage records a client wants."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.argument_errors import ArgumentErrorCode
from resolvers.payex.api.records import UsageRecord
from resolvers.record_filter import RecordFilter
from tests.resolvers.worked import worked

NOON = datetime(2026, 11, 1, 12)  # noqa: DTZ001 - PayEx's times have no zone
SECOND = timedelta(seconds=1)
FULL = UsageRecord(
    start_time=NOON,
    usage_type="Call",
    product_group_id=7,
    detail_info="Call to 0701-23 45 67",
    destination="Ümeå",
    destination_code="SE1",
    amount=Decimal("1.50"),
    currency=" sek ",
)


@pytest.mark.parametrize(
    ("wanted", "met"),
    [
        (RecordFilter(), True),
        (RecordFilter(from_time=NOON), True),
        (RecordFilter(from_time=NOON + SECOND), False),
        (RecordFilter(before_time=NOON + SECOND), True),
        (RecordFilter(before_time=NOON), False),
        (RecordFilter(usage_types=("sms", "CALL")), True),
        (RecordFilter(usage_types=("sms",)), False),
        (RecordFilter(usage_types=()), False),
        (RecordFilter(destinations=("ÜMEÅ",)), True),
        (RecordFilter(destinations=("Umea",)), False),
        (RecordFilter(product_group_ids=("8", "7")), True),
        (RecordFilter(product_group_ids=("8",)), False),
        (RecordFilter(destination_codes=("se1",)), True),
        (RecordFilter(destination_codes=()), False),
        (RecordFilter(detail_info_contains="CALL to"), True),
        (RecordFilter(detail_info_contains="callto"), False),
        (RecordFilter(detail_info_contains="070 123-4"), True),
        (RecordFilter(detail_info_contains="0701243"), False),
        (RecordFilter(maximum_amount=Decimal("1.5")), True),
        (RecordFilter(maximum_amount=Decimal("1.49")), False),
        (RecordFilter(charged=True), True),
        (RecordFilter(charged=False), False),
        (RecordFilter(minimum_amount=Decimal("1.5")), True),
        (RecordFilter(minimum_amount=Decimal("1.51")), False),
        (RecordFilter(currency_code="Sek"), True),
        (RecordFilter(currency_code="EUR"), False),
        (RecordFilter(usage_types=("call",), currency_code="EUR"), False),
    ],
)
def test_a_record_must_meet_each_condition(wanted: RecordFilter, met: bool) -> None:
    assert worked(wanted.select([FULL])) == ([FULL] if met else [])


@pytest.mark.parametrize(
    "wanted",
    [
        RecordFilter(from_time=datetime.min),  # noqa: DTZ901
        RecordFilter(before_time=datetime.max),  # noqa: DTZ901
        RecordFilter(usage_types=("",)),
        RecordFilter(destinations=("",)),
        RecordFilter(product_group_ids=("",)),
        RecordFilter(destination_codes=("",)),
        RecordFilter(detail_info_contains="070"),
        RecordFilter(maximum_amount=Decimal(10**9)),
        RecordFilter(charged=False),
        RecordFilter(minimum_amount=Decimal(-(10**9))),
        RecordFilter(currency_code="SEK"),
    ],
)
def test_a_record_that_lacks_what_a_condition_looks_at_does_not_meet_it(
    wanted: RecordFilter,
) -> None:
    assert wanted.errors() == []
    assert worked(wanted.select([UsageRecord()])) == []


@given(st.lists(st.integers(0, 5)), st.integers(0, 5))
def test_what_is_selected_stays_in_the_order_it_came(amounts: list[int], least: int) -> None:
    records = [UsageRecord(amount=Decimal(amount)) for amount in amounts]
    chosen = worked(RecordFilter(minimum_amount=Decimal(least)).select(records, size=2))
    assert [id(r) for r in chosen] == [id(r) for r in records if (r.amount or 0) >= least]


@pytest.mark.parametrize("gap", [timedelta(0), -SECOND])
def test_a_period_that_ends_before_it_begins_is_refused(gap: timedelta) -> None:
    (error,) = RecordFilter(from_time=NOON, before_time=NOON + gap).errors()
    assert error.path == ("filter", "startTimeBefore")
    assert error.code is ArgumentErrorCode.CONFLICT


@pytest.mark.parametrize(
    "wanted",
    [
        RecordFilter(from_time=NOON),
        RecordFilter(before_time=NOON),
        RecordFilter(from_time=NOON, before_time=NOON + SECOND),
    ],
)
def test_any_other_period_is_not_refused(wanted: RecordFilter) -> None:
    assert wanted.errors() == []


def price_of(wanted: RecordFilter, destinations: list[str]) -> float:
    records = [UsageRecord(destination=destination) for destination in destinations]
    return sum(wanted.select(records))


def test_to_ignore_case_is_paid_for_by_the_characters_of_each_text() -> None:
    """40 filters of 10,000 long texts took a second, at a fifth of their price."""
    wanted = RecordFilter(destinations=("Sverige",))
    long = "Ö" * 1000
    short, same, other = (
        price_of(wanted, destinations)
        for destinations in (
            ["Sverige"] * 1000,
            [long] * 1000,
            [f"{long}{number}" for number in range(1000)],
        )
    )

    assert same < 1.1 * short
    assert other - short > 1000 * 1000 * 0.005


def test_what_is_wanted_is_paid_for_by_its_characters() -> None:
    short, long = (
        price_of(RecordFilter(usage_types=(text,)), []) + 0.1 for text in ("x", "x" * 1_000_000)
    )

    assert long - short > 1_000_000 * 0.005
