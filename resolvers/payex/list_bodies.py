"""Bodies, but for their elements: how a page of a list goes on, and whether a body is an object."""

import secrets
from typing import Any, Final, Generic, TypeVar

import msgspec

from resolvers.payex.faults import Fault, FaultCode
from resolvers.payex.misreadings import beyond_ascii, no_json
from resolvers.payex.surrogates import Marked

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
_HALVES: Final = "Expected whole characters"


def read_page(body: bytes) -> tuple[list[msgspec.Raw] | None, str | None, Marked]:
    """Read a page, but not its elements: return those, the link to the next page, and the marks.

    Raises:
        Fault: `UPSTREAM_MALFORMED`.
    """
    marked = Marked(body)
    page = _decoded(_ELEMENTS, marked.body)
    following = page.next
    if following and marked.holds(following.encode()):
        raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=f"{_HALVES} - at `$.navigation.next`")
    return page.items, following, marked


def goes_on(before: bytes, behind: bytes) -> str | None:
    """Return the link to the next page, or nothing, of a page without its elements.

    Args:
        before: what stands before the elements.
        behind: what stands behind them.

    Returns:
        None if it is no page, or if the elements are none of it: a second list replaces them.
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
    """Check that a body is a JSON object, and return it as it is.

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
        # The message states types and the path to the member. It quotes no value.
        raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=str(error)) from None
    except msgspec.DecodeError:
        raise no_json() from None
    except RecursionError:
        hint = "The body is nested too deeply."
        raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=hint) from None
