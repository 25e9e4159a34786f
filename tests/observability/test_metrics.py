"""Monitoring reads where answers came from, and how PayEx was asked, without anyone's numbers."""

from typing import Any

import httpx

QUERY = {"query": '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55005500") { __typename } } }'}


async def test_hits_misses_and_calls_are_counted(serve: Any, connected: dict[str, str]) -> None:
    client = await serve(connected, lambda _: httpx.Response(200, json={}))
    for _ in range(3):
        await client.post("/graphql", json=QUERY)
    page = await client.get("/metrics")

    lines = page.text.splitlines()
    assert 'payex_usage_answers_total{source="miss"} 1.0' in lines
    assert 'payex_usage_answers_total{source="hit"} 2.0' in lines
    assert 'payex_usage_answers_total{source="coalesced"} 0.0' in lines
    call = 'payex_usage_upstream_calls_total{route="/invoices/{invoiceNo}",status="200"} 1.0'
    assert call in lines
    assert "55005500" not in page.text
    assert page.headers["content-type"].startswith("text/plain")


async def test_a_call_without_a_status_is_counted_as_such(
    serve: Any, connected: dict[str, str]
) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    client = await serve({**connected, "GATEWAY_RETRY_ATTEMPTS": "1"}, refuse)
    await client.post("/graphql", json=QUERY)
    page = await client.get("/metrics")

    assert 'route="/invoices/{invoiceNo}",status="none"} 1.0' in page.text
