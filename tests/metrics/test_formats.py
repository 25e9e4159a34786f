"""`/metrics` in OpenMetrics: the same series, with exemplars, and when each began."""

import math
import shutil
import subprocess
import uuid
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from gateway.observability.metrics.formats import OPEN_METRICS, TEXT, wanted
from gateway.observability.metrics.page import Page
from gateway.observability.metrics.request_metrics import Metrics
from gateway.observability.metrics.worker_peers import WorkerPeers
from gateway.observability.reports import Report, RequestResult
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Call
from resolvers.payex.api.stretches import Spent
from tests.metrics.samples import Samples

TRACE = "0af7651916cd43dd8448eb211c80319c"
NAMED = "application/openmetrics-text; version=1.0.0"
DURATIONS = {
    "payex_usage_operation_duration_seconds",
    "payex_usage_operation_overhead_seconds",
    "payex_usage_operation_upstream_seconds",
    "payex_usage_upstream_queue_seconds",
    "payex_usage_upstream_call_duration_seconds",
}


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/plain", TEXT),
        ("text/html, */*;q=0.1", TEXT),
        (NAMED, OPEN_METRICS),
        ("Application/OpenMetrics-Text", OPEN_METRICS),
        ('application/openmetrics-text;version="1.0.0"; charset=utf-8', OPEN_METRICS),
        # As Prometheus 2 and 3 ask.
        (f"{NAMED},application/openmetrics-text;version=0.0.1;q=0.75,*/*;q=0.1", OPEN_METRICS),
        (f"{NAMED};escaping=allow-utf-8;q=0.6,text/plain;q=0.4,*/*;q=0.2", OPEN_METRICS),
        ("text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.5", TEXT),
        (f"{NAMED};q=0", TEXT),
        (f"{NAMED};q=0.5,*/*", TEXT),
        (f"{NAMED};q=much", TEXT),
        ("application/openmetrics-text;version=0.0.1", TEXT),
        ("application/openmetrics-text;version=9.text", TEXT),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", TEXT),
        (f"text/plain, {NAMED}", OPEN_METRICS),
    ],
)
def test_whoever_names_open_metrics_gets_it(accept: str, format_: Any) -> None:
    assert wanted(accept) is format_


@given(st.text())
def test_any_accept_is_answered_in_one_of_the_two(accept: str) -> None:
    assert wanted(accept) in {TEXT, OPEN_METRICS}


def parsed(text: str) -> dict[str, Metric]:
    """Return the metrics of a page in OpenMetrics by name, as Prometheus's parser has them."""
    families = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    assert len({family.name for family in families}) == len(families)
    return {family.name: family for family in families}


def exemplars(families: dict[str, Metric]) -> dict[str, list[Sample]]:
    """Return the samples that have an exemplar, by the name of their metric."""
    found = {
        name: [sample for sample in family.samples if sample.exemplar]
        for name, family in families.items()
    }
    return {name: samples for name, samples in found.items() if samples}


