"""JSON numbers that keep what was written: a binary float would round it."""

from decimal import Decimal
from typing import Self


class JSONNumber(float):
    """A number with a point or an exponent, as the float that it is to most, and its text.

    Attributes:
        text: the number as it was written.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Return the number of a JSON text."""
        self = super().__new__(cls, text)
        self.text = text
        return self

    def __int__(self) -> int:
        """Return the integer that was written: as an `ID`, a rounded one would be another's."""
        return int(Decimal(self.text)) if self.is_integer() else super().__int__()
