"""How things stand is told as it is at the moment that Prometheus asks."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from joserfc.jwk import ECKey

from gateway import __version__
from gateway.identity.callers import Identity
from gateway.identity.key_sets import KeysError
from gateway.identity.key_source import KeySource
from gateway.observability.metrics.process_metrics import Gauges
from gateway.payex.upstream import Upstream
from gateway.server.admission import Admission
from gateway.server.health import Readiness
from gateway.server.intake import Intake
from gateway.server.tls import Renewal, ServedCertificate
from gateway.server.visits import Visits
from gateway.settings.load import load_settings
from resolvers.payex.credentials.client_certificate import ClientCertificate
from resolvers.payex.credentials.watched_files import File
from resolvers.payex.resilience.limiter import Turn
from tests.metrics.conftest import CONNECTED, asked, invoice
from tests.metrics.samples import Samples


class Issued(Identity):
    """An identity with these keys, or with none."""

    def __init__(self, keys: KeySource | None) -> None:
        self._issued = keys

    @property
    def keys(self) -> KeySource | None:
        """Where the keys come from."""
        return self._issued


class House:
    """What gauges read, with a clock that is set by hand."""

    def __init__(self, **variables: str) -> None:
        self.now = 100.0
        self.admission = Admission(2, told_apart=True)
        self.intake = Intake(pending=3, size=500)
        self.readiness = Readiness(self.admission, clock=lambda: self.now)
        self.upstream = Upstream(load_settings(CONNECTED | variables))
        self.certificate: Renewal | None = None
        self.keys: KeySource | None = None

    def value(self, name: str, **labels: str) -> float | None:
        """Return what one gauge tells now."""
        visits = Visits(Issued(self.keys), self.admission, self.intake)
        gauges = Gauges(visits, self.readiness, self.upstream, self.certificate, lambda: self.now)
        for family in gauges.collect():
            for sample in family.samples:
                if sample.name == f"payex_usage_{name}" and sample.labels == labels:
                    return sample.value
        return None


@pytest.fixture
def house() -> House:
    """A house without anything that is optional."""
    return House()


def test_operations_come_and_go(house: House) -> None:
    house.admission.enter("a")
    assert (house.value("operations_in_flight"), house.value("operations_limit")) == (1, 2)
    assert (house.value("ready"), house.value("operations_shed_total")) == (1, 0)

    house.admission.enter("b")
    house.admission.refuse(house.now)
    house.admission.wait("c", "one")
    assert (house.value("ready"), house.value("operations_shed_total")) == (0, 1)
    assert house.value("operations_waiting") == 1

    house.intake.enter("one", "a")
    house.intake.grow("one", 20)
    assert (house.value("requests_pending"), house.value("requests_pending_limit")) == (1, 3)
    assert house.value("request_bodies_bytes") == 20
    assert house.value("request_bodies_limit_bytes") == 500

    house.admission.withdraw("c", "one")
    house.admission.leave("a")
    house.now += 10
    assert house.value("ready") == 1
    house.readiness.drain()
    assert house.value("ready") == 0


def test_connections_are_told_by_tenant_and_who_waits_for_them() -> None:
    house = House(GATEWAY_UPSTREAM_MAX_CONNECTIONS="1")
    assert house.value("upstream_connections_in_use", tenant="") == 0
    limiter = house.upstream.policies.limiter
    for ticket in ("a", "b", "c"):
        limiter.enter(ticket, Turn("caller", "operation", None))
    limiter.enter("d", Turn("caller", "operation", "acme"))

    assert house.value("upstream_connections_limit") == 1
    assert house.value("upstream_connections_in_use", tenant="") == 1
    assert house.value("upstream_connections_waited_for", tenant="") == 2
    assert house.value("upstream_connections_in_use", tenant="acme") == 1
    assert house.value("upstream_connections_waited_for", tenant="acme") == 0


def test_a_call_that_waits_for_a_place_waits_for_no_connection() -> None:
    house = House(GATEWAY_UPSTREAM_MAX_IN_FLIGHT="1")
    for ticket in ("a", "b"):
        house.upstream.policies.limiter.enter(ticket, Turn("caller", "operation", None))

    assert house.value("upstream_calls_queued") == 1
    assert house.value("upstream_connections_waited_for", tenant="") == 0


def test_the_lag_of_the_event_loop_is_the_worst_of_the_last_minute(house: House) -> None:
    pulse = house.upstream.policies.pulse
    for late in (0, 0.75, 0.25):
        pulse.beat(house.now)
        house.now += pulse.interval + late
    pulse.beat(house.now)

    assert house.value("event_loop_lag_seconds") == pytest.approx(0.75)
    assert house.value("event_loop_late_seconds_total") == pytest.approx(1)
    house.now += 60
    assert house.value("event_loop_lag_seconds") == 0


def test_calls_hold_places_and_wait_for_them() -> None:
    house = House(GATEWAY_UPSTREAM_MAX_IN_FLIGHT="1", GATEWAY_UPSTREAM_MAX_QUEUED="7")
    for ticket in ("a", "b", "c"):
        house.upstream.policies.limiter.enter(ticket, Turn("caller", "operation", None))

    assert house.value("upstream_calls_in_flight") == house.value("upstream_calls_limit") == 1
    assert house.value("upstream_calls_queued") == 2
    assert house.value("upstream_queue_limit") == 7


def test_the_breakers_that_are_open_are_told_by_for_whom() -> None:
    house = House(GATEWAY_BREAKER_REQUESTS="1")
    breakers = house.upstream.policies.breakers

    def told(name: str) -> list[float | None]:
        return [house.value(name, scope=scope) for scope in ("host", "ledger", "caller")]

    assert told("breakers_open") == told("breaker_openings_total") == [0, 0, 0]
    for caller in ("a", "b"):
        permit = breakers.permit("1234", caller, house.now)
        assert permit
        permit.failed(house.now)
    assert told("breakers_open") == told("breaker_openings_total") == [0, 1, 2]
    house.now += 10
    assert told("breakers_open") == [0, 1, 2]
    probe = breakers.permit("1234", "a", house.now)
    assert probe
    probe.succeeded(house.now)
    assert told("breakers_open") == [0, 0, 1]
    assert told("breaker_openings_total") == [0, 1, 2]


def test_the_retry_budget_is_spent_and_then_refuses() -> None:
    house = House()
    budget = house.upstream.policies.budget

    assert house.value("retry_budget_left") == 10
    assert all(budget.take(house.now) for _ in range(10))
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


async def test_files_that_cannot_be_used_any_more_are_told(tmp_path: Path) -> None:
    file = tmp_path / "credentials.toml"
    file.write_text("[ledgers.1234]\ntoken = 'token-of-1234'\n")
    house = House(GATEWAY_CREDENTIALS_FILE=str(file), GATEWAY_LEDGER_TOKENS="")
    assert house.value("credentials_broken") == 0

    file.write_text("[ledgers.1234\n")
    await house.upstream.credentials.refresh()

    assert house.value("credentials_broken") == 1


def test_the_version_is_told(house: House) -> None:
    assert house.value("build_info", version=__version__) == 1


async def test_keys_tell_when_they_could_last_be_read_and_how_often_they_could_not() -> None:
    house, found = House(), [b"none"]

    async def read() -> bytes:
        if not found[0]:
            raise KeysError("cannot be fetched")
        return found[0]

    house.keys = KeySource(read, ["ES256"])

    async def after(body: bytes) -> tuple[float, float | None]:
        found[0] = body
        assert house.keys
        await house.keys.refresh()
        return (
            house.value("issuer_keys_read_timestamp_seconds") or 0,
            house.value("issuer_keys_read_failures_total"),
        )

    keys = json.dumps({"keys": [ECKey.generate_key("P-256", private=True).as_dict(private=False)]})
    assert await after(b"") == (0, 1)
    first, _ = await after(keys.encode())
    again, failures = await after(keys.encode())
    assert 1_700_000_000 < first < again
    assert failures == 1
    assert await after(b"<html>") == (again, 2)
    assert await after(b"") == (again, 3)


async def test_the_server_s_certificate_tells_when_it_expires_also_when_it_is_renewed(
    tmp_path: Path,
) -> None:
    """A file that cannot be used changes nothing of what is served."""
    house, path = House(), tmp_path / "server.pem"
    ends = [datetime(year, 1, 1, tzinfo=UTC) for year in (2098, 2099)]

    async def written(content: bytes) -> tuple[float | None, float | None]:
        path.write_bytes(content)
        assert house.certificate
        await house.certificate.refresh()
        return (
            house.value("server_certificate_expiry_timestamp_seconds"),
            house.value("server_certificate_broken"),
        )

    first, second = (
        trustme.CA()
        .issue_cert("gateway.example", not_after=end)
        .private_key_and_cert_chain_pem.bytes()
        for end in ends
    )
    path.write_bytes(first)
    served = ServedCertificate(ClientCertificate(File(path, "GATEWAY_TLS_CERTIFICATE_FILE")))
    house.certificate = Renewal(served)

    assert await written(first) == (ends[0].timestamp(), 0)
    assert await written(b"broken") == (ends[0].timestamp(), 1)
    assert await written(second) == (ends[1].timestamp(), 0)


def test_without_tokens_and_https_nothing_is_told_of_keys_and_certificates(house: House) -> None:
    assert house.value("issuer_keys_read_timestamp_seconds") is None
    assert house.value("server_certificate_expiry_timestamp_seconds") is None
