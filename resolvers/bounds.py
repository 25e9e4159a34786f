"""The bounds of one operation, and the page requests that they bound."""

import math
from dataclasses import dataclass

from resolvers.pages import PageRequest, list_key
from resolvers.payex.routes import Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of one operation.

    Attributes:
        budget: units of work.
        max_calls: upstream calls in all, retries and pages included.
        max_numbers: numbers in one `invoices` or `customers`.
        max_records: the largest `first` of usage records.
        max_subscriptions: the largest `first` of subscriptions.
    """

    budget: float = math.inf
    max_calls: int = 500
    max_numbers: int = 100
    max_records: int = 10_000
    max_subscriptions: int = 200


def subscriptions_page(
    holder: Holder, first: int | None, after: str | None, bounds: Bounds
) -> PageRequest:
    """Return the request for a page of a holder's subscriptions."""
    key = list_key(holder.owner_no, holder.billing.value, holder.number)
    return PageRequest(first, after, bounds.max_subscriptions, "GATEWAY_MAX_SUBSCRIPTIONS", key)


def records_page(
    holder: Holder, subscription_no: str, first: int | None, after: str | None, bounds: Bounds
) -> PageRequest:
    """Return the request for a page of a subscription's usage records."""
    key = list_key(holder.owner_no, holder.billing.value, holder.number, subscription_no)
    return PageRequest(first, after, bounds.max_records, "GATEWAY_MAX_RECORDS", key)
