"""Pages of a list: bounds, and cursors that neither lose nor repeat an element.

PayEx answers whole lists, and they change between two pages of a client: unbilled usage grows, and
a bill run empties it. So a cursor does not count: it names the element it stands behind, by a
digest of PayEx's own JSON. The next page goes on behind that element wherever it is now, under
whatever order, and under any filter that it meets; if it is not there, the client is told.
"""

import base64
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from resolvers.payex.problems import FieldError, FieldErrorCode, Problem, refused
from resolvers.payex.records import Item

T = TypeVar("T", bound=Item)

DEFAULT_FIRST = 50

# What a cursor is made of: a digest of the list, a digest of the element, how many equal elements
# stand before it, and where it stood, which is only where the search begins.
_CURSOR = struct.Struct(">8s8sII")


@dataclass(frozen=True, slots=True)
class Edge(Generic[T]):
    """An element of a page, with its cursor, which is worked out when it is read."""

    page: "Page[T]"
    item: T

    @property
    def cursor(self) -> str:
        """The cursor behind the element."""
        return self.page.cursor(self.item)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list of `total` elements, and whether any stand before and behind it."""

    items: Sequence[T]
    total: int
    has_previous: bool
    has_next: bool
    list_key: bytes

    @property
    def edges(self) -> list[Edge[T]]:
        """The elements with their cursors."""
        return [Edge(self, item) for item in self.items]

    @property
    def start_cursor(self) -> str | None:
        """The cursor behind the first element; None for an empty page."""
        return self.cursor(self.items[0]) if self.items else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor behind the last element; None for an empty page."""
        return self.cursor(self.items[-1]) if self.items else None

    def cursor(self, item: T) -> str:
        """Return the cursor behind an element of the page."""
        digest = _digest(item.identity)
        packed = _CURSOR.pack(self.list_key, digest, item.twin, item.position)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The arguments of a connection field, as the client gave them.

    Args:
        first: how many elements; `DEFAULT_FIRST` if None.
        after: the cursor of the last element the client has.
        maximum: the largest `first`, and `setting` the name it is set by.
        list_key: marks the list, made by `list_key`.
    """

    first: int | None
    after: str | None
    maximum: int
    setting: str
    list_key: bytes

    def errors(self) -> list[FieldError]:
        """Return all that is wrong with the arguments, as far as is known without the list."""
        errors = []
        if self.first is not None and not 1 <= self.first <= self.maximum:
            message = (
                f"first must be between 1 and {self.maximum} ({self.setting}); it is {self.first}."
            )
            errors.append(FieldError("first", message, FieldErrorCode.FIRST_OUT_OF_RANGE))
        if self.after is not None:
            cursor = _unpack(self.after)
            if cursor is None:
                message = "after is not a cursor of this gateway."
                errors.append(FieldError("after", message, FieldErrorCode.CURSOR_MALFORMED))
            elif cursor[0] != self.list_key:
                message = "after is a cursor of another list."
                errors.append(FieldError("after", message, FieldErrorCode.CURSOR_OF_ANOTHER_LIST))
        return errors

    def page(self, items: Sequence[T]) -> Page[T] | Problem:
        """Cut the page out of a list, already filtered and ordered."""
        if errors := self.errors():
            return refused(*errors)
        start = 0
        if self.after is not None and (cursor := _unpack(self.after)):
            found = _find(items, *cursor[1:])
            if found is None:
                message = (
                    "after stands behind an element that is not in this list. The list has changed "
                    "since, or the filter is another: start again without after."
                )
                error = FieldError("after", message, FieldErrorCode.CURSOR_GONE)
                return refused(error, asked=True)
            start = found + 1
        # A default above the maximum would refuse what the client never said.
        first = self.first or min(DEFAULT_FIRST, self.maximum)
        end = start + first
        return Page(items[start:end], len(items), start > 0, end < len(items), self.list_key)


def list_key(*numbers: str) -> bytes:
    """Return what marks the cursors of one list, without giving its numbers away."""
    return _digest("\x00".join(numbers).encode())


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=8).digest()


def _unpack(cursor: str) -> tuple[bytes, bytes, int, int] | None:
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key, digest, twin, position = _CURSOR.unpack(packed)
    except (ValueError, struct.error):
        return None
    return key, digest, twin, position


def _find(items: Sequence[Item], digest: bytes, twin: int, position: int) -> int | None:
    """Return where the element stands that a cursor names."""

    def named(place: int) -> bool:
        item = items[place]
        return _digest(item.identity) == digest and item.twin == twin

    # Nearly always it has not moved: that needs one digest instead of one for each element.
    stays = next((p for p, item in enumerate(items) if item.position == position), None)
    if stays is not None and named(stays):
        return stays
    return next(filter(named, range(len(items))), None)
