"""JSON numbers with a point or an exponent, as they were written: a float would round them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JSONNumber:
    """A number as a client wrote it: neither an `int` nor a `float`, so that no `ID` takes it.

    An `Int` does not take it either, as it does not take such a literal.

    Attributes:
        text: the number as it was written.
    """

    text: str
