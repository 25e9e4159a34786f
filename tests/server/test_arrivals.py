"""Connections come into a server process by its listeners, or are handed over by another one."""

import asyncio
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Any, cast

import pytest
import trustme
from starlette.responses import PlainTextResponse
from uvicorn.lifespan.off import LifespanOff
from uvicorn.server import ServerState

from gateway.server.arrivals import LEAVES, READY, Accepted, HandedOver
from gateway.server.http_protocol import HttpProtocol
from gateway.server.process import Server, ServerConfig
from gateway.server.reception import Reception
from gateway.server.workload import MEMBER, Workload
from tests.gateway.service import SECONDS
from tests.server.crowd import Connection

CONFIG: dict[str, Any] = {"lifespan": "off", "log_config": None, "access_log": False}


class Full(socket.socket):
    """A listener for whose first connection the system has no room."""

    tried = False

    def accept(self) -> tuple[socket.socket, Any]:
        """Fail, and then accept."""
        if not self.tried:
            self.tried = True
            raise OSError(24, "Too many open files")
        return super().accept()


class Closed(socket.socket):
    """A listener that is closed in the moment in which it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read = threading.Event()

    def accept(self) -> tuple[socket.socket, Any]:
        """Fail."""
        self.close()
        self.is_read.set()
        raise OSError(9, "Bad file descriptor")


def listening(kind: type[socket.socket] = socket.socket) -> socket.socket:
    listener = kind()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


@asynccontextmanager
async def running(server: Server, sockets: list[socket.socket]) -> AsyncIterator[None]:
    """Run a server as uvicorn does, without the signals."""
    server.config.load()
    server.lifespan = LifespanOff(server.config)
    await server.startup(sockets)
    serving = asyncio.create_task(server.main_loop())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        await server.shutdown(sockets)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what is entered."""
    with ExitStack() as stack:
        yield stack


class House:
    """A reception, and processes of its own that a test plays."""

    def __init__(
        self,
        stack: ExitStack,
        listener: socket.socket,
        seats: int = 3,
        stopping: Callable[[], bool] | None = None,
    ) -> None:
        self._stack = stack
        self.port = listener.getsockname()[1]
        self.workload = Workload(seats)
        self.stopping = False
        self.reception = Reception([listener], self.workload, stopping or (lambda: self.stopping))
        stack.enter_context(listener)
        self.reception.start()
        stack.callback(self.reception.close)

    def process(self, room: int | None = None) -> socket.socket:
        """Return the end of a channel by which a process talks with the reception."""
        ours, theirs = socket.socketpair()
        if room:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        socket.send_fds(self.reception.desk, [READY], [theirs.fileno()])
        theirs.close()
        ours.settimeout(SECONDS)
        assert len(ours.recv(2)) == 2
        ours.send(READY)
        return self._stack.enter_context(ours)

    def visit(self) -> socket.socket:
        """Return a client that has connected."""
        client = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        return self._stack.enter_context(client)


def handed(process: socket.socket) -> tuple[str, int] | None:
    """Return whose connection a process is handed next; None if it gets no more."""
    said, descriptors, _, _ = socket.recv_fds(process, 1, 1)
    if not said:
        return None
    with socket.socket(fileno=descriptors[0]) as connection:
        host, port = connection.getpeername()
        return host, port


def test_the_process_that_leaves_last_gets_all_that_has_arrived(stack: ExitStack) -> None:
    """Nobody can connect afterwards."""
    house = House(stack, listening())
    one, other = house.process(), house.process()
    clients = [house.visit() for _ in range(6)]
    names = {client.getsockname() for client in clients}
    taken = {handed(one) for _ in range(3)} | {handed(other) for _ in range(3)}
    house.stopping = True
    one.send(LEAVES)
    assert handed(one) is None
    late = [house.visit() for _ in range(3)]
    other.send(LEAVES)
    last = set(iter(lambda: handed(other), None))

    assert taken == names
    assert last == {client.getsockname() for client in late}
    with pytest.raises(ConnectionRefusedError):
        house.visit()


