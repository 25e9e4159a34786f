"""What the gateway shows PayEx: a reference token of a ledger, and the certificate of a tenant.

PayEx issues the bearer reference token to exactly one ledger, and the client certificate to a
tenant owner, who may have several ledgers. Each call carries both.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Protocol

from resolvers.payex.credentials.reloading import SourceError
from resolvers.payex.credentials.tls import client_context

_KEYS: Final = 1024


class CredentialsError(SourceError):
    """Credentials cannot be used. The message names the file and the key, and holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What opens one ledger, all of it from one moment.

    Attributes:
        token: the ledger's reference token.
        tenant: the name of whoever the client certificate was issued to, or None without one.
        generation: a number that grows whenever anything of this changed.
        tls: what connections are made with, the same object for as long as certificate, key and
            trusted authorities are the same; None for a connection without a client certificate.
    """

    token: str = field(repr=False)
    tenant: str | None = None
    generation: int = 0
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def opens_as(self, other: "Access") -> bool:
        """Whether nothing but the generation differs."""
        return (self.token, self.tenant, self.tls) == (other.token, other.tenant, other.tls)


# Many questions need one, and a ledger's token hardly ever changes.
@lru_cache(_KEYS)
def derived_key(token: str, purpose: bytes) -> bytes:
    """Return a key that all gateways of a ledger have, and nobody else, until its next token.

    It is a plain digest: PayEx's reference tokens are random and too long to be guessed from what
    is made with it.

    Args:
        token: the ledger's token.
        purpose: at most 16 bytes. The keys of two purposes have nothing in common.
    """
    # A variable of the environment may hold bytes that are no UTF-8.
    secret = token.encode("utf-8", "surrogatepass")
    return blake2b(secret, person=purpose, digest_size=32).digest()


class Credentials(Protocol):
    """Where accesses come from. PayEx documents no token endpoint, so the source is replaceable."""

    def access(self, owner_no: str) -> Access | None:
        """Return what opens the ledger, or None when the gateway may not ask for it."""

    def token(self, owner_no: str) -> str | None:
        """Return the ledger's token, or None when the gateway may not ask for the ledger."""

    def tls(self, tenant: str | None) -> ssl.SSLContext:
        """Return what the tenant's connections are made with.

        Raises:
            KeyError: there is no such tenant.
        """

    async def refresh(self) -> bool:
        """Look at the source now, and return whether anything changed."""


class StaticTokens:
    """Tokens that were given once, by ledger, without a client certificate."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._accesses = {ledger: Access(token=token) for ledger, token in tokens.items()}

    def access(self, owner_no: str) -> Access | None:
        """Return what opens the ledger, or None."""
        return self._accesses.get(owner_no)

    def token(self, owner_no: str) -> str | None:
        """Return the ledger's token, or None."""
        access = self._accesses.get(owner_no)
        return access.token if access else None

    def tls(self, tenant: str | None) -> ssl.SSLContext:
        """Return what connections without a client certificate are made with.

        Raises:
            KeyError: a tenant is named; there is none.
        """
        if tenant is not None:
            raise KeyError(tenant)
        return client_context()

    async def refresh(self) -> bool:
        """Return False: these never change."""
        return False

    def __repr__(self) -> str:
        return f"StaticTokens({len(self._accesses)} ledgers)"
