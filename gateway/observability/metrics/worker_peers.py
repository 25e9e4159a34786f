"""Worker peers: the server processes of one gateway, which exchange their metrics.

They share a port, so a scrape reaches one of them, which reports for all. They connect through
abstract Unix sockets of Linux, which leave no files and end with their process. A process exchanges
metrics only with processes of the same user.
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from hashlib import blake2b
from typing import Final

logger = logging.getLogger(__name__)

_CREDENTIALS: Final = struct.Struct("3i")  # process, user and group, of SO_PEERCRED
_LIMIT: Final = 64 * 1024 * 1024
_SECONDS: Final = 1.0


class WorkerPeers:
    """The processes that share a meeting place, and the number of this one.

    A process takes the lowest free number, and its series have it as a label. If a process replaces
    another, it reuses the number and its counters restart at 0, which Prometheus treats as a
    restart.

    Args:
        place: a name that all of them know, and that no other process of the user is likely to use.
        most: the highest number of processes. During a replacement there are more than usual.
        seconds: how long to wait for a peer. A later reply is left out.
        user: the id of the user whose processes they are; that of this process if None.
    """

    def __init__(
        self, place: str, most: int, *, seconds: float = _SECONDS, user: int | None = None
    ) -> None:
        self.number: int | None = None
        self._names = [f"\0{place}/{number}" for number in range(most)]
        self._seconds = seconds
        self._user = os.geteuid() if user is None else user

    @asynccontextmanager
    async def opened(self, report: Callable[[], Awaitable[bytes]]) -> AsyncIterator[None]:
        """Be one of the peers within the context.

        Args:
            report: returns the reply to a peer that asks.
        """

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                if self._knows(writer.get_extra_info("socket")):
                    writer.write(await report())
                    await writer.drain()
            writer.close()

        claimed = self._claimed()
        if claimed is None:
            yield
            return
        async with await asyncio.start_unix_server(answer, sock=claimed):
            yield

    async def reports(self) -> dict[int, bytes]:
        """Return the reply of each other peer, by its number."""
        others = [number for number in range(len(self._names)) if number != self.number]
        replies = await asyncio.gather(*map(self._ask, others))
        return {
            number: reply
            for number, reply in zip(others, replies, strict=True)
            if reply is not None
        }

    def _claimed(self) -> socket.socket | None:
        """Return the socket of the lowest free number, or None."""
        reason = "none of their places is free"
        for number, name in enumerate(self._names):
            listener = socket.socket(socket.AF_UNIX)
            try:
                listener.bind(name)
                listener.listen()
            except OSError as error:
                listener.close()
                reason = error.strerror or reason
                continue
            self.number = number
            return listener
        logger.warning(
            "The server processes cannot find each other (%s): /metrics reports only one of them.",
            reason,
        )
        return None

    async def _ask(self, number: int) -> bytes | None:
        """Return the reply of one process, or None if there is no process or no reply in time.

        A connection on one machine succeeds or fails at once. uvloop cannot connect to an abstract
        name, so it gets a connected socket.
        """
        with suppress(OSError, TimeoutError), ExitStack() as stack:
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.setblocking(False)
            connection.connect(self._names[number])
            if not self._knows(connection):
                return None
            async with asyncio.timeout(self._seconds):
                reader, writer = await asyncio.open_unix_connection(sock=connection, limit=_LIMIT)
                stack.pop_all()
                with closing(writer):
                    return await reader.read() or None
        return None

    def _knows(self, connection: socket.socket) -> bool:
        """Return whether the other end is a process of the same user."""
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, user, _ = _CREDENTIALS.unpack(peer)
        return bool(user == self._user)


def meeting_place(host: str, port: int) -> str:
    """Return the name under which the server processes of this gateway meet.

    The address is part of it: containers that share a network can have the same process ids, but
    not the same address.
    """
    address = blake2b(f"{host} {port}".encode(), digest_size=8).hexdigest()
    return f"payex-usage-gateway/{os.getppid()}/{address}"
