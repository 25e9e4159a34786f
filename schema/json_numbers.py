"""JSON numbers with a point or an exponent, as they were written: a float would round them."""

import re
from dataclasses import dataclass
from typing import Final

_WHOLE: Final = re.compile(r"(-?[1-9][0-9]{0,18}|0)\.0+")


@dataclass(frozen=True, slots=True)
class JSONNumber:
    """A number as a client wrote it: neither an `int` nor a `float`, so that no `ID` takes it.

    An `Int` does not take it either, as it does not take such a literal.

    Attributes:
        text: the number as it was written.
    """

    text: str


def json_number(text: str) -> int | JSONNumber:
    """Return what a JSON number with a point or an exponent is to a client.

    `3.0` is 3: some languages have no other way to write an integer.
    """
    whole = _WHOLE.fullmatch(text)
    return int(whole[1]) if whole else JSONNumber(text)
