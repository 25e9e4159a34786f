"""Arrivals: how connections reach a server process, and which are the last when it stops.

A process accepts them from its listeners, or another process hands them over. Every connection that
has arrived when the process stops is served.
"""

import asyncio
import logging
import signal
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from ssl import SSLContext
from typing import Final

from gateway.server.http_protocol import QUIET, HttpProtocol
from gateway.server.workload import Member, Workload, alone

logger = logging.getLogger(__name__)

READY: Final = b"+"
LEAVES: Final = b"-"
"""What a process tells the one that hands connections out: give me some, and no more."""

NO_ROOM: Final = "no connection can be accepted: %s"
PAUSE: Final = 1.0
"""Seconds without new connections once the system has no room for another one."""
_ANSWER: Final = 10.0
"""Seconds for which a process that stops waits for the one that hands connections out."""


class Arrivals(ABC):
    """Connections that reach this process, until it takes no more.

    Attributes:
        member: this process.
    """

    def __init__(self, member: Member) -> None:
        self.member = member
        self._handshakes: set[asyncio.Task[None]] = set()
        self._closed = False

    def open(self, protocol: Callable[[], HttpProtocol], tls: SSLContext | None) -> None:
        """Serve connections from now on, each by a protocol of its own."""
        self._protocol = protocol
        self._tls = tls
        self._open()

    async def close(self) -> None:
        """Take what has arrived and no more, and wait a while for handshakes under way."""
        self._closed = True
        await self._close()
        if self._handshakes:
            await asyncio.wait(self._handshakes, timeout=QUIET)

    @abstractmethod
    def end(self) -> None:
        """Leave the gateway's processes, when all that arrived is over."""

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    async def _close(self) -> None: ...

    def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._connect(connection))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _connect(self, connection: socket.socket) -> None:
        protocol = self._protocol()
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self._tls,
                # A client that says nothing to the end of a connection holds up no stop.
                ssl_shutdown_timeout=QUIET if self._tls else None,
            )
        except OSError:
            # The client went, or speaks no TLS that is spoken here.
            protocol.let_go()
        else:
            if self._closed:
                protocol.shutdown()


class Accepted(Arrivals):
    """Connections that this process accepts itself."""

    def __init__(self, listeners: list[socket.socket]) -> None:
        super().__init__(alone())
        self._listeners = listeners
        self._pauses: list[asyncio.TimerHandle] = []

    def end(self) -> None:
        """Stay the only process to the end."""

    def _open(self) -> None:
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            listener.setblocking(False)
            loop.add_reader(listener, self._accept, listener)

    async def _close(self) -> None:
        loop = asyncio.get_running_loop()
        for pause in self._pauses:
            pause.cancel()
        for listener in self._listeners:
            loop.remove_reader(listener)
            with suppress(OSError):
                while connection := accepted(listener):
                    self._serve(connection)
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            while connection := accepted(listener):
                self._serve(connection)
        except OSError as error:
            logger.error(NO_ROOM, error.strerror)  # noqa: TRY400 - the reason says it
            loop.remove_reader(listener)
            pause = loop.call_later(PAUSE, loop.add_reader, listener, self._accept, listener)
            self._pauses.append(pause)


class HandedOver(Arrivals):
    """Connections that another process accepts and hands over.

    Args:
        desk: where a process registers for connections.
        workload: what the processes share.

    Raises:
        ConnectionError: the process that hands out connections is gone.
    """

    def __init__(self, desk: socket.socket, workload: Workload) -> None:
        self._channel, other_end = socket.socketpair()
        with other_end:
            socket.send_fds(desk, [READY], [other_end.fileno()])
        self._channel.settimeout(_ANSWER)
        seat = self._channel.recv(2)
        if not seat:
            self._channel.close()
            raise ConnectionError("There is no seat for another server process.")
        super().__init__(Member(workload, int.from_bytes(seat)))
        self._ended = asyncio.Event()

    def _open(self) -> None:
        self._channel.setblocking(False)
        self._channel.send(READY)
        asyncio.get_running_loop().add_reader(self._channel, self._receive)

    async def _close(self) -> None:
        with suppress(OSError, TimeoutError):
            self._channel.send(LEAVES)
            async with asyncio.timeout(_ANSWER):
                await self._ended.wait()

    def end(self) -> None:
        """Leave the gateway's processes, when all that arrived is over."""
        self._channel.close()

    def _receive(self) -> None:
        said = READY
        # After a reset comes the end.
        with suppress(BlockingIOError, ConnectionResetError):
            while said:
                said, descriptors, _, _ = socket.recv_fds(self._channel, 1, 1)
                for descriptor in descriptors:
                    self._serve(socket.socket(fileno=descriptor))
            self._end()

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._channel)
        self._ended.set()
        if not self._closed:
            logger.error("the process that listens has ended, and so does this one")
            signal.raise_signal(signal.SIGTERM)


def accepted(listener: socket.socket) -> socket.socket | None:
    """Return the next connection of a non-blocking listener, or None.

    Raises:
        OSError: the system has no room for it.
    """
    try:
        return listener.accept()[0]
    except (BlockingIOError, InterruptedError, ConnectionAbortedError):
        return None
