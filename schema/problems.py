"""PayEx's problem types as GraphQL types."""

from collections.abc import Callable
from typing import Any

import strawberry

from resolvers.payex.api import problems as payex
from resolvers.payex.api.problems import FieldErrorCode, ProblemType
from schema.declarations import described, reads
from schema.directives import FEW, INTERNAL, RAW
from schema.scalars import RawJSON


@strawberry.interface(
    description=(
        "Why there is no answer, told by PayEx or by the gateway in its place. A union may gain a "
        "problem type later: a client that selects `... on Problem` shows it all the same."
    )
)
class Problem:
    """The members that every problem has."""

    title: str = strawberry.field(description="What kind of problem it is, in English.")
    detail: str | None = strawberry.field(
        description="What is the matter in this case; null where PayEx says no more."
    )
    status: int = strawberry.field(
        description=(
            "The HTTP status of the problem: PayEx's, or 400 or 404 where the gateway answers by "
            "itself."
        )
    )
    instance: strawberry.ID | None = strawberry.field(
        description=(
            "PayEx's own id of this occurrence: give it to PayEx support. Null where PayEx gave "
            "none, and where the gateway answers by itself."
        )
    )


described(
    "FieldErrorCode",
    FieldErrorCode,
    "What is wrong with an argument. May gain values. Where a field has no result union, the error "
    "`BAD_USER_INPUT` has the same values in `extensions.reason`.",
    {
        "CURRENCY_MALFORMED": "A currency is not the three letters of ISO 4217.",
        "CURSOR_GONE": (
            "`after` stands behind an element that is not in the list, since the list has changed, "
            "the filter is another or the ledger's credentials are new: start again."
        ),
        "CURSOR_MALFORMED": "`after` is no cursor of this API.",
        "CURSOR_OF_ANOTHER_LIST": "`after` is a cursor of another list.",
        "DECIMAL_MALFORMED": "A `Decimal` is not text or a number of the form `12.50`.",
        "FIRST_OUT_OF_RANGE": "`first` is below 1, or larger than a page may be.",
        "ID_MALFORMED": "A global id is none that this API gave. In errors only.",
        "NUMBER_MALFORMED": (
            "The number of a ledger, an invoice, a customer or a subscription is empty, too long, "
            "could be read as a path, or holds a character that no such number has."
        ),
        "REFERENCE_MALFORMED": "A reference of the supergraph lacks its key. In errors only.",
        "REFUSED_BY_PAYEX": "PayEx refused the argument; the message is PayEx's own.",
        "TIME_MALFORMED": "A `LocalDateTime` is no date and time of ISO 8601, or does not exist.",
        "TIME_SPAN_EMPTY": "A span of time ends before it begins.",
        "TOO_MANY_NUMBERS": "A list of numbers is longer than one field takes.",
        "VALUE_MISSING": "A variable is null where a value is needed. In errors only.",
    },
)


def _of(kind: ProblemType) -> Callable[[Any], bool]:
    return lambda obj: isinstance(obj, payex.Problem) and obj.kind is kind


@strawberry.type(description="One argument that was refused.")
class FieldError:
    """The parameter and what is wrong with it."""

    parameter: str = strawberry.field(
        description=(
            "The argument's name or path: `customerNo`, `invoiceNos[0]`, `filter.minimumAmount`. "
            "Where PayEx refused it, PayEx's own name: `invoiceNo`, also of a number in "
            "`invoiceNos`."
        )
    )
    message: str = strawberry.field(description="What is wrong with it, for people.")
    code: FieldErrorCode = strawberry.field(
        description="What is wrong with it, for programs. The message may change, the code stays."
    )


@strawberry.type(
    description=(
        "An argument was refused (PayEx: `validation`). The gateway answers so by itself where it "
        "can know beforehand, for example for an empty number; PayEx is then not asked."
    )
)
@reads(_of(ProblemType.VALIDATION))
class ValidationProblem(Problem):
    """PayEx's `validation`."""

    field_errors: list[FieldError] = strawberry.field(
        description="What was refused, and why.", directives=[FEW]
    )


@strawberry.type(
    description=(
        "PayEx Usage has no invoice with this number (PayEx: `invoice-not-found`). To those who "
        "see their own invoices alone, everybody else's are as if there were none."
    )
)
@reads(_of(ProblemType.INVOICE_NOT_FOUND))
class InvoiceNotFound(Problem):
    """PayEx's `invoice-not-found`."""


@strawberry.type(
    description=(
        "PayEx Usage has no unbilled usage for a customer with this number "
        "(PayEx: `customer-not-found`). To those who see their own customers alone, everybody "
        "else's are as if there were none."
    )
)
@reads(_of(ProblemType.CUSTOMER_NOT_FOUND))
class CustomerNotFound(Problem):
    """PayEx's `customer-not-found`."""


@strawberry.type(
    description="The invoice is there, but bills no usage (PayEx: `invoice-has-no-usage`)."
)
@reads(_of(ProblemType.INVOICE_HAS_NO_USAGE))
class InvoiceHasNoUsage(Problem):
    """PayEx's `invoice-has-no-usage`."""


@strawberry.type(
    description=(
        "The invoice (billed) or the customer (unbilled) has no subscription with this number "
        "(PayEx: `subscription-not-found`)."
    )
)
@reads(_of(ProblemType.SUBSCRIPTION_NOT_FOUND))
class SubscriptionNotFound(Problem):
    """PayEx's `subscription-not-found`."""


@strawberry.type(
    description=(
        "A problem of a type that this gateway does not know: PayEx may add types at any time."
    )
)
@reads(_of(ProblemType.UNRECOGNIZED))
class UnrecognizedProblem(Problem):
    """Any other problem type of PayEx."""

    type: str = strawberry.field(description="PayEx's problem type, as it came.")
    raw: RawJSON | None = strawberry.field(
        description="The whole problem, as PayEx sent it.", directives=[RAW, INTERNAL]
    )
