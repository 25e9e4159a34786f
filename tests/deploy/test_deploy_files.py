"""The files of deploy/ agree with the gateway, and with each other."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from gateway.app import create_app
from gateway.observability.traces.otlp import LAST_SECONDS
from gateway.settings.load import CONFIG, load_settings
from gateway.settings.settings import PREFIX, Settings
from gateway.settings.values import is_loopback
from tests.deploy.shipped import (
    DEPLOY,
    KUBERNETES,
    MADE,
    compose,
    compose_gateway,
    copied,
    document_of,
    health_check,
    image_variables,
    kubernetes,
    nginx,
    pod,
    pod_settings,
    text_of,
    variables_of,
)

LABELS = {"app.kubernetes.io/name": "payex-usage-gateway"}
# After this, uvicorn closes a connection on which nothing is asked.
IDLE = 5


def compose_settings(env_file: str) -> Settings:
    """Return the settings of a gateway of the compose file."""
    ours: dict[str, str] = compose_gateway()["environment"]
    return load_settings({**image_variables(), **ours, **variables_of(env_file)})


def kubernetes_settings() -> Settings:
    """Return the settings of a pod."""
    return load_settings({**image_variables(), CONFIG: str(KUBERNETES / "gateway.toml")})


def seconds(duration: str) -> int:
    """Return the seconds of a duration such as `40s`."""
    return int(duration.removesuffix("s"))


def test_settings_that_are_named_exist() -> None:
    texts = [path.read_text("utf-8") for path in DEPLOY.rglob("*") if path.is_file()]
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+", " ".join(texts)))

    assert named <= {CONFIG, *(PREFIX + name.upper() for name in Settings.model_fields)}


def test_the_sandbox_of_compose_shows_invented_data_only() -> None:
    assert compose_settings("sandbox.env").is_sandbox


@pytest.mark.parametrize("settings", [lambda: compose_settings("payex.env"), kubernetes_settings])
def test_over_payex_callers_are_identified_and_come_by_the_router(settings: Any) -> None:
    found = settings()

    assert not found.is_sandbox
    assert found.jwt_keys
    assert found.router_required
    assert not found.insecure
    assert not is_loopback(found.host)


def test_a_gateway_has_the_time_it_takes_to_stop() -> None:
    """And requests in flight have the time that one operation may take."""
    for settings, grace in (
        (compose_settings("payex.env"), seconds(compose_gateway()["stop_grace_period"])),
        (kubernetes_settings(), pod()["terminationGracePeriodSeconds"]),
    ):
        # With a collector that does not answer, and a second or two for the stop itself.
        stop = settings.shutdown_delay + settings.shutdown_timeout + LAST_SECONDS
        assert stop + 2 < grace
        assert settings.deadline <= settings.shutdown_timeout


def test_nginx_fits_the_gateway() -> None:
    """It gives a connection up before the gateway does, and waits longer than an operation."""
    settings = compose_settings("payex.env")
    (kept,), (patience,) = nginx("keepalive_timeout"), nginx("proxy_read_timeout")
    (body,), (buffer,) = nginx("client_max_body_size"), nginx("client_body_buffer_size")

    assert seconds(kept) < min(IDLE, settings.shutdown_delay)
    assert seconds(patience) > settings.deadline
    assert body == buffer
    assert int(body.removesuffix("k")) * 1024 > settings.max_request_body
    assert nginx("access_log") == ["off"]


def test_everyone_has_the_same_ports() -> None:
    port, metrics = 8000, 9464
    ports = {one["name"]: one["containerPort"] for one in pod()["containers"][0]["ports"]}
    services = [f"gateway-{number}:{port} max_fails=0" for number in (1, 2)]

    assert f"EXPOSE {port}\n" in text_of("Containerfile")
    assert f"http://127.0.0.1:{port}/health/live" in health_check()
    assert nginx("server") == services
    assert ports == {"http": port, "metrics": metrics}
    for settings in (compose_settings("payex.env"), kubernetes_settings()):
        assert (settings.port, settings.metrics_port) == (port, metrics)
    routing = document_of("supergraph.yaml")["subgraphs"]["usage"]["routing_url"]
    assert routing == f"http://nginx:{nginx('listen')[0]}/graphql"


def test_everyone_is_the_same_user() -> None:
    user = "10001"

    assert f"USER {user}:{user}\n" in text_of("Containerfile")
    assert compose_gateway()["user"] == f"{user}:{user}"
    assert f"chown -R {user}:{user} " in text_of("make-secrets.sh")
    assert {
        str(pod()["securityContext"][key]) for key in ("runAsUser", "runAsGroup", "fsGroup")
    } == {user}


def test_probes_ask_what_there_is() -> None:
    served = {route.path for route in create_app(Settings()).routes if isinstance(route, Route)}
    container = pod()["containers"][0]
    asked = {
        name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")
    }

    assert {probe["path"] for probe in asked.values()} <= served
    assert asked["readiness"]["path"] == "/health/ready"
    assert asked["liveness"]["path"] == "/health/live"
    assert {probe["port"] for probe in asked.values()} == {"http"}


def test_files_that_are_named_exist() -> None:
    services = compose()["services"].values()
    mounted = [one.split(":")[0] for service in services for one in service.get("volumes", [])]
    env_files = [name for service in services for name in service.get("env_file", [])]
    named = [DEPLOY / name for name in [*mounted, *env_files] if "/" in name or "." in name]
    named = [path for path in named if "$" not in path.name]
    kustomization = kubernetes("kustomization")
    named += [KUBERNETES / name for name in kustomization["resources"]]
    named += [
        KUBERNETES / name for one in kustomization["configMapGenerator"] for name in one["files"]
    ]
    named += [
        DEPLOY / one["schema"]["file"]
        for one in document_of("supergraph.yaml")["subgraphs"].values()
    ]
    named += copied()

    missing = {path.relative_to(DEPLOY).parts[0] for path in named if not path.exists()}
    assert missing <= MADE


def test_what_is_made_is_kept_out_of_the_repository() -> None:
    ignored = {line.strip("/") for line in text_of(".gitignore").splitlines()}

    assert ignored >= MADE


def test_files_that_the_pods_read_lie_where_something_is_mounted() -> None:
    """In folders of their own, where a file that is renewed is seen."""
    container = pod()["containers"][0]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    read = [value for name, value in pod_settings().items() if name.endswith("_file")]
    read += [one["value"] for one in container["env"] if one["name"] == CONFIG]

    assert len(read) == 4
    assert {str(Path(path).parent) for path in read} <= mounted
    assert not any("subPath" in mount for mount in container["volumeMounts"])


def test_the_pods_keep_to_the_restricted_standard() -> None:
    specification, (container,) = pod(), pod()["containers"]
    labels = kubernetes("namespace")["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert specification["securityContext"]["runAsNonRoot"] is True
    assert specification["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert specification["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_whoever_speaks_of_the_pods_means_them() -> None:
    deployment = kubernetes("deployment")["spec"]

    assert deployment["template"]["metadata"]["labels"] == LABELS
    assert deployment["selector"]["matchLabels"] == LABELS
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert "replicas" not in deployment
    assert kubernetes("service")["spec"]["selector"] == LABELS
    assert kubernetes("disruption-budget")["spec"]["selector"]["matchLabels"] == LABELS
    assert kubernetes("network-policy")["spec"]["podSelector"]["matchLabels"] == LABELS
    for spread in pod()["topologySpreadConstraints"]:
        assert spread["labelSelector"]["matchLabels"] == LABELS
    target = kubernetes("autoscaler")["spec"]["scaleTargetRef"]
    assert target["name"] == kubernetes("deployment")["metadata"]["name"]


async def test_the_metric_that_scales_is_served_and_handed_over() -> None:
    pods, cpu = kubernetes("autoscaler")["spec"]["metrics"]
    (rule,) = kubernetes("prometheus-adapter")["rules"]["custom"]
    name = pods["pods"]["metric"]["name"]
    target = int(pods["pods"]["target"]["averageValue"])
    served = httpx.ASGITransport(create_app(Settings()))
    async with httpx.AsyncClient(transport=served, base_url="http://localhost") as client:
        metrics = await client.get("/metrics")

    assert f"\n{name} " in metrics.text
    assert rule["name"]["as"] == name
    assert rule["seriesQuery"].startswith(f"{name}{{")
    assert cpu["resource"]["name"] == "cpu"
    assert 4 * target == kubernetes_settings().max_operations


def test_the_gateways_are_reached_by_the_router_and_prometheus_alone() -> None:
    policy = kubernetes("network-policy")["spec"]
    ports = [[port["port"] for port in rule["ports"]] for rule in policy["ingress"]]

    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert ports == [["http"], ["metrics"]]
    assert all(rule["from"] for rule in policy["ingress"])
    assert all(rule["to"] for rule in policy["egress"])


def test_containers_of_compose_may_write_nowhere_and_are_published_on_loopback_only() -> None:
    for service in compose()["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_addresses_of_compose_are_those_that_nginx_is_told() -> None:
    services = compose()["services"]
    told = services["nginx"]["extra_hosts"]

    assert told == [
        f"{name}:{services[name]['networks']['gateways']['ipv4_address']}"
        for name in ("gateway-1", "gateway-2")
    ]


def test_the_collector_uses_what_it_configures() -> None:
    collector = document_of("otel-collector.yaml")
    used = collector["service"]["pipelines"]["traces"]

    for kind in ("receivers", "processors", "exporters"):
        assert set(used[kind]) == set(collector[kind])
    endpoint = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    sent_to = compose_gateway()["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert sent_to.rpartition(":")[2] == endpoint.rpartition(":")[2]
