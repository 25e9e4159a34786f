"""The JSON that the elements of a list were decoded from, for those who ask for it."""

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
    """

    def __init__(self, pages: Sequence[bytes | Sequence[msgspec.Raw]]) -> None:
        self._pages = pages

    @cached_property
    def raws(self) -> list[msgspec.Raw]:
        """The elements' JSON. Cut from the bodies only when someone reads it."""
        return list(self._cut())

    def _cut(self) -> Iterator[msgspec.Raw]:
        for page in self._pages:
            if isinstance(page, bytes):
                yield from msgspec.json.decode(page, type=_RawItems).items or ()
            else:
                yield from page
