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
from collections.abc import Hashable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from resolvers.cursors import Cursor, Cursors
from resolvers.payex.api.argument_errors import ArgumentError, ArgumentErrorCode
from resolvers.payex.api.problems import Problem, argument_problem
from resolvers.payex.api.records import Item
from resolvers.payex.api.turns import SLICE, Steps, slices

T = TypeVar("T", bound=Item)

DEFAULT_FIRST = 50

# Microseconds for an element (measured): where it stood, how it looks, and what stands for it.
_POSITION: Final = 0.05
_SEEN: Final = 1.5
_NAMED: Final = 3.0


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
        before: how often the elements before the page look how.

    Attributes:
        items: the elements.
        total: how many the whole list has.
        has_previous: whether any stand before the page.
        has_next: whether any stand behind it.
    """

    def __init__(
        self,
        listed: Sequence[T],
        start: int,
        end: int,
        cursors: Cursors,
        before: Mapping[Hashable, int],
    ) -> None:
        self.items = listed[start:end]
        self.total = len(listed)
        self.has_previous = start > 0
        self.has_next = end < len(listed)
        self._cursors = cursors
        self._seen = Counter(before)
        self._twins: list[int] = []

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
        # How many that look like it stand before it. It takes a while to find that out for all.
        for item in self.items[len(self._twins) : place + 1]:
            identity = item.identity
            self._twins.append(self._seen[identity])
            self._seen[identity] += 1
        return self._cursors.behind(self.items[place], self._twins[place])


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

    def errors(self) -> list[ArgumentError]:
        """Return all that is wrong with the arguments, as far as is known without the list."""
        errors = []
        if self.first is not None and not 1 <= self.first <= self.maximum:
            message = f"must be between 1 and {self.maximum} ({self.setting}); it is {self.first}."
            errors.append(ArgumentError.at(ArgumentErrorCode.OUT_OF_RANGE, message, "first"))
        if self.after is not None:
            cursor = Cursor.read(self.after)
            if cursor is None:
                message = "is not a cursor of this gateway."
                errors.append(ArgumentError.at(ArgumentErrorCode.CURSOR_INVALID, message, "after"))
            elif cursor.token != self.cursors.token:
                message = (
                    "is a cursor of another ledger, or older than the ledger's token: start again "
                    "without after."
                )
                errors.append(ArgumentError.at(ArgumentErrorCode.CURSOR_EXPIRED, message, "after"))
            elif cursor.list != self.cursors.list:
                message = "is a cursor of another list."
                errors.append(ArgumentError.at(ArgumentErrorCode.CURSOR_INVALID, message, "after"))
        return errors

    def page(self, items: Sequence[T], *, size: int = SLICE) -> Steps[Page[T] | Problem]:
        """Cut the page out of a list, already filtered and ordered."""
        if errors := self.errors():
            return argument_problem(*errors)
        start = 0
        before: Counter[Hashable] = Counter()
        if self.after is not None and (cursor := Cursor.read(self.after)):
            found = yield from self._find(items, cursor, size)
            if found is None:
                message = (
                    "stands behind an element that is not in this list. The list has changed "
                    "since, or the filter is another: start again without after."
                )
                error = ArgumentError.at(ArgumentErrorCode.CURSOR_EXPIRED, message, "after")
                return argument_problem(error, asked=True)
            start = found + 1
            for part in slices(items[:start], size):
                yield len(part) * _SEEN
                before.update([item.identity for item in part])
        # A default above the maximum would refuse what the client never said.
        first = self.first or min(DEFAULT_FIRST, self.maximum)
        return Page(items, start, start + first, self.cursors, before)

    def _find(self, items: Sequence[T], cursor: Cursor, size: int) -> Steps[int | None]:
        """Return where the element stands that a cursor names."""
        alike = yield from self._alike(items, cursor, size)
        if alike is None:
            return None
        identity, twin, start = alike.identity, cursor.twin, 0
        for part in slices(items, size):
            yield len(part) * _SEEN
            places = [place for place, item in enumerate(part, start) if item.identity == identity]
            if twin < len(places):
                return places[twin]
            twin -= len(places)
            start += len(part)
        return None

    def _alike(self, items: Sequence[T], cursor: Cursor, size: int) -> Steps[T | None]:
        """Return an element that looks like the one that a cursor names."""
        named, wanted = self.cursors.element, cursor.element
        # Nearly always it has not moved: that needs one digest instead of one for each element.
        for part in slices(items, size):
            yield len(part) * _POSITION
            stays = [item for item in part if item.position == cursor.position]
            if stays and named(stays[0]) == wanted:
                return stays[0]
        for part in slices(items, size):
            yield len(part) * _NAMED
            alike = next((item for item in part if named(item) == wanted), None)
            if alike is not None:
                return alike
        return None
