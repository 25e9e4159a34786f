"""A stop loses no request: connections are told to close, and what was asked before is answered."""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.server.http_protocol import QUIET
from gateway.server.workload import Member, Workload
from tests.gateway.service import SECONDS
from tests.server.crowd import Connection, served, served_port
from tests.server.wire import Connected, Wire

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
    """In every other one, clients come back by new connections as long as any are accepted.

    One process serves again after each stop.
    """
    options: dict[str, Any] = {"workers": workers}
    tls = None
    if secure:
        authority = trustme.CA()
        path = tmp_path / "server.pem"
        path.write_bytes(authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes())
        options["ssl_certfile"] = str(path)
        tls = ssl.create_default_context()
        authority.configure_trust(tls)
    log = tmp_path / "log"
    with served(log, stops, **options) as (process, first):
        for number in range(stops):
            port = served_port(process, log, workers, number) if number else first
            clients = asyncio.run(
                stopped_under_load(process.terminate, port, tls, again=number % 2 == 1)
            )

            assert [client.lost for client in clients if client.lost] == []
        status = process.wait(SECONDS)

    assert status == 0
    assert "Traceback" not in log.read_text()


REQUEST = b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


class Line(Connected[Wire]):
    """A connection of a server that stops."""

    def __init__(self) -> None:
        super().__init__(Wire)

    async def answered(self) -> list[tuple[str, bool]]:
        """Return for each answer, once all are there, its path, and whether it says it closes."""
        await self.settle()
        answers = re.split(rb"HTTP/1.1 200 OK\r\n", self.wire.written)[1:]
        return [
            (answer.split(b'"')[1].decode(), b"connection: close" in answer) for answer in answers
        ]


async def test_an_idle_connection_stays_open_for_a_while() -> None:
    """Its client may have sent a request that has not come yet. Nothing else holds up the stop."""
    with Line() as line:
        line.protocol.shutdown()
        timer = line.protocol.timeout_keep_alive_task
        at_first = line.wire.closed
        assert timer is not None
        assert timer.when() <= asyncio.get_running_loop().time() + QUIET
        line.protocol.timeout_keep_alive_handler()

        assert not at_first
        assert line.wire.closed


@pytest.mark.parametrize("before", [b"", REQUEST % 0], ids=["new", "kept"])
async def test_what_has_come_and_is_not_read_yet_keeps_a_connection_open(before: bytes) -> None:
    """Closed, it would be reset, and the answer that came before be lost as well."""
    with Line() as line:
        line.protocol.data_received(before)
        await line.answered()
        line.protocol.shutdown()
        line.client.send(REQUEST % 1)
        line.protocol.timeout_keep_alive_handler()
        meanwhile = line.wire.closed
        line.protocol.data_received(line.server.recv(1000))

        assert not meanwhile
        assert (await line.answered())[-1] == ("/1", True)
        assert line.wire.closed


@pytest.mark.parametrize("place", range(1, len(REQUEST % 1)))
async def test_a_request_that_has_begun_to_come_is_answered(place: int) -> None:
    """Its answer says that the connection is closed."""
    request = REQUEST % 1
    with Line() as line:
        line.protocol.data_received(request[:place])
        await asyncio.sleep(0)
        line.protocol.shutdown()
        assert line.protocol.timeout_keep_alive_task is None
        line.protocol.data_received(request[place:])

        assert await line.answered() == [("/1", True)]
        assert line.wire.closed


@pytest.mark.parametrize("told", ["shutdown", "close_soon"])
@pytest.mark.parametrize("before", range(4))
async def test_of_requests_that_came_together_the_last_one_closes_the_connection(
    before: int, told: str
) -> None:
    """All of them are answered, whether they came before the stop or after it."""
    with Line() as line:
        line.protocol.data_received(b"".join(REQUEST % number for number in range(before)))
        getattr(line.protocol, told)()
        line.protocol.data_received(b"".join(REQUEST % number for number in range(before, 4)))

        assert await line.answered() == [(f"/{number}", number == 3) for number in range(4)]
        assert line.wire.closed


async def test_a_process_with_too_much_work_lets_a_connection_go_after_an_operation() -> None:
    """A request that is no operation moves nobody."""
    workload = Workload(2)
    full, other = (Member(workload, workload.take_seat() or 0) for _ in range(2))
    for number in range(2):
        workload.give(full.number)
        full.rest(number, 0.0)
    full.compare(0.0)
    other.compare(0.0)
    assert (full.surplus, other.surplus) == (1, 0)
    with Line() as line:
        line.protocol.member = full
        line.protocol.data_received(REQUEST % 1)
        assert await line.answered() == [("/1", False)]
        line.protocol.data_received(REQUEST % 2)
        line.protocol.wake()

        assert (await line.answered())[-1] == ("/2", True)
        line.protocol.rest(0.0)
        assert line.wire.closed
        assert workload.connections() == [1, 0]
    assert workload.connections() == [1, 0]
    assert workload.at_work() == [2, 0]
    assert full.surplus == 0


def test_a_client_that_never_ends_its_request_holds_up_a_stop_no_longer_than_the_bound(
    tmp_path: Path,
) -> None:
    """Neither do clients that ask for nothing, or for what takes too long."""
    with (
        ExitStack() as stack,
        served(tmp_path / "log", timeout_graceful_shutdown=1) as (process, port),
    ):
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))
            for _ in range(4)
        ]
        clients[1].send(b"GET / HTTP/1.1\r\nHos")
        clients[2].send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        clients[3].send(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
        asked = stack.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))
        asked.send(b"GET /measured HTTP/1.1\r\nHost: x\r\n\r\n")
        assert asked.recv(9) == b"HTTP/1.1 "
        process.terminate()

        # Far less than what is never answered would take.
        assert process.wait(SECONDS / 2) == 0
