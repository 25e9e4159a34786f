"""A stop loses no request: connections are told to close, and what was asked before is answered."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.gateway.crowd import Connection, served
from tests.gateway.service import SECONDS

CLIENTS = 64


class Client:
    """A client who asks again and again until it is told to close its connection.

    Attributes:
        lost: what went wrong with requests that were sent before a sign of the end was there.
    """

    def __init__(self, port: int, tls: ssl.SSLContext | None) -> None:
        self._port = port
        self._tls = tls
        self.lost: list[str] = []

    async def visit(self, answered: Callable[[], None], *, again: bool) -> None:
        """Ask by one connection, and then by another one if it shall come back."""
        with suppress(OSError):
            while True:
                connection = await Connection.to(self._port, self._tls)
                await self._ask(connection, answered)
                connection.close()
                if not again:
                    return

    async def _ask(self, connection: Connection, answered: Callable[[], None]) -> None:
        while not connection.closes and not await connection.ended():
            try:
                await connection.ask()
            except (OSError, asyncio.IncompleteReadError) as error:
                self.lost.append(repr(error))
                return
            answered()


async def stopped_under_load(
    stop: Callable[[], None], port: int, tls: ssl.SSLContext | None, *, again: bool
) -> list[Client]:
    """Let all ask, have it stopped in the midst of it, and wait until nobody is answered."""
    clients = [Client(port, tls) for _ in range(CLIENTS)]
    answers = count(1)

    def answered() -> None:
        if next(answers) == 3 * CLIENTS:
            stop()

    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(client.visit(answered, again=again) for client in clients))
    return clients


@pytest.mark.parametrize(
    ("workers", "secure", "stops"),
    [(1, False, 10), (2, False, 2), (1, True, 2), (2, True, 2)],
    ids=["one process", "two processes", "one with TLS", "two with TLS"],
)
def test_no_request_is_lost_in_a_stop(
    tmp_path: Path, workers: int, secure: bool, stops: int
) -> None:
    """In every other one, clients come back by new connections as long as any are accepted."""
    options: dict[str, Any] = {"workers": workers}
    tls = None
    if secure:
        authority = trustme.CA()
        path = tmp_path / "server.pem"
        path.write_bytes(authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes())
        options["ssl_certfile"] = str(path)
        tls = ssl.create_default_context()
        authority.configure_trust(tls)
    for number in range(stops):
        log = tmp_path / f"{number}.log"
        with served(log, **options) as (process, port):
            clients = asyncio.run(
                stopped_under_load(process.terminate, port, tls, again=number % 2 == 1)
            )
            status = process.wait(SECONDS)

        assert [client.lost for client in clients if client.lost] == []
        assert status == 0
        assert "Traceback" not in log.read_text()
