"""Warnings of unreadable members from PayEx: which member and how often, never the value."""

from collections.abc import Mapping
from typing import Any, Final

from resolvers.payex.api.records import ELEMENT, LIST, NUMBER, Member
from resolvers.payex.api.routes import Kind

_OF_SUBSCRIPTIONS: Final = frozenset({Kind.SUBSCRIPTIONS, Kind.SUBSCRIPTION})
TYPE: Final = "UNREADABLE_MEMBER"
_REST_OF_ELEMENT: Final = "all their fields are null, and `raw` has what PayEx sent."
_REST: Final = "null stands in its place, and `raw` has what PayEx sent."


def warnings(unreadable: Mapping[tuple[Kind, Member], int]) -> list[dict[str, Any]]:
    """Return the entries of `extensions.warnings`, one for each member of each kind of answer."""
    return [
        {
            "type": TYPE,
            "message": _message(kind, member, count),
            "data": {
                "list": kind.value,
                "member": member.name,
                "field": member.field,
                "count": count,
            },
        }
        for (kind, member), count in unreadable.items()
    ]


def _message(kind: Kind, member: Member, count: int) -> str:
    items = "1 item" if count == 1 else f"{count} items"
    if member == LIST:
        lists = "1 list" if count == 1 else f"{count} lists"
        return f"In {kind.value}, `items` is null in {lists}, which is taken as empty."
    if member == ELEMENT:
        text, rest = f"{count} of `items` could not be read at all", _REST_OF_ELEMENT
    else:
        text, rest = f"{member.name} could not be read in {items}", _REST
    if kind is Kind.SUBSCRIPTIONS and member in {ELEMENT, NUMBER}:
        rest = "such subscriptions are left out."
    elif kind in _OF_SUBSCRIPTIONS and member != NUMBER:
        rest = "the gateway uses its own link in place of it."
    return f"In {kind.value}, {text}: {rest}"
