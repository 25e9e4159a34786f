"""From the signal to stop on, the process is not ready, and stops after the delay."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from gateway.server.admission import Admission
from gateway.server.drain import draining
from gateway.server.health import Readiness


@pytest.fixture
def readiness() -> Readiness:
    """Return the readiness of an idle process."""
    return Readiness(Admission(1))


@pytest.fixture
def stops() -> Iterator[list[int]]:
    """Return what a server's own handling of SIGTERM notes."""
    noted: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: noted.append(number))
    yield noted
    signal.signal(signal.SIGTERM, before)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a signal sets no event
            await asyncio.sleep(0.005)


async def test_without_a_delay_the_server_stops_at_once(
    readiness: Readiness, stops: list[int]
) -> None:
    with draining(readiness, 0.0):
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: bool(stops))

    assert stops == [signal.SIGTERM]
    assert readiness.reason == "draining"


async def test_with_a_delay_readiness_is_false_before_the_server_stops(
    readiness: Readiness, stops: list[int]
) -> None:
    with draining(readiness, 0.05):
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: readiness.draining)
        meanwhile = list(stops)
        await until(lambda: bool(stops))

    assert meanwhile == []
    assert stops == [signal.SIGTERM]


async def test_a_second_signal_ends_the_delay(readiness: Readiness, stops: list[int]) -> None:
    with draining(readiness, 3600.0):
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: readiness.draining)
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: bool(stops))

    assert stops == [signal.SIGTERM]


async def test_where_nothing_handles_the_signal_nothing_is_called(readiness: Readiness) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with draining(readiness, 0.0):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)

    assert not readiness.draining


def test_a_server_in_another_thread_is_left_alone(readiness: Readiness) -> None:
    """Python gives signals to the main thread only."""
    before = signal.getsignal(signal.SIGTERM)
    entered: list[bool] = []

    def serve() -> None:
        with draining(readiness, 1.0):
            entered.append(signal.getsignal(signal.SIGTERM) is before)

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()

    assert entered == [True]
