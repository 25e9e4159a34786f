"""What has to be asked for a field, as its query tells before anything is fetched.

PayEx's routes carry all their parents' numbers, so that every call whose numbers the query gives
can start at once, and a parent that a deeper call proves needs no call of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resolvers.bounds import PageRequests
from resolvers.look_ahead import LookAhead
from resolvers.payex.api.numbers import number_message
from resolvers.payex.api.routes import Billing, Holder
from resolvers.selection import RecordFilter


@dataclass(slots=True)
class SubscriptionNeeds:
    """What is asked of one subscription.

    `refused` tells that something is asked with an argument that will be refused.
    """

    body: bool = False
    details: bool = False
    summaries: bool = False
    refused: bool = False

    @property
    def own_call(self) -> bool:
        """Whether its own route (or its holder's list) has to be asked, as far as is known."""
        return self.body or not (self.details or self.summaries or self.refused)


@dataclass(slots=True)
class HolderNeeds:
    """What is asked of one invoice or customer."""

    body: bool = False
    listed: bool = False
    refused: bool = False
    subscriptions: dict[str, SubscriptionNeeds] = field(default_factory=dict)

    @property
    def own_call(self) -> bool:
        """Whether its own route has to be asked, as far as is known."""
        return self.body or not (self.listed or self.subscriptions or self.refused)


def holder_needs(below: LookAhead, holder: Holder, pages: PageRequests) -> HolderNeeds:
    """Return what is asked of an `Invoice` or `Customer`.

    Args:
        below: looks below the field that answers with it.
        holder: which one it is.
        pages: reads the arguments of its connections.
    """
    needs = HolderNeeds()
    for selected in below.fields("Invoice" if holder.billing is Billing.BILLED else "Customer"):
        match selected.name, selected.arguments():
            case "raw", _:
                needs.body = True
            case "subscriptions", dict(arguments):
                first, after = arguments.get("first"), arguments.get("after")
                if pages.subscriptions(holder, first, after).errors():
                    needs.refused = True
                else:
                    needs.listed = True
            case "subscription", {"subscriptionNo": number}:
                if number_message("subscriptionNo", number):
                    needs.refused = True
                else:
                    wanted = needs.subscriptions.setdefault(number, SubscriptionNeeds())
                    _add(wanted, selected.below, holder, number, pages)
    return needs


def subscription_needs(
    below: LookAhead, holder: Holder, number: str, pages: PageRequests
) -> SubscriptionNeeds:
    """Return what is asked of a `UsageSubscription`.

    Args:
        below: looks below the field that answers with it.
        holder: whose subscription it is.
        number: its number.
        pages: reads the arguments of its connections.
    """
    needs = SubscriptionNeeds()
    _add(needs, below, holder, number, pages)
    return needs


def _add(
    needs: SubscriptionNeeds, below: LookAhead, holder: Holder, number: str, pages: PageRequests
) -> None:
    for selected in below.fields("UsageSubscription"):
        match selected.name, selected.arguments():
            case "raw", _:
                needs.body = True
            case "usageSummaries", _:
                needs.summaries = True
            case "usageRecords" | "usageTotals", dict(arguments):
                first, after = arguments.get("first"), arguments.get("after")
                page = pages.records(holder, number, first, after)
                if page.errors() or _filter(arguments).errors():
                    needs.refused = True
                else:
                    needs.details = True


def _filter(arguments: Mapping[str, Any]) -> RecordFilter:
    """Return the filter as far as it may be refused."""
    given = arguments.get("filter") or {}
    return RecordFilter.of(
        from_time=given.get("startTimeFrom"),
        before_time=given.get("startTimeBefore"),
        minimum_amount=given.get("minimumAmount"),
        currency_code=given.get("currencyCode"),
    )
