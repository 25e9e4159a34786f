"""What a caller may see: whole ledgers, or single invoices and customers, by the scopes granted.

Rights are plain data, made of a caller's verified claims. They hold no policy of where claims come
from, and the gateway checks them on the entity itself, whichever path leads to it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType
from typing import Final

from resolvers.payex.api.problems import Problem, ProblemType
from resolvers.payex.api.routes import Billing, Holder

READ_SCOPE: Final = "usage:read"
"""Lets a caller read what PayEx tells of the entities that the caller may see."""

INTROSPECT_SCOPE: Final = "usage:introspect"
"""Lets a caller see the schema, where callers are identified."""

RAW_SCOPE: Final = "usage:raw"
"""Lets a caller read PayEx's bodies as they came, with members that nobody has reviewed."""

_WHOLE = "*"


@dataclass(frozen=True, slots=True, repr=False)
class Numbers:
    """The invoices and customers of one ledger that are an end user's own."""

    invoices: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Numbers(invoices={len(self.invoices)}, customers={len(self.customers)})"

    def __bool__(self) -> bool:
        return bool(self.invoices or self.customers)

    def of(self, billing: Billing) -> frozenset[str]:
        """Return the numbers of the invoices (billed) or of the customers (unbilled)."""
        return self.invoices if billing is Billing.BILLED else self.customers


_NOTHING = Numbers()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Rights:
    """What one caller may see. Without any argument it is nothing.

    Attributes:
        ledgers: the ledgers that are seen whole: customer service.
        numbers: the single invoices and customers, by ledger: an end user. It cannot be changed;
            a ledger without a number is not in it.
        scopes: the scopes that were granted (`usage:read`, `usage:raw`).
        everything: callers are not identified, and nothing is withheld: the sandbox, or
            GATEWAY_INSECURE.
    """

    ledgers: frozenset[str] = frozenset()
    numbers: Mapping[str, Numbers] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    everything: bool = False

    def __post_init__(self) -> None:
        own = {owner_no: numbers for owner_no, numbers in self.numbers.items() if numbers}
        object.__setattr__(self, "numbers", MappingProxyType(own))

    def __hash__(self) -> int:
        own = frozenset(self.numbers.items())
        return hash((self.ledgers, own, self.scopes, self.everything))

    def __repr__(self) -> str:
        if self.everything:
            return "Rights(everything)"
        counts = f"ledgers={len(self.ledgers)}, numbers in {len(self.numbers)} ledgers"
        return f"Rights({counts}, scopes={len(self.scopes)})"

    def allows(self, scope: str) -> bool:
        """Whether the scope was granted."""
        return self.everything or scope in self.scopes

    def sees_ledger(self, owner_no: str) -> bool:
        """Whether anything of the ledger may be seen."""
        return self.sees_whole(owner_no) or owner_no in self.numbers

    def sees_whole(self, owner_no: str) -> bool:
        """Whether all of the ledger may be seen."""
        return self.everything or owner_no in self.ledgers

    def sees(self, holder: Holder) -> bool:
        """Whether an invoice or a customer, and all usage below it, may be seen."""
        if self.sees_whole(holder.owner_no):
            return True
        own = self.numbers.get(holder.owner_no, _NOTHING)
        return holder.number in own.of(holder.billing)

    def key(self, owner_no: str) -> str:
        """Return what stands for these rights in the keys of what callers share of a ledger.

        Callers have the same key exactly if the same of the ledger may be seen by them: two agents
        who see it whole share its answers, whatever other ledgers they see. End users share with
        their equals alone. Scopes are no part of it: they choose fields, and PayEx's answer is the
        same whatever is read of it.

        The numbers go into a cryptographic digest: a key has one size however many they are, and
        tells none. Callers who are not identified have the key "", which nobody else has.
        """
        if self.everything:
            return ""
        if self.sees_whole(owner_no):
            return _WHOLE
        own = self.numbers.get(owner_no, _NOTHING)
        text = json.dumps([sorted(own.invoices), sorted(own.customers)])
        return blake2b(text.encode("ascii"), digest_size=32).hexdigest()


class UnseenError(Exception):
    """PayEx was about to be asked for what the caller may not see: whoever asks has not looked."""


def unseen(holder: Holder) -> Problem:
    """Return the problem of an invoice or customer that the caller does not see.

    To those who do not see the ledger whole, one that PayEx does not have is told by it as well:
    nothing in it tells which it is.
    """
    billed = holder.billing is Billing.BILLED
    kind = ProblemType.INVOICE_NOT_FOUND if billed else ProblemType.CUSTOMER_NOT_FOUND
    code, status = kind.value
    title = "The invoice was not found" if billed else "The customer was not found"
    return Problem(kind, type=code, title=title, status=status, holder_no=holder.number)


EVERYTHING: Final = Rights(everything=True)
"""The rights of every caller where callers are not identified."""
