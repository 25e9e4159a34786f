"""A ledger with its invoices and customers: `Owner`, `Invoice`, `Customer`."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Annotated, Any

import strawberry

from resolvers import lookups, usage
from resolvers.errors import problem_error
from resolvers.existence import find_holder, find_subscription
from resolvers.ledger import HolderNode
from resolvers.ledger import Owner as OwnerNode
from resolvers.payex.api.problems import Problem
from resolvers.payex.api.routes import Billing, Holder
from schema.declarations import Info, given, reads, resolved, shared
from schema.directives import CALL, INTERNAL, NUMBERS, RAW, READ
from schema.node import Node
from schema.problems import (
    CustomerNotFound,
    InvoiceHasNoUsage,
    InvoiceNotFound,
    UnrecognizedProblem,
    ValidationProblem,
)
from schema.scalars import RawJSON
from schema.subscription import UsageSubscriptionResult, UsageSubscriptionsResult

_Holder = strawberry.Parent[HolderNode]
_First = Annotated[
    int | None,
    strawberry.argument(description="How many subscriptions, from 1; 50 if omitted."),
]
_After = Annotated[
    str | None,
    strawberry.argument(description="The cursor behind which the page begins, of the same list."),
]
_SubscriptionNo = Annotated[
    strawberry.ID,
    strawberry.argument(description="PayEx's subscription number, 1-34 characters."),
]


async def _subscriptions(
    root: _Holder, info: Info, first: _First = strawberry.UNSET, after: _After = strawberry.UNSET
) -> Any:
    return await usage.subscriptions(info.context, root, given(first), given(after))


async def _subscription(root: _Holder, info: Info, subscription_no: _SubscriptionNo) -> Any:
    return await find_subscription(info.context, info.below, root, subscription_no)


async def _raw(root: _Holder, info: Info) -> Any:
    found = await usage.raw_holder(info.context, root)
    if isinstance(found, Problem):
        raise problem_error(found)
    return found


@shared
@strawberry.interface(description="What holds usage: an invoice (billed) or a customer (unbilled).")
class UsageHolder:
    """The fields that invoices and customers share."""

    owner_no: strawberry.ID = strawberry.field(description="The ledger's number.")
    subscriptions: UsageSubscriptionsResult | None = resolved(
        _subscriptions,
        "The subscriptions with usage here, in PayEx's order. Route `subscriptions`.",
    )
    subscription: UsageSubscriptionResult | None = resolved(
        _subscription,
        "One subscription. Several in one operation are one call of PayEx's list, and none is made "
        "for a subscription whose usage is asked for anyway. Route `subscriptions/{number}`.",
    )
    raw: RawJSON | None = resolved(
        _raw,
        "The invoice or customer as PayEx sends it, with the members that no field takes.",
        directives=(RAW, CALL, INTERNAL),
    )


@strawberry.federation.type(
    keys=["ownerNo invoiceNo"],
    description="An invoice with billed usage. Route `invoices/{invoiceNo}`.",
)
@reads(lambda obj: isinstance(obj, HolderNode) and obj.is_invoice)
class Invoice(UsageHolder, Node):
    """PayEx's invoice."""

    number: strawberry.ID = strawberry.field(
        name="invoiceNo", description="The invoice's number at PayEx, 1-15 characters."
    )

    @classmethod
    def resolve_reference(cls, info: Info, key: Mapping[str, object]) -> Any:
        """Answer a reference of the supergraph, without a call."""
        return lookups.holder_reference(info.context, Billing.BILLED, key)


@strawberry.federation.type(
    keys=["ownerNo customerNo"],
    description=(
        "A customer with unbilled usage: rated, and not invoiced yet. It changes all the time, and "
        "is gone after the bill run, so that it need not agree with any invoice. Route "
        "`customers/{customerNo}` (assumed, like the routes below it)."
    ),
)
@reads(lambda obj: isinstance(obj, HolderNode) and not obj.is_invoice)
class Customer(UsageHolder, Node):
    """PayEx's customer."""

    number: strawberry.ID = strawberry.field(
        name="customerNo",
        description=(
            "The customer's number at PayEx: 1-15 letters, digits, spaces and signs, among them "
            "`/`, `&`, `#` and `%`."
        ),
    )

    @classmethod
    def resolve_reference(cls, info: Info, key: Mapping[str, object]) -> Any:
        """Answer a reference of the supergraph, without a call."""
        return lookups.holder_reference(info.context, Billing.UNBILLED, key)


