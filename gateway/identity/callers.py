"""Callers and their rights, proved by a token or forwarded by a trusted router.

A request is checked twice. Before its body is read, strangers are refused; anyone else is a
`Visitor`. After the body is read, the visitor becomes a `Caller`, because a trusted router may
forward a user's claims in the body.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from cachetools import LRUCache
from starlette.requests import Request

from gateway.http.header_fields import lines
from gateway.http.refusals import Refusal
from gateway.http.requests import CLAIMS_EXTENSION
from gateway.identity.bearer_tokens import BearerTokens
from gateway.identity.challenges import INVALID_REQUEST, unidentified
from gateway.identity.claims import ClaimNames, rights_of
from gateway.identity.forwarded_claims import CLAIMS_HEADER, ForwardedClaims
from gateway.identity.key_sets import KeySet
from gateway.identity.key_source import KeySource
from gateway.identity.pseudonyms import Pseudonyms
from gateway.identity.router_trust import RouterTrust
from resolvers.payex.api import answers
from resolvers.payex.credentials.reloading import watching
from resolvers.rights import EVERYTHING, Rights

_BEARER: Final = re.compile(r"bearer +([a-z0-9._~+/-]+=*)", re.IGNORECASE)
# Tokens that are remembered as checked: a check takes 94 (RS256) to 410 microseconds (ES384), as
# much as half of a small operation; a remembered one takes 8.
_REMEMBERED: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The caller of a request.

    Attributes:
        rights: what the caller may see.
        pseudonym: the caller's name in the log. It does not identify anyone.
    """

    rights: Rights
    pseudonym: str


ANYONE: Final = Caller(rights=EVERYTHING, pseudonym=answers.ANYONE)
"""Every caller, where callers are not identified."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """The sender of a request, as far as it is known before the body is read."""

    _identity: "Identity"
    _caller: Caller | None
    _is_router: bool

    @property
    def party(self) -> str | None:
        """The pseudonym of the sender; None if the body names the caller."""
        return self._caller.pseudonym if self._caller else None

    def caller(self, extensions: Mapping[str, Any] | None) -> Caller:
        """Return the caller.

        Args:
            extensions: the `extensions` of the GraphQL request.

        Raises:
            Refusal: there is no caller, or the claims in the extensions cannot be used.
        """
        if self._caller is ANYONE:
            return ANYONE
        if not extensions or CLAIMS_EXTENSION not in extensions:
            if self._caller is None:
                raise _nobody()
            return self._caller
        if not self._is_router:
            raise _no_router(f"extensions.{CLAIMS_EXTENSION}")
        if self._caller is not None:
            raise _twice()
        return self._identity.forwarded_in(extensions)


class Identity:
    """Identifies callers. Without tokens and trusted routers, everyone is `ANYONE`.

    Args:
        names: the names of claims.
        pseudonyms: makes the names in the log.
        tokens: verifies tokens; None if no tokens are accepted.
        trust: recognizes trusted routers; None if there are none.
        forwarded: reads the claims that such a router forwards.
    """

    def __init__(
        self,
        names: ClaimNames,
        pseudonyms: Pseudonyms,
        *,
        tokens: BearerTokens | None = None,
        trust: RouterTrust | None = None,
        forwarded: ForwardedClaims,
    ) -> None:
        self._names = names
        self._pseudonyms = pseudonyms
        self._tokens = tokens
        self._trust = trust
        self._forwarded = forwarded
        # By digest: no usable token stays in memory.
        self._checked: MutableMapping[bytes, _Checked] = LRUCache(_REMEMBERED)

    @property
    def keys(self) -> KeySource | None:
        """The source of the issuer's keys; None if no tokens are accepted."""
        return self._tokens.source if self._tokens else None

    @property
    def has_keys(self) -> bool:
        """Whether tokens can be verified: false until the issuer's keys were read once."""
        return self.keys is None or self.keys.value is not None

    async def visitor(self, request: Request) -> Visitor:
        """Check a request before its body is read, and refuse strangers.

        Raises:
            Refusal: 400, 401 or 403 with what is wrong; 503 while tokens cannot be verified.
        """
        if not (self._tokens or self._trust):
            return Visitor(self, ANYONE, _is_router=False)
        is_router = self._trust is not None and self._trust.trusts(request)
        token = _token(request)
        if CLAIMS_HEADER in request.headers:
            if not is_router:
                raise _no_router(CLAIMS_HEADER)
            if token:
                raise _twice()
            caller = self._caller(self._forwarded.in_header(request))
        elif token:
            caller = await self._of_token(token)
        elif is_router:
            return Visitor(self, None, _is_router=True)
        else:
            raise _nobody()
        return Visitor(self, caller, is_router)

    def forwarded_in(self, extensions: Mapping[str, Any]) -> Caller:
        """Return the caller whose claims a trusted router forwards in the extensions.

        Raises:
            Refusal: 400 or 401, as for the header; 403 if the claims cannot be understood.
        """
        return self._caller(self._forwarded.in_extensions(extensions))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep keys and secrets current within the context."""
        async with watching(self.keys, self._trust.secret if self._trust else None):
            yield

    async def _of_token(self, token: str) -> Caller:
        if self._tokens is None:
            raise unidentified("No tokens are taken: GATEWAY_JWT_KEYS is not set.", INVALID_REQUEST)
        digest = hashlib.sha256(token.encode("ascii")).digest()
        present = self._tokens.source.value
        checked = self._checked.get(digest)
        # Tokens signed with a withdrawn key are no longer valid.
        if checked and checked.keys is present and not self._tokens.clock.is_over(checked.expiry):
            return checked.caller
        claims = await self._tokens.claims(token)
        caller = self._caller(claims)
        self._checked[digest] = _Checked(present, claims["exp"], caller)
        return caller

    def _caller(self, claims: dict[str, Any]) -> Caller:
        rights = rights_of(claims, self._names)
        return Caller(rights=rights, pseudonym=self._pseudonyms.of(claims, rights))


@dataclass(frozen=True, slots=True)
class _Checked:
    """A verified token. It is valid with the same keys, until it expires."""

    keys: KeySet | None
    expiry: float
    caller: Caller


def _token(request: Request) -> str | None:
    given = lines(request.headers, "authorization")
    if not given:
        return None
    if len(given) > 1:
        raise unidentified("The request has several Authorization headers.", INVALID_REQUEST)
    found = _BEARER.fullmatch(given[0])
    if not found:
        raise unidentified("Authorization must be: Bearer, a space, and a token.", INVALID_REQUEST)
    return found[1]


def _nobody() -> Refusal:
    return unidentified("Who is asking? Send a token: Authorization: Bearer.")


def _no_router(where: str) -> Refusal:
    return unidentified(f"{where} is taken from trusted routers only.", INVALID_REQUEST)


def _twice() -> Refusal:
    return Refusal(
        HTTPStatus.BAD_REQUEST,
        "The request has two callers: let the router forward either a token or claims, once.",
    )
