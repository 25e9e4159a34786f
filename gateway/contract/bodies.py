"""The members of a body, split without reading any value."""

from dataclasses import dataclass, field

import msgspec

from resolvers.payex.api.faults import Fault
from resolvers.payex.api.routes import Kind
from resolvers.payex.api.surrogates import Marked, replaced

Object = dict[str, msgspec.Raw]

LISTS = frozenset({Kind.SUBSCRIPTIONS, Kind.DETAILS, Kind.SUMMARIES})

_OBJECT = msgspec.json.Decoder(Object)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_TYPES = {
    ord('"'): "text",
    ord("{"): "object",
    ord("["): "list",
    ord("t"): "true/false",
    ord("f"): "true/false",
    ord("n"): "null",
}


class Unreadable(Exception):  # noqa: N818 - its message names what the body is
    """The body is not of the documented form. The message names what it is instead."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The objects of one body: the whole, its `navigation` and the elements of its `items`."""

    whole: Object = field(repr=False)
    navigation: list[Object] = field(default_factory=list, repr=False)
    items: list[Object] = field(default_factory=list, repr=False)


def json_type(raw: msgspec.Raw) -> str:
    """Return the JSON type of a value, from its first character."""
    return _TYPES.get(bytes(raw)[0], "number")


def is_whole(raw: msgspec.Raw) -> bool:
    """Return whether a value has no lone surrogate."""
    return replaced(bytes(raw)) == bytes(raw)


def types_in(raw: msgspec.Raw) -> list[str]:
    """Return the JSON types of a list's elements."""
    return [json_type(element) for element in _LIST.decode(replaced(bytes(raw)))]


def take_apart(body: bytes, *, is_list: bool) -> Parts:
    """Return the objects of a body.

    Args:
        body: as PayEx sent it.
        is_list: whether the route answers with a list, wrapped in `items`.

    Raises:
        Unreadable: the body is not a JSON object.
    """
    text = body.strip()
    if not text:
        raise Unreadable("an empty body")
    if text[:1] == b"<":
        raise Unreadable("a page of HTML or XML")
    try:
        body.decode()
        marked = Marked(body)
        msgspec.json.decode(marked.body, type=msgspec.Raw)
        if text[:1] != b"{":
            raise Unreadable(f"JSON, but not an object ({json_type(msgspec.Raw(text))})")
        whole = _OBJECT.decode(marked.body)
        parts = (_navigation(whole), _items(whole)) if is_list else ()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable("a body that is not JSON") from None
    except Fault as fault:
        raise Unreadable(
            f"a body that the gateway does not read: {fault.hint.rstrip('.')}"
        ) from None
    return Parts(
        _restored(whole, marked),
        *([_restored(one, marked) for one in objects] for objects in parts),
    )


def _navigation(whole: Object) -> list[Object]:
    raw = whole.get("navigation")
    return [_OBJECT.decode(raw)] if raw is not None and json_type(raw) == "object" else []


def _items(whole: Object) -> list[Object]:
    raw = whole.get("items")
    if raw is None or json_type(raw) != "list":
        return []
    elements = _LIST.decode(raw)
    return [_OBJECT.decode(element) for element in elements if json_type(element) == "object"]


def _restored(members: Object, marked: Marked) -> Object:
    return {name: msgspec.Raw(marked.restored(value)) for name, value in members.items()}
