"""The spans of an operation, and how they hang together."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import httpx
import pytest
from opentelemetry.trace import SpanKind, StatusCode

from gateway.observability.traces.otlp import OtlpTracing
from tests.traces.traced import HOLDER, INVOICE, Gate, Replies, Traced, events, settle, told

TABS = Path(__file__).parents[2] / "gateway" / "graphiql" / "tabs"
LIST = f"{HOLDER}/subscriptions"
ONE = f"{LIST}/{{subscriptionNo}}"
DETAILS = f"{ONE}/usage-details"
USAGE = """
{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { subscriptions {
  ... on UsageSubscriptionConnection { nodes { usageRecords { __typename } } } } } } } }
"""
Start = Callable[..., Awaitable[Traced]]


def usage(request: httpx.Request) -> httpx.Response:
    """Answer a list of two subscriptions, and no records of either."""
    path = request.url.path
    items = [
        {"subscriptionNo": number, "usageDetails": f"{path}/{number}/usage-details"}
        for number in ("70", "71")
    ]
    return httpx.Response(200, json={"items": [] if path.endswith("-details") else items})


async def test_my_pages_is_one_operation_one_batch_and_two_calls(traced: Start) -> None:
    """Both calls start at once, and no field has a span."""
    gateway = await traced()
    query = (TABS / "01-my-pages.graphql").read_text("utf-8")
    variables = json.loads((TABS / "01-my-pages.json").read_text("utf-8"))

    reply = await gateway.client.post("/graphql", json={"query": query, "variables": variables})

    assert "errors" not in reply.json()
    assert gateway.tree == [
        "query",
        "  batch",
        f"    GET /customers/{{customerNo}}{DETAILS.removeprefix(HOLDER)}",
        f"    GET {DETAILS}",
    ]
    assert [span.kind for span in gateway.spans] == [
        SpanKind.SERVER,
        SpanKind.INTERNAL,
        SpanKind.CLIENT,
        SpanKind.CLIENT,
    ]


async def test_a_list_opens_a_second_batch_of_the_next_wave(traced: Start) -> None:
    gateway = await traced(usage)

    await gateway.ask(USAGE)

    calls = [f"    GET {DETAILS}"] * 2
    assert gateway.tree == ["query", "  batch", f"    GET {LIST}", "  batch", *calls]
    assert [told(batch) for batch in gateway.named("batch")] == [
        {"payex.usage.batch.size": 1, "payex.usage.wave": 1},
        {"payex.usage.batch.size": 2, "payex.usage.wave": 2},
    ]


async def test_an_operation_tells_how_it_ended_and_what_it_cost(traced: Start) -> None:
    gateway = await traced(usage)

    reply = await gateway.ask(USAGE)

    found = told(gateway.one("query"))
    assert found.pop("payex.usage.support_id")
    assert found.pop("payex.usage.upstream.seconds") > 0
    # The machine may have been busy.
    found.pop("payex.usage.loop.seconds", None)
    # No reply tells what the document took.
    spent = reply.json()["extensions"]["cost"]["spent"]
    assert cast("float", found.pop("payex.usage.budget.spent")) > spent
    assert found == {
        "http.request.method": "POST",
        "http.route": "/graphql",
        "url.path": "/graphql",
        "http.response.status_code": 200,
        "graphql.operation.type": "query",
        "payex.usage.ending": "ok",
        "payex.usage.cost.requested": reply.json()["extensions"]["cost"]["requested"],
        "payex.usage.cost.actual": reply.json()["extensions"]["cost"]["actual"],
        "payex.usage.calls": 3,
        "payex.usage.waves": 2,
        "payex.usage.hits": 0,
        "payex.usage.coalesced": 0,
        "payex.usage.misses": 3,
        "payex.usage.deduplicated": 0,
    }


async def test_a_wait_for_a_connection_is_told_of_the_call_and_of_the_operation(
    traced: Start,
) -> None:
    async def answer(_: httpx.Request) -> httpx.Response:
        await settle()
        return httpx.Response(200, json={})

    gateway = await traced(answer, {"GATEWAY_UPSTREAM_MAX_CONNECTIONS": "1"})

    await gateway.ask(
        '{ owner(ownerNo: "1234") { invoices(invoiceNos: ["1", "2"]) { __typename } } }'
    )

    first, second = (told(call) for call in gateway.named("GET"))
    assert "payex.usage.queue.seconds" not in first
    assert second["payex.usage.queue.seconds"] > 0
    assert (first["payex.usage.wave"], second["payex.usage.wave"]) == (1, 2)
    found = told(gateway.one("query"))
    assert (found["payex.usage.calls"], found["payex.usage.waves"]) == (2, 2)


async def test_a_retry_is_a_sibling_of_the_attempt_before(traced: Start) -> None:
    instance = "dd07e588-70c8-4b27-95f5-020cc2968c06"
    told_503 = httpx.Response(503, json={"type": "x", "instance": instance})
    replies = Replies(told_503, httpx.ConnectError("refused"), httpx.Response(200, json={}))
    gateway = await traced(replies)

    await gateway.ask(INVOICE)

    assert gateway.tree == ["query", "  batch", *[f"    GET {HOLDER}"] * 3]
    same = {
        "http.request.method": "GET",
        "server.address": "payex.example",
        "server.port": 8443,
        "url.template": HOLDER,
        "payex.usage.cache": "miss",
        "payex.usage.wave": 1,
    }
    assert [told(call) for call in gateway.named("GET")] == [
        {
            **same,
            "http.response.status_code": 503,
            "error.type": "UPSTREAM_UNAVAILABLE",
            "payex.usage.instance": instance,
        },
        {**same, "http.request.resend_count": 1, "error.type": "UPSTREAM_UNREACHABLE"},
        {**same, "http.request.resend_count": 2, "http.response.status_code": 200},
    ]
    assert [call.status.status_code for call in gateway.named("GET")] == [
        StatusCode.ERROR,
        StatusCode.ERROR,
        StatusCode.UNSET,
    ]
    assert gateway.one("query").status.status_code is StatusCode.UNSET


async def test_an_instance_that_is_no_opaque_id_is_left_out(traced: Start) -> None:
    body = {"type": "x", "instance": "/invoices/55/46701740605"}
    gateway = await traced(Replies(httpx.Response(500, json=body)))

    await gateway.ask(INVOICE)

    assert "payex.usage.instance" not in told(gateway.one("GET"))


async def test_a_route_that_fails_is_told_of_by_the_batch_and_by_the_operation(
    traced: Start,
) -> None:
    gateway = await traced(Replies(httpx.Response(500)))

    await gateway.ask(INVOICE)

    assert events(gateway.one("batch")) == [
        {"url.template": HOLDER, "error.type": "UPSTREAM_ERROR"}
    ]
    operation = gateway.one("query")
    assert told(operation, "error", "payex.usage.codes", "payex.usage.ending") == {
        "error.type": "UPSTREAM_ERROR",
        "payex.usage.codes": ("UPSTREAM_ERROR",),
        "payex.usage.ending": "errors",
    }
    assert (operation.status.status_code, operation.status.description) == (StatusCode.ERROR, None)


async def test_a_route_that_fails_without_a_call_has_no_span_of_one(traced: Start) -> None:
    replies = Replies(httpx.Response(200, json={}))
    gateway = await traced(replies, {"GATEWAY_MAX_CALLS": "1"})
    fields = [f'n{number}: invoice(invoiceNo: "{number}") {{ __typename }}' for number in (1, 2)]

    await gateway.ask(f'{{ owner(ownerNo: "1234") {{ {" ".join(fields)} }} }}')

    assert gateway.tree == ["query", "  batch", f"    GET {HOLDER}"]
    failed = {"url.template": HOLDER, "error.type": "UPSTREAM_TOO_MANY_CALLS"}
    assert events(gateway.one("batch")) == [failed]


async def test_a_problem_that_payex_documents_is_no_error(traced: Start) -> None:
    body = {"type": "billing/usage/problems/invoice-not-found", "status": 404}
    gateway = await traced(Replies(httpx.Response(404, json=body)))

    reply = await gateway.ask(INVOICE)

    assert reply.json()["data"]["owner"]["invoice"] == {"__typename": "InvoiceNotFound"}
    call = gateway.one("GET")
    assert told(call, "http.response", "error") == {"http.response.status_code": 404}
    assert {span.status.status_code for span in gateway.spans} == {StatusCode.UNSET}


async def test_an_answer_from_the_cache_is_an_event_and_no_call(traced: Start) -> None:
    gateway = await traced(Replies(httpx.Response(200, json={})))

    for _ in range(2):
        await gateway.ask(INVOICE)

    assert gateway.tree == ["query", "  batch", f"    GET {HOLDER}", "query", "  batch"]
    first, second = gateway.named("batch")
    assert events(first) == []
    assert events(second) == [{"url.template": HOLDER, "payex.usage.cache": "hit"}]


async def test_who_waits_for_anothers_call_is_linked_to_it(traced: Start) -> None:
    gate = Gate()
    gateway = await traced(gate)
    asking = [asyncio.create_task(gateway.ask(INVOICE)) for _ in range(2)]
    await gate.asked.wait()
    await settle()
    gate.open.set()
    await asyncio.gather(*asking)

    (call,) = gateway.named("GET")
    own, other = sorted(gateway.named("batch"), key=lambda batch: batch.context != call.parent)
    assert own.context
    assert other.context
    assert call.parent == own.context
    assert (list(own.links), events(own)) == ([], [])
    assert events(other) == [{"url.template": HOLDER, "payex.usage.cache": "coalesced"}]
    (link,) = other.links
    assert (link.context, dict(link.attributes or {})) == (own.context, {"url.template": HOLDER})
    assert own.context.trace_id != other.context.trace_id


async def test_who_waits_for_a_call_that_is_not_traced_is_told_so_without_a_link(
    traced: Start,
) -> None:
    gate = Gate()
    gateway = await traced(gate)
    unkept = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    first = asyncio.create_task(gateway.ask(INVOICE, traceparent=unkept))
    await gate.asked.wait()
    second = asyncio.create_task(gateway.ask(INVOICE))
    await settle()
    gate.open.set()
    await asyncio.gather(first, second)

    assert gateway.tree == ["query", "  batch"]
    batch = gateway.one("batch")
    assert events(batch) == [{"url.template": HOLDER, "payex.usage.cache": "coalesced"}]
    assert list(batch.links) == []


async def test_a_call_that_goes_on_for_others_adds_nothing_to_a_batch_that_is_over(
    traced: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor is it complained of."""
    gateway = await traced()
    operation = OtlpTracing(gateway.provider, "https://payex.example").begin("POST", [])
    batch = operation.batch(1, 1)
    task = asyncio.create_task(asyncio.sleep(0))
    batch.until([task])
    await task
    caplog.clear()

    batch.hit(HOLDER)

    assert events(gateway.one("batch")) == []
    assert caplog.records == []
