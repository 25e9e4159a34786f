"""The ten routes: what a path asks for, and the links between them.

PayEx documents the five routes under an invoice; the five under a customer are assumed to be the
same. A customer number may hold `/`, `&`, `#`, `%` and spaces (documented), so a path is split
first and each of its segments decoded afterwards.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote

from gateway.sandbox.ledgers import Kind

# PayEx prints the class of a customer number with " -.", which is a range in it: blank to full
# stop. That the other numbers have the same class, and their lengths, is assumed.
_CHARACTERS = "[a-zA-Z0-9äåöÄÅÖ&/_ -.]"
_ACCOUNT_NUMBER = re.compile(_CHARACTERS + "{1,15}")
_SUBSCRIPTION_NUMBER = re.compile(_CHARACTERS + "{1,34}")

_MISTAKES = {
    Kind.INVOICE: ("invoiceNo", "Not a valid invoice number"),
    Kind.CUSTOMER: ("customerNo", "Not a valid customer number"),
}


class Route(StrEnum):
    """What is asked about an account, invoice or customer alike."""

    RESOURCE = "resource"
    SUBSCRIPTIONS = "subscriptions"
    SUBSCRIPTION = "subscription"
    USAGE_DETAILS = "usage-details"
    USAGE_SUMMARIES = "usage-summaries"


@dataclass(frozen=True, slots=True)
class Address:
    """One resource of the API; `subscription` is empty on the first two routes."""

    subdomain: str
    ledger: str
    kind: Kind
    number: str
    route: Route = Route.RESOURCE
    subscription: str = ""

    @property
    def path(self) -> str:
        """The server-relative link, every segment percent-encoded."""
        segments = ["billing", self.subdomain, "v1", self.ledger, self.kind.value, self.number]
        if self.route is not Route.RESOURCE:
            segments.append("subscriptions")
        if self.route not in {Route.RESOURCE, Route.SUBSCRIPTIONS}:
            segments.append(self.subscription)
        if self.route in {Route.USAGE_DETAILS, Route.USAGE_SUMMARIES}:
            segments.append(self.route.value)
        return "".join("/" + quote(segment, safe="") for segment in segments)

    def to(self, route: Route, subscription: str = "") -> "Address":
        """Another resource of the same account."""
        return Address(self.subdomain, self.ledger, self.kind, self.number, route, subscription)

    def mistakes(self) -> list[tuple[str, str]]:
        """A parameter and a message for every number that breaks its format."""
        found = []
        if not _ACCOUNT_NUMBER.fullmatch(self.number):
            found.append(_MISTAKES[self.kind])
        with_subscription = self.route not in {Route.RESOURCE, Route.SUBSCRIPTIONS}
        if with_subscription and not _SUBSCRIPTION_NUMBER.fullmatch(self.subscription):
            found.append(("subscriptionNo", "Not a valid subscription number"))
        return found


def split_path(raw_path: bytes) -> list[str]:
    """The decoded segments of a path as it came over the wire."""
    return [unquote(segment) for segment in raw_path.decode("latin-1").split("/")]


def find_address(segments: list[str], subdomain: str) -> Address | None:
    """The resource at the decoded segments of a path; none if no route has this form."""
    match segments:
        case [
            "",
            "billing",
            name,
            "v1",
            ledger,
            "invoices" | "customers" as kind,
            number,
            *rest,
        ] if name == subdomain:
            account = Address(subdomain, ledger, Kind(kind), number)
        case _:
            return None
    match rest:
        case []:
            return account
        case ["subscriptions"]:
            return account.to(Route.SUBSCRIPTIONS)
        case ["subscriptions", subscription]:
            return account.to(Route.SUBSCRIPTION, subscription)
        case ["subscriptions", subscription, "usage-details" | "usage-summaries" as last]:
            return account.to(Route(last), subscription)
        case _:
            return None
