"""The check's calls to PayEx."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from gateway.payex.upstream import Upstream
from gateway.settings.settings import Settings
from resolvers.payex.api.faults import Fault
from resolvers.payex.api.routes import Route
from resolvers.payex.credentials.access import Access, Credentials, CredentialsError
from resolvers.payex.credentials.file import CredentialsFile


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete HTTP answer. `content_type` is empty if the header is absent."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


Ask = Callable[[Route], Awaitable[Reply | Fault]]
"""Sends one GET with the ledger's credentials. A fault is returned, not raised."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The function that makes calls, and the state of the client certificate in words."""

    ask: Ask
    certificate: str


@asynccontextmanager
async def calls_of(
    settings: Settings, owner_no: str, http: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Calls]:
    """Connect to the configured upstream, or to the embedded sandbox if none is configured.

    Calls are neither cached nor retried.

    Args:
        settings: the gateway's settings.
        owner_no: the ledger whose credentials the calls use.
        http: a transport in place of the network.

    Raises:
        CredentialsError: there are no credentials for the ledger, or they cannot be used.
    """
    upstream = Upstream(settings, http)
    access = upstream.credentials.access(owner_no)
    if access is None:
        where = "The embedded sandbox has" if settings.is_sandbox else "The settings have"
        raise CredentialsError(f"{where} no token for the ledger of --owner.")

    async def ask(route: Route) -> Reply | Fault:
        try:
            response = await upstream.transport.get(route.path, access)
        except Fault as fault:
            return fault
        content_type = response.headers.get("content-type", "")
        return Reply(response.status, content_type, response.body)

    async with upstream.transport:
        try:
            yield Calls(ask, _certificate(upstream.credentials, access))
        finally:
            await upstream.payex.aclose()


def _certificate(credentials: Credentials, access: Access) -> str:
    if access.tenant is None or not isinstance(credentials, CredentialsFile):
        return "none configured"
    end = credentials.expiries()[access.tenant]
    expires = "expires" if end > datetime.now(UTC) else "expired"
    return f"sent; it {expires} on {end:%Y-%m-%d}"
