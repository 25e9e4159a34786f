"""The problems that PayEx answers with, as `application/problem+json`.

PayEx documents the five codes of Billing Usage, their statuses, four styles of `Type`, members in
PascalCase and 401 and 501. The bodies of 401, 403, 405, 429, 500, 501 and of a path that no route
has are assumed: the same members, with the type `about:blank`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import NAMESPACE_URL, uuid5

import msgspec


class ProblemStyle(StrEnum):
    """How `Type` is written; all five are seen in PayEx's pages."""

    PLAIN = "plain"
    """`billing/usage/problems/validation`"""
    VERSIONED = "versioned"
    """`billing/usage/v1/problems/validation`"""
    ABSOLUTE = "absolute"
    """`http://host.example/billing/usage/problems/validation`"""
    DOTTED = "dotted"
    """`billing.usage.validation-error`; the other codes have no `-error`"""
    SPACED = "spaced"
    """Plain, but one code is spelt `subscription-not found`"""

    def type_of(self, code: str) -> str:
        """The `Type` of a problem code."""
        match self:
            case ProblemStyle.PLAIN:
                return f"billing/usage/problems/{code}"
            case ProblemStyle.VERSIONED:
                return f"billing/usage/v1/problems/{code}"
            case ProblemStyle.ABSOLUTE:
                return f"http://host.example/billing/usage/problems/{code}"
            case ProblemStyle.DOTTED:
                return f"billing.usage.{'validation-error' if code == 'validation' else code}"
            case _:
                spelt = "subscription-not found" if code == "subscription-not-found" else code
                return f"billing/usage/problems/{spelt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxProblem:
    """One problem.

    Attributes:
        status: The HTTP status.
        title: What is wrong, the same for every problem of this code.
        detail: What is wrong this time.
        code: The last part of the type; null where PayEx documents no type.
        members: What the body holds beyond the usual members.
        has_instance: Whether `Instance` is an id; otherwise it is null.
        headers: Names and values of headers that belong to the status.
    """

    status: int
    title: str
    detail: str
    code: str | None = None
    members: Mapping[str, object] = field(default_factory=dict)
    has_instance: bool = True
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def encode(self, style: ProblemStyle, path: str) -> bytes:
        """The JSON body for a request to `path`; the same path gets the same `Instance`."""
        instance = str(uuid5(NAMESPACE_URL, f"{self.code} {self.status} {path}"))
        return msgspec.json.encode(
            {
                "Type": "about:blank" if self.code is None else style.type_of(self.code),
                "Title": self.title,
                "Status": self.status,
                "Instance": instance if self.has_instance else None,
                "Detail": self.detail,
                **self.members,
            }
        )


def invalid(mistakes: Sequence[tuple[str, str]]) -> SandboxProblem:
    """The documented validation problem: a parameter and a message for each mistake."""
    return SandboxProblem(
        code="validation",
        status=400,
        title="A validation error occurred",
        detail=(
            "A validation error occurred. "
            "Please fix the problems mentioned in the 'problems' property below."
        ),
        members={"Problems": [{parameter: message} for parameter, message in mistakes]},
    )


INVOICE_NOT_FOUND = SandboxProblem(
    code="invoice-not-found",
    status=404,
    title="Invoice not found",
    detail="The invoice number was not found in Usage.",
)
CUSTOMER_NOT_FOUND = SandboxProblem(
    code="customer-not-found",
    status=404,
    title="Customer not found",
    detail="The customer was not found in Usage.",
)
SUBSCRIPTION_NOT_FOUND = SandboxProblem(
    code="subscription-not-found",
    status=404,
    title="Subscription not found",
    detail="The subscription was not found on the selected invoice or customer.",
)
INVOICE_HAS_NO_USAGE = SandboxProblem(
    code="invoice-has-no-usage",
    status=404,
    title="The invoice has no usage",
    detail="The invoice exists, but no usage is billed on it.",
)
INVOICE_UNDER_REVIEW = SandboxProblem(
    code="invoice-under-review",
    status=404,
    title="The invoice is under review",
    detail="The invoice is being corrected. Its usage returns when the review ends.",
    members={"ReviewEnds": "2026-12-01"},
)
"""Not a documented problem: PayEx may add one at any time."""

UNAUTHORIZED = SandboxProblem(
    status=401,
    title="Unauthorized",
    detail="The token is missing, invalid, expired, or belongs to another ledger.",
    headers=((b"www-authenticate", b"Bearer"),),
)
FORBIDDEN = SandboxProblem(status=403, title="Forbidden", detail="Access is denied.")
NO_SUCH_ROUTE = SandboxProblem(status=404, title="Not Found", detail="No route has this path.")
METHOD_NOT_ALLOWED = SandboxProblem(
    status=405,
    title="Method Not Allowed",
    detail="Usage is read-only.",
    headers=((b"allow", b"GET"),),
)
TOO_MANY_REQUESTS = SandboxProblem(
    status=429,
    title="Too Many Requests",
    detail="Slow down.",
    headers=((b"retry-after", b"1"),),
)
SERVER_ERROR = SandboxProblem(
    status=500, title="Internal Server Error", detail="An unexpected error occurred."
)
NOT_CONFIGURED = SandboxProblem(
    status=501, title="Not Implemented", detail="The ledger is not configured for Usage."
)
