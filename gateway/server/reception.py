"""Reception: one process accepts all connections, and hands each to the emptiest server process.

If all processes accepted from one listener, the system would give most connections to one of them.
And only the process that listens can promise that a stop loses none: the last process to leave gets
what has arrived before the listeners close.
"""

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, DefaultSelector
from typing import Final

from gateway.server.arrivals import LEAVES, NO_ROOM, PAUSE, READY, accepted
from gateway.server.workload import Workload

logger = logging.getLogger(__name__)

_CROWDED: Final = 0.02
"""Seconds until a connection is offered once more that no process could be handed."""
_LAST: Final = 1.0
"""Seconds for which the last process may keep from being handed a connection."""


class Reception:
    """Accepts in a thread of its own from `start` to `close`.

    Args:
        listeners: the listening sockets.
        workload: what the server processes share.
        stopping: whether all of them are to stop.

    Attributes:
        desk: where processes register for connections; inherited by them.
    """

    def __init__(
        self,
        listeners: list[socket.socket],
        workload: Workload,
        stopping: Callable[[], bool],
    ) -> None:
        self._listeners = listeners
        self._workload = workload
        self._stopping = stopping
        self._door, self.desk = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._channels: dict[int, socket.socket] = {}
        self._willing: set[int] = set()
        self._waiting: deque[socket.socket] = deque()
        self._selector = DefaultSelector()
        self._selector.register(self._door, EVENT_READ, self._admit)
        self._last = -1
        self._listens = False
        self._paused_until = 0.0
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="reception", daemon=True)

    def start(self) -> None:
        """Begin to accept, once there is a process to hand connections to."""
        for listener in self._listeners:
            listener.setblocking(False)
        self._thread.start()

    def close(self) -> None:
        """End. All processes have ended by now."""
        self._ended = True
        self.desk.send(b"")
        self._thread.join()
        self._selector.close()
        for held in (self._door, self.desk, *self._channels.values(), *self._waiting):
            held.close()

    def _run(self) -> None:
        while not self._ended:
            wait = self._paused_until - time.monotonic()
            self._listen(bool(self._willing) and not self._waiting and wait <= 0)
            if self._waiting:
                wait = _CROWDED
            for key, _ in self._selector.select(wait if wait > 0 else None):
                key.data(key.fileobj)
            self._hand_out()

    def _listen(self, wanted: bool) -> None:
        if wanted == self._listens:
            return
        self._listens = wanted
        for listener in self._listeners:
            if wanted:
                self._selector.register(listener, EVENT_READ, self._accept)
            else:
                self._selector.unregister(listener)

    def _admit(self, _: socket.socket) -> None:
        """Give a seat to a process that asks for one."""
        descriptors = socket.recv_fds(self._door, 1, 1)[1]
        for descriptor in descriptors:
            channel = socket.socket(fileno=descriptor)
            seat = self._workload.take_seat()
            if seat is None:
                channel.close()
                continue
            channel.setblocking(False)
            channel.send(seat.to_bytes(2))
            self._channels[seat] = channel
            self._selector.register(channel, EVENT_READ, partial(self._hear, seat))

    def _hear(self, seat: int, channel: socket.socket) -> None:
        """Take a process's message, or its end."""
        said = b""
        with suppress(OSError):
            said = channel.recv(1)
        if said == READY:
            self._willing.add(seat)
            return
        self._willing.discard(seat)
        if said == LEAVES:
            if not self._willing and self._stopping():
                self._finish(seat)
            with suppress(OSError):
                channel.shutdown(socket.SHUT_WR)
            return
        self._selector.unregister(channel)
        self._channels.pop(seat).close()
        self._workload.vacate(seat)

    def _accept(self, listener: socket.socket) -> None:
        try:
            while connection := accepted(listener):
                self._waiting.append(connection)
        except OSError as error:
            if listener.fileno() < 0:
                return  # It was closed meanwhile, since the gateway stops.
            logger.error(NO_ROOM, error.strerror)  # noqa: TRY400 - the reason says it
            self._paused_until = time.monotonic() + PAUSE

    def _hand_out(self) -> None:
        """Hand each connection to the emptiest process that can take it."""
        while self._waiting:
            seats = self._workload.emptiest(self._willing, self._last)
            if not any(self._hand_first(seat) for seat in seats):
                return

    def _hand_first(self, seat: int) -> bool:
        """Return whether a process took the connection that has waited longest."""
        try:
            socket.send_fds(self._channels[seat], [READY], [self._waiting[0].fileno()])
        except OSError:
            return False
        self._waiting.popleft().close()
        self._workload.give(seat)
        self._last = seat
        return True

    def _finish(self, seat: int) -> None:
        """Hand all that has arrived to the last process, and stop listening."""
        self._listen(wanted=False)
        self._channels[seat].settimeout(_LAST)
        with suppress(OSError):
            for listener in self._listeners:
                while connection := accepted(listener):
                    self._waiting.append(connection)
                listener.close()
        while self._waiting and self._hand_first(seat):
            pass
        self._listeners = []
