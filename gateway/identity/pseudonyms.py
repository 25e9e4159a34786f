"""Pseudonyms of callers, so that the log never holds who they are."""

import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from resolvers.rights import Rights

_DIGITS: Final = 16


class Pseudonyms:
    """Makes pseudonyms: equal for the same caller, and of no use without the key.

    Args:
        key: the key; if None, a random one that only this process has.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def of(self, claims: Mapping[str, Any], rights: Rights) -> str:
        """Return 16 hexadecimal digits for the issuer and subject of claims.

        Callers without a subject are distinguished by the ledgers and numbers that they see,
        because each caller has a share of the gateway's limits.
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
