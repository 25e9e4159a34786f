"""The manifests of Kubernetes: what the operator, the adapter and the network need is there."""

import re
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from gateway.settings.load import load_settings
from tests.deploy.rollout import program
from tests.deploy.shipped import DEPLOY, KUBERNETES, document_of, kubernetes, pod, text_of

BIN = Path(sys.executable).parent
OPERATOR = KUBERNETES / "prometheus-operator"
GROUP = "monitoring.coreos.com/v1"
# The members of the operator's resources that are used here, as its API reference names them: no
# schema of them comes with the schemas of Kubernetes.
KNOWN = {
    "PodMonitor": {"selector", "jobLabel", "sampleLimit", "podMetricsEndpoints"},
    "PrometheusRule": {"groups"},
}
ENDPOINT = {"port", "path", "interval", "relabelings"}
RULE = {"alert", "expr", "for", "labels", "annotations"}


def operator(name: str) -> dict[str, Any]:
    """Return a resource of the component."""
    document: dict[str, Any] = document_of(f"kubernetes/prometheus-operator/{name}.yaml")
    return document


def rendered(folder: Path) -> list[dict[str, Any]]:
    """Return the resources that Kustomize makes of a folder."""
    command = [program("kubectl"), "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603
    return list(yaml.safe_load_all(done.stdout))


def overlaid(folder: Path, component: Path) -> list[dict[str, Any]]:
    """Return the resources of an overlay that is as a component's own comment says."""
    copytree(KUBERNETES, folder / "kubernetes")
    (folder / "mine").mkdir()
    comment = (component / "kustomization.yaml").read_text("utf-8")
    lines = re.findall(r"^#   (\w+: .*)$", comment, re.MULTILINE)
    (folder / "mine" / "kustomization.yaml").write_text("\n".join(lines))
    return rendered(folder / "mine")


def test_without_the_component_nothing_needs_the_operator() -> None:
    """A cluster that does not know its resources would refuse all of them."""
    assert all(one["apiVersion"] != GROUP for one in rendered(KUBERNETES))


def test_an_overlay_with_the_component_has_both_resources_beside_the_gateways(
    tmp_path: Path,
) -> None:
    plain, watched = rendered(KUBERNETES), overlaid(tmp_path, OPERATOR)
    added = [one for one in watched if one not in plain]

    assert {one["kind"] for one in added} == set(KNOWN)
    assert len(watched) == len(plain) + 2
    assert {one["metadata"]["namespace"] for one in added} == {"payex-usage"}


def test_an_overlay_with_the_shared_cache_gives_the_pods_its_password_as_a_file(
    tmp_path: Path,
) -> None:
    found = {one["kind"]: one for one in overlaid(tmp_path, KUBERNETES / "shared-cache")}
    container = found["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    variables = {one["name"]: one["value"] for one in container["env"]}
    mounted = {one["mountPath"] for one in container["volumeMounts"]}
    settings = load_settings(
        {name: value for name, value in variables.items() if name.startswith("GATEWAY_CACHE_")}
    )
    ports = [
        one["port"] for rule in found["NetworkPolicy"]["spec"]["egress"] for one in rule["ports"]
    ]

    assert settings.cache_url
    assert settings.cache_password_file
    assert "@" in settings.cache_url.get_secret_value()
    assert str(Path(settings.cache_password_file).parent) in mounted
    assert ports.count(6379) == 1
    assert len(container["env"]) == len(pod()["containers"][0]["env"]) + 2
    rendered_file = tmp_path / "rendered.yaml"
    rendered_file.write_text(yaml.safe_dump_all(found.values()))
    subprocess.run(  # noqa: S603 - our own
        [str(BIN / "kubernetes-validate"), "--strict", str(rendered_file)], check=True
    )


def test_no_secret_is_in_the_environment_of_a_pod() -> None:
    """Whoever may look at a pod sees its environment, and so does each of its processes."""
    for one in pod()["containers"][0]["env"]:
        assert "secretKeyRef" not in str(one)


@pytest.mark.parametrize("name", ["pod-monitor", "prometheus-rule"])
def test_the_operator_knows_every_member(name: str) -> None:
    resource = operator(name)

    assert resource["apiVersion"] == GROUP
    assert set(resource) == {"apiVersion", "kind", "metadata", "spec"}
    assert set(resource["spec"]) <= KNOWN[resource["kind"]]
    for endpoint in resource["spec"].get("podMetricsEndpoints", []):
        assert set(endpoint) <= ENDPOINT
    for group in resource["spec"].get("groups", []):
        assert set(group) == {"name", "rules"}
        assert all(set(rule) <= RULE for rule in group["rules"])


def test_the_rules_of_the_operator_are_those_of_prometheus() -> None:
    """Made by the script that the file names."""
    made = subprocess.run(  # noqa: S603 - our own
        ["/bin/sh", str(DEPLOY / "make-prometheus-rule.sh")],
        capture_output=True,
        check=True,
        text=True,
    ).stdout

    assert text_of("kubernetes/prometheus-operator/prometheus-rule.yaml") == made
    assert (
        operator("prometheus-rule")["spec"]["groups"]
        == document_of("prometheus/alerts.yml")["groups"]
    )


def test_the_pods_that_are_asked_are_those_of_the_deployment_at_a_port_that_they_have() -> None:
    template = kubernetes("deployment")["spec"]["template"]
    monitor = operator("pod-monitor")["spec"]
    (endpoint,) = monitor["podMetricsEndpoints"]

    assert monitor["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert endpoint["port"] in {one["name"] for one in pod()["containers"][0]["ports"]}
    assert template["metadata"]["labels"][monitor["jobLabel"]] == "payex-usage-gateway"


def test_both_ways_of_asking_have_the_same_interval_and_bound() -> None:
    (ours,) = document_of("prometheus/kubernetes.yml")["scrape_configs"]
    monitor = operator("pod-monitor")["spec"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    compose = document_of("prometheus/prometheus.yml")

    assert ours["sample_limit"] == monitor["sampleLimit"]
    assert ours["sample_limit"] == compose["scrape_configs"][0]["sample_limit"]
    assert ours["scrape_interval"] == endpoint["interval"] == compose["global"]["scrape_interval"]


def test_no_pod_is_taken_for_ready_that_was_so_for_a_moment() -> None:
    assert kubernetes("deployment")["spec"]["minReadySeconds"] >= 5


def test_a_share_of_the_traces_is_kept() -> None:
    """By a sampler that OpenTelemetry knows; whoever asks with a trace decides for it."""
    variables = {one["name"]: one.get("value") for one in pod()["containers"][0]["env"]}

    assert variables["OTEL_TRACES_SAMPLER"] == "parentbased_traceidratio"
    assert 0 < float(variables["OTEL_TRACES_SAMPLER_ARG"] or 0) < 1


def reached(address: str, port: int) -> bool:
    """Whether the network policy lets the pods reach an address outside of any pod."""
    blocks = [
        peer["ipBlock"]
        for rule in kubernetes("network-policy")["spec"]["egress"]
        if any(one["port"] == port for one in rule["ports"])
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    return any(
        ip_address(address) in ip_network(block["cidr"])
        and not any(ip_address(address) in ip_network(net) for net in block.get("except", []))
        for block in blocks
    )


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_payex_is_reached_by_either_version_of_ip(address: str) -> None:
    assert reached(address, 443)
    assert not reached(address, 80)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "fd00::1",
        "fe80::1",
    ],
)
def test_what_is_inside_is_not_reached(address: str) -> None:
    assert not reached(address, 443)


def test_names_are_found_also_through_the_cache_of_a_node() -> None:
    assert reached("169.254.20.10", 53)
    assert not reached("169.254.169.254", 53)
