"""What a caller's claims let them see.

    {"ledgers": ["1234"], "scope": "usage:read usage:raw"}      customer service: ledger 1234, whole
    {"ledger": "1234", "customers": ["9999"]}                   an end user: one customer of it
    {"customers": {"1234": ["9999"], "5678": ["12", "13"]}}     the same, in two ledgers

An absent or null claim grants nothing. If one claim cannot be understood, all are refused: the
valid ones alone could grant more than the issuer meant.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.http.refusals import Refusal
from gateway.identity.challenges import forbidden
from resolvers.payex.api.numbers import number_message
from resolvers.rights import Numbers, Rights

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """The claim for each purpose: its name, or a JSON pointer (RFC 6901) that begins with `/`.

    Attributes:
        most: the most values of one claim.
    """

    ledgers: str = "ledgers"
    ledger: str = "ledger"
    customers: str = "customers"
    invoices: str = "invoices"
    scopes: str = "scope"
    most: int = 1000


def rights_of(claims: Mapping[str, Any], names: ClaimNames) -> Rights:
    """Return the rights that claims grant.

    Args:
        claims: verified claims, as decoded JSON.
        names: the names of the claims.

    Raises:
        Refusal: 403; a claim cannot be understood. It names the claim and its setting, and never
            a value.
    """
    reading = _Reading(claims, names.most)
    ledgers = reading.words("GATEWAY_CLAIM_LEDGERS", names.ledgers)
    one = reading.ledger("GATEWAY_CLAIM_LEDGER", names.ledger)
    for number in ledgers:
        reading.check("GATEWAY_CLAIM_LEDGERS", names.ledgers, "ownerNo", number)
    customers = reading.numbers("GATEWAY_CLAIM_CUSTOMERS", names.customers, "customerNo", one)
    invoices = reading.numbers("GATEWAY_CLAIM_INVOICES", names.invoices, "invoiceNo", one)
    return Rights(
        ledgers=ledgers,
        numbers={
            ledger: Numbers(
                invoices=invoices.get(ledger, frozenset()),
                customers=customers.get(ledger, frozenset()),
            )
            for ledger in customers.keys() | invoices.keys()
        },
        scopes=reading.words("GATEWAY_CLAIM_SCOPES", names.scopes),
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Reading:
    claims: Mapping[str, Any]
    most: int

    def words(self, setting: str, name: str) -> frozenset[str]:
        """Return the values of a list, a single value, or the words of a text between spaces."""
        found = _at(self.claims, name)
        if isinstance(found, str):
            # RFC 6749 (3.3) separates by spaces. Other blanks belong to a word, and grant nothing.
            found = [word for word in found.split(" ") if word]
        return self._texts(setting, name, found)

    def ledger(self, setting: str, name: str) -> str | None:
        """Return the one ledger of a claim, which may be a list of one."""
        numbers = self._texts(setting, name, _at(self.claims, name))
        if len(numbers) > 1:
            raise _malformed(setting, name, f"names {len(numbers)} ledgers; one is taken")
        for number in numbers:
            self.check(setting, name, "ownerNo", number)
            return number
        return None

    def numbers(
        self, setting: str, name: str, parameter: str, ledger: str | None
    ) -> dict[str, frozenset[str]]:
        """Return a claim's numbers by ledger: the given ledger, unless the claim names its own."""
        found = _at(self.claims, name)
        by_ledger = {}
        if isinstance(found, Mapping):
            self._bound(setting, name, len(found))
            for number, given in found.items():
                by_ledger[number] = self._texts(setting, name, given)
        elif numbers := self._texts(setting, name, found):
            if ledger is None:
                raise _malformed(
                    setting,
                    name,
                    "has numbers, and the claims do not say of which ledger they are: "
                    "GATEWAY_CLAIM_LEDGER names the claim that does",
                )
            by_ledger[ledger] = numbers
        self._bound(setting, name, sum(map(len, by_ledger.values())))
        for number, texts in by_ledger.items():
            self.check(setting, name, "ownerNo", number)
            for text in texts:
                self.check(setting, name, parameter, text)
        return by_ledger

    def check(self, setting: str, name: str, parameter: str, number: str) -> None:
        """Refuse a number that PayEx would refuse."""
        if wrong := number_message(parameter, number):
            raise _malformed(setting, name, f"has a number that no PayEx has: {wrong}")

    def _texts(self, setting: str, name: str, found: Any) -> frozenset[str]:
        """Return the values of a list as text. A whole number becomes its digits.

        A single value may replace a list of one, as some issuers do. Other types are refused: a
        fraction may have been rounded on its way, and `true` was never a number.
        """
        if found is None:
            return frozenset()
        if _is_text(found):
            found = [found]
        if not isinstance(found, list):
            raise _malformed(
                setting, name, "is neither text, nor a whole number in digits, nor a list of them"
            )
        self._bound(setting, name, len(found))
        if not all(_is_text(item) for item in found):
            raise _malformed(
                setting, name, "has a value that is neither text nor a whole number in digits"
            )
        return frozenset(map(str, found))

    def _bound(self, setting: str, name: str, count: int) -> None:
        if count > self.most:
            raise _malformed(
                setting,
                name,
                f"names {count} values; at most {self.most} may be (GATEWAY_CLAIM_MAX_NUMBERS)",
            )


def _is_text(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _malformed(setting: str, name: str, wrong: str) -> Refusal:
    return forbidden(f"The claim {name} ({setting}) {wrong.removesuffix('.')}.")


def _at(claims: Mapping[str, Any], name: str) -> Any:
    """Return the value at a name or a JSON pointer, or None."""
    if not name.startswith("/"):
        return claims.get(name)
    found: Any = claims
    for part in name[1:].split("/"):
        token = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = found.get(token)
        elif isinstance(found, list) and _INDEX.fullmatch(token) and int(token) < len(found):
            found = found[int(token)]
        else:
            return None
    return found
