"""Money and volumes, as PayEx states them: a decimal beside a code."""

import enum
from decimal import Decimal
from functools import lru_cache

import msgspec


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


# The same few codes stand in all records. A bound keeps odd ones from filling the memory.
@lru_cache(maxsize=64)
def currency_code(text: str | None) -> str | None:
    """Return a currency's code in upper case, as ISO 4217 writes it; None where PayEx gave none."""
    return text.strip().upper() or None if text else None


@lru_cache(maxsize=64)
def _unit(code: str | None) -> VolumeUnit:
    return _UNITS.get((code or "").strip().upper(), VolumeUnit.UNKNOWN)
