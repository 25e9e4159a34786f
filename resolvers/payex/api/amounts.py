"""Money and volumes, as PayEx states them: a decimal beside a code."""

import enum
import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

import msgspec

# Far more than money needs. Bounded numbers have sums that are exact and can be written out; one
# such as 1e999999999 has neither, here or at a client.
MOST_DIGITS: Final = 60
_EXPONENTS: Final = frozenset(range(-MOST_DIGITS, MOST_DIGITS))
# What Python takes beside it is no number here: `1_000`, digits of other scripts, NaN.
_NUMBER: Final = re.compile(
    r"[+-]?(?P<digits>[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?", re.ASCII
)
_ISO_LENGTH: Final = 3
UNREADABLE: Final = ""
"""Stands for the code of a currency or a unit that PayEx stated and nobody can read.

Whether two of them are the same, nobody knows: what has one is in no sum.
"""
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class VolumeUnit(enum.Enum):
    """PayEx's documented volume codes. An unknown code is `UNKNOWN`."""

    S = "S"
    E = "E"
    B = "B"
    KB = "KB"
    MB = "MB"
    GB = "GB"
    MIN = "MIN"
    UNKNOWN = "UNKNOWN"


_UNITS: dict[str | None, VolumeUnit] = {unit.value: unit for unit in VolumeUnit}


class Money(msgspec.Struct, frozen=True):
    """An amount in one currency; the code is None if PayEx gave none."""

    amount: Decimal
    currency_code: str | None


class Volume(msgspec.Struct, frozen=True):
    """A measured volume; `code` is PayEx's own text, or None if PayEx gave none."""

    value: Decimal
    code: str | None

    @property
    def unit(self) -> VolumeUnit:
        """The documented unit, ignoring case."""
        return _UNITS.get(self.code) or _unit(self.code)


def number(text: str) -> Decimal:
    """Read a number: digits, perhaps with a point, a sign or an exponent.

    Blanks around it are ignored. Its first digit that is not zero is at most 60 places from the
    point. A zero loses an exponent that would move it farther.

    Raises:
        ValueError: the text cannot be read. The message does not repeat it.
    """
    form = _NUMBER.fullmatch(text.strip())
    if form is None:
        raise ValueError("Expected a number")
    try:
        value = Decimal(form[0])
    except InvalidOperation:
        # An exponent may be too large even for a decimal.
        value = Decimal("NaN")
    if are_numbers([value]):
        return value
    if form["digits"].strip("0."):
        raise ValueError("Expected a number of ordinary size")
    return Decimal(0)


def written(value: Decimal) -> str:
    """Return a number as clients read it: exact, and without an exponent if it is of usual size."""
    text = str(value)
    if text[0] == "-" and not value:
        # Zero has no sign, however PayEx wrote it.
        text, value = text[1:], abs(value)
    if "E" not in text:
        return text
    plain = abs(value.adjusted()) <= MOST_DIGITS
    return format(value, "f") if plain else text


def are_numbers(values: Collection[Decimal]) -> bool:
    """Whether all values are finite and within the bounds of `number`."""
    return all(map(Decimal.is_finite, values)) and _EXPONENTS.issuperset(
        map(Decimal.adjusted, values)
    )


# The same few codes stand in all records. A bound keeps odd ones from filling the memory.
@lru_cache(maxsize=64)
def currency_code(text: str | None) -> str | None:
    """Return a currency's code, or None if PayEx gave none.

    Three ASCII letters become upper case, as in ISO 4217. Any other text stays as it is, without
    blanks around it: it may mean something else.
    """
    code = text.strip() if text else ""
    is_iso = len(code) == _ISO_LENGTH and code.isascii() and code.isalpha()
    return (code.upper() if is_iso else code) or None


def code(text: str) -> str:
    """Return the code of a currency or a unit.

    Raises:
        ValueError: the text is blank or holds a control character.
    """
    if is_blank(text) or _CONTROLS.search(text):
        raise ValueError("Expected more than blanks, and no control characters")
    return text


def is_blank(text: str | None) -> bool:
    """Whether a text holds nothing but blanks."""
    return text is not None and not text.strip()


@lru_cache(maxsize=64)
def _unit(code: str | None) -> VolumeUnit:
    text = (code or "").strip()
    # Letters of other scripts may become these in upper case.
    return _UNITS.get(text.upper(), VolumeUnit.UNKNOWN) if text.isascii() else VolumeUnit.UNKNOWN
