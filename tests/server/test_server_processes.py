"""Server processes: those that cannot start end the command, those that die later are replaced."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import cast

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import SIGNALS

from gateway.server.process import CANNOT_START, Server, ServerConfig
from gateway.server.serving import serve
from gateway.server.supervisor import ServerProcess, ServerProcesses, seats_for
from gateway.settings.load import SettingsError
from tests.gateway.service import PLAIN
from tests.server.starting import broken, late

SECONDS = 60


async def unwilling(_: Scope, receive: Receive, send: Send) -> None:
    """Be an app that does not start, and does not say why."""
    await receive()
    await send({"type": "lifespan.startup.failed", "message": ""})


@pytest.fixture
def handlers() -> Iterator[None]:
    """Give back the handlers of the signals that server processes are steered by."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_host_that_is_no_name_is_told_likewise() -> None:
    with pytest.raises(SettingsError, match=r"a\.\.b:0 cannot be listened on: is not an address"):
        serve(unwilling, host="a..b", port=0, log_config=None)


@pytest.mark.usefixtures("handlers")
def test_processes_that_cannot_start_are_not_started_again_and_again(
    capfd: pytest.CaptureFixture[str],
) -> None:
    app = "tests.server.starting:broken"
    with pytest.raises(SettingsError, match="The gateway could not start"):
        serve(app, factory=True, host="127.0.0.1", port=0, workers=2, log_config=None)

    printed = capfd.readouterr().err
    assert "Traceback" not in printed
    assert "payex-usage-gateway: GATEWAY_JWT_KEYS: is gone.\n" in printed


@pytest.mark.usefixtures("handlers")
def test_a_process_that_dies_is_replaced_once_all_have_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The signal to stop ends the command as any stop that was asked for."""
    caplog.set_level("INFO")
    died: list[int] = []
    seen: set[int] = set()

    def visit() -> None:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and len(seen - set(died)) < 2:
            address = re.search(r"Serving on (http://\S+)", caplog.text)
            if address and "All 2 server processes serve." in caplog.text:
                # One connection each: whichever process is free takes it.
                with suppress(httpx.TransportError):
                    seen.add(int(httpx.get(address[1], trust_env=False, verify=PLAIN).text))
                if len(seen) == 2 and not died:
                    died.append(min(seen))
                    os.kill(died[0], signal.SIGKILL)
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    visitor = threading.Thread(target=visit)
    visitor.start()
    path = "tests.server.starting:whoever_answers"
    serve(path, host="127.0.0.1", port=0, workers=2, log_config=None, lifespan="off")
    visitor.join()

    assert len(died) == 1
    assert len(seen) == 3


def test_an_app_that_does_not_start_ends_a_single_process_likewise() -> None:
    with pytest.raises(SettingsError, match="The gateway could not start"):
        serve(unwilling, host="127.0.0.1", port=0, log_config=None)


def test_what_an_app_finds_out_while_it_starts_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SettingsError, match="The gateway could not start"):
        serve(late(), host="127.0.0.1", port=0, log_config=None)

    assert capsys.readouterr().err == "payex-usage-gateway: GATEWAY_JWT_KEYS: is gone.\n"
    assert "Traceback" not in caplog.text


def test_an_app_that_cannot_be_made_any_more_ends_its_process_with_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        ServerConfig(broken, factory=True, log_config=None).load()

    assert ended.value.code == 2
    assert capsys.readouterr().err == "payex-usage-gateway: GATEWAY_JWT_KEYS: is gone.\n"


@pytest.mark.usefixtures("handlers")
def test_processes_are_replaced_one_by_one_and_joined_by_more_on_a_signal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """SIGHUP puts a new one in the place of each, SIGTTIN adds one. No request fails meanwhile."""
    caplog.set_level("INFO")
    seen: list[set[int]] = []

    def look(number: int, former: set[int]) -> set[int]:
        until = time.monotonic() + SECONDS
        processes: list[int] = []
        while len(set(processes[-number:]) - former) < number and time.monotonic() < until:
            address = re.search(r"Serving on (http://\S+)", caplog.text)
            if address and "All 2 server processes serve." in caplog.text:
                processes.append(int(httpx.get(address[1], trust_env=False, verify=PLAIN).text))
            time.sleep(0.01)
        return set(processes[-number:])

    def visit() -> None:
        try:
            seen.append(look(2, set()))
            os.kill(os.getpid(), signal.SIGHUP)
            seen.append(look(2, seen[0]))
            os.kill(os.getpid(), signal.SIGTTIN)
            seen.append(look(3, seen[0]))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    visitor = threading.Thread(target=visit)
    visitor.start()
    path = "tests.server.starting:whoever_answers"
    serve(path, host="127.0.0.1", port=0, workers=2, log_config=None, lifespan="off")
    visitor.join()

    assert [len(processes) for processes in seen] == [2, 2, 3]
    assert seen[1].isdisjoint(seen[0])
    assert seen[1] < seen[2]


def test_each_process_runs_the_gateway_s_own_server() -> None:
    config = ServerConfig("app", log_config=None)

    assert isinstance(ServerProcess(config, []).server, Server)


class Played:
    """A process that is told what to do, and of which a test says how it goes.

    Args:
        serves: whether it comes to serve.
        exitcode: how it has ended, if it has.
    """

    pid = 1

    def __init__(self, *, serves: bool = True, exitcode: int | None = None) -> None:
        self.exitcode = exitcode
        self.serves = serves
        self.told: list[str] = []

    def is_alive(self, _: float) -> bool:
        """Return whether it goes on."""
        return self.exitcode is None

    def is_ready(self, _: float) -> bool:
        """Return whether it serves."""
        return self.serves

    def wait_until_ready(self, _: float, __: threading.Event) -> bool:
        """Return whether it came to serve."""
        return self.serves

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Take what it is told."""
        return lambda: self.told.append(name)


