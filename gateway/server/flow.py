"""The flow of one connection: what is not read yet, and what the client has not taken."""

import logging
from asyncio import AbstractEventLoop, TimerHandle, WriteTransport

from uvicorn.protocols.http.flow_control import FlowControl

logger = logging.getLogger(__name__)


class Flow(FlowControl):
    """uvicorn's flow control, which stops reading while received data has to wait.

    Attributes:
        held: whether received data waits.
    """

    held = False

    def resume_reading(self) -> None:
        """Read on, unless received data waits."""
        if not self.held:
            super().resume_reading()


class Unsent:
    """A bound on the bytes of answers that the clients of this process have not taken.

    Args:
        most: bytes of all connections together (`GATEWAY_MAX_UNSENT`).
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._connections: dict[Progress, None] = {}

    def add(self, connection: "Progress") -> None:
        """Note that a client has not taken everything."""
        self._connections[connection] = None

    def discard(self, connection: "Progress") -> None:
        """Note that a client has taken everything, or that its connection has ended."""
        self._connections.pop(connection, None)

    def bound(self) -> None:
        """Close the connections with the most bytes, until the rest is within the bound."""
        left = {connection: connection.left for connection in self._connections}
        total = sum(left.values())
        while total > self._most:
            heaviest = max(left, key=left.__getitem__)
            logger.info(
                "Clients have not taken %d bytes of their answers; at most %d may be left "
                "(GATEWAY_MAX_UNSENT): the connection with the most is closed.",
                total,
                self._most,
            )
            total -= left.pop(heaviest)
            heaviest.abort()


class Progress:
    """Closes a connection whose client takes nothing.

    Args:
        transport: the connection's.
        loop: the event loop.
        seconds: how long a client may take nothing (`GATEWAY_SEND_TIMEOUT`).
        unsent: what all clients have not taken.
    """

    def __init__(
        self, transport: WriteTransport, loop: AbstractEventLoop, seconds: float, unsent: Unsent
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._seconds = seconds
        self._unsent = unsent
        self._timer: TimerHandle | None = None

    @property
    def left(self) -> int:
        """The bytes that the client has not taken."""
        return self._transport.get_write_buffer_size()

    def expect(self) -> None:
        """Close the connection unless the client takes something within its time."""
        if self._timer is None and (left := self.left):
            self._timer = self._loop.call_later(self._seconds, self._look, left)
            self._unsent.add(self)
            # Not now: the transport is about to write.
            self._loop.call_soon(self._unsent.bound)

    def forget(self) -> None:
        """Stop expecting."""
        self._unsent.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def abort(self) -> None:
        """Close the connection, whatever is left."""
        self.forget()
        self._transport.abort()

    def _look(self, before: int) -> None:
        self._timer = None
        if self.left < before:
            self._unsent.discard(self)
            self.expect()
            return
        logger.info(
            "A client took nothing of its answer for %g seconds (GATEWAY_SEND_TIMEOUT): its "
            "connection is closed.",
            self._seconds,
        )
        self.abort()
