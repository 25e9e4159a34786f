"""One connection of HTTP/1.1, and the exchange that is under way on it."""

import asyncio
from typing import cast

import httptools
import httpx

# Bytes from the server that bring no body on: headers, interim answers, trailers, the frames of
# chunks. Servers bound what they take of headers by 8 to 64 KiB themselves.
_MAX_OVERHEAD = 64 * 1024
# Bytes of a body that wait to be read, from which on the server has to wait.
_HIGH_WATER = 256 * 1024


class Http1Connection(asyncio.Protocol):
    """Asks one question after the other. What breaks, breaks it for good.

    Attributes:
        status: the status of the answer.
        headers: the headers of the answer, as they came.
        heard: whether the server has said anything to the last question.
        since: the time of the loop from which on nothing is asked.
        closed: done when the connection is gone.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.heard = False
        self.since = 0.0
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._body: list[bytes] = []
        self._waiting = 0
        self._overhead = 0
        self._patience: float | None = None
        self._asked = self._answered = self._complete = self._kept = False
        self._failure: httpx.TransportError | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def reusable(self) -> bool:
        """Whether another question can be asked: the last is answered, and nothing else came."""
        return self._kept and not self._transport.is_closing()

    async def ask(self, head: bytes, patience: float | None) -> None:
        """Send a request without a body, and wait for the status and the headers of the answer.

        Args:
            head: the request, up to the empty line.
            patience: seconds between two parts of the answer; None for any time.

        Raises:
            httpx.TransportError: `ReadTimeout`, `ReadError` or `RemoteProtocolError`.
        """
        self.headers = []
        self._asked, self._answered, self._complete, self._kept = True, False, False, False
        self.heard = False
        self._overhead = 0
        self._patience = patience
        try:
            if not self._failure:
                self._transport.write(head)
            while not self._answered:
                await self._more()
        except BaseException:
            self.abort()
            raise

    async def read(self) -> bytes:
        """Return the next part of the body, or nothing at its end.

        Raises:
            httpx.TransportError: `ReadTimeout`, `ReadError` or `RemoteProtocolError`.
        """
        while not self._body:
            if self._complete:
                return b""
            await self._more()
        part = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        if self._waiting >= _HIGH_WATER:
            self._transport.resume_reading()
        self._waiting = 0
        return part

    def abort(self) -> None:
        """Close at once."""
        self._kept = False
        self._transport.abort()

    async def _more(self) -> None:
        """Wait until the server has sent more, or what was sent is complete."""
        if self._failure:
            raise self._failure
        self._waiter = self._loop.create_future()
        timer = None
        if self._patience is not None:
            timer = self._loop.call_later(self._patience, self._late)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer:
                timer.cancel()

    def _late(self) -> None:
        self._fail(httpx.ReadTimeout("The server sends nothing."))

    def _fail(self, failure: httpx.TransportError) -> None:
        self._failure = self._failure or failure
        self.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            if self._failure and not self._complete:
                self._waiter.set_exception(self._failure)
            else:
                self._waiter.set_result(None)

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to read."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Take what the server says."""
        if not self._asked or self._complete:
            # It answers nothing, and would be taken for the answer to the next question.
            self.abort()
            return
        self.heard = True
        self._overhead += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            # Never its text: it may quote the answer.
            self._kept = False
            self._fail(httpx.RemoteProtocolError(type(error).__name__))
            return
        if self._overhead > _MAX_OVERHEAD and not self._complete:
            self._fail(httpx.RemoteProtocolError("The answer's headers are too large."))
        if self._waiting >= _HIGH_WATER:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the body that has no other end, or fail."""
        self._kept = False
        if not self._failure:
            self._complete = self._complete or (
                self._answered and exc is None and self._unbounded()
            )
            self._failure = (
                httpx.ReadError(type(exc).__name__)
                if exc
                else httpx.RemoteProtocolError("The server left before its answer was complete.")
            )
            self._failure.__cause__ = exc
        self._wake()
        # The parser holds methods of this connection.
        del self._parser
        self.closed.set_result(None)

    def _unbounded(self) -> bool:
        bounds = (b"content-length", b"transfer-encoding")
        return not any(name.lower() in bounds for name, _ in self.headers)

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Refuse a second answer to one question."""
        if self._complete:
            raise ValueError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers are of no use."""
        if not self._answered:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Tell an answer from what only announces one."""
        self.status = self._parser.get_status_code()
        if self.status >= 200:
            self._answered = True
            self._overhead = 0
        else:
            self.headers = []

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        self._body.append(part)
        self._waiting += len(part)
        self._overhead = 0

    def on_message_complete(self) -> None:
        """Note the end of the answer."""
        if self._answered:
            self._complete = True
            self._kept = self._parser.should_keep_alive()
