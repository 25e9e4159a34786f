"""What `deploy/` holds for Prometheus and Grafana, as it stands there."""

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
GRAFANA: Final = ROOT / "deploy" / "grafana"
PROMETHEUS: Final = ROOT / "deploy" / "prometheus"

ALERTS: Final[list[dict[str, Any]]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
SCRAPES: Final = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))[
    "scrape_configs"
]
DASHBOARD: Final = json.loads((GRAFANA / "dashboard.json").read_text("utf-8"))
PANELS: Final = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
VARIABLES: Final = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}

_QUERIES: Final = [
    (name, re.sub(r"label_values\((.*), \w+\)", r"\1", variable["definition"]))
    for name, variable in VARIABLES.items()
    if variable["type"] == "query"
]
EXPRESSIONS: Final = [
    *((alert["alert"], alert["expr"]) for alert in ALERTS),
    *((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]),
    *_QUERIES,
]
"""What each expression is of, and the expression."""
