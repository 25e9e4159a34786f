"""Money and volumes, as PayEx states them: a decimal beside a code."""

import enum
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

import msgspec

# Far more than money needs. Bounded numbers have sums that are exact and can be written out; one
# such as 1e999999999 has neither, here or at a client.
MOST_DIGITS: Final = 60
_EXPONENTS: Final = frozenset(range(-MOST_DIGITS, MOST_DIGITS))


class VolumeUnit(enum.Enum):
    """PayEx's documented volume codes. A code that PayEx adds later is `UNKNOWN`."""

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
    """An amount in one currency; the code is None where PayEx gave none."""

    amount: Decimal
    currency_code: str | None


class Volume(msgspec.Struct, frozen=True):
    """A measured volume; `code` is PayEx's own text, None where PayEx gave none."""

    value: Decimal
    code: str | None

    @property
    def unit(self) -> VolumeUnit:
        """The documented unit behind the code, in whatever casing it came."""
        return _UNITS.get(self.code) or _unit(self.code)


def number(text: str) -> Decimal:
    """Return the number that a text states: digits, perhaps with a point, a sign or an exponent.

    Blanks around it are ignored. Its first digit that is not zero stands at most 60 places from
    the point.

    Raises:
        ValueError: the text cannot be read. The message does not repeat it.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    # Python takes underscores between digits, which may be meant as points.
    if "_" in text or not are_numbers([value]):
        raise ValueError("Expected a number of ordinary size")
    return value


def are_numbers(values: Collection[Decimal]) -> bool:
    """Whether all values are finite and of ordinary size, as `number` has it."""
    return all(map(Decimal.is_finite, values)) and _EXPONENTS.issuperset(
        map(Decimal.adjusted, values)
    )


# The same few codes stand in all records. A bound keeps odd ones from filling the memory.
@lru_cache(maxsize=64)
def currency_code(text: str | None) -> str | None:
    """Return a currency's code in upper case, as ISO 4217 writes it; None where PayEx gave none."""
    return text.strip().upper() or None if text else None


@lru_cache(maxsize=64)
def _unit(code: str | None) -> VolumeUnit:
    return _UNITS.get((code or "").strip().upper(), VolumeUnit.UNKNOWN)
