"""Pages of a list: bounds, and cursors that neither lose nor repeat an element.

PayEx answers whole lists, and they change between two pages of a client: unbilled usage grows, and
a bill run empties it. So a cursor does not count: it names the element it stands behind, by a
digest of what clients see of it. The next page goes on behind that element wherever it is now,
under whatever order, and under any filter that it meets; if it is not there, the client is told.

Elements that look alike are told apart by how many of them stand before. Filters and orders go by
what clients see as well, so that in whatever a client selects of a list, they are as many, and in
PayEx's order.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from functools import cached_property
from itertools import islice
from typing import Generic, TypeVar

import msgspec

from resolvers.cursors import Cursor, Cursors
from resolvers.payex.problems import FieldError, FieldErrorCode, Problem, refused
from resolvers.payex.records import Item

T = TypeVar("T", bound=Item)

DEFAULT_FIRST = 50


class Edge(msgspec.Struct, Generic[T], frozen=True):
    """An element of a page, with its cursor, which is worked out when it is read."""

    page: "Page[T]"
    place: int

    @property
    def item(self) -> T:
        """The element."""
        return self.page.items[self.place]

    @property
    def cursor(self) -> str:
        """The cursor behind the element."""
        return self.page.cursor(self.place)


class Page(Generic[T]):
    """A page of a list.

    Args:
        listed: the list, already filtered and ordered.
        start: where the page begins in it.
        end: where it ends, or behind the end of the list.
        cursors: make the cursors of the list.

    Attributes:
        items: the elements.
        total: how many the whole list has.
        has_previous: whether any stand before the page.
        has_next: whether any stand behind it.
    """

    def __init__(self, listed: Sequence[T], start: int, end: int, cursors: Cursors) -> None:
        self.items = listed[start:end]
        self.total = len(listed)
        self.has_previous = start > 0
        self.has_next = end < len(listed)
        self._listed = listed
        self._start = start
        self._cursors = cursors

    @property
    def edges(self) -> list[Edge[T]]:
        """The elements with their cursors."""
        return [Edge(self, place) for place in range(len(self.items))]

    @property
    def start_cursor(self) -> str | None:
        """The cursor behind the first element; None for an empty page."""
        return self.cursor(0) if self.items else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor behind the last element; None for an empty page."""
        return self.cursor(len(self.items) - 1) if self.items else None

    def cursor(self, place: int) -> str:
        """Return the cursor behind an element, by its place in the page."""
        return self._cursors.behind(self.items[place], self._twins[place])

    @cached_property
    def _twins(self) -> Sequence[int]:
        """For each element of the page, how many that look like it stand before it in the list."""
        seen = Counter(item.identity for item in self._listed[: self._start])
        twins = []
        for identity in [item.identity for item in self.items]:
            twins.append(seen[identity])
            seen[identity] += 1
        return twins


class PageRequest(msgspec.Struct, frozen=True):
    """The arguments of a connection field, as the client gave them.

    Args:
        first: how many elements; `DEFAULT_FIRST` if None.
        after: the cursor of the last element the client has.
        maximum: the largest `first`, and `setting` the name it is set by.
        cursors: the cursors of the list.
    """

    first: int | None
    after: str | None
    maximum: int
    setting: str
    cursors: Cursors

    def errors(self) -> list[FieldError]:
        """Return all that is wrong with the arguments, as far as is known without the list."""
        errors = []
        if self.first is not None and not 1 <= self.first <= self.maximum:
            message = (
                f"first must be between 1 and {self.maximum} ({self.setting}); it is {self.first}."
            )
            errors.append(FieldError("first", message, FieldErrorCode.FIRST_OUT_OF_RANGE))
        if self.after is not None:
            cursor = Cursor.read(self.after)
            if cursor is None:
                message = "after is not a cursor of this gateway."
                errors.append(FieldError("after", message, FieldErrorCode.CURSOR_MALFORMED))
            elif cursor.token != self.cursors.token:
                message = (
                    "after is a cursor of another ledger, or older than the ledger's token: start "
                    "again without after."
                )
                errors.append(FieldError("after", message, FieldErrorCode.CURSOR_GONE))
            elif cursor.list != self.cursors.list:
                message = "after is a cursor of another list."
                errors.append(FieldError("after", message, FieldErrorCode.CURSOR_OF_ANOTHER_LIST))
        return errors

    def page(self, items: Sequence[T]) -> Page[T] | Problem:
        """Cut the page out of a list, already filtered and ordered."""
        if errors := self.errors():
            return refused(*errors)
        start = 0
        if self.after is not None and (cursor := Cursor.read(self.after)):
            found = self._find(items, cursor)
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
        return Page(items, start, start + first, self.cursors)

    def _find(self, items: Sequence[T], cursor: Cursor) -> int | None:
        """Return where the element stands that a cursor names."""
        # Nearly always it has not moved: that needs one digest instead of one for each element.
        stays = next((item for item in items if item.position == cursor.position), None)
        candidates = items if stays is None else [stays, *items]
        named = self.cursors.element
        alike = next((item for item in candidates if named(item) == cursor.element), None)
        if alike is None:
            return None
        identity: Hashable = alike.identity
        places = (place for place, item in enumerate(items) if item.identity == identity)
        return next(islice(places, cursor.twin, None), None)
