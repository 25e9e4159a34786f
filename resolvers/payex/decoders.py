"""Decoders: PayEx's bodies as typed values, each body read once.

A body in which all is as expected is decoded as a whole. In any other one, each element is read
member by member (`resolvers.payex.members`), so that one odd value costs its own field alone.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, get_args

import msgspec

from resolvers.payex.amounts import are_numbers
from resolvers.payex.faults import Fault, FaultCode
from resolvers.payex.field_map import SUBSCRIPTIONS, USAGE_DETAILS, USAGE_SUMMARIES, fit
from resolvers.payex.members import Members
from resolvers.payex.records import (
    LIST,
    Day,
    Dynamic,
    Item,
    Member,
    Moment,
    Page,
    SubscriptionItem,
    UsageRecord,
    UsageSummary,
    alone,
    is_dynamic,
)
from resolvers.payex.surrogates import Marked
from resolvers.payex.times import moment

T = TypeVar("T", bound=Item)

# What msgspec reads otherwise than the rules have it: more than six digits of a second, which it
# rounds, and an underscore between digits. Each begins with what is looked for fastest.
_LONG_FRACTION: Final = re.compile(rb"\.(?<=:[0-9][0-9]\.)[0-9]{7}")
_UNDERSCORE: Final = re.compile(rb"_(?<=[0-9]_)[0-9]")
# Escapes of digits, point, colon and underscore may hide either. Behind an escaped NUL msgspec
# reads no more of a time. No control character stands in a currency.
_HIDDEN: Final = re.compile(rb"\\(?:[bfnrt]|u00(?:[0189]|2[eE]|3[0-9aA]|5[fF]|7[fF]))")
_CONTROLS: Final = re.compile(rb"\xc2[\x80-\x9f]")
# Python reads digits of other scripts as these, which all lie beyond Latin-1.
_FOREIGN: Final = re.compile(rb"\\u((?!00)[0-9a-fA-F]{4})")
_DIGITS: Final = frozenset("0123456789")
_HALVES_OF_PAIRS: Final = range(0xD800, 0xE000)
_HALVES: Final = "Expected whole characters"


class _Navigation(msgspec.Struct):
    next: str | None = None


class _Page(msgspec.Struct, Generic[T]):
    items: list[T] | None
    navigation: _Navigation | None = None


_ELEMENTS: Final = msgspec.json.Decoder(_Page[msgspec.Raw])  # type: ignore[type-var]
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Decoder(Generic[T]):
    """Decodes the pages of one kind of list, and single elements.

    Args:
        item: the type of the elements.
        members: the gateway's name of each field to the member's name in JSON.
    """

    def __init__(self, item: type[T], members: Mapping[str, str]) -> None:
        own = {_snake_case(field): field for field in members}
        fields = [(f.name, f.type, f.default) for f in msgspec.structs.fields(item)]
        renamed = {name: members[field] for name, field in own.items()}
        type_: Any = msgspec.defstruct(
            item.__name__, fields, bases=(item,), rename=renamed, kw_only=True
        )
        self._page = msgspec.json.Decoder(_Page[type_], dec_hook=_day)
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
        links = [name for name, kind, _ in fields if kind == Dynamic]
        # Usage has decimals, subscriptions have links, and nothing has both.
        self._has_links = bool(links)
        self._looked_at = attrgetter(*(links or decimals))

    def page(self, body: bytes) -> Page[T]:
        """Decode one page.

        Raises:
            Fault: `UPSTREAM_MALFORMED`: it is no JSON, no list, or does not tell how it goes on.
                Its hint names the member, never the value.
        """
        beyond_ascii = _beyond_ascii(body)
        try:
            page = self._page.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return self._by_member(body)
        if (
            page.items is None
            or _LONG_FRACTION.search(body)
            or not self._is_plain(body, beyond_ascii, page.items)
        ):
            return self._by_member(body)
        return Page(page.items, page.navigation.next if page.navigation else None, body, {})

    def one(self, body: bytes) -> T:
        """Decode a body that is one element.

        Raises:
            Fault: `UPSTREAM_MALFORMED`: it is no JSON object.
        """
        _beyond_ascii(body)
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

    def _is_plain(self, json: bytes, beyond_ascii: str, items: Sequence[T]) -> bool:
        """Whether msgspec has read everything but odd times as the rules have it."""
        values = chain.from_iterable(map(self._looked_at, items))
        if self._has_links:
            return all(map(is_dynamic, values))
        return are_numbers([value for value in values if value is not None]) and not (
            (b"_" in json and _UNDERSCORE.search(json))
            or (b"\\" in json and (_HIDDEN.search(json) or _escapes_digits(json)))
            or b"\x7f" in json
            or (beyond_ascii and _may_mislead(json, beyond_ascii))
        )

    def _by_member(self, body: bytes) -> Page[T]:
        marked = Marked(body)
        page = _decoded(_ELEMENTS, marked.body)
        following = page.navigation.next if page.navigation else None
        if following and marked.holds(following.encode()):
            raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=f"{_HALVES} - at `$.navigation.next`")
        elements: list[msgspec.Raw] = page.items or []
        unreadable: Counter[Member] = Counter()
        if page.items is None:
            unreadable[LIST] += 1
        items = [
            (None if marked.holds(element) else self._whole(element))
            or self._members.read(element, marked, unreadable)
            for element in elements
        ]
        if marked.body == body:
            return Page(items, following, body, unreadable)
        source = [msgspec.Raw(marked.restored(element)) for element in elements]
        return Page(items, following, source, unreadable)

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
        return item if self._is_plain(json, _beyond_ascii(json), [item]) else None


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


def decode_object(body: bytes) -> msgspec.Raw:
    """Check that a body is a JSON object, and return it as it is.

    Raises:
        Fault: `UPSTREAM_MALFORMED`.
    """
    _beyond_ascii(body)
    try:
        _OBJECT.decode(body)
    except (msgspec.DecodeError, RecursionError):
        _decoded(_OBJECT, Marked(body).body)
    return msgspec.Raw(body)


def _beyond_ascii(json: bytes) -> str:
    """Return JSON as text if it holds more than ASCII, or else nothing.

    msgspec passes over members without reading them, but `raw` hands them on.

    Raises:
        Fault: `UPSTREAM_MALFORMED`: it is no UTF-8.
    """
    if json.isascii():
        return ""
    try:
        return json.decode()
    except UnicodeDecodeError:
        raise _no_json() from None


def _escapes_digits(json: bytes) -> bool:
    """Whether escapes in JSON may stand for digits of other scripts; pairs of them may."""
    codes = {int(code, 16) for code in set(_FOREIGN.findall(json))}
    return any(chr(code).isdecimal() or code in _HALVES_OF_PAIRS for code in codes)


def _may_mislead(json: bytes, text: str) -> bool:
    """Whether JSON holds control characters or digits of other scripts as they are."""
    if _CONTROLS.search(json):
        return True
    try:
        # In C, since most bodies hold nothing beyond it.
        text.encode("latin-1")
    except UnicodeEncodeError:
        return any(map(str.isdecimal, set(text) - _DIGITS))
    return False


def _decoded(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        # The message states types and the path to the member. It quotes no value.
        raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=str(error)) from None
    except msgspec.DecodeError:
        raise _no_json() from None
    except RecursionError:
        hint = "The body is nested too deeply."
        raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=hint) from None


def _no_json() -> Fault:
    return Fault(FaultCode.UPSTREAM_MALFORMED, hint="The body is not JSON.")


def _day(type_: type, value: object) -> object:
    if type_ is Day and isinstance(value, str):
        return Day.parse(value)
    raise TypeError("Expected a date as text")


def _snake_case(field: str) -> str:
    return re.sub("([A-Z])", r"_\1", field).lower()
