"""Server processes of one gateway find each other, and nobody waits for one that is away."""

import asyncio
import logging
import os
import socket
import uuid
from contextlib import AsyncExitStack
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily

from gateway.observability.metrics.page import Page
from gateway.observability.metrics.worker_peers import WorkerPeers, meeting_place
from tests.metrics.samples import Samples


@pytest.fixture
def place() -> str:
    """Where nobody else meets."""
    return f"payex-usage-gateway-test/{uuid.uuid4()}"


def says(text: bytes) -> Any:
    """Return what tells this."""

    async def tell() -> bytes:
        return text

    return tell


async def test_each_takes_the_lowest_free_number_and_hears_the_others(place: str) -> None:
    one, two, three = (WorkerPeers(place, most=4) for _ in range(3))
    async with one.opened(says(b"one")), two.opened(says(b"two")):
        async with three.opened(says(b"three")):
            assert [one.number, two.number, three.number] == [0, 1, 2]
            assert await one.reports() == {1: b"two", 2: b"three"}
            assert await three.reports() == {0: b"one", 1: b"two"}
        assert await one.reports() == {1: b"two"}


async def test_who_takes_another_s_place_takes_its_number(place: str) -> None:
    one, two, three = (WorkerPeers(place, most=4) for _ in range(3))
    async with two.opened(says(b"two")):
        async with one.opened(says(b"one")):
            pass
        async with three.opened(says(b"three")):
            assert (two.number, three.number) == (0, 1)


async def test_more_than_there_are_numbers_for_tell_of_themselves_and_hear_the_others(
    place: str, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = WorkerPeers(place, most=1), WorkerPeers(place, most=1)
    async with one.opened(says(b"one")), two.opened(says(b"two")):
        assert two.number is None
        assert await two.reports() == {0: b"one"}
        assert await one.reports() == {}
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "cannot find each other (Address already in use)" in record.getMessage()


async def test_one_that_does_not_answer_is_left_out(place: str) -> None:
    one, two = WorkerPeers(place, most=2, seconds=0.05), WorkerPeers(place, most=2)
    hangs = asyncio.Event()

    async def tell() -> bytes:
        await hangs.wait()
        return b"late"

    async with one.opened(says(b"one")), two.opened(tell):
        assert await one.reports() == {}
        hangs.set()


async def test_one_that_breaks_off_is_left_out(place: str) -> None:
    one = WorkerPeers(place, most=2)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"\0{place}/1")
        other.listen()
        other.setblocking(False)

        async def break_off() -> None:
            connection, _ = await asyncio.get_running_loop().sock_accept(other)
            connection.close()

        async with one.opened(says(b"one")):
            told, _ = await asyncio.gather(one.reports(), break_off())
    assert told == {}


async def test_processes_of_another_user_are_neither_asked_nor_told(place: str) -> None:
    """They could take a place, and make up what is read there."""
    stranger = WorkerPeers(place, most=2, user=os.geteuid() + 1)
    one = WorkerPeers(place, most=2)
    async with one.opened(says(b"one")), stranger.opened(says(b"made up")):
        assert await stranger.reports() == {}
        assert await one.reports() == {}


def test_gateways_meet_at_different_places() -> None:
    places = {meeting_place(host, port) for host in ("127.0.0.1", "::1") for port in (0, 8000)}

    assert len(places) == 4
    assert meeting_place("::1", 0) == meeting_place("::1", 0)
    assert max(map(len, places)) < 80


class Gauge:
    """A gauge that stands at one value."""

    def __init__(self, value: float) -> None:
        self.value = value

    def collect(self) -> list[GaugeMetricFamily]:
        """Return the gauge."""
        known = GaugeMetricFamily("payex_usage_known", "Whether it is known.", True)
        return [GaugeMetricFamily("payex_usage_level", "How high.", self.value), known]


def page(value: int, peers: WorkerPeers | None = None) -> Page:
    """Return the page of a process that has counted so many things."""
    registry = CollectorRegistry()
    counter = Counter("payex_usage_things", "Things.", ["kind"], registry=registry)
    counter.labels("a").inc(value)
    return Page(registry, Gauge(value), peers)


async def test_a_process_alone_tells_its_own_without_a_number() -> None:
    told = Samples((await page(3).text()).decode())

    assert told.value("things_total", kind="a") == told.value("level") == 3
    assert told.value("workers") == 1
    assert "_created" not in told.text


async def test_one_of_another_release_that_is_not_understood_is_left_out(place: str) -> None:
    other = WorkerPeers(place, most=2)
    one = page(3, WorkerPeers(place, most=2))
    async with one.opened(), other.opened(says(b"\x81\x01")):
        told = Samples((await one.text()).decode())

    assert told.values("level", "worker") == {"0": 3}
    assert told.value("workers") == 1


async def test_any_process_tells_of_all_of_them_under_their_numbers(place: str) -> None:
    pages = [page(value, WorkerPeers(place, most=4)) for value in (3, 5)]
    async with AsyncExitStack() as stack:
        for one in pages:
            await stack.enter_async_context(one.opened())
        for one in pages:
            told = Samples((await one.text()).decode())

            assert told.value("things_total", kind="a", worker="0") == 3
            assert told.value("things_total", kind="a", worker="1") == 5
            assert told.values("level", "worker") == {"0": 3, "1": 5}
            assert told.value("workers") == 2
            assert told.text.count("# TYPE payex_usage_things_total") == 1
