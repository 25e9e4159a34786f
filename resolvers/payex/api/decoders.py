"""Decoders: PayEx's bodies as typed values, each body read once.

If all in a body is as expected, it is decoded as a whole. In any other one, each element is read
member by member (`resolvers.payex.api.members`), so that one odd value costs its own field alone. A
large body is decoded in slices (`resolvers.payex.api.body_slices`), of which each is such a body.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, get_args

import msgspec

from resolvers.payex.api.amounts import are_numbers, is_blank
from resolvers.payex.api.body_slices import (
    AT_ONCE,
    SLICE,
    DecodingStep,
    DecodingSteps,
    beginnings,
    exact_end,
    likely_end,
)
from resolvers.payex.api.dynamic_values import is_dynamic
from resolvers.payex.api.field_map import SUBSCRIPTIONS, USAGE_DETAILS, USAGE_SUMMARIES, fit
from resolvers.payex.api.list_bodies import PageBody, decode_object, goes_on, read_page
from resolvers.payex.api.members import Members
from resolvers.payex.api.misreadings import (
    beyond_ascii,
    has_long_fraction,
    may_misread,
    too_large,
    units_of_looking,
)
from resolvers.payex.api.records import (
    LIST,
    Day,
    Item,
    Member,
    Moment,
    Page,
    SubscriptionItem,
    UsageRecord,
    UsageSummary,
    alone,
)
from resolvers.payex.api.surrogates import Marked
from resolvers.payex.api.times import moment

T = TypeVar("T", bound=Item)

# What an element that is read by itself takes of the budget, and one that is read by member.
_UNITS_BY_ITSELF: Final = 7
_UNITS_BY_MEMBER: Final = 14

_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
# The same few stand in all elements.
_CODES: Final = (attrgetter("currency"), attrgetter("volume_code"))
_COMMA: Final = ord(",")


class Decoder(Generic[T]):
    """Decodes the pages of one kind of list, and single elements.

    Args:
        item: the type of the elements.
        members: the gateway's name of each field to the member's name in JSON.
    """

    def __init__(self, item: type[T], members: Mapping[str, str]) -> None:
        own = {_snake_case(field): field for field in members}
        fields = [
            (f.name, f.type, f.default) for f in msgspec.structs.fields(item) if f.name in own
        ]
        renamed = {name: members[field] for name, field in own.items()}
        type_: Any = msgspec.defstruct(
            item.__name__, fields, bases=(item,), rename=renamed, kw_only=True
        )
        self._page = msgspec.json.Decoder(PageBody[type_], dec_hook=_day)
        self._slice = msgspec.json.Decoder(list[type_], dec_hook=_day)
        self._one = msgspec.json.Decoder(type_, dec_hook=_day)
        self._members: Members[T] = Members(type_, own)
        self._times = [name for name, kind, _ in fields if Moment in get_args(kind)]
        texts = [
            (name, str | None if name in self._times else kind, default)
            for name, kind, default in fields
        ]
        self._odd: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
            msgspec.defstruct(item.__name__, texts, bases=(item,), rename=renamed, kw_only=True),
            dec_hook=_day,
        )
        decimals = [name for name, kind, _ in fields if Decimal in get_args(kind)]
        links = [name for name, kind, _ in fields if kind is msgspec.Raw]
        # Usage has decimals, subscriptions have links, and nothing has both.
        self._has_links = bool(links)
        self._looked_at = attrgetter(*(links or decimals))

    def page(self, body: bytes) -> Page[T]:
        """Decode one page.

        Raises:
            Fault: `UPSTREAM_MALFORMED`: it is no JSON, no list, or does not tell how it goes on.
                Its hint names the member, never the value.
        """
        beyond = beyond_ascii(body)
        try:
            page = self._page.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return self._by_member(body)
        if (
            page.items is None
            or has_long_fraction(body)
            or not self._is_plain(body, beyond, page.items)
        ):
            return self._by_member(body)
        return Page(page.items, page.next, body, {}, units_of_looking(body, beyond))

    def in_slices(self, body: bytes, size: int = SLICE) -> DecodingSteps[list[Page[T]]]:
        """Decode one page in slices, and return them: each is a page of its own.

        Args:
            body: the page.
            size: bytes in a slice.

        Yields:
            What was done, after each slice, so that the event loop can have a turn. A body of
            another shape than PayEx's lists have is decoded as a whole after all.

        Raises:
            Fault: as `page` does, and for a body that is too large to be decoded as a whole.
        """
        for start in beginnings(body):
            if goes_on(body[:start], b"]}") is not None:
                pages = yield from self._in_slices(body, start, size)
                if pages:
                    return pages
                break
        # It is malformed, or has `items` twice, say.
        if len(body) > AT_ONCE:
            raise too_large(len(body), AT_ONCE)
        page = self.page(body)
        yield DecodingStep(len(body), len(page.items), page.units)
        return [page]

    def _in_slices(self, body: bytes, start: int, size: int) -> DecodingSteps[list[Page[T]] | None]:
        pages: list[Page[T]] = []
        at, is_last = start, False
        while not is_last:
            end = likely_end(body, at, size)
            page = None if end is None else self._array(body, at, end)
            if page is None:
                end = yield from exact_end(body, at, size)
                page = None if end is None else self._array(body, at, end)
            if end is None or page is None:
                return None
            is_last = body[end] != _COMMA
            if not page.items and (pages or not is_last):
                # A comma stands where none may stand.
                return None
            pages.append(page)
            yield DecodingStep(end - at, len(page.items), page.units)
            at = end + 1
        if len(body) - at > AT_ONCE:
            return None
        following = goes_on(body[:start], body[at - 1 :])
        return None if following is None else [*pages, Page([], following or None, [], {})]

    def _array(self, body: bytes, start: int, end: int) -> Page[T] | None:
        """Decode elements of a body; return None if that part of it is none."""
        json = b"[%b]" % body[start:end]
        beyond = beyond_ascii(json)
        try:
            items = self._slice.decode(json)
        except (msgspec.DecodeError, RecursionError):
            pass
        else:
            if not has_long_fraction(json) and self._is_plain(json, beyond, items):
                return Page(items, None, json, {}, units_of_looking(json, beyond))
        marked = Marked(json)
        try:
            elements = _ARRAY.decode(marked.body)
        except (msgspec.DecodeError, RecursionError):
            return None
        return self._of(elements, None, marked, json)

    def one(self, body: bytes) -> T:
        """Decode a body that is one element.

        Raises:
            Fault: `UPSTREAM_MALFORMED`: it is no JSON object.
        """
        beyond_ascii(body)
        try:
            item: T = self._one.decode(body)
        except (msgspec.DecodeError, RecursionError):
            decode_object(body)
        else:
            if self._is_plain(body, "", [item]):
                return alone(item, body, {})
        marked = Marked(body)
        unreadable: Counter[Member] = Counter()
        item = self._members.read(msgspec.Raw(marked.body), marked, unreadable)
        return alone(item, body, unreadable)

    def _is_plain(self, json: bytes, beyond: str, items: Sequence[T]) -> bool:
        """Whether msgspec has read everything but odd times as the rules have it."""
        values = chain.from_iterable(map(self._looked_at, items))
        if self._has_links:
            return all(map(is_dynamic, values))
        return (
            are_numbers([value for value in values if value is not None])
            and not any(any(map(is_blank, set(map(code, items)))) for code in _CODES)
            and not may_misread(json, beyond)
        )

    def _by_member(self, body: bytes) -> Page[T]:
        elements, following, marked = read_page(body)
        page = self._of(elements or [], following, marked, body)
        if elements is None:
            return replace(page, unreadable={LIST: 1})
        return page

    def _of(
        self, elements: Sequence[msgspec.Raw], following: str | None, marked: Marked, json: bytes
    ) -> Page[T]:
        """Return a page whose elements are read member by member.

        Args:
            elements: the elements, out of JSON whose lone surrogates are marked.
            following: the link to the next page.
            marked: tells where they are.
            json: where the elements stand.
        """
        unreadable: Counter[Member] = Counter()
        items: list[T] = []
        # Each escape is looked at: it may be half of a character.
        units = _UNITS_BY_ITSELF * len(elements) + json.count(b"\\")
        for element in elements:
            item = None if marked.holds(element) else self._whole(element)
            if item is None:
                item = self._members.read(element, marked, unreadable)
                units += _UNITS_BY_MEMBER
            items.append(item)
        source: bytes | list[msgspec.Raw] = json
        if marked.body != json:
            source = [msgspec.Raw(marked.restored(element)) for element in elements]
        return Page(items, following, source, unreadable, units)

    def _whole(self, element: msgspec.Raw) -> T | None:
        """Return an element in which only the times are odd: a fifth of the work.

        Most bodies that are odd are so in each time, which have a zone or seven digits of a second.
        """
        try:
            item: T = self._odd.decode(element)
            for name in self._times:
                text = getattr(item, name)
                if text is not None:
                    setattr(item, name, moment(text))
        except ValueError:
            return None
        json = bytes(element)
        return item if self._is_plain(json, beyond_ascii(json), [item]) else None


def subscriptions() -> Decoder[SubscriptionItem]:
    """Return the decoder of `subscriptions`, whose members PayEx documents."""
    return _decoder(SubscriptionItem, tuple(SUBSCRIPTIONS.items()))


def usage_records(changes: Mapping[str, str]) -> Decoder[UsageRecord]:
    """Return the decoder of `usage-details` under a deployment's field map."""
    return _decoder(UsageRecord, tuple(fit(USAGE_DETAILS, changes).items()))


def usage_summaries(changes: Mapping[str, str]) -> Decoder[UsageSummary]:
    """Return the decoder of `usage-summaries` under a deployment's field map."""
    return _decoder(UsageSummary, tuple(fit(USAGE_SUMMARIES, changes).items()))


@lru_cache(maxsize=16)
def _decoder(item: type[T], members: tuple[tuple[str, str], ...]) -> Decoder[T]:
    """Return a decoder, which keeps nothing of what it decodes. To make one takes milliseconds."""
    return Decoder(item, dict(members))


def _day(type_: type, value: object) -> object:
    if type_ is Day and isinstance(value, str):
        return Day.parse(value)
    raise TypeError("Expected a date as text")


def _snake_case(field: str) -> str:
    return re.sub("([A-Z])", r"_\1", field).lower()
