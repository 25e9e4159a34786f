"""The page on telemetry says of traces what the code does."""

import re
from pathlib import Path

from gateway.observability.reports import RequestResult
from gateway.observability.traces.otlp import LAST_SECONDS
from gateway.settings.traces import TelemetrySettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "telemetry.md").read_text("utf-8").split("\n## Traces")[1]
TABLE = PAGE[PAGE.index("| Attribute |") : PAGE.index("The status of a span")]
CODE = "".join(
    (ROOT / "gateway" / "observability" / "traces" / name).read_text("utf-8")
    for name in ("spans.py", "attributes.py")
)
EVENT = "payex.usage.answer"


def test_the_table_has_every_attribute_once() -> None:
    cells = [row.split("|")[1] for row in TABLE.splitlines() if row.startswith("|")]
    shown = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    used = re.findall(r'"((?:error|graphql|http|server|url|payex\.usage)\.[\w.]+)"', CODE)

    assert sorted(shown) == sorted(set(used) - {EVENT})


def test_the_page_names_the_event_the_endings_and_the_settings() -> None:
    (endings,) = re.findall(r"\| `payex\.usage\.ending` \|.*\| (.*) \|", PAGE)

    assert f"`{EVENT}`" in PAGE
    assert re.findall(r"`(\w+)`", endings) == [ending.value for ending in RequestResult]
    for name in TelemetrySettings.model_fields:
        assert f"GATEWAY_{name.upper()}" in PAGE


def test_the_bound_of_the_last_spans_is_the_codes() -> None:
    (seconds,) = re.findall(r"for at most (\d+) seconds", PAGE)

    assert float(seconds) == LAST_SECONDS
