"""PayEx's numbers, and what PayEx would refuse of them. The gateway refuses it without a call."""

import re
from dataclasses import dataclass

from resolvers.payex.api.argument_errors import ArgumentError, ArgumentErrorCode, place
from resolvers.payex.api.segments import may_lead_elsewhere


@dataclass(frozen=True, slots=True)
class Rule:
    """A number's length, and its characters, if known; `allowed` names those."""

    longest: int
    characters: re.Pattern[str] | None = None
    allowed: str = ""


# PayEx documents the length and characters of customerNo. The other lengths are assumed, and so are
# the characters of ownerNo, which all samples write in digits; the settings keep to them as well.
# Of invoiceNo and subscriptionNo they are not known: only what no number can hold is refused.
_CUSTOMER_CHARACTERS = re.compile(r"[a-zA-Z0-9äåöÄÅÖ&/_ -.]+")
_OWNER_CHARACTERS = re.compile(r"[a-zA-Z0-9äåöÄÅÖ_.-]+")
RULES = {
    "ownerNo": Rule(15, _OWNER_CHARACTERS, "letters (with å, ä, ö), digits and the signs _ . -"),
    "invoiceNo": Rule(15),
    "customerNo": Rule(
        15,
        _CUSTOMER_CHARACTERS,
        "letters (with å, ä, ö), digits, spaces and the signs & / _ ! \" # $ % ' ( ) * + , - .",
    ),
    "subscriptionNo": Rule(34),
}


def number_message(parameter: str, number: str) -> str | None:
    """Return what is wrong with a number, or None.

    Args:
        parameter: PayEx's name of the number, a key of `RULES`.
        number: as it came. The message does not repeat it.
    """
    error = number_error(parameter, number, parameter)
    return error.message if error else None


def number_error(parameter: str, number: str, *path: str) -> ArgumentError | None:
    """Return the error of a number that PayEx is sure to refuse, or None if it may know it.

    Args:
        parameter: PayEx's name of the number, a key of `RULES`.
        number: as the client sent it. The message does not repeat it.
        path: where it stands in the field's arguments.
    """
    if (wrong := _wrong(RULES[parameter], number)) is None:
        return None
    code, words = wrong
    return ArgumentError(parameter, f"{place(path)} {words}", code, path)


def _wrong(rule: Rule, number: str) -> tuple[ArgumentErrorCode, str] | None:
    if not number.strip():
        return ArgumentErrorCode.BLANK, "is empty."
    if len(number) > rule.longest:
        words = f"has {len(number)} characters; at most {rule.longest} are allowed."
        return ArgumentErrorCode.TOO_LONG, words
    if not number.isprintable():
        words = "holds control characters."
    elif may_lead_elsewhere(number):
        words = "could be read as a path."
    elif rule.characters and not rule.characters.fullmatch(number):
        words = f"holds a character that PayEx does not allow: {rule.allowed} are."
    else:
        return None
    return ArgumentErrorCode.INVALID_CHARACTER, words
