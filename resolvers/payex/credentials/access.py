"""Accesses to PayEx: the reference token of a ledger, and the client certificate of a tenant.

PayEx issues a bearer reference token to exactly one ledger, and a client certificate to a tenant
owner, who may have several ledgers. Each call carries both.
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
    """The credentials of one ledger, all read at the same moment.

    Attributes:
        token: the ledger's reference token.
        tenant: the name of the client certificate's tenant, or None without one.
        generation: a number that grows with every change of the credentials.
        tls: the TLS context. It is the same object as long as certificate, key and trusted
            authorities are the same; None for connections without a client certificate.
    """

    token: str = field(repr=False)
    tenant: str | None = None
    generation: int = 0
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def opens_as(self, other: "Access") -> bool:
        """Return whether nothing but the generation differs."""
        return (self.token, self.tenant, self.tls) == (other.token, other.tenant, other.tls)


# Many requests need one, and a ledger's token rarely changes.
@lru_cache(_KEYS)
def derived_key(token: str, purpose: bytes) -> bytes:
    """Return a key that only the gateways of a ledger have, until its next token.

    It is a plain digest: PayEx's reference tokens are random, and too long to be guessed from it.

    Args:
        token: the ledger's token.
        purpose: at most 16 bytes. The keys of two purposes are independent.
    """
    # An environment variable may hold bytes that are not UTF-8.
    secret = token.encode("utf-8", "surrogatepass")
    return blake2b(secret, person=purpose, digest_size=32).digest()


class Credentials(Protocol):
    """A source of accesses. It is replaceable, because PayEx documents no token endpoint."""

    def access(self, owner_no: str) -> Access | None:
        """Return the access of the ledger, or None if it has no credentials."""

    def token(self, owner_no: str) -> str | None:
        """Return the ledger's token, or None if it has no credentials."""

    def tls(self, tenant: str | None) -> ssl.SSLContext:
        """Return the tenant's TLS context.

        Raises:
            KeyError: there is no such tenant.
        """

    async def refresh(self) -> bool:
        """Check the source now, and return whether anything changed."""


class StaticTokens:
    """Tokens by ledger that never change, without a client certificate."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._accesses = {ledger: Access(token=token) for ledger, token in tokens.items()}

    def access(self, owner_no: str) -> Access | None:
        """Return the access of the ledger, or None."""
        return self._accesses.get(owner_no)

    def token(self, owner_no: str) -> str | None:
        """Return the ledger's token, or None."""
        access = self._accesses.get(owner_no)
        return access.token if access else None

    def tls(self, tenant: str | None) -> ssl.SSLContext:
        """Return None: there is no client certificate.

        Raises:
            KeyError: a tenant is named; there are none.
        """
        if tenant is not None:
            raise KeyError(tenant)
        return client_context()

    async def refresh(self) -> bool:
        """Return False: these tokens never change."""
        return False

    def __repr__(self) -> str:
        return f"StaticTokens({len(self._accesses)} ledgers)"
