"""HTTP/1.1 on one connection: uvicorn's protocol on httptools, corrected.

If a request asks for another protocol, httptools drops its body and reads what follows the head in
a later segment as the next request. A server may ignore `Upgrade` (RFC 9110, section 7.8), and this
one does. It also drops the trailers of a chunked body: uvicorn would add them to headers that the
app is already reading.

It handles one request at a time: data behind a request waits unread until the client has taken the
answer. A client has limited time to send a head and to take an answer.

It never closes a connection on which a request has begun, and closes none without having said
`Connection: close`, unless the client was idle for too long or exceeded a limit.
"""

import logging
from asyncio import AbstractEventLoop, TimerHandle, Transport
from contextvars import Context
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.http.refusals import COUNTED, Refusal
from gateway.server import heads
from gateway.server.connection_config import ConnectionConfig
from gateway.server.flow import Flow, Progress
from gateway.server.membership import Membership
from gateway.server.request_parser import RequestParser
from gateway.server.workload import CONNECTION

logger = logging.getLogger(__name__)

QUIET: Final = 1.0
"""Seconds for which a server that stops waits for the next request of an idle connection."""


class HttpProtocol(Membership, HttpToolsProtocol):
    """The protocol of one connection, as `uvicorn.Config(http=...)` takes it.

    Args:
        config: the configuration, with the bounds of the connection.
        server_state: uvicorn's.
        app_state: the state of the app's lifespan.
    """

    flow: Flow
    _progress: Progress

    def __init__(
        self,
        config: ConnectionConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, CONNECTION: self}, _loop)
        self._limits = config.limits
        self._unsent = config.unsent
        self._requests = RequestParser(self, self._limits)
        self.parser = self._requests  # type: ignore[assignment]  # what uvicorn asks of it
        self._count = app_state.get(COUNTED)
        self._closes = False
        self._refused = False
        self._held = b""
        self._in_body = False
        self._patience: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin a connection, and wait for its first request."""
        super().connection_made(transport)
        self.flow = Flow(transport)
        self._progress = Progress(transport, self.loop, self._limits.send_timeout, self._unsent)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the connection."""
        self._held = b""
        self._progress.forget()
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)
        self.let_go()

    def data_received(self, data: bytes) -> None:
        """Take received data."""
        self._unset_keepalive_if_required()
        if not self._refused:
            self._read(self._held + data)

    def on_headers_complete(self) -> None:
        """Begin a request when its head is there, unless the head is read once more."""
        self._requests.check()
        heads.check_codings(self.headers)
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise ValueError("A server that is no proxy has no tunnels.")
            return
        if not self.url.startswith(b"/"):
            # The app has the same list.
            self.headers[:] = heads.at_target(self.url, self.headers)
        before: RequestResponseCycle | None = self.cycle
        super().on_headers_complete()
        self._in_body = True
        # The app has the former list. Trailers go to this one, which nobody reads.
        self.headers = []
        if self._closes:
            self.cycle.keep_alive = False
            if before is not None and not before.response_started:
                # Only the last one of several requests that came together closes the connection.
                before.keep_alive = True

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._requests.took(len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a body, unless it is still to come."""
        if not self.parser.should_upgrade():
            self._in_body = False
            self._requests.begin()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with data that has come meanwhile, or wait for some."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._progress.expect()
        elif self._held:
            self._read_on_soon()
        elif self._in_body or self.in_head:
            self._unset_keepalive_if_required()
            self._wait()

    def close_soon(self) -> None:
        """Close the connection with its next answer, and say so in it."""
        self._closes = True
        last: RequestResponseCycle | None = self.cycle
        if last is not None and not self._held:
            last.keep_alive = False

    def shutdown(self) -> None:
        """Close the connection with its next answer, or soon if none is due."""
        self.close_soon()
        if self._idle:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                QUIET, self.timeout_keep_alive_handler
            )

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle for too long."""
        # What has come and is not read yet would be lost with it.
        if not self.transport.is_closing() and not self._readable():
            self._close()

    def pause_writing(self) -> None:
        """Stop sending until the client has taken some data, for which its time is limited."""
        super().pause_writing()
        self._progress.expect()

    def resume_writing(self) -> None:
        """Send on."""
        super().resume_writing()
        self._progress.forget()
        if self.transport.is_closing():
            # What is left has to be taken all the same.
            self._progress.expect()
        self._read_on_soon()

    @property
    def busy(self) -> bool:
        """Whether received data has to wait: an answer is due, or is not taken."""
        if self._in_body and not self.pipeline:
            return False
        return self.flow.write_paused or self._working

    @property
    def in_head(self) -> bool:
        """Whether a head has begun and has not ended."""
        scope: Any = self.scope
        return scope is not None and "method" not in scope

    @property
    def _working(self) -> bool:
        """Whether a request is being answered."""
        last: RequestResponseCycle | None = self.cycle
        return last is not None and not last.response_complete

    def _read(self, data: bytes) -> None:
        """Read received data as far as its turn has come."""
        try:
            self._held = self._requests.read(data)
        except Refusal as refusal:
            self._refuse(refusal)
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, Refusal) else heads.NO_REQUEST)
        else:
            if self._held:
                self.flow.held = True
                self.flow.pause_reading()
                if self._closes and not self.cycle.response_started:
                    # One of those that wait closes the connection.
                    self.cycle.keep_alive = True
            elif self.flow.held:
                self.flow.held = False
                self.flow.resume_reading()
            self._wait()

    def _read_on_soon(self) -> None:
        """Read waiting data after the present work, outside of its context."""
        if self._held:
            self.loop.call_soon(self._read_on, context=Context())

    def _read_on(self) -> None:
        if self._held and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._read(self._held)

    def _wait(self) -> None:
        """Start the client's time limit, if the client has to act."""
        if self._held or self._working or self.flow.write_paused:
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None
        elif self._patience is None:
            seconds = self._limits.body_timeout if self._in_body else self._limits.head_timeout
            self._patience = self.loop.call_later(seconds, self._lose_patience)

    def _lose_patience(self) -> None:
        self._patience = None
        if self._readable():
            # It has come, and the process has not had the time to read it.
            self._patience = self.loop.call_later(QUIET, self._lose_patience)
        elif self.in_head:
            self._refuse(self._limits.too_slow())
        else:
            self._close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer input that is no readable request, and read nothing more."""
        self._refused = True
        self._held = b""
        self.flow.held = True
        self.flow.pause_reading()
        if self._count is not None:
            self._count(refusal.code)
        logger.info("A client's connection is closed: what it sent is refused (%s).", refusal.code)
        last: RequestResponseCycle | None = self.cycle
        if last is not None and self._working and not self._in_body:
            # The answers to what came before it go first.
            last.keep_alive = False
            return
        if last is not None and self._in_body:
            last.disconnected = True
            last.message_event.set()
            if last.response_started or self.pipeline:
                self._close()
                return
        self.transport.write(heads.answer(refusal, self.server_state.default_headers))
        # Closed at once, with bytes that are not read, it would be reset, and the answer be lost.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(QUIET, self._close)

    def _close(self) -> None:
        self.transport.close()
        self._progress.expect()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Start a request, once the client has taken the earlier answers."""

        async def later(*channels: Any) -> None:
            await self.flow.drain()
            if self.transport.is_closing():
                cycle.disconnected = True
            else:
                await app(*channels)

        super()._start_asgi_task(cycle, later if self.flow.write_paused else app)

    @property
    def _idle(self) -> bool:
        """Whether no request is being read or answered."""
        return not (self._working or self.in_head)

    def _readable(self) -> bool:
        with DefaultSelector() as selector:
            selector.register(self.transport.get_extra_info("socket").fileno(), EVENT_READ)
            return bool(selector.select(0))

    def head(self) -> bytes:
        """Return the last head, without its request for another protocol."""
        version, method = self.parser.get_http_version().encode(), self.parser.get_method()
        return heads.without_upgrade(method, self.url, version, self.headers)
