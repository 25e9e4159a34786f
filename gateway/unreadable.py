"""Warnings of what PayEx sent and nobody could read: which member, how often, never the value."""

from collections.abc import Mapping
from typing import Any, Final

from resolvers.payex.records import ELEMENT, NUMBER, Member
from resolvers.payex.routes import Kind

TYPE: Final = "UNREADABLE_MEMBER"
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
    if member == ELEMENT:
        return f"In {kind.value}, {count} of `items` could not be read at all: {_REST}"
    text = f"In {kind.value}, {member.name} could not be read in {items}: "
    if kind is Kind.SUBSCRIPTIONS and member == NUMBER:
        return f"{text}such subscriptions are left out."
    return text + _REST
