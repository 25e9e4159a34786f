"""Usage records with values of every kind, and groups of their sums as tests compare them."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from resolvers.payex.api.amounts import UNREADABLE, Volume
from resolvers.payex.api.raw_items import RawItems
from resolvers.payex.api.records import UsageRecord
from resolvers.payex.api.routes import Billing, Holder, Kind, Route
from resolvers.totals import Group, Total

MONTH = [datetime(2026, 11, day, hour) for day in (1, 2) for hour in (0, 23)]  # noqa: DTZ001
money = st.decimals(min_value=-(10**30), max_value=10**30, allow_nan=False, places=9)
INVOICE = Holder("xxx", Billing.BILLED, "1")
ORIGINS = [RawItems(route=Route(INVOICE, Kind.DETAILS, "", number)) for number in ("70", "71")]
records = st.builds(
    UsageRecord,
    raw_items=st.sampled_from(ORIGINS),
    start_time=st.sampled_from([None, *MONTH]),
    usage_type=st.sampled_from([None, "call", "data"]),
    product_group_id=st.sampled_from([None, 7, "7", "8"]),
    detail_info=st.sampled_from([None, "0701234567"]),
    destination=st.sampled_from([None, "SE", "NO"]),
    amount=st.none() | money | st.sampled_from(["0.1", "0.2", "-0.3"]).map(Decimal),
    currency=st.sampled_from([None, UNREADABLE, "SEK", " sek", "EUR"]),
    charged_volume=st.none() | money,
    total_volume=st.none() | money,
    volume_code=st.sampled_from([None, UNREADABLE, "KB", " kb ", "MIN", "later"]),
)
groupings = st.lists(st.sampled_from(Group))


def key_of_total(total: Total) -> tuple[Any, ...]:
    """Return what a group's records have in common."""
    return tuple(getattr(total, group.value) for group in Group)


def exact(volumes: list[Volume]) -> dict[str | None, Fraction]:
    """Return sums by code, each code standing once."""
    sums = {volume.code: Fraction(volume.value) for volume in volumes}
    assert len(sums) == len(volumes)
    return sums


def shown(total: Total) -> tuple[Any, ...]:
    """Return a group's sums."""
    amount = total.amount
    return (
        total.record_count,
        total.without_amount,
        None if amount is None else (Fraction(amount.amount), amount.currency_code),
        exact(total.charged_volumes),
        exact(total.total_volumes),
        exact(total.included_volumes),
        total.first_start_time,
        total.last_start_time,
    )
