"""What has to be asked for a field, as its query tells before anything is fetched.

PayEx's routes carry all their parents' numbers, so that every call whose numbers the query gives
can start at once, and a parent that a deeper call proves needs no call of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resolvers.bounds import PageRequests
from resolvers.gathering import Wanted, distinct, number_errors
from resolvers.look_ahead import LookAhead, SelectedField
from resolvers.pages import PageArguments
from resolvers.payex.api.numbers import number_message
from resolvers.payex.api.routes import Billing, Holder, Kind
from resolvers.record_filter import RecordFilter
from resolvers.usage_selection import bases


@dataclass(slots=True)
class SubscriptionNeeds:
    """What is asked of one subscription.

    `refused` tells that something is asked with an argument that will be refused; `bases` is the
    usage that it is compared with.
    """

    body: bool = False
    details: bool = False
    summaries: bool = False
    refused: bool = False
    bases: list[Wanted] = field(default_factory=list)

    @property
    def own_call(self) -> bool:
        """Whether its own route (or its holder's list) has to be asked, as far as is known."""
        return self.body or not (self.details or self.summaries or self.refused)


@dataclass(slots=True)
class HolderNeeds:
    """What is asked of one invoice or customer.

    `listed_usage` is what is asked of every subscription in its list; `bases` is the usage that its
    own is compared with.
    """

    body: bool = False
    listed: bool = False
    refused: bool = False
    subscriptions: dict[str, SubscriptionNeeds] = field(default_factory=dict)
    listed_usage: set[Kind] = field(default_factory=set)
    bases: list[Wanted] = field(default_factory=list)

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
                if pages.subscriptions(holder, _page(arguments)).errors():
                    needs.refused = True
                else:
                    needs.listed = True
            case "subscription", {"subscriptionNo": number}:
                if number_message("subscriptionNo", number):
                    needs.refused = True
                else:
                    wanted = needs.subscriptions.setdefault(number, SubscriptionNeeds())
                    _add(wanted, selected.below, holder, number, pages)
            case "usage" | "usageSummaries", dict(arguments):
                numbers = distinct(arguments.get("subscriptionNos"))
                _add_usage(needs, selected, Wanted(holder, numbers), arguments, pages)
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
            case "usageRecords" | "usageTotals" | "usage" as name, dict(arguments):
                page = pages.records(holder, number, _page(arguments))
                if page.errors() or _filter(arguments).errors():
                    needs.refused = True
                    continue
                needs.details = True
                if name == "usage":
                    needs.bases.extend(bases(selected.below, Wanted(holder, (number,))))


def _add_usage(
    needs: HolderNeeds,
    selected: SelectedField,
    wanted: Wanted,
    arguments: Mapping[str, Any],
    pages: PageRequests,
) -> None:
    """Take in what is asked of several subscriptions at once."""
    too_many = len(wanted.numbers or ()) > pages.most_subscriptions
    if too_many or number_errors(wanted.numbers) or _filter(arguments).errors():
        needs.refused = True
        return
    kind = Kind.DETAILS if selected.name == "usage" else Kind.SUMMARIES
    if wanted.numbers is None:
        needs.listed = True
        needs.listed_usage.add(kind)
    for number in wanted.numbers or ():
        of = needs.subscriptions.setdefault(number, SubscriptionNeeds())
        if kind is Kind.DETAILS:
            of.details = True
        else:
            of.summaries = True
    needs.bases.extend(bases(selected.below, wanted) if selected.name == "usage" else ())


def _page(arguments: Mapping[str, Any]) -> PageArguments:
    return PageArguments(*map(arguments.get, PageArguments._fields))


def _filter(arguments: Mapping[str, Any]) -> RecordFilter:
    """Return the filter as far as it may be refused."""
    given = arguments.get("filter") or {}
    return RecordFilter.of(
        from_time=given.get("startTimeFrom"),
        before_time=given.get("startTimeBefore"),
        minimum_amount=given.get("minimumAmount"),
        maximum_amount=given.get("maximumAmount"),
        detail_info_contains=given.get("detailInfoContains"),
        currency_code=given.get("currencyCode"),
    )
