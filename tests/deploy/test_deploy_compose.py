"""Each container of compose.yaml has what it needs, and no more: secrets, memory, rights."""

import re
from typing import Any

import pytest

from tests.deploy.shipped import compose, compose_gateway, document_of, text_of, variables_of

SERVICES: dict[str, Any] = compose()["services"]
# Their images hold nothing that could ask: neither a shell nor a client of HTTP.
UNASKED = {"otel-collector", "jaeger"}
# What the publisher's image runs as, where compose.yaml does not say so.
OF_THE_IMAGE = {"prometheus", "grafana", "otel-collector", "jaeger"}
UNITS = {"m": 1, "g": 1024, "mb": 1}


def megabytes(size: str) -> int:
    """Return the megabytes of a size such as `384m`."""
    number, unit = re.fullmatch(r"(\d+)([a-z]+)", size.lower()).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def secrets_of(service: dict[str, Any]) -> set[str]:
    """Return what a service sees of the folder of secrets, as paths below it."""
    seen = [one.split(":")[0] for one in service.get("volumes", [])] + service.get("env_file", [])
    found = (re.fullmatch(r"(?:\./)?secrets(?:/(.*))?", path) for path in seen)
    return {path[1] or "" for path in found if path}


def test_every_service_sees_its_own_secrets_and_no_others() -> None:
    """None sees the folder as a whole, and none sees another's part of it."""
    services = {name.rstrip("-12"): secrets_of(service) for name, service in SERVICES.items()}
    seen = [path for paths in services.values() for path in paths]

    assert services["gateway"]
    assert services["redis"] == {"redis"}
    assert services["hive"] == {"router.env"}
    assert "" not in seen
    assert len(seen) == len(set(seen))
    assert {name for name, paths in services.items() if paths} == {"gateway", "redis", "hive"}


def test_no_password_of_a_gateway_is_in_its_environment() -> None:
    """Files alone can be renewed without a restart, and show in no list of processes."""
    gateway = compose_gateway()
    variables = gateway["environment"] | variables_of("payex.env") | variables_of("sandbox.env")

    assert all("secrets/" not in name for name in gateway["env_file"])
    for name, value in variables.items():
        assert name.endswith("_FILE") or not re.search("PASSWORD|SECRET|TOKEN|KEY$", name)
        assert not re.search(r"://[^/@]*:[^/@]*@", value)


def test_both_gateways_are_alike() -> None:
    one, other = ({**SERVICES[f"gateway-{n}"], "networks": None} for n in (1, 2))

    assert one == other


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_a_bound_of_memory(name: str) -> None:
    assert megabytes(SERVICES[name]["mem_limit"]) >= 64


def test_whoever_bounds_its_own_memory_does_so_below_that_of_its_container() -> None:
    collector = document_of("otel-collector.yaml")["processors"]["memory_limiter"]
    (redis,) = re.findall(r"^maxmemory (\w+)$", text_of("redis.conf"), re.MULTILINE)

    assert collector["limit_mib"] < megabytes(SERVICES["otel-collector"]["mem_limit"])
    assert megabytes(redis) < megabytes(SERVICES["redis"]["mem_limit"])


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned_to_one_release(name: str) -> None:
    """So that a restart does not bring another one."""
    image = SERVICES[name]["image"]

    assert image == compose_gateway()["image"] or re.search(r":v?\d+\.\d+\.\d+$", image)


@pytest.mark.parametrize("name", SERVICES)
def test_it_is_known_of_every_container_whether_it_is_well(name: str) -> None:
    """The gateway's image brings its own check."""
    checked = "healthcheck" in SERVICES[name] or "build" in SERVICES[name]

    assert checked is (name not in UNASKED)


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_runs_as_root_or_gains_rights(name: str) -> None:
    service = SERVICES[name]

    assert service["security_opt"] == ["no-new-privileges:true"]
    assert (service.get("user", "0:0") != "0:0") is (name not in OF_THE_IMAGE)


def test_prometheus_keeps_exemplars_and_grafana_leads_from_them_to_the_trace() -> None:
    sources = "grafana/provisioning/datasources"
    (prometheus,) = document_of(f"{sources}/prometheus.yaml")["datasources"]
    (jaeger,) = document_of(f"{sources}/jaeger.yaml")["datasources"]
    port = SERVICES["jaeger"]["ports"][0].rpartition(":")[2]

    assert "--enable-feature=exemplar-storage" in SERVICES["prometheus"]["command"]
    (led,) = prometheus["jsonData"]["exemplarTraceIdDestinations"]
    assert led == {"name": "trace_id", "datasourceUid": jaeger["uid"]}
    assert (jaeger["type"], jaeger["url"]) == ("jaeger", f"http://jaeger:{port}")
