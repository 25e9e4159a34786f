"""A port of its own for `/metrics`, so that clients of the gateway cannot reach it.

One server listens on both ports. The socket says to which port a connection came; headers have no
effect.
"""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.refusals import refuses


class MetricsPort:
    """Serves only these routes on this port, and `app` on any other."""

    def __init__(self, app: ASGIApp, port: int, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._port = port
        handlers = {HTTPException: refuses("Metrics are at /metrics.")}
        self._apart = Starlette(routes=routes, exception_handlers=handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        _, port = scope.get("server") or (None, None)
        app = self._apart if port == self._port else self._app
        await app(scope, receive, send)
