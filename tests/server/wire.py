"""The two ends of a connection without a network: an app that notes, and a wire that keeps."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from gateway.http.refusals import COUNTED
from gateway.server.http_protocol import HttpProtocol
from gateway.server.process import ServerConfig


class Seen:
    """An app that keeps what it is asked, and answers with the path."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.headers: list[list[tuple[bytes, bytes]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        body = await request.body()
        self.requests.append((scope["method"], scope["path"], body))
        self.headers.append(scope["headers"])
        await JSONResponse(scope["path"])(scope, receive, send)


class Wire(asyncio.Transport):
    """The end of a connection that takes what is written."""

    def __init__(self, connection: socket.socket | None = None) -> None:
        super().__init__({"socket": connection})
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        """Take what is written, unless it is closed."""
        self.written += b"" if self.closed else data

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self.closed

    def close(self) -> None:
        """Close it."""
        self.closed = True

    def can_write_eof(self) -> bool:
        """Whether it can be closed for what is written alone."""
        return True

    def write_eof(self) -> None:
        """Close it."""
        self.closed = True

    def get_write_buffer_size(self) -> int:
        """Return how much of what is written is not taken."""
        return 0

    def pause_reading(self) -> None:
        """Go on."""

    def resume_reading(self) -> None:
        """Go on."""


CONFIG = ServerConfig(Seen(), lifespan="off", log_config=None)

W = TypeVar("W", bound=Wire)


class Connected(Generic[W]):
    """A connection: the server's protocol for it, and the client's end.

    Attributes:
        refused: the codes of what was refused, as they are counted.
    """

    def __init__(
        self,
        wire: Callable[[socket.socket], W],
        config: ServerConfig = CONFIG,
        loop: Any = None,
    ) -> None:
        self.server, self.client = socket.socketpair()
        self.wire = wire(self.server)
        self.seen = Seen()
        self._state = ServerState()
        self.refused: list[str] = []
        count = {COUNTED: self.refused.append}
        self.protocol = HttpProtocol(config, self._state, count, loop)
        self.protocol.app = self.seen
        self.protocol.connection_made(self.wire)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.protocol.connection_lost(None)
        self.server.close()
        self.client.close()

    async def settle(self) -> None:
        """Wait until nothing is done any more."""
        while self._state.tasks:
            await asyncio.wait(self._state.tasks)
            await asyncio.sleep(0)
