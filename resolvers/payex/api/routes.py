"""The ten routes of the PayEx Billing Usage API, and the links that lead back into them.

PayEx documents the invoice routes (1-5). The customer routes (6-10) are assumed by symmetry:
customers as a resource are documented, the four routes below them are not.
"""

import enum
import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote, unquote_to_bytes

import msgspec

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.links import origin_of, resolved
from resolvers.payex.api.segments import may_lead_elsewhere


class Billing(enum.Enum):
    """Whether usage stands on an invoice (billed) or still with its customer (unbilled)."""

    BILLED = "billed"
    UNBILLED = "unbilled"

    # Holders and routes are looked up all the time, and the hash of `Enum` is computed in Python.
    __hash__ = object.__hash__


class Kind(enum.Enum):
    """What a route answers with."""

    HOLDER = "holder"
    SUBSCRIPTIONS = "subscriptions"
    SUBSCRIPTION = "subscription"
    DETAILS = "usage-details"
    SUMMARIES = "usage-summaries"

    __hash__ = object.__hash__


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

_FORMS = {
    route: re.compile(re.sub(r"\{\w+\}", "[^/]+", template), re.IGNORECASE)
    for route, template in TEMPLATES.items()
}


class Holder(msgspec.Struct, frozen=True, cache_hash=True):
    """What holds usage: an invoice (billed) or a customer (unbilled) of one ledger."""

    owner_no: str
    billing: Billing
    number: str

    @property
    def parameter(self) -> str:
        """PayEx's name of the number: `invoiceNo` or `customerNo`."""
        return "invoiceNo" if self.billing is Billing.BILLED else "customerNo"

    def __repr__(self) -> str:
        return f"Holder(owner_no={self.owner_no!r}, billing={self.billing})"


class Route(msgspec.Struct, frozen=True, cache_hash=True):
    """One GET of PayEx. Two routes are equal when they are the same call.

    `path` is percent-encoded and server-relative, as it goes on the wire. It holds customer and
    telephone numbers: log `template`, never `path`. `subscription_no` is the subscription that the
    path leads to; a link need not show it.
    """

    holder: Holder
    kind: Kind
    path: str
    subscription_no: str = ""

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
        origin: scheme, host and port of PayEx, which absolute links may name; none may if empty.
    """

    def __init__(self, subdomain: str = "usage", origin: str = "") -> None:
        self._origin = origin_of(origin) if origin else None
        self._prefix = f"/billing/{quote(subdomain, safe='')}/v1/"

    def of(self, holder: Holder, kind: Kind, subscription_no: str | None = None) -> Route:
        """Return the route with these numbers, each percent-encoded as one path segment.

        Raises:
            Fault: `UPSTREAM_LINK_REFUSED`, as for a link: a number would be read as a path. Those
                of clients are refused before (`numbers.refusal`); one that PayEx lists may be any.
        """
        numbers = {
            holder.parameter: _segment(holder.number),
            "subscriptionNo": _segment(subscription_no) if subscription_no else "",
        }
        path = TEMPLATES[holder.billing, kind].format_map(numbers)
        return Route(holder, kind, self._ledger(holder) + path, subscription_no or "")

    def follow(
        self, link: str, holder: Holder, kind: Kind, base: str = "", subscription_no: str = ""
    ) -> Route:
        """Return the route that a link of PayEx names.

        PayEx documents links as server-relative. One may also be an absolute URL of PayEx's origin
        or, as RFC 3986 has it, relative to the page that it stands on (`?page=2`). One that leads
        to another host, to another ledger or around the ledger's prefix is refused, whoever wrote
        it into the body. So is one that names another route than it should: what it leads to would
        be counted as what it is not.

        Args:
            link: the link.
            holder: the invoice or customer of the page.
            kind: what the link leads to.
            base: the path of the page; without it, no link is relative to it.
            subscription_no: the subscription that it stands for.

        Raises:
            Fault: `UPSTREAM_LINK_REFUSED`. Its hint says whether it is a link at all.
        """
        try:
            target = resolved(link, base, self._origin)
        except ValueError as error:
            raise Fault(FaultCode.UPSTREAM_LINK_REFUSED, hint=str(error)) from None
        path, mark, query = (target or "").partition("?")
        segments = [unquote_to_bytes(segment) for segment in path.split("/")]
        # Encoding every segment anew gives a link and the same route built from numbers one
        # spelling, so that they are one call.
        path = "/".join(quote(segment, safe="") for segment in segments)
        ledger = self._ledger(holder)
        if (
            not path.startswith(f"{ledger}/")
            or b"" in segments[1:]
            or any(map(may_lead_elsewhere, segments))
            or re.search(r"\s", query)
        ):
            raise Fault(FaultCode.UPSTREAM_LINK_REFUSED, hint="It leads out of the ledger.")
        below = path.removeprefix(ledger)
        if not _FORMS[holder.billing, kind].fullmatch(below) and any(
            form.fullmatch(below) for form in _FORMS.values()
        ):
            raise Fault(FaultCode.UPSTREAM_LINK_REFUSED, hint="It leads to another route.")
        return Route(holder, kind, path + mark + query, subscription_no)

    def next_page(self, link: str, page: Route) -> Route:
        """Return the route that a page's link to the next one names. It differs by its query.

        Raises:
            Fault: `UPSTREAM_LINK_REFUSED`, also for a link to another list.
        """
        following = self.follow(link, page.holder, page.kind, page.path, page.subscription_no)
        if following.path.partition("?")[0] != page.path.partition("?")[0]:
            raise Fault(FaultCode.UPSTREAM_LINK_REFUSED, hint="It leads out of the list.")
        return following

    def is_of_its_holder(self, route: Route) -> bool:
        """Whether a route, which a link may have named, is one of its own invoice or customer."""
        holder = self.of(route.holder, Kind.HOLDER).path
        path = route.path.partition("?")[0]
        return path == holder or path.startswith(f"{holder}/")

    def _ledger(self, holder: Holder) -> str:
        return self._prefix + _segment(holder.owner_no)


def _segment(number: str) -> str:
    # Nearly all numbers are written as they are; to find that out, `quote` takes ten times as long.
    if number.isascii() and number.isalnum():
        return number
    if may_lead_elsewhere(number):
        raise Fault(FaultCode.UPSTREAM_LINK_REFUSED)
    return quote(number, safe="")
