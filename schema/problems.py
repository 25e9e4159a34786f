"""PayEx's problem types as GraphQL types."""

from collections.abc import Callable
from typing import Any

import strawberry

from resolvers.payex.api import problems as payex
from resolvers.payex.api.argument_errors import ArgumentErrorCode
from resolvers.payex.api.problems import ProblemType
from schema.declarations import described, reads
from schema.directives import FEW, INTERNAL, RAW
from schema.scalars import RawJSON

_TITLE = "The kind of problem, in English."
_DETAIL = "Details of this case, in English. It may quote a number. Null if there are none."
_NOT_FOUND = "The HTTP status: 404."
_INSTANCE = (
    "PayEx's id of this occurrence, for PayEx support. Null if PayEx gave none or was not asked."
)
_ASKED_FOR = "The number that was asked for."


@strawberry.interface(
    description=(
        "Why a field has no result. Always select `... on Problem` in a result union: unions may "
        "gain problem types, and the interface covers them. Clients with a normalized cache must "
        "list every problem type in `possibleTypes`, or the selection is silently empty. `title` "
        "and `detail` are for logs and support staff; show end users your own text, by "
        "`__typename`."
    )
)
class Problem:
    """The members that every problem has."""

    title: str = strawberry.field(description=_TITLE)
    detail: str | None = strawberry.field(description=_DETAIL)
    status: int = strawberry.field(
        description=(
            "The HTTP status that PayEx answered with; if the gateway answers by itself, the "
            "status that PayEx gives such a problem."
        )
    )
    instance: strawberry.ID | None = strawberry.field(description=_INSTANCE)


described(
    "UsageArgumentErrorCode",
    ArgumentErrorCode,
    "Why an argument was refused. May gain values: treat an unknown one as `REJECTED_BY_PAYEX`.",
    {
        "BLANK": "It is empty.",
        "TOO_LONG": "It has too many characters.",
        "TOO_SHORT": "It has too few characters.",
        "INVALID_CHARACTER": "It has characters that are not allowed.",
        "OUT_OF_RANGE": "It is below or above its bounds.",
        "TOO_MANY": "The list has too many elements.",
        "CONFLICT": "It contradicts another argument, such as an end before a start.",
        "CURSOR_INVALID": "The cursor is not one of this list.",
        "CURSOR_EXPIRED": (
            "The cursor's element is no longer in the list. Start again without a cursor."
        ),
        "REJECTED_BY_PAYEX": "PayEx refused it. `message` is PayEx's.",
    },
)


def _of(kind: ProblemType) -> Callable[[Any], bool]:
    return lambda obj: isinstance(obj, payex.Problem) and obj.kind is kind


@strawberry.type(description="One refused argument.")
class UsageArgumentError:
    """The argument and what is wrong with it."""

    code: ArgumentErrorCode = strawberry.field(
        description="Why it was refused. Choose the text for your users by this code."
    )
    path: list[str] = strawberry.field(
        description=(
            'Where it is in the field\'s arguments: `["filter", "minimumAmount"]`, '
            '`["invoiceNos", "3"]`. Empty if PayEx refused something that is no argument.'
        ),
    )
    parameter: str = strawberry.field(description="PayEx's name for it: `customerNo`.")
    message: str = strawberry.field(description="Why it was refused, in English, for developers.")


@strawberry.type(
    description="An argument was refused. The gateway checks what it can before it asks PayEx."
)
@reads(_of(ProblemType.VALIDATION))
class ValidationProblem(Problem):
    """PayEx's `validation`."""

    status: int = strawberry.field(description="The HTTP status: 400.")
    field_errors: list[UsageArgumentError] = strawberry.field(
        description="What was refused, and why: at least one entry if the gateway refused it.",
        directives=[FEW],
    )


@strawberry.type(
    description=(
        "PayEx has no invoice with this number, or the caller may not see it: the two look alike."
    )
)
@reads(_of(ProblemType.INVOICE_NOT_FOUND))
class InvoiceNotFound(Problem):
    """PayEx's `invoice-not-found`."""

    status: int = strawberry.field(description=_NOT_FOUND)
    holder_no: strawberry.ID = strawberry.field(name="invoiceNo", description=_ASKED_FOR)


@strawberry.type(description="The invoice exists, but has no usage on it.")
@reads(_of(ProblemType.INVOICE_HAS_NO_USAGE))
class InvoiceHasNoUsage(Problem):
    """PayEx's `invoice-has-no-usage`."""

    status: int = strawberry.field(description=_NOT_FOUND)
    holder_no: strawberry.ID = strawberry.field(name="invoiceNo", description=_ASKED_FOR)


@strawberry.type(
    description=(
        "PayEx has no unbilled usage for a customer with this number, or the caller may not see "
        "it: the two look alike."
    )
)
@reads(_of(ProblemType.CUSTOMER_NOT_FOUND))
class CustomerNotFound(Problem):
    """PayEx's `customer-not-found`."""

    status: int = strawberry.field(description=_NOT_FOUND)
    holder_no: strawberry.ID = strawberry.field(name="customerNo", description=_ASKED_FOR)


@strawberry.type(
    description=(
        "The invoice or customer has no usage of a subscription with this number, or the caller "
        "may not see it: the two look alike."
    )
)
@reads(_of(ProblemType.SUBSCRIPTION_NOT_FOUND))
class SubscriptionNotFound(Problem):
    """PayEx's `subscription-not-found`."""

    status: int = strawberry.field(description=_NOT_FOUND)
    subscription_no: strawberry.ID = strawberry.field(
        description="The number that was asked for; of several, the first that was not found."
    )


@strawberry.type(description="A problem of a type that this version of the gateway does not know.")
@reads(_of(ProblemType.UNRECOGNIZED))
class UnrecognizedProblem(Problem):
    """Any other problem type of PayEx."""

    title: str = strawberry.field(description="The kind of problem, as PayEx words it.")
    detail: str | None = strawberry.field(
        description="Details of this case. It may quote a number. Null if there are none."
    )
    status: int = strawberry.field(description="The HTTP status that PayEx answered with.")
    instance: strawberry.ID | None = strawberry.field(
        description="PayEx's id of this occurrence, for PayEx support. Null if PayEx gave none."
    )
    type: str = strawberry.field(description="PayEx's type of problem, unchanged.")
    raw: RawJSON | None = strawberry.field(
        description="The whole problem as PayEx sent it.", directives=[RAW, INTERNAL]
    )


UsageProblem = (
    ValidationProblem
    | InvoiceNotFound
    | CustomerNotFound
    | InvoiceHasNoUsage
    | SubscriptionNotFound
    | UnrecognizedProblem
)
"""What PayEx can answer to the routes of a subscription and of its usage."""
