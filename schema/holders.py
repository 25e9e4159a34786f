"""A ledger with its invoices and customers: `Owner`, `Invoice`, `Customer`."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Annotated, Any

import strawberry

from resolvers import lookups, usage
from resolvers.errors import without_problem
from resolvers.existence import find_holder, find_subscription
from resolvers.nodes import HolderNode
from resolvers.nodes import Owner as OwnerNode
from resolvers.pages import PageArguments
from resolvers.payex.api.routes import Billing, Holder
from schema.declarations import Info, given, reads, resolved, shared, told
from schema.directives import CALL, INTERNAL, NUMBERS, RAW, READ, USAGE
from schema.node import GLOBAL_ID, Node
from schema.pages import BEFORE, FORWARDS, After, Last
from schema.problems import (
    CustomerNotFound,
    InvoiceHasNoUsage,
    InvoiceNotFound,
    UnrecognizedProblem,
    ValidationProblem,
)
from schema.scalars import RawJSON
from schema.subscription import (
    UsageSubscriptionResult,
    UsageSubscriptionsResult,
    UsageSummariesResult,
)
from schema.usage_selection import UsageResult, usage_of

_Holder = strawberry.Parent[HolderNode]
_First = Annotated[
    int | None,
    strawberry.argument(description=FORWARDS.format("200", "GATEWAY_MAX_SUBSCRIPTIONS")),
]
_Before = Annotated[str | None, strawberry.argument(description=BEFORE)]
_SummariesOf = Annotated[
    list[strawberry.ID] | None, strawberry.argument(description="As in `usage`.")
]
_SubscriptionNo = Annotated[
    strawberry.ID,
    strawberry.argument(description="The subscription number at PayEx, 1 to 34 characters."),
]


async def _subscriptions(
    root: _Holder,
    info: Info,
    first: _First = strawberry.UNSET,
    after: After = strawberry.UNSET,
    last: Last = strawberry.UNSET,
    before: _Before = strawberry.UNSET,
) -> Any:
    asked = PageArguments(given(first), given(after), given(last), given(before))
    return await usage.subscriptions(info.context, root, asked)


async def _usage_summaries(
    root: _Holder, info: Info, subscription_nos: _SummariesOf = strawberry.UNSET
) -> Any:
    return await usage.summaries(info.context, root, given(subscription_nos))


async def _subscription(root: _Holder, info: Info, subscription_no: _SubscriptionNo) -> Any:
    return await find_subscription(info.context, info.below, root, subscription_no)


async def _raw(root: _Holder, info: Info) -> Any:
    return without_problem(await usage.raw_holder(info.context, root))


@told(id=GLOBAL_ID)
@shared
@strawberry.interface(
    description="What usage belongs to: an invoice (billed usage) or a customer (unbilled usage)."
)
class UsageHolder(Node):
    """The fields that invoices and customers share."""

    owner_no: strawberry.ID = strawberry.field(description="The number of the ledger.")
    owner: "Owner" = strawberry.field(description="The ledger. Costs no call.")
    subscriptions: UsageSubscriptionsResult | None = resolved(
        _subscriptions, "The subscriptions that have usage here, in PayEx's order."
    )
    subscription: UsageSubscriptionResult | None = resolved(
        _subscription,
        "Looks up one subscription. Several lookups in one operation share a single call to "
        "PayEx's list.",
    )
    usage: UsageResult | None = resolved(
        usage_of,
        "Selects usage records across all subscriptions, to list, sum or compare them. Costs the "
        "list of subscriptions and one call for each of them, however many fields are asked for "
        "below; with `subscriptionNos`, one call for each number. If the usage of any subscription "
        "cannot be had, the field is an error (`USAGE_INCOMPLETE`): sums are never partial.",
        directives=(READ, USAGE),
    )
    usage_summaries: UsageSummariesResult | None = resolved(
        _usage_summaries,
        "PayEx's own summaries of all subscriptions: by subscription, then in PayEx's order. Costs "
        "as many calls as `usage`.",
        directives=(READ, USAGE),
    )
    raw: RawJSON | None = resolved(
        _raw,
        "The invoice or customer as PayEx sent it, including members that no field exposes.",
        directives=(RAW, CALL, INTERNAL),
    )


@told(
    id=GLOBAL_ID,
    subscriptions="The subscriptions that have usage on this invoice, in PayEx's order.",
    usage=(
        "Selects usage records across all subscriptions of the invoice: see `UsageHolder.usage`."
    ),
    usage_summaries="PayEx's own summaries of all subscriptions of the invoice.",
    raw="The invoice as PayEx sent it, including members that no field exposes.",
)
@strawberry.federation.type(keys=["ownerNo invoiceNo"], description="An invoice with billed usage.")
@reads(lambda obj: isinstance(obj, HolderNode) and obj.is_invoice)
class Invoice(UsageHolder):
    """PayEx's invoice."""

    number: strawberry.ID = strawberry.field(
        name="invoiceNo", description="The invoice's number at PayEx, 1 to 15 characters."
    )

    @classmethod
    def resolve_reference(cls, info: Info, key: Mapping[str, object]) -> Any:
        """Answer a reference of the supergraph, without a call."""
        return lookups.holder_reference(info.context, Billing.BILLED, key)


