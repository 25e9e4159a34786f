"""The frame of a body: the link to the next page, and whether it is an object."""

import re
import secrets
from typing import Any, Final, Generic, TypeVar

import msgspec

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.misreadings import beyond_ascii, no_json
from resolvers.payex.api.surrogates import Marked

T = TypeVar("T")


class _Navigation(msgspec.Struct):
    next: str | None = None


class PageBody(msgspec.Struct, Generic[T]):
    """A page of a list as PayEx sends it."""

    items: list[T] | None
    navigation: _Navigation | None = None

    @property
    def next(self) -> str | None:
        """The link to the next page, if there is one."""
        return self.navigation.next if self.navigation else None


_ELEMENTS: Final = msgspec.json.Decoder(PageBody[msgspec.Raw])
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
# What msgspec says: types and the path to the member, and no value.
_OTHER_TYPE: Final = re.compile(r"Expected `(.+?)`, got `(.+?)`(?: - at `\$\.(.+)`)?")
_MISSING: Final = re.compile(r"Object missing required field `(.+?)`")
_NAMES: Final = {
    "array": "a list",
    "bool": "a Boolean",
    "null": "null",
    "object": "an object",
    "str": "text",
}


def read_page(body: bytes) -> tuple[list[msgspec.Raw] | None, str | None, Marked]:
    """Return a page's undecoded elements, the link to the next page, and the marks.

    Raises:
        Fault: `UPSTREAM_MALFORMED`.
    """
    marked = Marked(body)
    page = _decoded(_ELEMENTS, marked.body)
    following = page.next
    if following and marked.holds(following.encode()):
        raise Fault(FaultCode.UPSTREAM_MALFORMED, hint="navigation.next holds half a character.")
    return page.items, following, marked


def goes_on(before: bytes, behind: bytes) -> str | None:
    """Return the link to the next page, or nothing, of a page whose elements are cut out.

    Args:
        before: the body before the elements.
        behind: the body behind them.

    Returns:
        None if it is no page, or if a second list replaces these elements.
    """
    sign = b'"%b"' % secrets.token_hex(16).encode()
    page = before + sign + behind
    try:
        beyond_ascii(page)
        elements, following, _ = read_page(page)
    except Fault:
        return None
    return (following or "") if [*map(bytes, elements or ())] == [sign] else None


def decode_object(body: bytes) -> msgspec.Raw:
    """Check that a body is a JSON object, and return it unchanged.

    Raises:
        Fault: `UPSTREAM_MALFORMED`.
    """
    beyond_ascii(body)
    try:
        _OBJECT.decode(body)
    except (msgspec.DecodeError, RecursionError):
        _decoded(_OBJECT, Marked(body).body)
    return msgspec.Raw(body)


def _decoded(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=_in_words(str(error))) from None
    except msgspec.DecodeError:
        raise no_json() from None
    except RecursionError:
        hint = "The body is nested too deeply."
        raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=hint) from None


def _in_words(message: str) -> str:
    """Return msgspec's complaint about a body in words of JSON."""
    if other := _OTHER_TYPE.match(message):
        expected, given, member = other.groups()
        wanted = " or ".join(_NAMES.get(name, name) for name in expected.split(" | "))
        return f"{member or 'The body'} is {_NAMES.get(given, 'a number')}, not {wanted}."
    missing = _MISSING.match(message)
    return f"The body has no {missing[1]}." if missing else "The body has another form."
