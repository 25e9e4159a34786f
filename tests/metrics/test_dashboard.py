"""The dashboard is one that Grafana takes, of any Prometheus, and is handed the right one."""

import json
import re

import yaml

from gateway.settings.load import load_settings
from tests.metrics.shipped import ALERTS, DASHBOARD, GRAFANA, PANELS, SCRAPES, VARIABLES


def test_the_scrape_is_of_the_job_that_alerts_and_dashboard_go_by() -> None:
    job = next(scrape for scrape in SCRAPES if scrape["job_name"] == "payex-usage-gateway")

    assert job["static_configs"][0]["targets"] == ["gateway-1:9464", "gateway-2:9464"]
    assert VARIABLES["job"]["current"]["value"] == job["job_name"]
    assert any(f'up{{job="{job["job_name"]}"}}' in alert["expr"] for alert in ALERTS)
    assert load_settings({"GATEWAY_METRICS_PORT": "9464"}).metrics_port == 9464


def test_panels_and_queries_have_ids_of_their_own_and_do_not_overlap() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not own & cells, panel["title"]
        cells |= own
    for panel in PANELS:
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


def test_every_panel_asks_the_prometheus_that_is_chosen() -> None:
    """A dashboard that was exported from a Grafana names that one's own."""
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert DASHBOARD["templating"]["list"][0]["type"] == "datasource"
    for panel in PANELS:
        assert [panel["datasource"], *(t["datasource"] for t in panel["targets"])] == [chosen] * (
            1 + len(panel["targets"])
        )


def test_nothing_of_anybody_s_own_grafana_is_left() -> None:
    assert {"id", "__inputs", "__requires", "__elements", "iteration"}.isdisjoint(DASHBOARD)
    assert DASHBOARD["uid"] == "payex-usage-gateway"
    assert DASHBOARD["schemaVersion"] >= 39
    assert all(panel["title"] and panel["fieldConfig"] for panel in PANELS)
    text = json.dumps(DASHBOARD)
    assert not re.search(r"https?://|localhost|admin|TODO", text)


def test_grafana_is_given_the_dashboard_and_its_prometheus() -> None:
    (source,) = yaml.safe_load(
        (GRAFANA / "provisioning" / "datasources" / "prometheus.yaml").read_text("utf-8")
    )["datasources"]
    (provider,) = yaml.safe_load(
        (GRAFANA / "provisioning" / "dashboards" / "payex-usage.yaml").read_text("utf-8")
    )["providers"]

    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
