"""PayEx's numbers, and what PayEx would refuse of them. The gateway refuses it without a call."""

import re
from dataclasses import dataclass

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


def refusal(parameter: str, number: str, place: str | None = None) -> str | None:
    """Return what is wrong with a number, or None.

    Args:
        parameter: PayEx's name of the number, a key of `RULES`.
        number: as the client sent it. The message does not repeat it.
        place: what the message calls it; None means its parameter.
    """
    place = place or parameter
    rule = RULES[parameter]
    if not number.strip():
        return f"{place} is empty."
    if len(number) > rule.longest:
        return f"{place} has {len(number)} characters; at most {rule.longest} are allowed."
    if not number.isprintable():
        return f"{place} holds control characters."
    if may_lead_elsewhere(number):
        return f"{place} could be read as a path."
    if rule.characters and not rule.characters.fullmatch(number):
        return f"{place} holds a character that PayEx does not allow: {rule.allowed} are."
    return None
