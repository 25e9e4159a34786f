"""The span of one request: how it ended, by which name, and in which trace."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.trace import StatusCode
from starlette.types import Message

from gateway.observability.reports import Report
from gateway.observability.traces.attributes import attributes, is_error, span_name
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.stretches import Spent
from tests.traces.traced import HOLDER, INVOICE, Gate, Replies, Traced, settle, told

GRAPHQL_JSON = "application/graphql-response+json"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
Start = Callable[..., Awaitable[Traced]]


@pytest.mark.parametrize(
    ("body", "status", "codes"),
    [
        ({"query": "{"}, 400, ("GRAPHQL_PARSE_FAILED",)),
        ({"query": "{ nothing }"}, 400, ("GRAPHQL_VALIDATION_FAILED",)),
        ([], 400, ("BAD_REQUEST",)),
    ],
)
async def test_a_refused_request_is_a_span_and_no_error_of_ours(
    traced: Start, body: Any, status: int, codes: tuple[str, ...]
) -> None:
    gateway = await traced()

    await gateway.client.post("/graphql", json=body, headers={"accept": GRAPHQL_JSON})

    assert gateway.tree == ["POST /graphql"]
    (span,) = gateway.spans
    assert told(span, "graphql", "error", "http.response", "payex.usage.codes") == {
        "http.response.status_code": status,
        "payex.usage.codes": codes,
    }
    assert told(span, "payex.usage.ending") == {"payex.usage.ending": "refused"}
    assert span.status.status_code is StatusCode.UNSET


async def leave(gateway: Traced, gate: Gate, query: str) -> None:
    """Ask, and hang up as soon as PayEx has been asked."""
    messages: list[Message] = [
        {"type": "http.request", "body": json.dumps({"query": query}).encode(), "more_body": False}
    ]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await gate.asked.wait()
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        raise AssertionError

    headers = [(b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/graphql",
        "headers": [(b"host", b"localhost"), *headers],
    }
    await gateway.app(scope, receive, send)
    await settle()


async def test_an_operation_whose_client_leaves_ends_with_all_that_is_below_it(
    traced: Start,
) -> None:
    gate = Gate()
    gateway = await traced(gate)

    await leave(gateway, gate, INVOICE)

    assert gateway.tree == ["query", "  batch", f"    GET {HOLDER}"]
    assert told(gateway.one("GET"), "http.response", "error", "payex.usage.cancelled") == {
        "payex.usage.cancelled": True
    }
    operation = gateway.one("query")
    assert told(operation, "http.response", "error", "payex.usage.ending") == {
        "payex.usage.ending": "left"
    }
    assert operation.status.status_code is StatusCode.UNSET


async def test_a_trusted_documents_name_is_told_even_if_its_client_leaves(
    traced: Start, tmp_path: Path
) -> None:
    """A name that a client sends is not: there is no end of them, and they may hold anything."""
    manifest = tmp_path / "manifest.json"
    trusted, other = f"query Mine {INVOICE}", f"query Someone46701740605 {INVOICE}"
    manifest.write_text(json.dumps({"mine": trusted}))
    gate = Gate()
    gateway = await traced(gate, {"GATEWAY_TRUSTED_DOCUMENTS": str(manifest)})

    for query in (trusted, other):
        await leave(gateway, gate, query)

    assert [told(span, "graphql") for span in gateway.named("query")] == [
        {"graphql.operation.type": "query", "graphql.operation.name": "Mine"},
        {"graphql.operation.type": "query"},
    ]
    assert [span.name for span in gateway.named("query")] == ["query Mine", "query"]


async def test_a_method_that_http_does_not_know_is_not_repeated(traced: Start) -> None:
    gateway = await traced()

    await gateway.client.request("SOMEONE46701740605", "/graphql")

    (span,) = gateway.spans
    assert (span.name, told(span, "http.request")) == (
        "_OTHER /graphql",
        {"http.request.method": "_OTHER"},
    )


async def test_a_failure_of_the_gateway_is_an_error_without_its_text(traced: Start) -> None:
    gateway = await traced(Replies(RuntimeError("46701740605")))

    reply = await gateway.ask(INVOICE)

    assert reply.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    operation = gateway.one("query")
    assert told(operation, "error") == {"error.type": "INTERNAL_SERVER_ERROR"}
    assert operation.status.status_code is StatusCode.ERROR
    assert all(span.status.description is None for span in gateway.spans)


def test_a_request_that_failed_before_it_was_an_operation_is_an_error_by_its_code() -> None:
    report = Report()
    report.status, report.codes = 500, ("INTERNAL_SERVER_ERROR",)

    assert (span_name(report), is_error(report)) == (None, True)
    assert attributes(report) == {
        "payex.usage.ending": "failed",
        "http.response.status_code": 500,
        "payex.usage.codes": ("INTERNAL_SERVER_ERROR",),
        "error.type": "INTERNAL_SERVER_ERROR",
    }


# The trace.


async def test_a_request_goes_on_in_the_trace_that_it_names(traced: Start) -> None:
    gateway = await traced(Replies(httpx.Response(200, json={})))

    await gateway.ask(INVOICE, traceparent=f"00-{TRACE}-{SPAN}-01")

    operation = gateway.one("query")
    assert operation.parent
    assert operation.parent.is_remote
    assert f"{operation.parent.span_id:016x}" == SPAN
    assert {f"{span.context.trace_id:032x}" for span in gateway.spans if span.context} == {TRACE}


@pytest.mark.parametrize("sampled", [True, False])
async def test_the_metrics_name_a_trace_that_is_kept_and_no_other(
    traced: Start, sampled: bool
) -> None:
    """Whoever sees a slow bucket finds a request of it."""
    gateway = await traced(Replies(httpx.Response(200, json={})))
    await gateway.ask(INVOICE, traceparent=f"00-{TRACE}-{SPAN}-0{sampled:d}")

    page = await gateway.client.get("/metrics", headers={"Accept": "application/openmetrics-text"})

    assert (f'# {{trace_id="{TRACE}"}}' in page.text) is sampled


async def test_payex_is_told_of_the_call_that_it_answers(traced: Start) -> None:
    """Each attempt has a span of its own. What else a request carries along is not passed on."""
    replies = Replies(httpx.Response(503), httpx.Response(200, json={}))
    gateway = await traced(replies)

    await gateway.ask(
        INVOICE,
        traceparent=f"00-{TRACE}-{SPAN}-01",
        tracestate="vendor=46701740605",
        baggage="customer=46701740605",
    )

    assert [request.headers["traceparent"] for request in replies.requests] == [
        f"00-{TRACE}-{call.context.span_id:016x}-01"
        for call in gateway.named("GET")
        if call.context
    ]
    assert all("46701740605" not in str(request.headers) for request in replies.requests)
    assert not any(span.context and span.context.trace_state for span in gateway.spans)


async def test_a_trace_that_is_not_kept_costs_no_spans_and_is_passed_on_as_such(
    traced: Start,
) -> None:
    replies = Replies(httpx.Response(200, json={}))
    gateway = await traced(replies)

    await gateway.ask(INVOICE, traceparent=f"00-{TRACE}-{SPAN}-00")

    assert gateway.spans == []
    (request,) = replies.requests
    assert request.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert request.headers["traceparent"].endswith("-00")


@pytest.mark.parametrize("header", ["00-nonsense", f"00-{'0' * 32}-{SPAN}-01"])
async def test_a_malformed_parent_begins_a_new_trace(traced: Start, header: str) -> None:
    gateway = await traced(Replies(httpx.Response(200, json={})))

    await gateway.ask(INVOICE, traceparent=header)

    assert gateway.one("query").parent is None


async def test_payex_is_told_nothing_where_it_is_not_to_be(traced: Start) -> None:
    replies = Replies(httpx.Response(200, json={}))
    gateway = await traced(replies, propagates=False)

    await gateway.ask(INVOICE)

    assert gateway.named("GET")
    assert "traceparent" not in replies.requests[0].headers


@pytest.mark.parametrize("what", Spent)
def test_a_wait_is_told_by_what_it_was_for(what: Spent) -> None:
    report = Report(stats=OperationStats(1), spent={**dict.fromkeys(Spent, 0.0), what: 1.5})

    seconds = {name: told for name, told in attributes(report).items() if "seconds" in name}

    upstream = "payex.usage.upstream.seconds"
    assert seconds == {upstream: 0.0, f"payex.usage.{what}.seconds": 1.5}
