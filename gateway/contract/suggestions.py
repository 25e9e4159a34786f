"""Suggested field maps: which unmapped member may belong to a field that lacks one.

Each suggestion is a guess from names and types. A name that may mean something else (a VAT amount
for an amount, a code for a text) is never a guess; it is only listed as a candidate.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from gateway.contract.bodies import Object, json_type
from gateway.contract.findings import Finding, Standing
from gateway.contract.names import is_name
from gateway.contract.shapes import BodyShape, Member

# Other names for the same members, from PayEx's file specifications and from common use.
_ALIASES = {
    "usageDetailId": {"id", "detailId", "cdrId", "recordId"},
    "startTime": {"startDateTime", "dateTime", "timestamp", "callTime", "eventTime", "started"},
    "productGroupId": {"productGroup", "productGroupNo"},
    "detailInfo": {"detail", "info", "otherParty", "calledNumber"},
    "destination": {"destinationText", "destinationName"},
    "destinationCode": {"destinationReferenceCode"},
    "quantity": {"count", "numberOfEvents"},
    "amount": {"charge", "totalCharge", "cost"},
    "totalCharge": {"amount", "charge", "totalAmount", "cost"},
    "unitPrice": {"pricePerUnit"},
    "vatRate": {"vatPercent", "vatPercentage"},
    "currency": {"currencyCode"},
    "startPeriod": {"periodStart", "fromDate", "startDate"},
    "endPeriod": {"periodEnd", "toDate", "endDate"},
}
_QUALIFIERS = {"vat", "tax", "discount", "rounding", "code", "id", "type", "min", "max", "previous"}
_ALIKE = 0.7
_CLEARLY = 0.1


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Changes to the assumed field map of one route that would fit PayEx's bodies.

    Attributes:
        kept: the configured changes that fit.
        guesses: members by field, with similar names and types that fit.
        open: the fields that still lack a member, each with the members whose type would fit.
    """

    kept: Mapping[str, str]
    guesses: Mapping[str, str]
    open: Mapping[str, Sequence[str]]


def suggest(
    shape: BodyShape, findings: Sequence[Finding], objects: Sequence[Object], now: Mapping[str, str]
) -> Suggestion:
    """Return a field map for objects in which members are missing or of another type.

    Args:
        shape: the members that were expected.
        findings: the comparison of the objects with it.
        objects: the elements of the route's lists.
        now: the configured changes to the assumed map.
    """
    missed = {found.field: found for found in findings if found.standing in _MISSED and found.field}
    extras = [
        found.name
        for found in findings
        if found.standing is Standing.UNMAPPED and found.filled and is_name(found.name)
    ]
    fitting = {
        member.field: [name for name in extras if _fits(member, name, objects)]
        for member in shape.members
        if member.field in missed
    }
    guesses = _pair(fitting)
    return Suggestion(
        {field: member for field, member in now.items() if field not in guesses},
        guesses,
        {
            field: [name for name in names if name not in guesses.values()]
            for field, names in fitting.items()
            if field not in guesses and missed[field].differs
        },
    )


_MISSED = {Standing.MISSING, Standing.OTHER_TYPE}


def _fits(member: Member, name: str, objects: Sequence[Object]) -> bool:
    values = [item[name] for item in objects if name in item]
    return all(json_type(raw) == "null" or member.fits(raw) for raw in values)


def _pair(fitting: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Pair each field with the one member that is clearly more similar than all others."""
    scores = {(f, name): _likeness(f, name) for f, names in fitting.items() for name in names}
    pairs: dict[str, str] = {}
    for (field, name), score in scores.items():
        rivals = [
            other
            for (f, n), other in scores.items()
            if (f == field or n == name) and (f, n) != (field, name)
        ]
        if score >= _ALIKE and score - max(rivals, default=0.0) >= _CLEARLY:
            pairs[field] = name
    return pairs


def _likeness(field: str, name: str) -> float:
    """Return how similar two names are, from 0 to 1."""
    if name.casefold() in map(str.casefold, {field, *_ALIASES.get(field, ())}):
        return 1.0
    wanted, given = _words(field), _words(name)
    if (wanted ^ given) & _QUALIFIERS:
        return 0.0
    spelling = SequenceMatcher(None, field.casefold(), name.casefold()).ratio()
    inside = 0.8 if wanted <= given or given <= wanted else 0.0
    return max(spelling, inside)


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+", re.sub("([A-Z])", r" \1", name).casefold()))
