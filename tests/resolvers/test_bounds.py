"""What an operation may cost, and the pages it may ask for."""

from collections.abc import Callable

import pytest

from resolvers.bounds import Bounds, PageRequests
from resolvers.pages import PageArguments, PageRequest
from resolvers.payex.api.routes import Billing, Holder

INVOICE = Holder("xxx", Billing.BILLED, "1")
CUSTOMER = Holder("xxx", Billing.UNBILLED, "1")
PAGES = PageRequests(Bounds(max_records=5, max_subscriptions=3), str.encode)


def subscriptions(first: int | None, holder: Holder = INVOICE) -> PageRequest:
    return PAGES.subscriptions(holder, PageArguments(first))


def records(first: int | None, holder: Holder = INVOICE) -> PageRequest:
    return PAGES.records(holder, "2", PageArguments(first))


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
        PAGES.records(INVOICE, "3", PageArguments()),
        *(PAGES.records(holder, None, PageArguments()) for holder in (INVOICE, CUSTOMER)),
    ]
    assert len({request.cursors.list for request in requests}) == len(requests)
