"""Client certificates: how their names reach the app.

The protocol of each connection puts them into the ASGI scope, where no header can put them.
"""

import asyncio
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.identity.router_trust import PEER
from gateway.server.http_protocol import HttpProtocol

_ALTERNATIVES: Final = frozenset({"DNS", "URI"})


class PeerCertificateProtocol(HttpProtocol):
    """The server's HTTP protocol, which passes on the names in the client's certificate."""

    app: ASGIApp

    def connection_made(  # type: ignore[override]  # as uvicorn has it
        self, transport: asyncio.Transport
    ) -> None:
        """Note whose connection it is. TLS has checked the certificate by now."""
        super().connection_made(transport)
        names = certificate_names(transport.get_extra_info("peercert"))
        if names is not None:
            self.app = _Told(self.app, names)


class _Told:
    """An app whose scopes hold the names in the client's certificate."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        extensions = {**scope.get("extensions", {}), PEER: {"names": self._names}}
        await self._app({**scope, "extensions": extensions}, receive, send)


def certificate_names(certificate: dict[str, Any] | None) -> frozenset[str] | None:
    """Return the names of a checked certificate, or None without one.

    Args:
        certificate: as `ssl.SSLSocket.getpeercert` returns it.

    Returns:
        Its alternative names for hosts and URIs; without any, its common name, as RFC 6125, section
        6.4.4, allows.
    """
    if not certificate:
        return None
    alternatives = certificate.get("subjectAltName", ())
    names = frozenset(name for kind, name in alternatives if kind in _ALTERNATIVES)
    if names:
        return names
    parts = [part for parts in certificate.get("subject", ()) for part in parts]
    return frozenset(value for kind, value in parts if kind == "commonName")