@told(
    id=GLOBAL_ID,
    subscriptions="The subscriptions that have unbilled usage, in PayEx's order.",
    usage=(
        "Selects unbilled usage records across all subscriptions of the customer: see "
        "`UsageHolder.usage`."
    ),
    usage_summaries="PayEx's own summaries of all subscriptions of the customer.",
    raw="The customer as PayEx sent it, including members that no field exposes.",
)
@strawberry.federation.type(
    keys=["ownerNo customerNo"],
    description=(
        "A customer with unbilled usage: rated, but not invoiced yet. Unbilled usage changes all "
        "the time and disappears when it is billed, so it need not agree with any invoice."
    ),
)
@reads(lambda obj: isinstance(obj, HolderNode) and not obj.is_invoice)
class Customer(UsageHolder):
    """PayEx's customer."""

    number: strawberry.ID = strawberry.field(
        name="customerNo",
        description=(
            "The customer's number at PayEx, 1 to 15 characters. It may contain spaces, `/`, `&`, "
            "`#` and `%`: encode it before you put it into a URL."
        ),
    )

    @classmethod
    def resolve_reference(cls, info: Info, key: Mapping[str, object]) -> Any:
        """Answer a reference of the supergraph, without a call."""
        return lookups.holder_reference(info.context, Billing.UNBILLED, key)


InvoiceResult = Annotated[
    Invoice | ValidationProblem | InvoiceNotFound | InvoiceHasNoUsage | UnrecognizedProblem,
    strawberry.union(
        "InvoiceResult", description="An invoice, or the problem that explains why there is none."
    ),
]
CustomerResult = Annotated[
    Customer | ValidationProblem | CustomerNotFound | UnrecognizedProblem,
    strawberry.union(
        "CustomerResult", description="A customer, or the problem that explains why there is none."
    ),
]

_Owner = strawberry.Parent[OwnerNode]
_NUMBER = "The {} number at PayEx, 1 to 15 characters."
_NUMBERS = "{} numbers: at most 100 by default (`GATEWAY_MAX_NUMBERS`)."
_InvoiceNo = Annotated[strawberry.ID, strawberry.argument(description=_NUMBER.format("invoice"))]
_CustomerNo = Annotated[strawberry.ID, strawberry.argument(description=_NUMBER.format("customer"))]
_InvoiceNos = Annotated[
    list[strawberry.ID], strawberry.argument(description=_NUMBERS.format("Invoice"))
]
_CustomerNos = Annotated[
    list[strawberry.ID], strawberry.argument(description=_NUMBERS.format("Customer"))
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


_SEVERAL = (
    "Looks up several {} at once. Returns one result for each number, in the same order; a number "
    "given twice is asked for once."
)


@told(id=GLOBAL_ID)
@strawberry.federation.type(
    keys=["ownerNo"],
    description=(
        "A ledger (PayEx: owner): one company's usage at PayEx. Invoices and customers cannot be "
        "listed, only looked up by number, because PayEx offers no list."
    ),
)
@reads(lambda obj: isinstance(obj, OwnerNode))
class Owner(Node):
    """PayEx's owner."""

    owner_no: strawberry.ID = strawberry.field(
        description="The ledger's number at PayEx, 1 to 15 characters."
    )
    invoice: InvoiceResult | None = resolved(_invoice, "Looks up one invoice with billed usage.")
    invoices: list[InvoiceResult | None] | None = resolved(
        _invoices,
        _SEVERAL.format("invoices"),
        levels=(0, 1),
        directives=(READ, CALL, NUMBERS),
    )
    customer: CustomerResult | None = resolved(
        _customer, "Looks up one customer with unbilled usage."
    )
    customers: list[CustomerResult | None] | None = resolved(
        _customers,
        _SEVERAL.format("customers"),
        levels=(0, 1),
        directives=(READ, CALL, NUMBERS),
    )

    @classmethod
    def resolve_reference(cls, info: Info, key: Mapping[str, object]) -> Any:
        """Answer a reference of the supergraph, without a call."""
        return lookups.owner_reference(info.context, key)
