"""Compression of replies for clients that accept it (RFC 9110, section 12.5.3)."""

from typing import Final, NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.header_fields import elements, listed, remembered

# Replies of fewer bytes go as they are, to who takes them so.
_LEAST: Final = 1024
# Of the reply of 250 usage records (52 KB) it makes 5.9 KB in 0.15 ms. Level 9 takes 1.5 ms for
# 4.6 KB, which is as much as the whole operation does (measured).
_LEVEL: Final = 3


class Codings(NamedTuple):
    """The content codings that a client accepts.

    Attributes:
        gzip: whether it accepts gzip, and prefers uncompressed replies no more than that.
        identity: whether it accepts uncompressed replies.
    """

    gzip: bool
    identity: bool


def codings(headers: Headers) -> Codings:
    """Return what a request's `Accept-Encoding` accepts: uncompressed replies if it is empty."""
    return _codings(listed(headers, "accept-encoding"))


@remembered
def _codings(text: str) -> Codings:
    weights: dict[str, float] = {}
    for element in elements(text):
        # The old name of the same coding.
        name = "gzip" if element.name == "x-gzip" else element.name
        weights.setdefault(name, element.weight)
    any_other = weights.get("*", 0.0)
    gzip = weights.get("gzip", any_other)
    # What is not mentioned at all is taken, but not asked for.
    identity = weights.get("identity", weights.get("*"))
    return Codings(
        gzip=gzip > 0 and gzip >= (identity or 0.0),
        identity=identity is None or identity > 0,
    )


class Compresses:
    """Compresses replies to requests that accept gzip.

    All replies name `Accept-Encoding` in `Vary`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        taken = codings(Headers(scope=scope))
        app = self._app
        if taken.gzip:
            # An answer without a body has nothing to compress.
            least = _LEAST if taken.identity else 1
            app = GZipResponder(app, least, _LEVEL, exclude_content_types=())

        async def varying(message: Message) -> None:
            # Starlette says so of what it compresses alone.
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                if "accept-encoding" not in headers.get("vary", "").lower():
                    headers.add_vary_header("Accept-Encoding")
            await send(message)

        await app(scope, receive, varying)
