"""The ten routes of the PayEx Billing Usage API, and the links that lead back into them.

PayEx documents the invoice routes (1-5). The customer routes (6-10) are assumed by symmetry:
customers as a resource are documented, the four routes below them are not.
"""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote, unquote_to_bytes

from resolvers.payex.faults import Fault, FaultCode


class Billing(enum.Enum):
    """Whether usage stands on an invoice (billed) or still with its customer (unbilled)."""

    BILLED = "billed"
    UNBILLED = "unbilled"


class Kind(enum.Enum):
    """What a route answers with."""

    HOLDER = "holder"
    SUBSCRIPTIONS = "subscriptions"
    SUBSCRIPTION = "subscription"
    DETAILS = "usage-details"
    SUMMARIES = "usage-summaries"


_SUBSCRIPTIONS = {
    Kind.HOLDER: "",
    Kind.SUBSCRIPTIONS: "/subscriptions",
    Kind.SUBSCRIPTION: "/subscriptions/{subscriptionNo}",
    Kind.DETAILS: "/subscriptions/{subscriptionNo}/usage-details",
    Kind.SUMMARIES: "/subscriptions/{subscriptionNo}/usage-summaries",
}
_HOLDERS = {
    Billing.BILLED: "/invoices/{invoiceNo}",
    Billing.UNBILLED: "/customers/{customerNo}",
}
TEMPLATES: Mapping[tuple[Billing, Kind], str] = MappingProxyType(
    {
        (billing, kind): holder + rest
        for billing, holder in _HOLDERS.items()
        for kind, rest in _SUBSCRIPTIONS.items()
    }
)
"""The path templates, each below `/billing/{subdomain}/v1/{ownerNo}`."""

_DIRECTIONS = {b".", b".."}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Holder:
    """What holds usage: an invoice (billed) or a customer (unbilled) of one ledger."""

    owner_no: str
    billing: Billing
    number: str = field(repr=False)

    @property
    def parameter(self) -> str:
        """PayEx's name of the number: `invoiceNo` or `customerNo`."""
        return "invoiceNo" if self.billing is Billing.BILLED else "customerNo"


@dataclass(frozen=True, slots=True)
class Route:
    """One GET of PayEx. Two routes are equal when they are the same call.

    `path` is percent-encoded and server-relative, as it goes on the wire. It holds customer and
    telephone numbers: log `template`, never `path`.
    """

    holder: Holder
    kind: Kind
    path: str

    @property
    def template(self) -> str:
        """The path template, free of anyone's numbers: the name of the route in logs."""
        return TEMPLATES[self.holder.billing, self.kind]

    def __repr__(self) -> str:
        return f"Route({self.template})"


class Routes:
    """Builds routes from numbers and from PayEx's own links, under one subdomain.

    Args:
        subdomain: the path segment after `/billing`. PayEx's prose says `billing`, every request
            line of its documentation says `usage`.
    """

    def __init__(self, subdomain: str = "usage") -> None:
        self._prefix = f"/billing/{quote(subdomain, safe='')}/v1/"

    def of(self, holder: Holder, kind: Kind, subscription_no: str | None = None) -> Route:
        """Return the route with these numbers, each percent-encoded as one path segment."""
        numbers = {holder.parameter: holder.number, "subscriptionNo": subscription_no or ""}
        path = _PLACEHOLDER.sub(
            lambda match: quote(numbers[match[1]], safe=""), TEMPLATES[holder.billing, kind]
        )
        return Route(holder, kind, self._ledger(holder) + path)

    def follow(self, link: str, holder: Holder, kind: Kind) -> Route:
        """Return the route that a link of PayEx names.

        PayEx documents links as server-relative. One that leads to another host, to another
        ledger or around the ledger's prefix is refused, whoever wrote it into the body.

        Raises:
            Fault: `UPSTREAM_LINK_REFUSED`.
        """
        path, mark, query = link.partition("?")
        segments = [unquote_to_bytes(segment) for segment in path.split("/")]
        # Encoding every segment anew gives a link and the same route built from numbers one
        # spelling, so that they are one call.
        path = "/".join(quote(segment, safe="") for segment in segments)
        inside = path.startswith(self._ledger(holder) + "/")
        if (
            not inside
            or b"" in segments[1:]
            # Also behind an encoded slash, which what stands before PayEx may decode.
            or any(not _DIRECTIONS.isdisjoint(re.split(rb"[/\\]", part)) for part in segments)
            or not link.isprintable()
            or re.search(r"[\s\\#]", query)
        ):
            raise Fault(FaultCode.UPSTREAM_LINK_REFUSED)
        return Route(holder, kind, path + mark + query)

    def _ledger(self, holder: Holder) -> str:
        return self._prefix + quote(holder.owner_no, safe="")
