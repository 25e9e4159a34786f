"""A small app served by the gateway's server, and clients who keep their connections."""

import asyncio
import math
import os
import random
import re
import select
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway.identity.configuration import identity_of
from gateway.intake import Intake
from gateway.logs import log_config
from gateway.overload import Admission
from gateway.server import serve
from gateway.settings import Settings
from gateway.visits import Shed, Visits
from gateway.workload import MEMBER
from tests.gateway.forked import Fork
from tests.gateway.service import ELSE, SECONDS

LONGEST = 0.03
LIMIT = 8


class Limited:
    """The app within a bound on operations, for which processes share their room."""

    def __init__(self) -> None:
        anyone = identity_of(Settings())
        self._admission = Admission(LIMIT)
        self._visits = Visits(anyone, self._admission, Intake(pending=1000, size=1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop."""
        if scope["type"] == "http" and scope["path"] == "/measured":
            await PlainTextResponse(self._admission.measured())(scope, receive, send)
            return
        if scope["type"] == "http":
            visit = self._visits.begin(scope)
            try:
                await visit.come_in(Request(scope))
                await visit.take_place("anyone", math.inf, receive)
                await app(scope, receive, send)
            except Shed as error:
                await error.response()(scope, receive, send)
            finally:
                visit.end()
            return
        self._admission.member = scope["state"][MEMBER]
        while (message := await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": f"{message['type']}.complete"})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer after a while with the number of the process, or never."""
    await asyncio.sleep(SECONDS if scope["path"] == "/never" else LONGEST * random.random())  # noqa: S311
    await PlainTextResponse(str(os.getpid()))(scope, receive, send)


@contextmanager
def served(path: Path, times: int = 1, **options: Any) -> Iterator[tuple[Fork, int]]:
    """Serve the app in a process of its own, and tell its port.

    Args:
        path: the file that takes what is logged.
        times: how often it is served, again after each stop.
        options: those of `gateway.server.serve`.
    """
    given = {"host": "127.0.0.1", "port": 0, "timeout_graceful_shutdown": SECONDS}
    process = Fork(partial(main, given | options, times), path, ELSE)
    try:
        yield process, served_port(process, path, options.get("workers", 1))
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(SECONDS)


def main(options: dict[str, Any], times: int) -> None:
    """Serve, in the process of its own."""
    for _ in range(times):
        serve(
            "tests.gateway.crowd:Limited",
            factory=True,
            log_config=log_config("text", "INFO"),
            access_log=False,
            **options,
        )


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

    def close(self) -> None:
        """Close it."""
        self._writer.close()
