"""Pages of a list: bounds, and cursors that neither lose nor repeat an element.

PayEx answers whole lists, and they change between two pages of a client: unbilled usage grows, and
a bill run empties it. So a cursor does not count: it names the element it stands behind, by a
digest of what clients see of it. The next page goes on behind that element, or before it, wherever
it is now, under whatever order, and under any filter that it meets; if it is not there, the client
is told.

Elements that look alike are told apart by how many of them stand before. Filters and orders go by
what clients see as well, so that in whatever a client selects of a list, they are as many, and in
PayEx's order.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

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
        as_of: when the oldest part of the list was fetched, in seconds since 1970.
    """

    def __init__(
        self,
        listed: Sequence[T],
        start: int,
        end: int,
        cursors: Cursors,
        before: Mapping[Hashable, int],
        as_of: float = 0.0,
    ) -> None:
        self.items = listed[start:end]
        self.total = len(listed)
        self.has_previous = start > 0
        self.has_next = end < len(listed)
        self.as_of = as_of
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
            identity = self._cursors.identity(item)
            self._twins.append(self._seen[identity])
            self._seen[identity] += 1
        return self._cursors.behind(self.items[place], self._twins[place])


class PageArguments(NamedTuple):
    """The arguments of a connection field, as the client gave them; None if omitted or null.

    Attributes:
        first: how many elements, forwards.
        after: the cursor of the element that the page begins behind.
        last: how many elements, backwards.
        before: the cursor of the element that the page ends before.
    """

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


class PageRequest(msgspec.Struct, frozen=True):
    """A page that a client asks for.

    Args:
        asked: the arguments.
        maximum: the most elements of a page, and `setting` the name it is set by.
        cursors: the cursors of the list.
    """

    asked: PageArguments
    maximum: int
    setting: str
    cursors: Cursors

    @property
    def begins_the_list(self) -> bool:
        """Whether the page begins where the list does, so that there is nothing to look for."""
        return self.asked.after is None and self.asked.last is None

    def errors(self) -> list[ArgumentError]:
        """Return all that is wrong with the arguments, as far as is known without the list."""
        first, after, last, before = self.asked
        errors = [
            *self._size_errors("first", first),
            *self._cursor_errors("after", after),
            *self._size_errors("last", last),
            *self._cursor_errors("before", before),
        ]
        conflicts = (
            ("last", "first", first is not None and last is not None),
            ("before", "first", first is not None and before is not None),
            ("after", "last", last is not None and after is not None),
        )
        for name, other, both in conflicts:
            if both:
                message = f"cannot be combined with {other}."
                errors.append(ArgumentError.at(ArgumentErrorCode.CONFLICT, message, name))
        if before is not None and last is None and first is None:
            message = "needs last."
            errors.append(ArgumentError.at(ArgumentErrorCode.CONFLICT, message, "before"))
        return errors

    def page(
        self, items: Sequence[T], *, as_of: float = 0.0, size: int = SLICE
    ) -> Steps[Page[T] | Problem]:
        """Cut the page out of a list.

        Args:
            items: the list, already filtered and ordered.
            as_of: when its oldest part was fetched, in seconds since 1970.
            size: how many elements are looked at at once.
        """
        if errors := self.errors():
            return argument_problem(*errors)
        first, after, last, before = self.asked
        start, end = 0, len(items)
        for name, text in (("after", after), ("before", before)):
            cursor = Cursor.read(text or "")
            if cursor is None:
                continue
            found = yield from self._find(items, cursor, size)
            if found is None:
                message = (
                    "names an element that is not in this list. The list has changed since, or the "
                    f"filter is another: start again without {name}."
                )
                error = ArgumentError.at(ArgumentErrorCode.CURSOR_EXPIRED, message, name)
                return argument_problem(error, asked=True)
            start, end = (found + 1, end) if name == "after" else (start, found)
        if last is None:
            # A default above the maximum would refuse what the client never said.
            end = start + (first or min(DEFAULT_FIRST, self.maximum))
        else:
            start = max(0, end - last)
        seen: Counter[Hashable] = Counter()
        for part in slices(items[:start], size):
            yield len(part) * _SEEN
            seen.update(map(self.cursors.identity, part))
        return Page(items, start, end, self.cursors, seen, as_of)

    def _size_errors(self, name: str, size: int | None) -> Iterator[ArgumentError]:
        if size is not None and not 1 <= size <= self.maximum:
            message = f"must be between 1 and {self.maximum} ({self.setting}); it is {size}."
            yield ArgumentError.at(ArgumentErrorCode.OUT_OF_RANGE, message, name)

    def _cursor_errors(self, name: str, text: str | None) -> Iterator[ArgumentError]:
        if text is None:
            return
        cursor = Cursor.read(text)
        if cursor is None:
            message = "is not a cursor of this gateway."
            yield ArgumentError.at(ArgumentErrorCode.CURSOR_INVALID, message, name)
        elif cursor.token != self.cursors.token:
            message = (
                "is a cursor of another ledger, or older than the ledger's token: start again "
                f"without {name}."
            )
            yield ArgumentError.at(ArgumentErrorCode.CURSOR_EXPIRED, message, name)
        elif cursor.list != self.cursors.list:
            message = "is a cursor of another list."
            yield ArgumentError.at(ArgumentErrorCode.CURSOR_INVALID, message, name)

    def _find(self, items: Sequence[T], cursor: Cursor, size: int) -> Steps[int | None]:
        """Return where the element stands that a cursor names."""
        alike = yield from self._alike(items, cursor, size)
        if alike is None:
            return None
        seen = self.cursors.identity
        identity, twin, start = seen(alike), cursor.twin, 0
        for part in slices(items, size):
            yield len(part) * _SEEN
            places = [place for place, item in enumerate(part, start) if seen(item) == identity]
            if twin < len(places):
                return places[twin]
            twin -= len(places)
            start += len(part)
        return None

    def _alike(self, items: Sequence[T], cursor: Cursor, size: int) -> Steps[T | None]:
        """Return an element that looks like the one that a cursor names."""
        named, wanted = self.cursors.element, cursor.element
        # Nearly always it has not moved: that needs one digest, and not one for each element. Of
        # several subscriptions, each has an element in its position.
        for part in slices(items, size):
            yield len(part) * _POSITION
            stays = [item for item in part if item.position == cursor.position]
            yield len(stays) * _NAMED
            if alike := next((item for item in stays if named(item) == wanted), None):
                return alike
        for part in slices(items, size):
            yield len(part) * _NAMED
            alike = next((item for item in part if named(item) == wanted), None)
            if alike is not None:
                return alike
        return None
