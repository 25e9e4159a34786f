"""Each request leaves one line, which tells what became of it and where its time went."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.observability.logs import KEYS, TextLine
from gateway.observability.operation_log import log_request
from gateway.observability.reports import Report, RequestResult
from gateway.settings.logs import LoggedOperations
from resolvers.budget import Budget
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Call
from resolvers.payex.api.faults import FaultCode
from resolvers.payex.api.work import Work

DETAILS = "/invoices/{invoiceNo}/subscriptions/{subscriptionNo}/usage-details"


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gateway.operation_log")


def over(ending: RequestResult, seconds: float = 0.0482, **known: Any) -> Report:
    """Return the report of a request that is over after so many seconds."""
    times = iter([100.0, 100.0 + seconds])
    report = Report(clock=lambda: next(times), ending=ending, **known)
    report.close()
    return report


def asked() -> OperationStats:
    """Return what an operation has asked of PayEx: a call that failed and was tried again."""
    stats = OperationStats(10)
    fault = FaultCode.UPSTREAM_UNAVAILABLE
    for call in (
        Call("/invoices/{invoiceNo}", 1, 200, 100.0, 100.0100),
        Call(DETAILS, 1, 503, 100.0, 100.0150, fault),
        Call(DETAILS, 1, 200, 100.0170, 100.0440, attempt=2),
    ):
        stats.made(call)
    stats.hit()
    stats.coalesced()
    stats.missed()
    stats.missed()
    stats.problem("INVOICE_NOT_FOUND")
    return stats


FULL: dict[str, Any] = {
    "status": 200,
    "name": "MyPages",
    "caller": "0123456789abcdef",
    "support_id": "6736297b-e012-407b-887b-092027b503f4",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "codes": ["UPSTREAM_TIMEOUT", "FORBIDDEN", "UPSTREAM_TIMEOUT"],
    "cost": {"requested": 1240, "actual": 96, "limit": 10_000},
}


def logged(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    (line,) = caplog.records
    return line


def known(line: logging.LogRecord) -> dict[str, Any]:
    """Return what a line has beside its message, as it is written."""
    return {key: vars(line)[key] for key in KEYS if vars(line).get(key) is not None}


def test_a_line_tells_all_that_is_known_of_a_request(caplog: pytest.LogCaptureFixture) -> None:
    log_request(over(RequestResult.ERRORS, stats=asked(), **FULL))

    assert known(logged(caplog)) == {
        "trace_id": FULL["trace_id"],
        "support_id": FULL["support_id"],
        "caller": FULL["caller"],
        "operation": "MyPages",
        "ending": "errors",
        "status": 200,
        "codes": ["FORBIDDEN", "UPSTREAM_TIMEOUT"],
        "duration_ms": 48.2,
        "upstream_ms": 42.0,
        "loop_ms": 0.0,
        "connection_ms": 0.0,
        "place_ms": 0.0,
        "pause_ms": 0.0,
        "coalesced_ms": 0.0,
        "overhead_ms": 6.2,
        "calls": 3,
        "retries": 1,
        "waves": 1,
        "deduplicated": 0,
        "hits": 1,
        "coalesced": 1,
        "misses": 2,
        "slowest_route": DETAILS,
        "slowest_ms": 27.0,
        "problems": {"INVOICE_NOT_FOUND": 1},
        "cost_requested": 1240,
        "cost_actual": 96,
    }


def test_a_budget_that_is_used_up_says_what_most_of_it_was_spent_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    budget = Budget(1000)
    budget.charge(Work.CALLS, 400)
    log_request(over(RequestResult.OK, budget=budget, **FULL))
    budget.charge(Work.ERRORS, 700)
    log_request(over(RequestResult.ERRORS, budget=budget, **FULL))

    spent = [
        (vars(line)["budget_spent"], vars(line)["budget_used_up_by"]) for line in caplog.records
    ]
    assert spent == [(400, None), (1100, "errors")]


def test_people_read_first_how_it_ended_and_where_its_time_went(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_request(over(RequestResult.ERRORS, stats=asked(), **FULL))

    assert logged(caplog).getMessage() == (
        "MyPages errors with 200 in 48.2 ms, 42.0 ms upstream (calls 3, waves 1): "
        "FORBIDDEN, UPSTREAM_TIMEOUT"
    )
    assert logged(caplog).levelno == logging.INFO


def test_a_refused_request_is_one_short_line(caplog: pytest.LogCaptureFixture) -> None:
    """Its caller decides how many there are."""
    refused = {
        "status": 400,
        "codes": ["GRAPHQL_VALIDATION_FAILED"] * 5,
        "stats": OperationStats(10),
    }
    log_request(over(RequestResult.REFUSED, 0.0004, support_id=FULL["support_id"], **refused))

    line = logged(caplog)
    assert "calls" not in known(line)
    assert line.getMessage() == ("anonymous refused with 400 in 0.4 ms: GRAPHQL_VALIDATION_FAILED")
    assert len(TextLine().format(line)) < 200


def test_of_a_client_that_left_no_status_is_told(caplog: pytest.LogCaptureFixture) -> None:
    log_request(over(RequestResult.LEFT))

    assert logged(caplog).getMessage() == "anonymous left in 48.2 ms"
    assert "status" not in known(logged(caplog))


def test_an_answer_without_a_call_tells_of_no_route(caplog: pytest.LogCaptureFixture) -> None:
    stats = OperationStats(10)
    stats.hit()
    log_request(over(RequestResult.OK, stats=stats, status=200))

    line = known(logged(caplog))
    assert (line["calls"], line["upstream_ms"], line["overhead_ms"]) == (0, 0.0, 48.2)
    assert "slowest_route" not in line
    assert logged(caplog).getMessage() == "anonymous ok with 200 in 48.2 ms"


def test_time_in_which_a_call_outlived_the_request_is_no_overhead(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_request(over(RequestResult.LEFT, 0.01, stats=asked()))

    assert known(logged(caplog))["overhead_ms"] == 0.0


def test_a_bounded_number_of_codes_is_told(caplog: pytest.LogCaptureFixture) -> None:
    log_request(over(RequestResult.ERRORS, codes=[f"CODE_{number:02}" for number in range(99)]))

    assert known(logged(caplog))["codes"] == [f"CODE_{number:02}" for number in range(10)]


@pytest.mark.parametrize(
    ("which", "ending", "seconds", "lines"),
    [
        ("all", RequestResult.OK, 0.0, 1),
        ("all", RequestResult.REFUSED, 0.0, 1),
        ("slow", RequestResult.OK, 0.9, 0),
        ("slow", RequestResult.OK, 1.0, 1),
        ("slow", RequestResult.REFUSED, 0.0, 1),
        ("slow", RequestResult.LEFT, 0.0, 1),
        ("slow", RequestResult.ERRORS, 0.0, 1),
        ("errors", RequestResult.OK, 9.0, 0),
        ("errors", RequestResult.REFUSED, 0.0, 0),
        ("errors", RequestResult.LEFT, 0.0, 0),
        ("errors", RequestResult.ERRORS, 0.0, 1),
        ("errors", RequestResult.FAILED, 0.0, 1),
        ("off", RequestResult.FAILED, 9.0, 0),
    ],
)
def test_which_requests_leave_a_line(
    which: LoggedOperations,
    ending: RequestResult,
    seconds: float,
    lines: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_request(over(ending, seconds), which, slow=1.0)

    assert len(caplog.records) == lines


def test_where_nobody_hears_no_line_is_made(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "gateway.operation_log")

    log_request(over(RequestResult.OK))

    assert caplog.records == []


def test_no_key_is_a_name_that_logging_uses_itself() -> None:
    """`extra` must not have one."""
    own = vars(logging.LogRecord("x", logging.INFO, "", 1, "", (), None))

    assert set(KEYS).isdisjoint({*own, "message", "asctime"})


async def test_a_wait_for_the_event_loop_is_not_the_gateways_own_work(
    serve: Any, connected: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing goes on but the reading of the body, while other work takes the loop."""
    gateway = await serve(connected, lambda _: httpx.Response(200, json=[]))
    busy = 0.2

    async def body() -> AsyncIterator[bytes]:
        # The pulse has begun to beat.
        await asyncio.sleep(0.05)
        asyncio.get_running_loop().call_soon(time.sleep, busy)
        await asyncio.sleep(0)
        yield b'{"query": "{ __typename }"}'

    await gateway.post("/graphql", content=body(), headers={"content-type": "application/json"})

    (line,) = [one for one in caplog.records if one.name == "gateway.operation_log"]
    told = known(line)
    assert told["loop_ms"] >= 1000 * (busy - 0.025)
    assert told["loop_ms"] + told["overhead_ms"] == pytest.approx(told["duration_ms"], abs=0.3)


async def test_the_settings_decide_which_requests_leave_a_line(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for which, lines in (("all", 1), ("off", 0)):
        gateway = await serve({"GATEWAY_LOG_OPERATIONS": which})
        caplog.clear()
        await gateway.post("/graphql", json={"query": "{ __typename }"})

        heard = [one for one in caplog.records if one.name == "gateway.operation_log"]
        assert len(heard) == lines
