"""JSON that msgspec may read differently from our rules, as far as a scan can find it."""

import re
from typing import Final

from resolvers.payex.api.faults import Fault, FaultCode

# More than six digits of a second, which msgspec rounds, and an underscore between digits. Each
# begins with what is looked for fastest, and looks back last: that takes longest.
_LONG_FRACTION: Final = re.compile(rb"\.[0-9]{7}(?<=:[0-9]{2}\.[0-9]{7})")
_UNDERSCORE: Final = re.compile(rb"_[0-9](?<=[0-9]_[0-9])")
# Escapes of digits, point, colon and underscore may hide either. Behind an escaped NUL msgspec
# reads no more of a time. No control character stands in a code.
_HIDDEN: Final = re.compile(rb"\\(?:[bfnrt]|u00(?:[0189]|2[eE]|3[0-9aA]|5[fF]|7[fF]))")
_CONTROLS: Final = re.compile(rb"\xc2[\x80-\x9f]")
# Python reads digits of other scripts as these, which all lie beyond Latin-1.
_FOREIGN: Final = re.compile(rb"\\u((?!00)[0-9a-fA-F]{4})")
_FOREIGN_DIGIT: Final = re.compile(r"[^\x00-\xff](?<=\d)")
_HALVES_OF_PAIRS: Final = range(0xD800, 0xE000)
# Microseconds (measured): a point or underscore, an escape, and a byte that is not ASCII.
_UNITS_OF_A_SIGN: Final = 0.02
_UNITS_OF_AN_ESCAPE: Final = 0.25
_UNITS_BEYOND: Final = 0.04


def has_long_fraction(json: bytes) -> bool:
    """Whether JSON holds a time with more than six digits of a second, which msgspec rounds."""
    return bool(_LONG_FRACTION.search(json))


def may_misread(json: bytes, beyond: str) -> bool:
    """Whether msgspec may read a number or a code differently from our rules.

    Args:
        json: the JSON.
        beyond: the result of `beyond_ascii`.
    """
    return bool(
        (b"_" in json and _UNDERSCORE.search(json))
        or (b"\\" in json and (_HIDDEN.search(json) or _escapes_digits(json)))
        or b"\x7f" in json
        or (beyond and _may_mislead(json, beyond))
    )


def units_of_looking(json: bytes, beyond: str) -> float:
    """Return what it takes of the budget to look at JSON, given what `may_misread` is."""
    units = _UNITS_OF_A_SIGN * (json.count(b".") + json.count(b"_"))
    if b"\\" in json:
        units += _UNITS_OF_AN_ESCAPE * json.count(b"\\u")
    if beyond:
        units += _UNITS_BEYOND * (len(json) - len(beyond))
    return units


def beyond_ascii(json: bytes) -> str:
    """Return JSON as text if it is not all ASCII, else nothing.

    msgspec skips unmapped members unread, but `raw` passes them on.

    Raises:
        Fault: `UPSTREAM_MALFORMED`: it is not UTF-8.
    """
    if json.isascii():
        return ""
    try:
        return json.decode()
    except UnicodeDecodeError:
        raise no_json() from None


def no_json() -> Fault:
    """Return the fault of a body that is not JSON."""
    return Fault(FaultCode.UPSTREAM_MALFORMED, hint="The body is not JSON.")


def too_large(size: int, most: int) -> Fault:
    """Return the fault of a body that is too large to be decoded at once and cannot be sliced."""
    hint = (
        f"The body has {size} bytes, and is no list of `items` that can be read in parts; "
        f"at most {most} bytes are read at once."
    )
    return Fault(FaultCode.UPSTREAM_MALFORMED, hint=hint)


def _escapes_digits(json: bytes) -> bool:
    """Whether escapes may stand for digits of other scripts, also as pairs."""
    codes = {int(code, 16) for code in set(_FOREIGN.findall(json))}
    return any(chr(code).isdecimal() or code in _HALVES_OF_PAIRS for code in codes)


def _may_mislead(json: bytes, text: str) -> bool:
    """Whether JSON holds unescaped control characters or digits of other scripts."""
    if _CONTROLS.search(json):
        return True
    try:
        # In C, since most bodies hold nothing beyond it.
        text.encode("latin-1")
    except UnicodeEncodeError:
        return bool(_FOREIGN_DIGIT.search(text))
    return False