class Late(socket.socket):
    """A listener that tells of its connections only at the very end."""

    ended = False

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept, if it is the end."""
        if not self.ended:
            raise BlockingIOError
        return super().accept()


def test_what_arrives_as_the_last_process_leaves_is_handed_to_it(stack: ExitStack) -> None:
    listener = listening(Late)

    def stopping() -> bool:
        listener.ended = True  # type: ignore[attr-defined]
        return True

    house = House(stack, listener, stopping=stopping)
    process = house.process()
    clients = [house.visit() for _ in range(3)]
    process.send(LEAVES)

    assert list(iter(lambda: handed(process), None)) == [each.getsockname() for each in clients]


def test_while_no_process_is_there_connections_wait_for_the_next_one(stack: ExitStack) -> None:
    house = House(stack, listening())
    first = house.process()
    first.send(LEAVES)
    assert handed(first) is None
    first.close()
    client = house.visit()

    assert handed(house.process()) == client.getsockname()


def test_a_process_that_cannot_be_handed_more_is_offered_it_again(stack: ExitStack) -> None:
    house = House(stack, listening())
    process = house.process(room=1)
    clients = [house.visit() for _ in range(40)]
    taken = [handed(process) for _ in clients]

    assert taken == [client.getsockname() for client in clients]


def test_no_room_in_the_system_is_waited_out_and_told(
    stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(stack, listening(Full))
    process = house.process()
    client = house.visit()

    assert handed(process) == client.getsockname()
    assert "no connection can be accepted: Too many open files" in caplog.messages


def test_a_listener_that_is_closed_while_it_is_read_is_no_lack_of_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """So it may be when the gateway stops."""
    listener = cast("Closed", listening(Closed))
    with ExitStack() as stack:
        house = House(stack, listener)
        house.process()
        with suppress(ConnectionError):
            house.visit()
        assert listener.is_read.wait(SECONDS)

    assert not caplog.messages


async def test_a_single_process_waits_it_out_as_well(caplog: pytest.LogCaptureFixture) -> None:
    listener = listening(Full)
    server = Server(ServerConfig(PlainTextResponse("here"), **CONFIG))
    async with running(server, [listener]):
        client = await Connection.to(listener.getsockname()[1])

        assert await client.ask() == (200, "here")
        client.close()
    assert "no connection can be accepted: Too many open files" in caplog.messages


async def test_a_process_that_stops_meanwhile_tries_no_more() -> None:
    listener = listening(Full)
    server = Server(ServerConfig(PlainTextResponse("here"), **CONFIG))
    async with running(server, [listener]):
        with socket.create_connection(listener.getsockname(), SECONDS) as client:
            while not listener.tried:  # type: ignore[attr-defined]  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert client.fileno() == -1


class Told(HttpProtocol):
    """The protocol of a connection, which notes that it is told to close."""

    told = 0

    def shutdown(self) -> None:
        """Note it."""
        self.told += 1


async def test_a_connection_that_is_made_after_the_last_one_is_told_to_close_at_once() -> None:
    """Such as one whose handshake takes long: nobody else tells it, and a stop waits for it."""
    listener = listening()
    config = ServerConfig(PlainTextResponse("here"), **CONFIG)
    config.load()
    protocol = Told(config, ServerState(), {})
    arrivals = Accepted([listener])
    arrivals.open(lambda: protocol, None)
    with socket.create_connection(listener.getsockname(), SECONDS):
        await arrivals.close()
        protocol.transport.abort()

    assert protocol.told == 1


async def test_what_is_handed_over_is_served_and_counted_until_it_ends(stack: ExitStack) -> None:
    house = House(stack, listening())
    config = ServerConfig(PlainTextResponse("here"), **CONFIG)
    config.workload = house.workload
    async with running(Server(config), [house.reception.desk.dup()]):
        client = await Connection.to(house.port)
        assert await client.ask() == (200, "here")
        # Who has handed it over counts it a moment later.
        while house.workload.connections() != [1, 0, 0]:  # noqa: ASYNC110 - memory tells nobody
            await asyncio.sleep(0)
        client.close()
        while any(house.workload.connections()):  # noqa: ASYNC110 - memory tells nobody
            await asyncio.sleep(0)
        house.stopping = True


async def test_a_client_that_speaks_no_tls_is_counted_no_more(
    stack: ExitStack, tmp_path: Any
) -> None:
    house = House(stack, listening())
    path = tmp_path / "server.pem"
    issued = trustme.CA().issue_cert("localhost")
    path.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    config = ServerConfig(PlainTextResponse("here"), ssl_certfile=str(path), **CONFIG)
    config.workload = house.workload
    async with running(Server(config), [house.reception.desk.dup()]):
        client = await Connection.to(house.port)
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await client.ask()
        client.close()
        while any(house.workload.connections()):  # noqa: ASYNC110 - memory tells nobody
            await asyncio.sleep(0)
        house.stopping = True


async def test_a_process_stops_when_the_one_that_listens_is_gone(stack: ExitStack) -> None:
    noted: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: noted.append(number))
    stack.callback(signal.signal, signal.SIGTERM, before)
    listener = listening()
    with ExitStack() as reception:
        house = House(reception, listener)
        config = ServerConfig(PlainTextResponse("here"), **CONFIG)
        config.workload = house.workload
        server = Server(config)
        async with running(server, [house.reception.desk.dup()]):
            reception.close()
            while not noted:  # noqa: ASYNC110 - a signal sets no event
                await asyncio.sleep(0)

    assert noted == [signal.SIGTERM]


def test_a_process_for_which_there_is_no_seat_does_not_start(stack: ExitStack) -> None:
    house = House(stack, listening(), seats=1)
    house.process()

    with pytest.raises(ConnectionError, match="no seat"):
        HandedOver(house.reception.desk, house.workload)


async def test_connections_are_told_to_close_while_the_process_is_about_to_stop() -> None:
    listener = listening()
    server = Server(ServerConfig(PlainTextResponse("here"), **CONFIG))
    async with running(server, [listener]):
        client = await Connection.to(listener.getsockname()[1])
        await client.ask()
        kept = not client.closes
        server.lifespan.state[MEMBER].drain()
        while not client.closes:
            await client.ask()
        client.close()

    assert kept
