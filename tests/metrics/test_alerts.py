"""The alerts and the dashboard name what a gateway really tells; Prometheus understands them."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.metrics.samples import Samples
from tests.metrics.shipped import ALERTS, EXPRESSIONS, ROOT

# What Prometheus knows of the target of each sample, and tells by itself.
OF_THE_TARGET = {"job", "instance"}
OF_PROMETHEUS = {"up": set[str]()}

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing (Debian's package prometheus)"
)


def named(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each metric of an expression with the labels that it is selected by."""
    for name, matchers in re.findall(
        r"\b(up|(?:payex|process|python)_\w+)\b(?:\{([^}]*)\})?", expression
    ):
        yield name, set(re.findall(r'(\w+)(?:=~|!~|!=|=)"', matchers))


def test_every_metric_that_is_named_is_told_with_the_labels_that_are_named(page: Samples) -> None:
    known = page.labels | OF_PROMETHEUS
    for of, expression in EXPRESSIONS:
        found = list(named(expression))
        assert found, of
        for name, labels in found:
            assert name in known, f"{of}: {name}"
            assert labels <= known[name] | OF_THE_TARGET, f"{of}: {labels} of {name}"
        grouped = {
            label.strip()
            for labels in re.findall(r"\b(?:by|ignoring|without) \(([^)]*)\)", expression)
            for label in labels.split(",")
        }
        assert grouped <= set().union(*(known[name] for name, _ in found)) | OF_THE_TARGET, of


def test_every_value_that_is_named_is_one_that_is_told(page: Samples) -> None:
    """A code or a state that is misspelt would never fire."""
    for of, expression in EXPRESSIONS:
        for name, matchers in re.findall(r"payex_usage_(\w+)\{([^}]*)\}", expression):
            for label, values in re.findall(r'(\w+)=~?"([^"$]+)"', matchers):
                # A fault is told when it first happens; all codes stand among the errors.
                told = page.values(
                    "errors_total" if label == "code" and "fault" in name else name, label
                )
                assert set(values.split("|")) <= set(told), f"{of}: {values}"


def test_a_metric_that_is_not_told_would_be_found() -> None:
    assert list(named('sum(rate(payex_usage_none_total{a="1",b=~"2"}[5m])) / up')) == [
        ("payex_usage_none_total", {"a", "b"}),
        ("up", set()),
    ]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_and_where_it_is_explained(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"warning", "critical"}
    assert alert["annotations"]["summary"].endswith(".")
    anchor = alert["alert"].lower()
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{anchor}"


def test_alerts_have_different_names() -> None:
    assert len({alert["alert"] for alert in ALERTS}) == len(ALERTS)


@needs_promtool
@pytest.mark.parametrize(
    "command",
    [
        ["check", "config", "deploy/prometheus/prometheus.yml"],
        ["check", "rules", "deploy/prometheus/alerts.yml"],
        ["test", "rules", "tests/metrics/alerts_test.yml"],
    ],
    ids=" ".join,
)
def test_prometheus_s_own_tool_is_content(command: list[str]) -> None:
    """The third runs the rules over series that are made up."""
    run(command)


@needs_promtool
def test_prometheus_understands_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {
            "record": f"panel:{number}",
            "expr": re.sub(r"\$__rate_interval", "5m", expression).replace("$", ""),
        }
        for number, (_, expression) in enumerate(EXPRESSIONS)
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))

    run(["check", "rules", str(file)])


def run(command: list[str]) -> None:
    """Run promtool."""
    done = subprocess.run(  # noqa: S603 - a tool of Debian's
        ["promtool", *command],  # noqa: S607 - wherever it is
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