class Playing(ServerProcesses):
    """Server processes, of which those to be started are played."""

    def __init__(self, *played: Played) -> None:
        super().__init__(ServerConfig("app", log_config=None), [])
        self.starts = list(played)
        self.processes = []

    def _started(self) -> ServerProcess:
        return cast("ServerProcess", self.starts.pop(0))


@pytest.fixture
def playing() -> Iterator[Callable[..., Playing]]:
    """Makes server processes, of which the first is there and all are played."""
    with ExitStack() as stack:

        def make(*played: Played) -> Playing:
            processes = Playing(*played)
            processes.reception.start()
            stack.callback(processes.reception.close)
            processes.init_processes()
            processes.keep_subprocess_alive()
            return processes

        yield make


@pytest.mark.usefixtures("handlers")
def test_a_process_stays_if_the_one_to_replace_it_does_not_serve(
    playing: Callable[..., Playing], caplog: pytest.LogCaptureFixture
) -> None:
    stays, fails = Played(), Played(serves=False)
    processes = playing(stays, fails)
    processes.restart_all()

    assert stays.told == []
    assert fails.told == ["kill", "join"]
    assert "The server processes stay" in caplog.text


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("exitcode", [0, 1, CANNOT_START, STARTUP_FAILURE, -signal.SIGKILL])
def test_whatever_ends_a_process_before_all_have_served_ends_the_command(
    playing: Callable[..., Playing], exitcode: int
) -> None:
    """An app that is not there, one that cannot be made and one that does not start, say."""
    processes = playing(Played(serves=False, exitcode=exitcode))

    assert processes.failed
    assert processes.starts == []


@pytest.mark.usefixtures("handlers")
def test_what_could_not_be_started_again_ends_the_command(playing: Callable[..., Playing]) -> None:
    first = Played()
    processes = playing(first)
    first.exitcode = STARTUP_FAILURE
    processes.keep_subprocess_alive()

    assert processes.failed
    assert processes.starts == []


@pytest.mark.usefixtures("handlers")
def test_there_are_never_more_processes_than_seats(playing: Callable[..., Playing]) -> None:
    """Two seats are kept for those that are being replaced."""
    processes = playing(*(Played() for _ in range(40)))
    for _ in range(39):
        processes.handle_ttin()

    assert len(processes.processes) == seats_for(1) - 2


@pytest.mark.usefixtures("handlers")
def test_processes_serve_only_once_each_of_them_does(
    playing: Callable[..., Playing], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    first = Played(serves=False)
    processes = playing(first)

    assert caplog.messages == []
    first.serves = True
    processes.keep_subprocess_alive()
    assert caplog.messages == ["All 1 server processes serve."]
    assert not processes.failed
