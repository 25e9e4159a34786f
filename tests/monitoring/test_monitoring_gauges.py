"""How things stand is told as it is at the moment that Prometheus asks."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import __version__
from gateway.environment import load_settings
from gateway.health import Readiness
from gateway.monitoring.gauges import Gauges
from gateway.overload import Admission
from gateway.upstream import Upstream
from tests.monitoring.conftest import CONNECTED, asked, invoice
from tests.monitoring.samples import Samples


class House:
    """What gauges read, with a clock that is set by hand."""

    def __init__(self, **variables: str) -> None:
        self.now = 100.0
        self.admission = Admission(2)
        self.readiness = Readiness(self.admission, lambda: self.now)
        self.upstream = Upstream(load_settings(CONNECTED | variables))
        self._gauges = Gauges(self.admission, self.readiness, self.upstream, lambda: self.now)

    def value(self, name: str, **labels: str) -> float | None:
        """Return what one gauge tells now."""
        for family in self._gauges.collect():
            for sample in family.samples:
                if sample.name == f"payex_usage_{name}" and sample.labels == labels:
                    return sample.value
        return None


@pytest.fixture
def house() -> House:
    """A house without anything that is optional."""
    return House()


def test_operations_come_and_go(house: House) -> None:
    house.admission.enter(house.now)
    assert (house.value("operations_in_flight"), house.value("operations_limit")) == (1, 2)
    assert (house.value("ready"), house.value("operations_shed_total")) == (1, 0)

    house.admission.enter(house.now)
    house.admission.enter(house.now)
    assert (house.value("ready"), house.value("operations_shed_total")) == (0, 1)

    house.admission.leave()
    house.now += 10
    assert house.value("ready") == 1
    house.readiness.draining = True
    assert house.value("ready") == 0


def test_calls_hold_places_and_wait_for_them() -> None:
    house = House(GATEWAY_UPSTREAM_MAX_IN_FLIGHT="1", GATEWAY_UPSTREAM_MAX_QUEUED="7")
    for ticket in ("a", "b", "c"):
        house.upstream.policies.limiter.enter(ticket, "owner")

    assert house.value("upstream_calls_in_flight") == house.value("upstream_calls_limit") == 1
    assert house.value("upstream_calls_queued") == 2
    assert house.value("upstream_queue_limit") == 7


def test_the_breaker_is_in_one_state_at_a_time() -> None:
    house = House(GATEWAY_BREAKER_REQUESTS="1", GATEWAY_BREAKER_PAUSE="10")

    def state() -> list[float | None]:
        return [
            house.value("breaker_state", state=name) for name in ("closed", "open", "half-open")
        ]

    assert state() == [1, 0, 0]
    house.upstream.policies.breaker.failed(house.now)
    assert state() == [0, 1, 0]
    assert house.value("breaker_openings_total") == 1
    house.now += 10
    assert state() == [0, 0, 1]


def test_the_retry_budget_is_spent_and_then_refuses() -> None:
    house = House(GATEWAY_RETRY_MINIMUM="0.1")
    budget = house.upstream.policies.budget

    assert house.value("retry_budget_left") == 1
    assert budget.take(house.now)
    assert not budget.take(house.now)
    assert house.value("retry_budget_left") == 0
    assert house.value("retries_refused_total") == 1


async def test_what_is_kept_takes_room(serve: Any) -> None:
    client = await serve(CONNECTED, lambda _: httpx.Response(200, json={}))
    before = Samples((await client.get("/metrics")).text)
    await client.post("/graphql", json=asked(invoice("1"), invoice("2")))
    page = Samples((await client.get("/metrics")).text)

    assert (before.value("cache_entries"), page.value("cache_entries")) == (0, 2)
    assert page.value("cache_bytes") > before.value("cache_bytes") == 0
    assert page.value("cache_entries_limit") == 10_000
    assert page.value("cache_bytes_limit") == 64 * 1024 * 1024


def test_without_a_shared_cache_and_files_nothing_is_told_of_them(house: House) -> None:
    assert house.value("shared_cache_up") is None
    assert house.value("credentials_broken") is None


async def test_a_shared_cache_is_there_or_gone(tmp_path: Path) -> None:
    house = House(GATEWAY_CACHE_URL=f"unix://{tmp_path}/none")
    shared = house.upstream.shared
    assert shared is not None
    assert house.value("shared_cache_up") == 1

    await shared.get("key")

    assert house.value("shared_cache_up") == 0
    assert house.value("shared_cache_reads_total", result="miss") == 1
    assert house.value("shared_cache_failures_total") == 1
    assert house.value("shared_cache_unreadable_total") == 0
    await shared.aclose()


async def test_a_certificate_tells_when_it_expires(busy: httpx.AsyncClient) -> None:
    page = Samples((await busy.get("/metrics")).text)

    (expiry,) = page.values("certificate_expiry_timestamp_seconds", "tenant").values()
    assert expiry > 1_700_000_000
    assert page.value("credentials_broken") == 0


def test_files_that_cannot_be_used_any_more_are_told(tmp_path: Path) -> None:
    file = tmp_path / "credentials.toml"
    file.write_text("[ledgers.1234]\ntoken = 'token-of-1234'\n")
    house = House(GATEWAY_CREDENTIALS_FILE=str(file), GATEWAY_LEDGER_TOKENS="")
    assert house.value("credentials_broken") == 0

    file.write_text("[ledgers.1234\n")
    house.upstream.credentials.refresh()

    assert house.value("credentials_broken") == 1


def test_the_version_is_told(house: House) -> None:
    assert house.value("build_info", version=__version__) == 1
