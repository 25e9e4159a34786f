"""What an operation may cost, and the pages it may ask for."""

from collections.abc import Callable

import pytest

from resolvers.bounds import Bounds, records_page, subscriptions_page
from resolvers.pages import PageRequest
from resolvers.payex.routes import Billing, Holder

INVOICE = Holder("xxx", Billing.BILLED, "1")
CUSTOMER = Holder("xxx", Billing.UNBILLED, "1")
BOUNDS = Bounds(max_records=5, max_subscriptions=3)


def subscriptions(first: int | None, holder: Holder = INVOICE) -> PageRequest:
    return subscriptions_page(holder, first, None, BOUNDS)


def records(first: int | None, holder: Holder = INVOICE) -> PageRequest:
    return records_page(holder, "2", first, None, BOUNDS)


@pytest.mark.parametrize(
    ("page", "largest", "setting"),
    [(subscriptions, 3, "GATEWAY_MAX_SUBSCRIPTIONS"), (records, 5, "GATEWAY_MAX_RECORDS")],
)
def test_a_page_beyond_its_bound_is_refused_and_the_bound_named(
    page: Callable[[int | None], PageRequest], largest: int, setting: str
) -> None:
    assert page(largest).errors() == page(None).errors() == []
    (error,) = page(largest + 1).errors()
    assert f"{largest} ({setting})" in error.message


def test_no_two_lists_take_each_others_cursors() -> None:
    requests = [
        *(
            page(None, holder)
            for page in (subscriptions, records)
            for holder in (INVOICE, CUSTOMER)
        ),
        records_page(INVOICE, "3", None, None, BOUNDS),
    ]
    assert len({request.list_key for request in requests}) == len(requests)
