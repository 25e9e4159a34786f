"""What requests and calls come to is counted, each in its place."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from gateway.execution.plan import FallReason
from gateway.observability.metrics.request_metrics import Metrics
from gateway.observability.reports import Report, RequestResult
from resolvers.budget import Budget
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Call, Unread
from resolvers.payex.api.faults import FaultCode
from resolvers.payex.api.stretches import Spent
from resolvers.payex.api.work import Work
from tests.metrics.conftest import CONNECTED, Serve, asked, invoice
from tests.metrics.samples import Samples

HOLDER = "/invoices/{invoiceNo}"


def over(ending: RequestResult = RequestResult.OK, seconds: float = 1.0, **members: Any) -> Report:
    """Return the report of a request that is over."""
    report = Report()
    report.ending, report.seconds = ending, seconds
    for name, value in members.items():
        setattr(report, name, value)
    if report.stats:
        report.spent = report.stats.seconds(seconds)
    return report


def stats(*calls: Call) -> OperationStats:
    """Return the stats of these calls."""
    counted = OperationStats(max_calls=500)
    for call in calls:
        counted.made(call)
    return counted


def told(*reports: Report) -> Samples:
    """Return what is told of these requests."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for report in reports:
        metrics.observe(report)
    return Samples(generate_latest(registry).decode())


def test_a_request_counts_by_name_and_ending() -> None:
    page = told(
        over(name="Usage"), over(name="Usage"), over(RequestResult.LEFT, name="Usage"), over()
    )

    assert page.value("operations_total", operation="Usage", ending="ok") == 2
    assert page.value("operations_total", operation="Usage", ending="left") == 1
    assert page.value("operations_total", operation="anonymous", ending="ok") == 1
    assert page.value("operation_duration_seconds_count", operation="Usage") == 3
    assert page.value("operation_duration_seconds_sum", operation="Usage") == 3.0


def test_a_refused_request_is_quick_and_says_nothing_of_how_long_operations_take() -> None:
    codes = ["MAX_DEPTH_LIMIT", "MAX_DEPTH_LIMIT", "MAX_COST_LIMIT"]
    page = told(over(RequestResult.REFUSED, codes=codes))

    assert page.value("operations_total", operation="anonymous", ending="refused") == 1
    assert page.value("refusals_total", code="MAX_DEPTH_LIMIT") == 1
    assert page.value("refusals_total", code="MAX_COST_LIMIT") == 1
    assert page.value("errors_total", code="MAX_DEPTH_LIMIT") == 2
    assert "payex_usage_operation_duration_seconds_count" not in page.labels


def test_a_fall_from_the_plan_counts_by_its_reason() -> None:
    page = told(
        over(fall=FallReason.VALUE), over(fall=None), over(RequestResult.ERRORS, fall="value")
    )

    assert page.value("plan_falls_total", reason="value") == 2
    assert page.value("plan_falls_total", reason="unexpected") == 0


def test_overhead_is_what_is_left_of_the_time_with_calls_under_way() -> None:
    """Two calls at once are under way once."""
    calls = (Call(HOLDER, 1, 200, 0.0, 0.5), Call(HOLDER, 1, 200, 0.25, 0.75))
    page = told(over(seconds=1.0, stats=stats(*calls)))

    assert page.value("operation_upstream_seconds_sum") == 0.75
    assert page.value("operation_overhead_seconds_sum") == 0.25
    assert page.value("operation_waves_sum") == 1


@pytest.mark.parametrize("what", [what for what in Spent if what is not Spent.UPSTREAM])
def test_a_wait_is_no_overhead_and_is_told_by_what_it_was_for(what: Spent) -> None:
    """A call under way at the same time comes first."""
    counted = stats(Call(HOLDER, 1, 200, 0.0, 0.5))
    counted.begin(what, 0.25).end(0.75, 0.0)
    page = told(over(seconds=1.0, stats=counted))

    assert page.value("operation_overhead_seconds_sum") == 0.25
    spent = {"upstream": 0.5, what: 0.25, "gateway": 0.25}
    for name in (*Spent, "gateway"):
        assert page.value("operation_spent_seconds_total", what=name) == spent.get(name, 0)


