"""What becomes of a page when Prometheus scrapes it: series with the labels of their target.

The rules of relabelling are Prometheus's, and what a PodMonitor adds is what the operator writes,
as their documentation has it, as far as the files of `deploy/` use it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tests.deploy.shipped import document_of
from tests.metrics.samples import Samples

Labels = dict[str, str]

_DEPLOYMENT: Final = document_of("kubernetes/deployment.yaml")
_POD: Final = {
    "namespace": document_of("kubernetes/kustomization.yaml")["namespace"],
    "pod_name": "gateway-5d8f",
    "pod_phase": "Running",
    "pod_container_name": _DEPLOYMENT["spec"]["template"]["spec"]["containers"][0]["name"],
}


def targets() -> dict[str, list[Labels]]:
    """Return the labels of the gateway's targets, by the file that says how they are scraped."""
    compose, *_ = document_of("prometheus/prometheus.yml")["scrape_configs"]
    (kubernetes,) = document_of("prometheus/kubernetes.yml")["scrape_configs"]
    return {
        "prometheus.yml": [
            {"job": compose["job_name"], "instance": target}
            for one in compose["static_configs"]
            for target in one["targets"]
        ],
        "kubernetes.yml": _kept(kubernetes["job_name"], kubernetes["relabel_configs"]),
        "pod-monitor.yaml": _of_the_operator(),
    }


def relabelled(labels: Labels, rules: Iterable[Mapping[str, Any]]) -> Labels | None:
    """Return the labels after these rules, or None if they drop the target."""
    for rule in rules:
        value = ";".join(labels.get(name, "") for name in rule["source_labels"])
        found = re.fullmatch(rule.get("regex", "(.*)"), value)
        action = rule.get("action", "replace")
        if action == "replace":
            if found:
                labels = {**labels, rule["target_label"]: found[1]}
        elif bool(found) is not (action == "keep"):
            return None
    return labels


def series(page: Samples, target: Labels) -> dict[str, float]:
    """Return what Prometheus stores of a page, by name and labels as a rule's test writes them.

    A label that the target has as well gives way to it, and is kept under another name.
    """
    return {
        written(name, {_apart(label, target): value for label, value in labels} | target): value
        for (name, labels), value in page.values_of_all.items()
    }


def written(name: str, labels: Labels) -> str:
    """Return a series as a rule's test writes it."""
    # JSON's quoting is that of Prometheus.
    told = ", ".join(f"{label}={_quoted(value)}" for label, value in sorted(labels.items()))
    return f"{name}{{{told}}}"


def _apart(label: str, target: Labels) -> str:
    return f"exported_{label}" if label in target else label


def _quoted(value: str) -> str:
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def _discovered() -> list[Labels]:
    """Return what Kubernetes tells Prometheus of each port of a pod, and whether it is none."""
    template = _DEPLOYMENT["spec"]["template"]
    labels = {
        f"pod_label_{re.sub('[^a-z]', '_', name)}": value
        for name, value in template["metadata"]["labels"].items()
    }
    return [
        {
            "__address__": f"10.0.0.1:{port['containerPort']}",
            **{
                f"__meta_kubernetes_{name}": value
                for name, value in {
                    **_POD,
                    **labels,
                    "pod_container_port_name": port["name"],
                }.items()
            },
        }
        for port in template["spec"]["containers"][0]["ports"]
    ]


def _kept(job: str, rules: list[dict[str, Any]]) -> list[Labels]:
    found = [
        relabelled({"job": job, "instance": one["__address__"], **one}, rules)
        for one in _discovered()
    ]
    return [
        {name: value for name, value in labels.items() if not name.startswith("__")}
        for labels in found
        if labels
    ]


def _of_the_operator() -> list[Labels]:
    monitor = document_of("kubernetes/prometheus-operator/pod-monitor.yaml")
    spec, name = monitor["spec"], monitor["metadata"]["name"]
    label = "__meta_kubernetes_pod_label_" + re.sub("[^a-z]", "_", spec["jobLabel"])
    own = [
        *(
            {"source_labels": [f"__meta_kubernetes_pod_label_{re.sub('[^a-z]', '_', key)}"],
             "regex": value, "action": "keep"}
            for key, value in spec["selector"]["matchLabels"].items()
        ),
        *(
            {"source_labels": [f"__meta_kubernetes_{source}"], "target_label": target}
            for source, target in {
                "namespace": "namespace",
                "pod_container_name": "container",
                "pod_name": "pod",
            }.items()
        ),
        {"source_labels": [label], "regex": "(.+)", "target_label": "job"},
    ]  # fmt: skip
    (endpoint,) = spec["podMetricsEndpoints"]
    port = {
        "source_labels": ["__meta_kubernetes_pod_container_port_name"],
        "regex": endpoint["port"],
        "action": "keep",
    }
    theirs = [
        {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key): value
         for key, value in rule.items()}
        for rule in endpoint["relabelings"]
    ]  # fmt: skip
    found = _kept(f"{_POD['namespace']}/{name}", [*own, port, *theirs])
    return [{**labels, "endpoint": endpoint["port"]} for labels in found]


def rule_test(
    rules: str, groups: Mapping[str, tuple[Mapping[str, tuple[float, float]], set[str]]]
) -> str:
    """Return the file that `promtool test rules` takes, in JSON, which is YAML as well.

    Args:
        rules: the path of the file with the rules.
        groups: by name, the value of each series at the start, and how much it grows in a minute;
            and the alerts that fire after 40 minutes.
    """
    return json.dumps(
        {
            "rule_files": [rules],
            "evaluation_interval": "1m",
            "tests": [
                {
                    "name": name,
                    "interval": "1m",
                    "input_series": [
                        {"series": one, "values": f"{start:.6f}+{growth:.6f}x45"}
                        for one, (start, growth) in stored.items()
                    ],
                    "promql_expr_test": [
                        {
                            "expr": 'max by (alertname) (ALERTS{alertstate="firing"})',
                            "eval_time": "40m",
                            "exp_samples": [
                                {"labels": f'{{alertname="{alert}"}}', "value": 1}
                                for alert in sorted(firing)
                            ],
                        }
                    ],
                }
                for name, (stored, firing) in groups.items()
            ],
        }
    )
