"""Worker peers: the server processes of one gateway, which tell each other what they count.

They share a port, so that Prometheus reaches any one of them, which answers for all. They meet at
Unix sockets in the abstract name space of Linux, which leave no files behind and end with their
process. Only processes of the same user are asked, and told anything.
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
    """The processes that meet at one place, and the number of this one among them.

    A process takes the lowest number that is free. The number is a label of its series: when a
    process takes the place of another, its counters begin anew, as Prometheus expects of a restart.

    Args:
        place: what all of them know, and nobody else of this user is likely to use.
        most: how many numbers there are. While processes are being replaced, there may be more of
            them than usual.
        seconds: how long one is waited for. One that is later is left out.
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
    async def opened(self, tell: Callable[[], Awaitable[bytes]]) -> AsyncIterator[None]:
        """Be one of them while it lasts.

        Args:
            tell: returns what the others are told.
        """

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                if self._knows(writer.get_extra_info("socket")):
                    writer.write(await tell())
                    await writer.drain()
            writer.close()

        claimed = self._claimed()
        if claimed is None:
            yield
            return
        async with await asyncio.start_unix_server(answer, sock=claimed):
            yield

    async def told(self) -> dict[int, bytes]:
        """Return what each of the others tells now, by its number."""
        others = [number for number in range(len(self._names)) if number != self.number]
        replies = await asyncio.gather(*map(self._ask, others))
        return {
            number: reply
            for number, reply in zip(others, replies, strict=True)
            if reply is not None
        }

    def _claimed(self) -> socket.socket | None:
        """Return the socket of the lowest number that is free."""
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
            "the server processes cannot find each other (%s): /metrics tells of one of them only",
            reason,
        )
        return None

    async def _ask(self, number: int) -> bytes | None:
        """Return what one process tells, or None where there is none, or it does not tell in time.

        A connection between processes of one machine is there at once or not at all. uvloop makes
        none by an abstract name, and so is handed one.
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
        """Whether the other end is a process of the same user."""
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, user, _ = _CREDENTIALS.unpack(peer)
        return bool(user == self._user)


def meeting_place(host: str, port: int) -> str:
    """Return where the server processes of the present gateway meet.

    Containers that share a network have processes of the same ids, but not on the same address.
    """
    address = blake2b(f"{host} {port}".encode(), digest_size=8).hexdigest()
    return f"payex-usage-gateway/{os.getppid()}/{address}"