def test_a_wait_in_the_queue_counts_by_what_it_was_for_and_whole() -> None:
    """Calls that waited side by side have waited each."""
    counted = stats()
    for what in (Spent.PLACE, Spent.PLACE, Spent.CONNECTION, Spent.COALESCED):
        counted.begin(what, 0.0).end(0.5, 0.0)
    counted.begin(Spent.PLACE, 0.0)
    page = told(over(seconds=1.0, stats=counted))

    assert page.value("upstream_queue_seconds_count", what="place") == 2
    assert page.value("upstream_queue_seconds_sum", what="place") == 1
    assert page.value("upstream_queue_seconds_count", what="connection") == 1


@pytest.mark.parametrize(
    "ending", [RequestResult.LEFT, RequestResult.FAILED, RequestResult.REFUSED]
)
def test_an_operation_that_came_to_no_answer_has_neither(ending: RequestResult) -> None:
    """The time that its client did not wait is nobody's; its calls count all the same."""
    page = told(over(ending, stats=stats(Call(HOLDER, 1, 200, 0.0, 0.5))))

    assert page.value("operation_overhead_seconds_count") == 0
    assert page.value("operation_waves_count") == 0
    assert page.value("upstream_calls_total", route=HOLDER, status="200") == 1


@pytest.mark.no_cover  # examples cover the same, and tracing doubles its time
@settings(deadline=None)
@given(st.floats(0, 10), st.floats(0, 10))
def test_overhead_is_never_negative(seconds: float, upstream: float) -> None:
    page = told(over(seconds=seconds, stats=stats(Call(HOLDER, 1, 200, 0.0, upstream))))

    assert page.value("operation_overhead_seconds_sum") >= 0


def test_a_call_counts_by_route_status_fault_and_whether_it_is_a_second_chance() -> None:
    page = told(
        over(
            stats=stats(
                Call(HOLDER, 1, 503, 0.0, 0.1, FaultCode.UPSTREAM_UNAVAILABLE),
                Call(HOLDER, 1, None, 0.2, 0.4, FaultCode.UPSTREAM_TIMEOUT, attempt=2),
                Call(HOLDER, 1, 200, 0.5, 0.6, attempt=3),
            )
        )
    )

    assert page.values("upstream_calls_total", "status") == {"503": 1, "none": 1, "200": 1}
    assert page.value("upstream_faults_total", route=HOLDER, code="UPSTREAM_TIMEOUT") == 1
    assert page.value("upstream_retries_total", route=HOLDER) == 2
    assert page.value("upstream_call_duration_seconds_count", route=HOLDER) == 3
    assert page.value("upstream_call_duration_seconds_sum", route=HOLDER) == pytest.approx(0.4)


@pytest.mark.parametrize("code", ["DEADLINE_EXCEEDED", "UPSTREAM_QUEUE_TIMEOUT"])
def test_a_call_that_a_bound_of_the_gateway_ends_is_no_fault_of_payex(code: str) -> None:
    page = told(over(stats=stats(Call(HOLDER, 1, None, 0.0, 0.4, FaultCode(code)))))
    assert page.values("upstream_faults_total", "code") == {}
    assert page.values("upstream_calls_total", "status") == {"none": 1}


def test_an_answer_that_cannot_be_used_counts_as_a_fault_also_after_its_operation() -> None:
    counted = stats(Call(HOLDER, 1, 200, 0.0, 0.1))
    counted.cannot_use(Unread(HOLDER, FaultCode.UPSTREAM_MALFORMED))
    registry = CollectorRegistry()
    Metrics(registry).observe(over(stats=counted))
    counted.cannot_use(Unread(HOLDER, FaultCode.UPSTREAM_LINK_REFUSED))
    page = Samples(generate_latest(registry).decode())

    faults = {"UPSTREAM_MALFORMED": 1, "UPSTREAM_LINK_REFUSED": 1}
    assert page.values("upstream_faults_total", "code") == faults
    assert page.values("upstream_calls_total", "status") == {"200": 1}


