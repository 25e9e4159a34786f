"""The hosts that are served, so that DNS rebinding fails.

In that attack, a page leads its own name to the gateway, and the browser lets it read the replies.
Only the `Host` that the browser sends gives it away.
"""

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.refusals import Refusal

ANY: Final = "*"
"""The entry by which every host is served."""
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
"""The names by which only this machine is reached."""

_HOST: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._~%!$&'()*+;=-]*))(?::[0-9]*)?")
# Probes of a cluster come by the address of a pod, and are told nothing.
_PROBES: Final = "/health/"


def host_name(text: str) -> str:
    """Return a host in one form for all ways to write it: case, brackets, a last dot."""
    name = text.lower().removesuffix(".").removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(name))
    except ValueError:
        return name


class ServedHosts:
    """An ASGI app that passes on only requests for these hosts, with any port.

    Args:
        app: the app.
        hosts: names, addresses, `*.` before a name for all below it, or `*` for all.
        count: counts each refusal by its code.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], count: Callable[[str], object]) -> None:
        self._app = app
        self._count = count
        given = [host_name(host) for host in hosts]
        self._all = ANY in given
        self._names = frozenset(given) - {ANY}
        self._endings = tuple(name[1:] for name in given if name.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        self._count(refusal.code)
        await refusal.response()(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        given = [value for name, value in scope["headers"] if name == b"host"]
        is_open = self._all or scope["path"].startswith(_PROBES)
        if not given and is_open and scope["http_version"] < "1.1":
            # That version has no such header, and what is asked is there by every name.
            return None
        # Blanks behind a value are no part of it (RFC 9110, 5.5), and the server leaves them.
        texts = [value.decode("latin-1").strip(" \t") for value in given]
        host = _HOST.fullmatch(texts[0]) if len(texts) == 1 else None
        if host is None:
            return Refusal(
                HTTPStatus.BAD_REQUEST,
                f"The request has {len(given)} Host headers, or one that is no host. Send one, "
                "with the host and port of the gateway's address.",
            )
        if is_open or self._serves(host[1] or host[2]):
            return None
        return Refusal(
            HTTPStatus.MISDIRECTED_REQUEST,
            "The host that the request names is not served. Ask by one of GATEWAY_HOSTS, or have "
            "whoever runs the gateway add it there.",
        )

    def _serves(self, host: str) -> bool:
        name = host_name(host)
        return name in self._names or name.endswith(self._endings)