async def test_both_formats_tell_the_same_series(busy: httpx.AsyncClient) -> None:
    """What one scrape of Prometheus knows a series by, the next one does as well."""
    plain = await busy.get("/metrics", headers={"Accept": "text/plain"})
    openly = await busy.get("/metrics", headers={"Accept": NAMED})
    families = parsed(openly.text)

    assert plain.headers["content-type"] == TEXT.content_type
    assert openly.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert plain.headers["vary"] == openly.headers["vary"] == "Accept"
    assert openly.text.endswith("\n# EOF\n")
    told = {
        (sample.name, frozenset(sample.labels.items()))
        for family in families.values()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    assert told == set(Samples(plain.text).values_of_all)


async def test_two_lines_of_accept_are_one_list(busy: httpx.AsyncClient) -> None:
    lines = [("Accept", "text/plain;q=0.5"), ("Accept", NAMED)]

    assert (await busy.get("/metrics", headers=lines)).text.endswith("# EOF\n")


async def test_every_counter_and_histogram_of_ours_says_when_it_began(
    busy: httpx.AsyncClient,
) -> None:
    families = parsed((await busy.get("/metrics", headers={"Accept": NAMED})).text)
    for name, family in families.items():
        if name.startswith("payex_usage_") and family.type in {"counter", "histogram"}:
            series = [
                frozenset(sample.labels.items())
                for sample in family.samples
                if sample.name.removeprefix(name) in {"_total", "_count"}
            ]
            began = {
                frozenset(sample.labels.items()): sample.value
                for sample in family.samples
                if sample.name == f"{name}_created"
            }
            assert set(began) == set(series), name
            assert all(value > 1_700_000_000 for value in began.values())


def over(kept: str | None, route: str = "/invoices/{invoiceNo}") -> Report:
    """Return the report of an operation whose trace is kept, or not."""
    report = Report()
    report.ending, report.seconds = RequestResult.OK, 0.3
    report.trace_id, report.kept_trace_id = TRACE, kept
    report.stats = OperationStats(max_calls=500)
    report.stats.begin(Spent.PLACE, 0.0).end(0.1, 0.0)
    report.stats.made(Call(route, 1, 200, 0.1, 0.2))
    return report


class _NoGauges:
    def collect(self) -> list[Metric]:
        return []


def page_of(report: Report, peers: WorkerPeers | None = None) -> Page:
    """Return the page of a process that has answered one operation."""
    registry = CollectorRegistry()
    Metrics(registry).observe(report)
    return Page(registry, _NoGauges(), peers)


async def test_every_duration_of_a_kept_trace_has_an_exemplar_of_its_id_and_no_more() -> None:
    families = parsed((await page_of(over(TRACE)).text(OPEN_METRICS)).decode())
    found = exemplars(families)

    assert set(found) == DURATIONS
    for samples in found.values():
        for sample in samples:
            assert sample.exemplar is not None
            assert sample.exemplar.labels == {"trace_id": TRACE}
            assert sample.exemplar.value <= float(sample.labels["le"].replace("+Inf", "inf"))
            assert not math.isnan(sample.exemplar.value)


async def test_the_page_of_a_trace_that_is_not_kept_has_no_exemplar() -> None:
    """Nobody would find it."""
    text = (await page_of(over(None)).text(OPEN_METRICS)).decode()

    assert exemplars(parsed(text)) == {}
    assert TRACE not in text


async def test_the_older_format_has_no_exemplar_and_says_of_no_series_when_it_began() -> None:
    text = (await page_of(over(TRACE)).text()).decode()

    assert TRACE not in text
    assert "_created" not in text


async def test_a_call_that_outlives_its_operation_has_its_trace_as_well() -> None:
    registry = CollectorRegistry()
    report = over(TRACE)
    Metrics(registry).observe(report)
    assert report.stats is not None
    assert report.stats.late is not None
    report.stats.late(Call("/invoices/{invoiceNo}", 1, 200, 0.0, 9.0))
    text = (await Page(registry, _NoGauges()).text(OPEN_METRICS)).decode()

    found = exemplars(parsed(text))["payex_usage_upstream_call_duration_seconds"]
    assert [sample.labels["le"] for sample in found] == ["0.1", "10.0"]


async def test_exemplars_of_all_server_processes_are_told() -> None:
    place = f"payex-usage-gateway-test/{uuid.uuid4()}"
    pages = [page_of(over(digit * 32), WorkerPeers(place, most=4)) for digit in "ab"]
    async with AsyncExitStack() as stack:
        for one in pages:
            await stack.enter_async_context(one.opened())
        families = parsed((await pages[1].text(OPEN_METRICS)).decode())

    told = {
        (sample.labels["worker"], sample.exemplar.labels["trace_id"])
        for samples in exemplars(families).values()
        for sample in samples
        if sample.exemplar
    }
    assert told == {("0", "a" * 32), ("1", "b" * 32)}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing")
def test_prometheus_s_own_tool_finds_nothing_in_the_older_format(page: Samples) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"],  # noqa: S607 - wherever it is
        input=page.text,
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