async def test_a_login_page_in_the_place_of_an_answer_is_a_fault_of_each_call(
    serve: Serve,
) -> None:
    """Once for each, however many fields and operations wait for it: the alert can fire."""

    async def payex(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(200, html="<html>Please log in</html>")

    client = await serve(CONNECTED, payex)
    body = asked(invoice("1"), invoice("2"))
    await asyncio.gather(*(client.post("/graphql", json=body) for _ in range(2)))
    page = Samples((await client.get("/metrics")).text)

    calls = sum(page.values("upstream_calls_total", "status").values())
    assert page.values("upstream_faults_total", "code") == {"UPSTREAM_MALFORMED": calls}


def test_batches_cost_and_spared_calls_are_counted() -> None:
    counted = stats()
    for keys in (1, 5):
        counted.batch(keys)
    for _ in range(3):
        counted.demand()
    counted.started()
    page = told(over(stats=counted, cost={"requested": 25, "actual": 12, "limit": 100}))

    assert page.value("batch_size_sum") == 6
    assert page.value("deduplicated_total") == 2
    assert page.value("operation_cost_requested_sum") == 25
    assert page.value("operation_cost_actual_sum") == 12


def test_what_operations_spend_is_counted_and_what_used_their_budgets_up() -> None:
    budget = Budget(100)
    budget.charge(Work.READ, 20)
    frugal = told(over(stats=stats(), budget=budget))
    budget.charge(Work.WRITTEN, 90)
    page = told(over(RequestResult.ERRORS, stats=stats(), budget=budget))

    assert frugal.value("operation_budget_spent_sum") == 20
    assert set(frugal.values("budgets_used_up_total", "what").values()) == {0}
    assert page.value("operation_budget_spent_sum") == 110
    assert page.value("budgets_used_up_total", what="written") == 1


def test_a_request_that_never_came_to_an_operation_has_no_calls() -> None:
    page = told(over(RequestResult.REFUSED, codes=["UNAUTHENTICATED"]))

    assert page.value("refusals_total", code="UNAUTHENTICATED") == 1
    assert "payex_usage_upstream_calls_total" not in page.labels


def test_what_has_not_happened_yet_stands_at_nothing() -> None:
    """So a rate sees the first time."""
    page = told()

    assert set(page.values("operations_total", "ending")) == {
        ending.value for ending in RequestResult
    }
    assert page.values("answers_total", "source") == {"hit": 0, "coalesced": 0, "miss": 0}
    assert page.value("errors_total", code="INTERNAL_SERVER_ERROR") == 0
    assert page.value("refusals_total", code="SERVICE_UNAVAILABLE") == 0


async def test_a_call_that_outlives_its_operation_is_counted(serve: Any) -> None:
    """Others wait for a call that was started for a client who has left."""
    asked_for, free = asyncio.Event(), asyncio.Event()

    class Gate(httpx.AsyncBaseTransport):
        async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
            asked_for.set()
            await free.wait()
            return httpx.Response(200, json={})

    client = await serve(CONNECTED, Gate())
    first = asyncio.create_task(client.post("/graphql", json=asked(invoice("1"))))
    await asked_for.wait()
    second = asyncio.create_task(client.post("/graphql", json=asked(invoice("1"))))
    in_flight = 0.0
    while in_flight < 2:
        in_flight = Samples((await client.get("/metrics")).text).value("operations_in_flight")
    first.cancel()
    await asyncio.wait([first])
    free.set()
    await second

    page = Samples((await client.get("/metrics")).text)
    assert page.value("upstream_calls_total", route=HOLDER, status="200") == 1
    assert page.value("answers_total", source="coalesced") == 1


async def test_a_document_without_a_plan_counts_as_a_fall(serve: Serve) -> None:
    client = await serve(CONNECTED, lambda _: httpx.Response(200, json={}))
    query = '{ __schema { queryType { name } } owner(ownerNo: "1234") { ownerNo } }'
    await client.post("/graphql", json={"query": query})

    page = Samples((await client.get("/metrics")).text)

    assert page.value("plan_falls_total", reason="unplannable") == 1
