"""Values of PayEx's documented type "dynamic": a link, or what it leads to."""

import re
from typing import Final

import msgspec

from resolvers.payex.api.links import is_from_root


class _Object(msgspec.Struct, gc=False):
    """An object that is passed over: a `dict` takes twenty times the bytes of its JSON."""


_DYNAMIC: Final = msgspec.json.Decoder(str | _Object | list[_Object] | None)
_TEXT: Final = msgspec.json.Decoder(str)
_EMPTY: Final = re.compile(rb"\{\s*\}")


def is_dynamic(json: msgspec.Raw) -> bool:
    """Whether JSON may stand where PayEx documents the type "dynamic".

    That is a path, or what it leads to (an object or a list of some), or null.
    """
    try:
        value = _DYNAMIC.decode(json)
    except (ValueError, RecursionError):
        return False
    if isinstance(value, str):
        return is_from_root(value)
    return not (isinstance(value, _Object) and _EMPTY.fullmatch(json))


def link_in(json: msgspec.Raw) -> str | None:
    """Return the path in what `is_dynamic`; None if it is anything else."""
    return _TEXT.decode(json) if bytes(json).startswith(b'"') else None
