"""Makes the identity that the settings describe."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from gateway.identity.bearer_tokens import BearerTokens, TokenClock
from gateway.identity.callers import Identity
from gateway.identity.claims import ClaimNames
from gateway.identity.forwarded_claims import ForwardedClaims
from gateway.identity.key_sets import KeysError
from gateway.identity.key_source import KeySource, fetch, read_file, reread
from gateway.identity.pseudonyms import Pseudonyms
from gateway.identity.router_trust import RouterSecret, RouterTrust
from gateway.settings.load import SettingsError
from gateway.settings.settings import Settings
from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.watched_files import File, WatchedFiles

_SHORTEST_KEY: Final = 32


def identity_of(
    settings: Settings,
    http: httpx.AsyncClient | None = None,
    *,
    now: Callable[[], float] = time.time,
) -> Identity:
    """Return the identity that the settings describe.

    Args:
        settings: the settings.
        http: fetches the issuer's keys. It is closed with the identity.
        now: returns the seconds since 1970.

    Raises:
        SettingsError: a file cannot be used.
    """
    clock = TokenClock(now=now)
    try:
        return Identity(
            ClaimNames(
                ledgers=settings.claim_ledgers,
                ledger=settings.claim_ledger,
                customers=settings.claim_customers,
                invoices=settings.claim_invoices,
                scopes=settings.claim_scopes,
                most=settings.claim_max_numbers,
            ),
            _pseudonyms(settings),
            tokens=_tokens(settings, clock, http),
            trust=_trust(settings),
            forwarded=ForwardedClaims(clock),
        )
    except CredentialsError as error:
        raise SettingsError(str(error)) from None


def _tokens(
    settings: Settings, clock: TokenClock, http: httpx.AsyncClient | None
) -> BearerTokens | None:
    if not settings.jwt_keys:
        return None
    return BearerTokens(
        _source(settings, settings.jwt_keys, http),
        algorithms=settings.jwt_algorithms,
        issuer=settings.jwt_issuer or "",
        audiences=settings.jwt_audience,
        clock=clock,
    )


def _source(settings: Settings, address: str, http: httpx.AsyncClient | None) -> KeySource:
    algorithms, poll = settings.jwt_algorithms, settings.jwt_keys_poll
    if "://" in address:
        client = http or httpx.AsyncClient()
        return KeySource(
            partial(fetch, client, address), algorithms, poll=poll, close=client.aclose
        )
    file = File(Path(address), "GATEWAY_JWT_KEYS")
    source = KeySource(partial(asyncio.to_thread, reread, file), algorithms, poll=poll)
    try:
        source.take(read_file(file, WatchedFiles()))
    except KeysError as error:
        raise SettingsError(f"{file.name}: {error}.") from None
    return source


def _trust(settings: Settings) -> RouterTrust | None:
    if not (settings.router_secret_file or settings.tls_client_ca_file):
        return None
    secret = None
    if settings.router_secret_file:
        file = File(Path(settings.router_secret_file), "GATEWAY_ROUTER_SECRET_FILE")
        secret = RouterSecret(file, poll=settings.credentials_poll)
    return RouterTrust(
        secret,
        certificates=bool(settings.tls_client_ca_file),
        names=frozenset(settings.router_names),
        required=settings.router_required,
    )


def _pseudonyms(settings: Settings) -> Pseudonyms:
    if not settings.pseudonym_key_file:
        return Pseudonyms()
    file = File(Path(settings.pseudonym_key_file), "GATEWAY_PSEUDONYM_KEY_FILE")
    key = WatchedFiles().read(file).strip()
    if len(key) < _SHORTEST_KEY:
        raise SettingsError(f"{file.name}: must hold at least {_SHORTEST_KEY} bytes.")
    return Pseudonyms(key)
