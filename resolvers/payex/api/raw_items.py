"""The JSON that the elements of a list were decoded from, for those who ask for it."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from resolvers.payex.api.routes import Route

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


class _RawItems(msgspec.Struct):
    items: list[msgspec.Raw] | None = None


_BODY = msgspec.json.Decoder(_RawItems)


class RawItems:
    """What the elements of one list were decoded from.

    It does not hold the elements, which hold it: together they would be garbage that only the
    collector finds, of every answer.

    Args:
        unreadable: what could not be read, of one element that is a whole body.
        route: the route that the list was read from, where somebody asks for it.
    """

    def __init__(
        self, unreadable: Mapping[Any, int] | None = None, route: Route | None = None
    ) -> None:
        self.unreadable = unreadable or {}
        self.route = route
        # Parts of the list, and the position of the first element of each.
        self._parts: list[bytes | Sequence[msgspec.Raw]] = []
        self._firsts: list[int] = []
        self._count = 0

    def add(self, part: bytes | Sequence[msgspec.Raw], count: int) -> int:
        """Add the next part of the list, and return the position of its first element.

        Args:
            part: a body, an array, or the JSON of the elements.
            count: how many elements it has.
        """
        first = self._count
        self._parts.append(part)
        self._firsts.append(first)
        self._count += count
        return first

    def raw(self, position: int) -> msgspec.Raw:
        """Return the JSON of an element. It is cut from its part when someone reads it."""
        index = bisect_right(self._firsts, position) - 1
        part = self._parts[index]
        if isinstance(part, bytes):
            part = _ARRAY.decode(part) if part.startswith(b"[") else _BODY.decode(part).items or ()
            self._parts[index] = part
        return part[position - self._firsts[index]]
