"""What the gateway shows PayEx: a bearer reference token, issued to exactly one ledger."""

from collections.abc import Mapping
from typing import Protocol


class Credentials(Protocol):
    """Where tokens come from. PayEx documents no token endpoint, so the source is replaceable."""

    def token(self, owner_no: str) -> str | None:
        """Return the ledger's token, or None when the gateway may not ask for the ledger."""


class StaticTokens:
    """Tokens that were given once, by ledger."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._tokens = dict(tokens)

    def token(self, owner_no: str) -> str | None:
        """Return the ledger's token, or None."""
        return self._tokens.get(owner_no)

    def __repr__(self) -> str:
        return f"StaticTokens({len(self._tokens)} ledgers)"
