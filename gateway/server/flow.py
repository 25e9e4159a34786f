"""The flow of one connection: what is not read yet, and what the client does not take."""

import logging
from asyncio import AbstractEventLoop, TimerHandle, WriteTransport

from uvicorn.protocols.http.flow_control import FlowControl

logger = logging.getLogger(__name__)


class Flow(FlowControl):
    """uvicorn's control of the flow, which reads nothing while something read has to wait.

    Attributes:
        held: whether it has.
    """

    held = False

    def resume_reading(self) -> None:
        """Read on, if nothing has to wait."""
        if not self.held:
            super().resume_reading()


class Progress:
    """Closes a connection whose client takes nothing of what is sent to it.

    Args:
        transport: the connection's.
        loop: the event loop.
        seconds: how long a client may take nothing (`GATEWAY_SEND_TIMEOUT`).
    """

    def __init__(self, transport: WriteTransport, loop: AbstractEventLoop, seconds: float) -> None:
        self._transport = transport
        self._loop = loop
        self._seconds = seconds
        self._timer: TimerHandle | None = None

    def expect(self) -> None:
        """Close the connection unless the client takes some of what is left within its time."""
        if self._timer is None and (left := self._transport.get_write_buffer_size()):
            self._timer = self._loop.call_later(self._seconds, self._look, left)

    def forget(self) -> None:
        """Expect nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, before: int) -> None:
        self._timer = None
        if self._transport.get_write_buffer_size() < before:
            self.expect()
            return
        logger.info(
            "A client took nothing of its answer for %g seconds (GATEWAY_SEND_TIMEOUT): its "
            "connection is closed.",
            self._seconds,
        )
        self._transport.abort()