InvoiceResult = Annotated[
    Invoice | ValidationProblem | InvoiceNotFound | InvoiceHasNoUsage | UnrecognizedProblem,
    strawberry.union("InvoiceResult", description="An invoice, or why there is none."),
]
CustomerResult = Annotated[
    Customer | ValidationProblem | CustomerNotFound | UnrecognizedProblem,
    strawberry.union("CustomerResult", description="A customer, or why there is none."),
]

_Owner = strawberry.Parent[OwnerNode]
_InvoiceNo = Annotated[
    strawberry.ID, strawberry.argument(description="PayEx's invoice number, 1-15 characters.")
]
_CustomerNo = Annotated[
    strawberry.ID, strawberry.argument(description="PayEx's customer number, 1-15 characters.")
]
_InvoiceNos = Annotated[
    list[strawberry.ID],
    strawberry.argument(description="PayEx's invoice numbers; the answers stand in their order."),
]
_CustomerNos = Annotated[
    list[strawberry.ID],
    strawberry.argument(description="PayEx's customer numbers; the answers stand in their order."),
]


def _one(root: OwnerNode, info: Info, billing: Billing, number: str, *path: str) -> Awaitable[Any]:
    holder = Holder(root.owner_no, billing, number)
    return find_holder(info.context, info.below, holder, *path)


def _each(
    root: OwnerNode, info: Info, billing: Billing, numbers: Sequence[str], argument: str
) -> list[Any]:
    lookups.check_count(argument, numbers, info.context)
    return [
        _one(root, info, billing, number, argument, str(place))
        for place, number in enumerate(numbers)
    ]


async def _invoice(root: _Owner, info: Info, invoice_no: _InvoiceNo) -> Any:
    return await _one(root, info, Billing.BILLED, invoice_no)


async def _customer(root: _Owner, info: Info, customer_no: _CustomerNo) -> Any:
    return await _one(root, info, Billing.UNBILLED, customer_no)


def _invoices(root: _Owner, info: Info, invoice_nos: _InvoiceNos) -> Any:
    return _each(root, info, Billing.BILLED, invoice_nos, "invoiceNos")


def _customers(root: _Owner, info: Info, customer_nos: _CustomerNos) -> Any:
    return _each(root, info, Billing.UNBILLED, customer_nos, "customerNos")


@strawberry.federation.type(
    keys=["ownerNo"],
    description=(
        "A ledger: a company whose usage is kept at PayEx. There is no list of its invoices or "
        "customers; PayEx looks them up by number."
    ),
)
@reads(lambda obj: isinstance(obj, OwnerNode))
class Owner:
    """PayEx's owner."""

    owner_no: strawberry.ID = strawberry.field(
        description="The ledger's number at PayEx, 1-15 characters."
    )
    invoice: InvoiceResult | None = resolved(_invoice, "One invoice, with its billed usage.")
    invoices: list[InvoiceResult | None] | None = resolved(
        _invoices,
        "Several invoices in one round trip. A number given twice costs one call.",
        levels=(0, 1),
        directives=(READ, CALL, NUMBERS),
    )
    customer: CustomerResult | None = resolved(_customer, "One customer, with its unbilled usage.")
    customers: list[CustomerResult | None] | None = resolved(
        _customers,
        "Several customers in one round trip. A number given twice costs one call.",
        levels=(0, 1),
        directives=(READ, CALL, NUMBERS),
    )

    @classmethod
    def resolve_reference(cls, info: Info, key: Mapping[str, object]) -> Any:
        """Answer a reference of the supergraph, without a call."""
        return lookups.owner_reference(info.context, key)
