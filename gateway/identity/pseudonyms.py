"""Pseudonyms: what the log calls a caller by, so that it never holds who it is."""

import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

_DIGITS: Final = 16


class Pseudonyms:
    """Makes the pseudonyms of callers: equal for one caller, and of no use without the key.

    Args:
        key: what they are made with; made up if None, so that only this process makes the same.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def of(self, claims: Mapping[str, Any]) -> str:
        """Return 16 hexadecimal digits for the issuer and subject of claims."""
        who = json.dumps([claims.get("iss"), claims.get("sub")])
        return hmac.digest(self._key, who.encode("ascii"), "sha256").hex()[:_DIGITS]
