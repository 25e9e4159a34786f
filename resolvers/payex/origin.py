"""The JSON that the elements of a list were decoded from, for those who ask for it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec


class _RawItems(msgspec.Struct):
    items: list[msgspec.Raw] | None = None


class Origin:
    """What the elements of one list were decoded from.

    It does not hold the elements, which hold it: together they would be garbage that only the
    collector finds, of every answer.

    Args:
        pages: the pages of the list: a body, or the JSON of the elements.
        identities: what tells the elements from each other; their JSON if None.
    """

    def __init__(
        self,
        pages: Sequence[bytes | Sequence[msgspec.Raw]],
        identities: Sequence[bytes] | None = None,
    ) -> None:
        self._pages = pages
        self._identities = identities

    @cached_property
    def raws(self) -> list[msgspec.Raw]:
        """The elements' JSON. Cut from the bodies only when someone reads it."""
        return list(self._cut())

    @cached_property
    def twins(self) -> list[int]:
        """For each element, how many equal ones stand before it. Counted when a cursor is read."""
        seen: Counter[bytes] = Counter()
        counts = []
        for identity in map(bytes, self.raws) if self._identities is None else self._identities:
            counts.append(seen[identity])
            seen[identity] += 1
        return counts

    def _cut(self) -> Iterator[msgspec.Raw]:
        for page in self._pages:
            if isinstance(page, bytes):
                yield from msgspec.json.decode(page, type=_RawItems).items or ()
            else:
                yield from page
