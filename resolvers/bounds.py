"""The bounds of one operation, and the page requests that they bound."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from resolvers.cursors import Cursors
from resolvers.pages import PageRequest
from resolvers.payex.api.routes import Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of one operation.

    Attributes:
        budget: units of work.
        max_errors: errors that a reply tells.
        max_calls: upstream calls in all, retries and pages included.
        max_numbers: numbers or ids in one `invoices`, `customers` or `nodes`.
        max_records: the largest `first` of usage records.
        max_subscriptions: the largest `first` of subscriptions.
    """

    budget: float = math.inf
    max_errors: int = 100
    max_calls: int = 500
    max_numbers: int = 100
    max_records: int = 10_000
    max_subscriptions: int = 200


class PageRequests:
    """Reads the arguments of the connection fields of one operation.

    Args:
        bounds: the bounds of the operation.
        key: returns what the cursors of a ledger are keyed with.
    """

    def __init__(self, bounds: Bounds, key: Callable[[str], bytes]) -> None:
        self._bounds = bounds
        self._key = key

    def subscriptions(self, holder: Holder, first: int | None, after: str | None) -> PageRequest:
        """Return the request for a page of a holder's subscriptions."""
        maximum, setting = self._bounds.max_subscriptions, "GATEWAY_MAX_SUBSCRIPTIONS"
        return PageRequest(first, after, maximum, setting, self._cursors(holder))

    def records(
        self, holder: Holder, subscription_no: str, first: int | None, after: str | None
    ) -> PageRequest:
        """Return the request for a page of a subscription's usage records."""
        maximum, setting = self._bounds.max_records, "GATEWAY_MAX_RECORDS"
        return PageRequest(first, after, maximum, setting, self._cursors(holder, subscription_no))

    def _cursors(self, holder: Holder, *below: str) -> Cursors:
        key = self._key(holder.owner_no)
        return Cursors(key, holder.owner_no, holder.billing.value, holder.number, *below)
