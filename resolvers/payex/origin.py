"""The JSON that the elements of a list were decoded from, for those who ask for it."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import msgspec


class _RawItems(msgspec.Struct):
    items: list[msgspec.Raw] | None = None


class Origin:
    """What the elements of one list were decoded from.

    It does not hold the elements, which hold it: together they would be garbage that only the
    collector finds, of every answer.

    Args:
        bodies: the pages of the list.
        identities: what tells the elements from each other; their JSON if None.
    """

    def __init__(self, bodies: Sequence[bytes], identities: Sequence[bytes] | None = None) -> None:
        self._bodies = bodies
        self._identities = identities

    @cached_property
    def raws(self) -> list[msgspec.Raw]:
        """The elements' JSON. Cut from the bodies only when someone reads it."""
        pages = (msgspec.json.decode(body, type=_RawItems) for body in self._bodies)
        return [raw for page in pages for raw in page.items or ()]

    @cached_property
    def twins(self) -> list[int]:
        """For each element, how many equal ones stand before it. Counted when a cursor is read."""
        seen: Counter[bytes] = Counter()
        counts = []
        for identity in map(bytes, self.raws) if self._identities is None else self._identities:
            counts.append(seen[identity])
            seen[identity] += 1
        return counts
