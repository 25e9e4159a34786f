"""The expected shapes of bodies, documented by PayEx or assumed by the gateway.

The gateway's own decoder judges the values of assumed fields, so the check and the gateway cannot
disagree.
"""

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

import msgspec

from gateway.contract.bodies import is_whole, json_type, types_in
from resolvers.payex.api.decoders import Decoder, subscriptions, usage_records, usage_summaries
from resolvers.payex.api.dynamic_values import is_dynamic
from resolvers.payex.api.faults import Fault
from resolvers.payex.api.field_map import USAGE_DETAILS, USAGE_SUMMARIES, fit
from resolvers.payex.api.records import (
    Day,
    Item,
    ItemList,
    Moment,
    UsageRecord,
    UsageSummary,
)
from resolvers.payex.api.routes import Holder, Kind, Route, Routes


class Mark(enum.StrEnum):
    """The source of a shape."""

    DOCUMENTED = "documented"
    ASSUMED = "assumed"


Fits = Callable[[msgspec.Raw], bool]
_OBJECTS = "list of objects"


@dataclass(frozen=True, slots=True)
class Member:
    """One expected member.

    Attributes:
        name: its name in PayEx's body.
        expects: the expected type, in words.
        fits: returns whether a value is of that type.
        optional: whether it may be missing everywhere.
        field: the gateway's field that it feeds; empty if no field map has it.
        everywhere: whether each object must have it, and not as null.
    """

    name: str
    expects: str
    fits: Fits
    optional: bool = False
    field: str = ""
    everywhere: bool = False

    def amiss(self, raw: msgspec.Raw) -> str:
        """Return what is wrong with a value, in words; empty if nothing is."""
        type_ = json_type(raw)
        if self.fits(raw) or (type_ == "null" and not self.everywhere):
            return ""
        if type_ == "text" and not is_whole(raw):
            return "text with half a character"
        if type_ == "list" and self.expects == _OBJECTS:
            types = types_in(raw)
            odd = len(types) - types.count("object")
            are = "is not an object" if odd == 1 else "are not objects"
            return f"list with {odd} of {len(types)} elements that {are}"
        if type_ in {"text", "number"} and type_ in self.expects:
            return f"{type_} that cannot be read"
        return f"text that is not a valid {self.expects}" if type_ == "text" else type_


@dataclass(frozen=True, slots=True)
class BodyShape:
    """The members that one kind of object is expected to have."""

    mark: Mark
    members: tuple[Member, ...]


def _of_type(*types: str) -> Fits:
    return lambda raw: json_type(raw) in types


def _is_list_of_objects(raw: msgspec.Raw) -> bool:
    return json_type(raw) == "list" and set(types_in(raw)) <= {"object"}


_SUBSCRIPTIONS = subscriptions()


def _is_number(raw: msgspec.Raw) -> bool:
    """Return whether the gateway can read a subscription's number."""
    page = _SUBSCRIPTIONS.page(b'{"items":[{"subscriptionNo":%b}]}' % bytes(raw))
    return not ItemList([page]).unreadable


