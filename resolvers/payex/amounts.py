"""Money and volumes, as PayEx states them: a decimal beside a code."""

import enum
from decimal import Decimal

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


_UNITS = {unit.value: unit for unit in VolumeUnit}


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
        return _UNITS.get((self.code or "").strip().upper(), VolumeUnit.UNKNOWN)


def money(amount: Decimal | None, currency: str | None) -> Money | None:
    """Return an amount with its currency in upper case, as ISO 4217 writes it."""
    if amount is None:
        return None
    return Money(amount, currency.strip().upper() or None if currency else None)


def volume(value: Decimal | None, code: str | None) -> Volume | None:
    """Return a volume with its code as it came."""
    return None if value is None else Volume(value, code)
