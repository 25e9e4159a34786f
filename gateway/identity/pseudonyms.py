"""Pseudonyms: what the log calls a caller by, so that it never holds who it is."""

import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from resolvers.rights import Rights

_DIGITS: Final = 16


class Pseudonyms:
    """Makes the pseudonyms of callers: equal for one caller, and of no use without the key.

    Args:
        key: what they are made with; made up if None, so that only this process makes the same.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def of(self, claims: Mapping[str, Any], rights: Rights) -> str:
        """Return 16 hexadecimal digits for the issuer and subject of claims.

        Callers share the gateway's bounds, and so must not be taken for one: those without a
        subject are told apart by the ledgers and numbers that they see.
        """
        who: list[Any] = [claims.get("iss"), claims.get("sub")]
        if not who[1]:
            own = {
                ledger: [sorted(numbers.invoices), sorted(numbers.customers)]
                for ledger, numbers in rights.numbers.items()
            }
            who += [sorted(rights.ledgers), own]
        text = json.dumps(who, sort_keys=True)
        return hmac.digest(self._key, text.encode("ascii"), "sha256").hex()[:_DIGITS]
