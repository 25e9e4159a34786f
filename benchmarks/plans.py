"""What plans save: operations in one process, answered by plans and by graphql-core alone.

They run in turn over the sandbox, whose answers the gateway keeps, so that nothing but the
gateway's own work is measured. The last three are not like what the other parts ask for.
"""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Message

from benchmarks.table import number, table
from gateway.app import create_app
from gateway.settings.load import load_settings

ROUNDS = 7

_RECORDS = """usageRecords(first: 10000) { ... on UsageRecordConnection { nodes {
    usageDetailId startTime usageType destination
    totalVolume { value unit } amount { amount currencyCode } } } }"""
_EDGES = """usageRecords(filter: {minimumAmount: "0.01"}, orderBy: {field: AMOUNT}) {
    ... on UsageRecordConnection { totalCount pageInfo { hasNextPage endCursor }
        edges { cursor node { id: usageDetailId raw } } } }"""
_TOTALS = """usageTotals(groupBy: [DAY]) { ... on UsageTotals { groups {
        day recordCount amount { amount currencyCode } totalVolumes { value unit } } } }
    usageSummaries { ... on UsageSummaryList { items {
        usageType startPeriod totalCharge { amount } } } }"""
_PROBLEMS = "__typename ... on Invoice { id } ... on Problem { title detail status instance }"


def _invoice(number: str, selection: str) -> str:
    return f"""{{ owner(ownerNo: "1234") {{ invoice(invoiceNo: "{number}") {{
        ... on Invoice {{ ownerNo invoiceNo {selection} }} }} }} }}"""


def _subscription(number: str, selection: str, invoice: str = "123456") -> str:
    fields = f"{{ ... on UsageSubscription {{ {selection} }} }}"
    return _invoice(invoice, f'subscription(subscriptionNo: "{number}") {fields}')


_NUMBERS = ", ".join(f'"{number}"' for number in range(400, 420))
OPERATIONS: Mapping[str, str] = {
    "an invoice alone": _invoice("123456", ""),
    "all records of a subscription": _subscription("12345680", _RECORDS),
    "10,000 records": _subscription("46701740690", _RECORDS, "10000"),
    "edges with cursors and raw, filtered and ordered": _subscription("12345680", _EDGES),
    "totals by day, and summaries": _subscription("12345680", _TOTALS),
    "20 invoices, some of which are problems": (
        f'{{ owner(ownerNo: "1234") {{ invoices(invoiceNos: [{_NUMBERS}]) {{ {_PROBLEMS} }} }} }}'
    ),
}


def compared() -> str:
    """Return the table: milliseconds of CPU for each operation, and their ratio."""
    rows = []
    with asyncio.Runner() as runner:
        costs = runner.run(_costs())
    for name, (planned, alone) in costs.items():
        rows.append([name, number(alone), number(planned), number(alone / planned)])
    return table(("in process, ms", "graphql-core alone", "by plans", "ratio"), rows)


async def _costs() -> dict[str, tuple[float, float]]:
    found = {}
    async with _served(projection=True) as planned, _served(projection=False) as alone:
        for name, query in OPERATIONS.items():
            body = json.dumps({"query": query}).encode()
            least = [math.inf, math.inf]
            for _ in range(ROUNDS):
                for way, app in enumerate((planned, alone)):
                    least[way] = min(least[way], await _cost(app, body))
            found[name] = (1000 * least[0], 1000 * least[1])
    return found


async def _cost(app: ASGIApp, body: bytes) -> float:
    """Return the seconds of CPU of one request. One more before it has filled the caches."""
    reply = await _reply(app, body)
    if b'"errors"' in reply:
        raise SystemExit(f"The reply is not right: {reply[:500]!r}")
    repeated = 1 if len(reply) > 1_000_000 else 50
    started = time.process_time()
    for _ in range(repeated):
        await _reply(app, body)
    return (time.process_time() - started) / repeated


async def _reply(app: ASGIApp, body: bytes) -> bytes:
    sent = bytearray()
    requests: list[Message] = [{"type": "http.request", "body": body}]

    async def receive() -> Message:
        return requests.pop() if requests else await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        sent.extend(message.get("body", b""))

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    return bytes(sent)


@asynccontextmanager
async def _served(*, projection: bool) -> AsyncIterator[ASGIApp]:
    variables = {
        "GATEWAY_PROJECTION": str(projection),
        "GATEWAY_CACHE_BILLED_TTL": "3600",
        "GATEWAY_CACHE_PROBLEM_TTL": "3600",
        "GATEWAY_LOG_OPERATIONS": "off",
    }
    app = create_app(load_settings(variables))
    async with app.router.lifespan_context(app):
        yield app
