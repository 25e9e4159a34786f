"""Clients of a small app, who keep their connections."""

import asyncio
import re
import select
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.service import ELSE, SECONDS
from tests.server.forked import Fork


@contextmanager
def served(path: Path, times: int = 1, **options: Any) -> Iterator[tuple[Fork, int]]:
    """Serve the app in a process of its own, and tell its port.

    Args:
        path: the file that takes what is logged.
        times: how often it is served, again after each stop.
        options: those of `gateway.server.serving.serve`.
    """
    given = {"host": "127.0.0.1", "port": 0, "timeout_graceful_shutdown": SECONDS}
    process = Fork("tests.server.crowded:main", path, ELSE, given | options, times)
    try:
        yield process, served_port(process, path, options.get("workers", 1))
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(SECONDS)


def served_port(process: Fork, path: Path, workers: int, before: int = 0) -> int:
    """Return the port, as soon as it is served.

    Args:
        process: what serves.
        path: the file of its log.
        workers: how many processes serve.
        before: how often it was served and stopped already.
    """
    deadline = time.monotonic() + SECONDS
    said = "processes serve" if workers > 1 else "Started server process"
    while time.monotonic() < deadline:
        assert process.poll() is None, path.read_text()
        printed = path.read_text()
        ports = re.findall(r"Serving on https?://[^\s:]+:(\d+)", printed)
        if len(ports) > before and printed.count(said) > before:
            return int(ports[before])
        time.sleep(0.02)
    pytest.fail(f"It does not serve:\n{path.read_text()}")


class Connection:
    """A connection that is kept as long as the server keeps it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.closes = False

    @classmethod
    async def to(cls, port: int, tls: ssl.SSLContext | None = None) -> "Connection":
        """Connect."""
        name = "localhost" if tls else None
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name))

    async def ask(self, path: str = "/") -> tuple[int, str]:
        """Return the status and the body of the answer to one request."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        self.closes = "connection: close" in head
        length = re.search(r"content-length: (\d+)", head)
        assert length
        body = await self._reader.readexactly(int(length[1]))
        return int(head.split()[1]), body.decode()

    async def ended(self) -> bool:
        """Whether the server has closed it. Nothing else comes before anything is asked."""
        descriptor = self._writer.get_extra_info("socket").fileno()
        while select.select([descriptor], [], [], 0)[0]:
            if self._reader.at_eof():
                return True
            await asyncio.sleep(0)
        return False

    async def again(self, port: int) -> "Connection":
        """Close it, and connect anew."""
        self.close()
        return await Connection.to(port)

    def close(self) -> None:
        """Close it."""
        self._writer.close()
