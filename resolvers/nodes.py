"""What stands in a ledger: holders (invoices and customers) and their subscriptions.

These are the objects that the schema's types read. They stand for their numbers; making one costs
no call.
"""

from dataclasses import dataclass, field

from resolvers.node_ids import NodeKind, encode
from resolvers.payex.api.dynamic_values import link_in
from resolvers.payex.api.records import SubscriptionItem, Usage
from resolvers.payex.api.routes import Billing, Holder, Kind, Route, Routes


@dataclass(frozen=True, slots=True)
class Owner:
    """A ledger that the gateway has credentials for."""

    owner_no: str

    @property
    def id(self) -> str:
        """The opaque global id."""
        return encode(NodeKind.OWNER, self.owner_no)


@dataclass(frozen=True, slots=True)
class HolderNode:
    """An invoice or a customer; `wave` is when PayEx told of it, 0 if only the query did."""

    holder: Holder
    wave: int = 0

    @property
    def id(self) -> str:
        """The opaque global id."""
        kind = NodeKind.INVOICE if self.is_invoice else NodeKind.CUSTOMER
        return encode(kind, self.holder.owner_no, self.holder.number)

    @property
    def owner_no(self) -> str:
        """The ledger's number."""
        return self.holder.owner_no

    @property
    def owner(self) -> Owner:
        """The ledger. Who sees anything of it may look for more of it: each lookup is checked."""
        return Owner(self.holder.owner_no)

    @property
    def number(self) -> str:
        """The invoice's or the customer's number."""
        return self.holder.number

    @property
    def is_invoice(self) -> bool:
        """Whether the usage below is billed."""
        return self.holder.billing is Billing.BILLED


@dataclass(frozen=True, slots=True)
class SubscriptionNode:
    """A subscription of a holder; `item` is what PayEx's list said of it, if it came from one."""

    holder: Holder
    subscription_no: str = field(repr=False)
    wave: int = 0
    item: SubscriptionItem | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The opaque global id."""
        kind = (
            NodeKind.BILLED_SUBSCRIPTION
            if self.holder.billing is Billing.BILLED
            else NodeKind.UNBILLED_SUBSCRIPTION
        )
        return encode(kind, self.holder.owner_no, self.holder.number, self.subscription_no)

    @property
    def holder_node(self) -> HolderNode:
        """The invoice or customer, which whoever sees the subscription sees."""
        return HolderNode(self.holder, self.wave)

    @property
    def billing(self) -> Billing:
        """Whether the usage stands on an invoice."""
        return self.holder.billing

    def route(self, routes: Routes, kind: Kind) -> Route:
        """Return the route of this subscription's details or summaries.

        It is the link that PayEx gave with the subscription, where it gave one that is a path.

        Raises:
            Fault: `UPSTREAM_LINK_REFUSED`.
        """
        if (item := self.item) is not None:
            given = item.usage_details if kind is Kind.DETAILS else item.usage_summaries
            if link := link_in(given):
                return routes.follow(link, self.holder, kind, subscription_no=self.subscription_no)
        return routes.of(self.holder, kind, self.subscription_no)


def subscription_of(usage: Usage) -> SubscriptionNode:
    """Return the subscription of a usage record or summary, without a call."""
    return SubscriptionNode(usage.raw_items.route.holder, usage.subscription_no)
