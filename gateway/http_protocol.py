"""HTTP/1.1 on one connection: uvicorn's protocol on httptools, for a server that speaks only that.

httptools gives up a request that asks for another protocol: its body is lost, and what comes after
the head in a later segment is read as the next request. A server may ignore `Upgrade` (RFC 9110,
section 7.8), and this one does: the body of such a request is its body. It also passes over the
trailers of a chunked body: uvicorn would add them to the headers that an app is reading already.

It never closes a connection on which a request has begun to come, and none without having said
`Connection: close`, unless the client has asked for nothing for a while.
"""

from asyncio import AbstractEventLoop
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Final

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.workload import CONNECTION, Member

QUIET: Final = 1.0
"""Seconds for which a server that stops waits for the next request of an idle connection."""


class HttpProtocol(HttpToolsProtocol):
    """The protocol of one connection, as `uvicorn.Config(http=...)` takes it.

    Attributes:
        member: the process that has the connection among its connections, if somebody counts them.
    """

    member: Member | None

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, CONNECTION: self}, _loop)
        self.parser = RequestParser(self)  # type: ignore[assignment]  # what uvicorn asks of it
        self.member = None
        self._told = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        super().connection_lost(exc)
        self.let_go()

    def on_headers_complete(self) -> None:
        """Take a request whose head is there, unless its head comes once more."""
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise ValueError("A server that is no proxy has no tunnels.")
            return
        before: RequestResponseCycle | None = self.cycle
        super().on_headers_complete()
        # The app has the former list. Trailers go to this one, which nobody reads.
        self.headers = []
        if self._told:
            self.cycle.keep_alive = False
            if before is not None and not before.response_started:
                # Only the last one of several requests that came together closes the connection.
                before.keep_alive = True

    def on_message_complete(self) -> None:
        """Take the end of a body, unless the body is still to come."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def tell(self) -> None:
        """Close the connection with its next answer, which says so."""
        self._told = True
        last: RequestResponseCycle | None = self.cycle
        if last is not None:
            last.keep_alive = False

    def shutdown(self) -> None:
        """Close the connection with its next answer, or soon if nothing is asked."""
        self.tell()
        if self._idle:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                QUIET, self.timeout_keep_alive_handler
            )

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection on which nothing was asked for so long."""
        # What has come and is not read yet would be lost with it.
        if not self.transport.is_closing() and not self._readable():
            self.transport.close()

    def let_go(self) -> None:
        """Count the connection no more: it has ended, or its client was told to leave it."""
        if self.member:
            self.member.let_go(self)
            self.member = None

    def wake(self) -> None:
        """Note that an operation begins, after which the connection closes if it should move."""
        if self.member is None:
            return
        self.member.wake(self)
        if self.member.surplus:
            # The client comes back by a new connection, which another process gets.
            self.member.surplus -= 1
            self.let_go()
            self.tell()

    def rest(self, now: float) -> None:
        """Note that an operation has ended at this time, in seconds."""
        if self.member:
            self.member.rest(self, now)

    @property
    def _idle(self) -> bool:
        """Whether no request is being read or answered."""
        last: RequestResponseCycle | None = self.cycle
        scope: Any = self.scope
        return (last is None or last.response_complete) and (scope is None or "method" in scope)

    def _readable(self) -> bool:
        with DefaultSelector() as selector:
            selector.register(self.transport.get_extra_info("socket").fileno(), EVENT_READ)
            return bool(selector.select(0))

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
