"""The bounds of one operation, and the page requests that they bound."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from resolvers.cursors import Cursors
from resolvers.pages import PageArguments, PageRequest
from resolvers.payex.api.routes import Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of one operation.

    Attributes:
        budget: units of work.
        max_errors: errors that a reply tells.
        max_calls: upstream calls in all, retries and pages included.
        max_numbers: numbers or ids in one `invoices`, `customers` or `nodes`.
        max_records: the largest page of usage records.
        max_subscriptions: the largest page of subscriptions, and the most subscriptions whose usage
            is searched at once.
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

    @property
    def most_subscriptions(self) -> int:
        """How many subscriptions are searched at once, at most."""
        return self._bounds.max_subscriptions

    def subscriptions(self, holder: Holder, asked: PageArguments) -> PageRequest:
        """Return the request for a page of a holder's subscriptions."""
        maximum, setting = self._bounds.max_subscriptions, "GATEWAY_MAX_SUBSCRIPTIONS"
        return PageRequest(asked, maximum, setting, self._cursors(holder))

    def records(
        self, holder: Holder, subscription_no: str | None, asked: PageArguments
    ) -> PageRequest:
        """Return the request for a page of usage records.

        Args:
            holder: whose usage.
            subscription_no: the subscription whose records they are; None for several.
            asked: the arguments.
        """
        maximum, setting = self._bounds.max_records, "GATEWAY_MAX_RECORDS"
        if subscription_no is None:
            # No subscription has the number "".
            cursors = self._cursors(holder, "", "usage", across=True)
        else:
            cursors = self._cursors(holder, subscription_no)
        return PageRequest(asked, maximum, setting, cursors)

    def _cursors(self, holder: Holder, *below: str, across: bool = False) -> Cursors:
        key = self._key(holder.owner_no)
        numbers = (holder.owner_no, holder.billing.value, holder.number, *below)
        return Cursors(key, *numbers, across=across)
