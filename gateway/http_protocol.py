"""HTTP/1.1 on one connection: uvicorn's protocol on httptools, for a server that speaks only that.

httptools gives up a request that asks for another protocol: its body is lost, and what comes after
the head in a later segment is read as the next request. A server may ignore `Upgrade` (RFC 9110,
section 7.8), and this one does: the body of such a request is its body. It also passes over the
trailers of a chunked body: uvicorn would add them to the headers that an app is reading already.
"""

from asyncio import AbstractEventLoop
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState


class HttpProtocol(HttpToolsProtocol):
    """The protocol of one connection, as `uvicorn.Config(http=...)` takes it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.parser = RequestParser(self)  # type: ignore[assignment]  # what uvicorn asks of it

    def on_headers_complete(self) -> None:
        """Take a request whose head is there, unless its head comes once more."""
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise ValueError("A server that is no proxy has no tunnels.")
            return
        super().on_headers_complete()
        # The app has the former list. Trailers go to this one, which nobody reads.
        self.headers = []

    def on_message_complete(self) -> None:
        """Take the end of a body, unless the body is still to come."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def head(self) -> bytes:
        """Return the head that was read last, without its wish for another protocol."""
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % field for field in self.headers if field[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])


class RequestParser:
    """httptools' parser, which reads the body of each request whatever its head asks for.

    Once a head asks for another protocol, httptools' parser cannot be brought to read the body. A
    new one takes its place, and reads the head without the wish, and then the rest.

    Args:
        protocol: is told of what is read.
    """

    def __init__(self, protocol: HttpProtocol) -> None:
        self._protocol = protocol
        self._renew()

    def _renew(self) -> None:
        parser = httptools.HttpRequestParser(self._protocol)
        # As uvicorn has it: what follows a request that closes its connection is passed over.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._feed = parser.feed_data
        self.get_http_version = parser.get_http_version
        self.get_method = parser.get_method
        self.should_keep_alive = parser.should_keep_alive
        self.should_upgrade = parser.should_upgrade

    def feed_data(self, data: bytes) -> None:
        """Read what has come.

        Raises:
            httptools.HttpParserError: it is not HTTP/1.
        """
        rest: bytes | memoryview = data
        while True:
            try:
                self._feed(rest)
            except httptools.HttpParserUpgrade as end_of_head:
                head = self._protocol.head()
                self._renew()
                self._feed(head)
                rest = memoryview(rest)[end_of_head.args[0] :]
            else:
                return