class Shapes:
    """The shapes under one field map.

    Args:
        routes: reads the links in bodies, as it does for the gateway.
        field_map: the changes to the assumed names, by `usage_details` and `usage_summaries`.
    """

    def __init__(self, routes: Routes, field_map: Mapping[str, Mapping[str, str]]) -> None:
        self._routes = routes
        self.details = _usage(UsageRecord, usage_records, USAGE_DETAILS, field_map["usage_details"])
        self.summaries = _usage(
            UsageSummary, usage_summaries, USAGE_SUMMARIES, field_map["usage_summaries"]
        )

    def whole(self, holder: Holder, kind: Kind) -> BodyShape:
        """Return the shape of a whole body. For a list, that is its wrapper."""
        if kind is Kind.HOLDER:
            number = Member(holder.parameter, "text", _of_type("text"))
            own = self._link("@id", holder, kind, optional=True)
            link = self._link(
                "subscriptions", holder, Kind.SUBSCRIPTIONS, optional=True, expanded=True
            )
            return BodyShape(Mark.DOCUMENTED, (own, number, link))
        if kind is Kind.SUBSCRIPTION:
            return self.element(holder, kind)
        return BodyShape(
            Mark.DOCUMENTED,
            (
                Member("items", _OBJECTS, _is_list_of_objects, everywhere=True),
                Member("navigation", "object", _of_type("object"), optional=True),
            ),
        )

    def navigation(self, page: Route) -> BodyShape:
        """Return the shape of a list's `navigation`. `next` is assumed to be the next page."""
        own = self._link("@id", page.holder, page.kind, optional=True)
        following = _link("next", lambda link: self._routes.next_page(link, page), optional=True)
        return BodyShape(Mark.DOCUMENTED, (own, following))

    def element(self, holder: Holder, kind: Kind) -> BodyShape:
        """Return the shape of one element: a subscription, a usage record or a usage summary."""
        if kind is Kind.DETAILS:
            return self.details
        if kind is Kind.SUMMARIES:
            return self.summaries
        return BodyShape(
            Mark.DOCUMENTED,
            (
                Member("subscriptionNo", "text or whole number", _is_number, everywhere=True),
                self._link("usageDetails", holder, Kind.DETAILS, expanded=True),
                self._link("usageSummaries", holder, Kind.SUMMARIES, expanded=True),
                self._link("@id", holder, Kind.SUBSCRIPTION, optional=True),
            ),
        )

    def _link(
        self,
        name: str,
        holder: Holder,
        kind: Kind,
        *,
        optional: bool = False,
        expanded: bool = False,
    ) -> Member:
        def follow(link: str) -> Route:
            return self._routes.follow(link, holder, kind)

        return _link(name, follow, optional=optional, expanded=expanded)


def _link(
    name: str, follow: Callable[[str], Route], *, optional: bool, expanded: bool = False
) -> Member:
    def fits(raw: msgspec.Raw) -> bool:
        if not is_whole(raw):
            return False
        link = msgspec.json.decode(raw)
        if not isinstance(link, str):
            return expanded and is_dynamic(raw)
        try:
            follow(link)
        except Fault:
            return False
        return True

    return Member(name, "link within the ledger", fits, optional)


PROBLEM = BodyShape(
    Mark.DOCUMENTED,
    (
        Member("Type", "text", _of_type("text")),
        Member("Title", "text", _of_type("text")),
        Member("Status", "number", _of_type("number")),
        Member("Instance", "text", _of_type("text"), optional=True),
        Member("Detail", "text", _of_type("text"), optional=True),
        Member("Problems", _OBJECTS, _is_list_of_objects, optional=True),
    ),
)
"""A problem document. PayEx sends its members in more than one casing."""

# The API's description marks these as optional: not every kind of usage has them.
_OPTIONAL = {"usageDetailId", "productGroupId", "destinationCode", "vatRate"}


def _usage(
    record: type[Item],
    decoder: Callable[[Mapping[str, str]], Decoder[Any]],
    assumed: Mapping[str, str],
    changes: Mapping[str, str],
) -> BodyShape:
    reader = decoder({})
    types = {_camel(field.name): _words(field.type) for field in msgspec.structs.fields(record)}

    def judge(field: str) -> Fits:
        name = msgspec.json.encode(assumed[field])

        def fits(raw: msgspec.Raw) -> bool:
            return not reader.page(b'{"items":[{%b:%b}]}' % (name, bytes(raw))).unreadable

        return fits

    return BodyShape(
        Mark.ASSUMED,
        tuple(
            Member(member, types[field], judge(field), field in _OPTIONAL, field)
            for field, member in fit(assumed, changes).items()
        ),
    )


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def _words(annotation: Any) -> str:
    types = get_args(annotation)
    for type_, words in ((Decimal, "number"), (Moment, "date-time"), (Day, "date")):
        if type_ in types:
            return words
    return "text or whole number" if int in types else "text"
