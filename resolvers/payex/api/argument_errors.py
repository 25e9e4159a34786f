"""Arguments that were refused: which one, where it stands, and why."""

import enum
from dataclasses import dataclass
from typing import Self


class ArgumentErrorCode(enum.Enum):
    """Why an argument was refused, for programs."""

    BLANK = "BLANK"
    TOO_LONG = "TOO_LONG"
    TOO_SHORT = "TOO_SHORT"
    INVALID_CHARACTER = "INVALID_CHARACTER"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    TOO_MANY = "TOO_MANY"
    CONFLICT = "CONFLICT"
    CURSOR_INVALID = "CURSOR_INVALID"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    REJECTED_BY_PAYEX = "REJECTED_BY_PAYEX"


@dataclass(frozen=True, slots=True)
class ArgumentError:
    """One argument that was refused.

    Attributes:
        parameter: PayEx's name for it.
        message: why, in English. It repeats nothing that the client sent.
        code: why, for programs.
        path: where it is in the field's arguments; empty if PayEx refused what is no argument.
    """

    parameter: str
    message: str
    code: ArgumentErrorCode = ArgumentErrorCode.REJECTED_BY_PAYEX
    path: tuple[str, ...] = ()

    @classmethod
    def at(cls, code: ArgumentErrorCode, message: str, *path: str) -> Self:
        """Return the error of the argument at a path, which PayEx has no other name for.

        Args:
            code: why it was refused.
            message: what the argument's place is followed by, such as "is empty.".
            path: where it is.
        """
        return cls(path[-1], f"{place(path)} {message}", code, path)


def place(path: tuple[str, ...]) -> str:
    """Return a path as messages name it: `filter.minimumAmount`, `invoiceNos[3]`."""
    first, *rest = path
    return first + "".join(f"[{name}]" if name.isdecimal() else f".{name}" for name in rest)
