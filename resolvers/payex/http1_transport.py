"""The transport under httpx in production: HTTP/1.1 to one origin, over connections that are kept."""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import SOCK_STREAM

import httpx
from aiohappyeyeballs import start_connection

from resolvers.payex.http1_connection import Http1Connection

# Seconds for which a connection is kept that nobody uses. Load balancers close such ones after 60,
# and some of them silently.
_KEPT = 30.0
# Seconds after which a host's next address is tried beside the first (RFC 8305, section 5).
_NEXT_ADDRESS = 0.25


class Http1Transport(httpx.AsyncBaseTransport):
    """Sends GET requests without a body.

    Args:
        origin: scheme, host and port; no request goes anywhere else.
        tls: what connections are made with, if the scheme is https.
        max_connections: how many connections there are at most.
    """

    def __init__(self, origin: str, tls: ssl.SSLContext | None, max_connections: int) -> None:
        self._origin = httpx.URL(origin)
        self._tls = tls if self._origin.scheme == "https" else None
        # Whoever holds a place has a connection in use, and makes one if none is idle. So there
        # are never more connections than places.
        self._places = asyncio.Semaphore(max_connections)
        self._idle: deque[Http1Connection] = deque()
        self._open: set[Http1Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the answer, whose body is yet to be read.

        Raises:
            httpx.TransportError: what became of it; the error of the socket or of TLS stands
                behind it.
        """
        head = self._head(request)
        timeout = request.extensions.get("timeout", {})
        async with _within(timeout.get("pool"), httpx.PoolTimeout):
            await self._places.acquire()
        try:
            connection = await self._ask(head, timeout)
        except BaseException:
            self._places.release()
            raise
        return httpx.Response(
            connection.status, headers=connection.headers, stream=_Body(self, connection)
        )

    async def aclose(self) -> None:
        """Close all connections."""
        gone = [connection.closed for connection in self._open]
        for connection in tuple(self._open):
            connection.abort()
        self._idle.clear()
        await asyncio.gather(*gone)

    def give_back(self, connection: Http1Connection) -> None:
        """Take a connection back whose answer was read, or is of no use any more."""
        self._places.release()
        if not connection.reusable:
            connection.abort()
            return
        connection.since = asyncio.get_running_loop().time()
        self._idle.append(connection)
        # One for one, so that what a rush of calls has left behind is closed in time.
        if connection.since - self._idle[0].since >= _KEPT:
            self._idle.popleft().abort()

    def _head(self, request: httpx.Request) -> bytes:
        if (request.method, request.content) != ("GET", b""):
            raise httpx.LocalProtocolError("Only GET requests without a body are sent.")
        if request.url.netloc != self._origin.netloc or request.url.scheme != self._origin.scheme:
            raise httpx.UnsupportedProtocol("The request is for another origin.")
        lines = [b"GET %b HTTP/1.1" % request.url.raw_path]
        lines += [b"%b: %b" % header for header in request.headers.raw]
        lines += (b"", b"")
        head = b"\r\n".join(lines)
        if len(head.splitlines()) != len(lines) - 1 or b"\0" in head:
            raise httpx.LocalProtocolError("A header holds the end of a line.")
        return head

    async def _ask(self, head: bytes, timeout: dict[str, float | None]) -> Http1Connection:
        patience = timeout.get("read")
        connection = self._reuse()
        if connection:
            try:
                await connection.ask(head, patience)
            except (httpx.ReadError, httpx.RemoteProtocolError):
                if connection.heard:
                    raise
                # The server has closed it while the request was under way (RFC 9112, section
                # 9.3.1). On a new one this means something else.
            else:
                return connection
        connection = await self._connect(timeout.get("connect"))
        await connection.ask(head, patience)
        return connection

    def _reuse(self) -> Http1Connection | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable and now - connection.since < _KEPT:
                return connection
            connection.abort()
        return None

    async def _connect(self, seconds: float | None) -> Http1Connection:
        """Connect; `seconds` are for the connection, and as many again for its TLS."""
        loop = asyncio.get_running_loop()
        host = self._origin.raw_host.decode("ascii")
        port = self._origin.port or (443 if self._tls else 80)
        try:
            async with _within(seconds, httpx.ConnectTimeout):
                addresses = await loop.getaddrinfo(host, port, type=SOCK_STREAM)
                socket = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS)
            async with _within(seconds, httpx.ConnectTimeout):
                _, connection = await loop.create_connection(
                    Http1Connection,
                    sock=socket,
                    ssl=self._tls,
                    server_hostname=host if self._tls else None,
                )
        except OSError as error:
            raise httpx.ConnectError(type(error).__name__) from error
        self._open.add(connection)
        connection.closed.add_done_callback(lambda _: self._open.discard(connection))
        return connection


class _Body(httpx.AsyncByteStream):
    """The body of an answer. Closed before its end, it closes the connection."""

    def __init__(self, transport: Http1Transport, connection: Http1Connection) -> None:
        self._transport = transport
        self._connection: Http1Connection | None = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._connection and (part := await self._connection.read()):
            yield part

    async def aclose(self) -> None:
        if self._connection:
            connection, self._connection = self._connection, None
            self._transport.give_back(connection)


@asynccontextmanager
async def _within(seconds: float | None, late: type[httpx.TimeoutException]) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise late("The time is up.") from error
