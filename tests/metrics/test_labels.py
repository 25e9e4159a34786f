"""No client, no upstream and no manifest makes up more series than there are bounds for."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, generate_latest

from gateway.documents.source import DocumentCode
from gateway.limits.violations import LimitCode
from gateway.observability.metrics import labels
from gateway.observability.metrics.labels import MOST_NAMES, OTHER, FirstNames, Series, one_of
from gateway.observability.metrics.request_metrics import Metrics
from gateway.observability.reports import Report, RequestResult
from resolvers.errors import ErrorCode
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Call
from resolvers.payex.api.faults import FaultCode
from resolvers.payex.api.problems import ProblemType
from resolvers.payex.api.routes import TEMPLATES
from tests.metrics.samples import Samples

HOSTILE = st.one_of(
    st.text(),
    st.text(st.characters(), min_size=200, max_size=300),
    st.sampled_from(
        ["", "\ud800", 'a"b', "a\\", "a\nb 1", "{}", "le", "__name__", "55005500", "../..", "ok\0"]
    ),
)
NAMES = st.one_of(HOSTILE, st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True))
# The bounds of the labels of each metric, as a count of values.
ROUTES = len(TEMPLATES) + 1
CODES = len(FaultCode) + len(ErrorCode) + len(DocumentCode) + len(LimitCode) + 50


@settings(deadline=None)
@given(st.lists(NAMES))
def test_there_are_so_many_names_and_one_for_all_others(given_names: list[str]) -> None:
    bound = FirstNames(3)

    shown = {bound(name) for name in given_names}

    assert len(shown - {"anonymous", OTHER}) <= 3
    assert shown - {OTHER} <= set(given_names)


def test_the_first_names_stay_and_anonymous_always_is_one() -> None:
    bound = FirstNames(2)

    assert [bound(name) for name in ("A", "B", "C", "A", "anonymous")] == [
        "A",
        "B",
        OTHER,
        "A",
        "anonymous",
    ]


@pytest.mark.parametrize("name", ["", "a b", "1a", "é", 'a"', "a\n", "a" * 101, "\ud800"])
def test_what_is_no_name_of_an_operation_is_other(name: str) -> None:
    assert FirstNames()(name) == OTHER


@settings(deadline=None)
@given(HOSTILE)
def test_what_is_not_known_is_other(value: str) -> None:
    assert one_of(["a", "b"])(value) == (value if value in {"a", "b"} else OTHER)


def test_everything_that_the_gateway_says_itself_is_known() -> None:
    for bound, values in (
        (labels.ENDINGS, [ending.value for ending in RequestResult]),
        (labels.ROUTES, list(TEMPLATES.values())),
        (labels.STATUSES, ["none", "200", "404", "503"]),
        (labels.FAULTS, [code.value for code in FaultCode]),
        (labels.PROBLEMS, [kind.name for kind in ProblemType]),
        (labels.CODES, [*FaultCode, *ErrorCode, *DocumentCode, *LimitCode, "UNAUTHENTICATED"]),
    ):
        assert [bound(value) for value in values] == values


def test_a_series_is_looked_up_once_and_an_unknown_one_is_not_kept() -> None:
    counter = Counter("things", "Things.", ["kind"], registry=CollectorRegistry())
    series = Series(counter, one_of(["a"]))

    assert series["a",] is series["a",] is counter.labels("a")
    assert series["b",] is series["c",] is counter.labels(OTHER)
    assert list(series) == [("a",)]


@st.composite
def reports(draw: Any) -> Report:
    """A report of which everything is made up."""
    report = Report()
    report.seconds = draw(st.floats(0, 100))
    report.ending = draw(st.sampled_from(RequestResult))
    report.name = draw(NAMES)
    report.codes = draw(st.lists(HOSTILE, max_size=3))
    report.stats = stats = OperationStats(max_calls=500)
    for type_ in draw(st.lists(HOSTILE, max_size=3)):
        stats.problem(type_)
    for route, status in draw(st.lists(st.tuples(HOSTILE, st.integers(0, 10**6)), max_size=3)):
        stats.made(Call(route, 1, status, 0.0, 1.0, draw(st.sampled_from([None, *FaultCode]))))
    return report


@pytest.mark.no_cover  # examples cover the same, and tracing doubles its time
@settings(deadline=None, max_examples=20)
@given(st.lists(reports(), max_size=30))
@example([])
def test_hostile_names_routes_and_codes_make_no_further_series(given_reports: list[Report]) -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry, FirstNames(5))
    for report in given_reports:
        metrics.observe(report)

    page = Samples(generate_latest(registry).decode())

    assert len(page.values("operation_duration_seconds_count", "operation")) <= 5 + 2
    assert len(page.values("upstream_calls_total", "route")) <= ROUTES
    assert len(page.values("upstream_calls_total", "status")) <= 70
    assert len(page.values("upstream_faults_total", "code")) <= len(FaultCode)
    assert len(page.values("problems_total", "type")) <= len(ProblemType) + 1
    assert len(page.values("errors_total", "code")) <= CODES
    assert len(page.values("refusals_total", "code")) <= CODES
    assert len(page.values("operations_total", "ending")) <= len(RequestResult)
    assert "55005500" not in page.text


def test_all_names_together_are_bounded_by_default() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for number in range(2 * MOST_NAMES):
        report = Report()
        report.name, report.ending = f"Operation{number}", RequestResult.OK
        metrics.observe(report)

    page = Samples(generate_latest(registry).decode())

    counts = page.values("operation_duration_seconds_count", "operation")
    assert len(counts) == MOST_NAMES + 1
    assert counts[OTHER] == MOST_NAMES
