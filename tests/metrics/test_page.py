"""The pages on telemetry and on alerts say what is told, and what to do about each alert."""

import re
from pathlib import Path

import pytest

from gateway.observability.metrics.labels import MOST_NAMES
from gateway.observability.reports import RequestResult
from tests.metrics.samples import Samples
from tests.metrics.shipped import ALERTS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "telemetry.md").read_text("utf-8")
RUNBOOK = (DOCS / "runbook.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| `payex_usage_")
]
SECTIONS = {
    part.split("\n", 1)[0]: part.split("\n", 1)[1]
    for part in re.split(r"^## ", RUNBOOK, flags=re.MULTILINE)[1:]
}


def test_the_table_has_every_metric_with_its_type_its_labels_and_its_meaning(
    page: Samples,
) -> None:
    told = [
        [f"`{name}`", type_, ", ".join(f"`{label}`" for label in sorted(labels)), text]
        for name, (type_, text, labels) in page.families.items()
        if name.startswith("payex_usage_")
    ]

    assert sorted(told) == sorted(ROWS)


def test_names_follow_the_conventions_of_prometheus(page: Samples) -> None:
    """A counter ends in `_total`, and nothing else does; time is in seconds, size in bytes."""
    for name, (type_, _, _) in page.families.items():
        if name.startswith("payex_usage_"):
            assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name)
            assert name.endswith("_total") == (type_ == "counter"), name
            assert not re.search(r"_(ms|milliseconds|minutes|days|kb|mb|percent)(_|$)", name)


def test_every_alert_has_a_section_and_every_section_an_alert() -> None:
    assert list(SECTIONS) == [alert["alert"] for alert in ALERTS]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_a_section_says_what_it_means_and_what_to_do(alert: dict[str, str]) -> None:
    means, does = SECTIONS[alert["alert"]].split("\n\n**What to do**: ")

    assert means.strip().startswith("**What it means**: ")
    assert does.strip().endswith(".")


def test_a_panel_that_is_named_is_on_the_dashboard() -> None:
    dashboard = (DOCS.parent / "deploy/grafana/dashboard.json").read_text("utf-8")
    titles = set(re.findall(r'"title": "(.*)"', dashboard))
    for title in re.findall(r"[^*]\*([A-Z][^*]+)\*[^*]", RUNBOOK):
        assert " ".join(title.split()) in titles, title


def test_the_endings_and_the_bound_of_names_are_those_of_the_code() -> None:
    (endings,) = re.findall(r"\*\*Endings\*\*: (.*?)\n\n", PAGE, re.DOTALL)

    assert set(re.findall(r"`(\w+)`", endings)) >= {ending.value for ending in RequestResult}
    assert f"the first {MOST_NAMES} trusted names" in PAGE
