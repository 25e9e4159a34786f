"""The fault matrix: a real socket that fails in every way, one row a fault.

For each fault: the exact code the client reads, the data that still arrives, how many calls were
made, that the next good request works, and that no task, socket or body is left behind.
"""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Self

import httpx
import pytest

from gateway.app import create_app
from gateway.settings.settings import Settings

DETAILS = "/billing/usage/v1/1234/invoices/55/subscriptions/70/usage-details"
GOOD = b'{"items": [{"usageType": "VOICE", "amount": 0.69, "currency": "SEK"}]}'
QUERY = """
{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { invoiceNo
    subscription(subscriptionNo: "70") { ... on UsageSubscription {
      usageSummaries { ... on UsageSummaryList { items { usageType } } }
      usageRecords { ... on UsageRecordConnection { nodes { usageType amount { amount } } } } } }
} } } }
"""
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class FaultyServer:
    """An HTTP server whose usage-details fail as told, and whose other routes answer."""

    def __init__(self) -> None:
        self.details: list[Behaviour] = []
        self.calls = 0
        self.open = 0
        self._server: asyncio.Server | None = None
        self.origin = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.origin = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                if path.startswith(DETAILS):
                    behaviour = self.details[min(self.calls, len(self.details) - 1)]
                    self.calls += 1
                    await behaviour(reader, writer)
                else:
                    await body(b'{"items": [{"usageType": "VOICE"}]}')(reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.transport.abort()


def body(
    content: bytes, status: str = "200 OK", *headers: str, length: int | None = None
) -> Behaviour:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = len(content) if length is None else length
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + content)

    return answer


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    raise ConnectionError


async def reset_after_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await body(b'{"items": [', length=1000)(reader, writer)
    await writer.drain()
    await reset(reader, writer)


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    # Reading is how a server learns that the client has left.
    await reader.read()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await body(b"", length=10_000_000)(reader, writer)
    left = asyncio.ensure_future(reader.read())
    while not left.done():
        writer.write(b" ")
        await asyncio.wait([left], timeout=0.005)


async def fifty_megabytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await body(b"", length=50_000_000)(reader, writer)
    for _ in range(500):
        writer.write(b" " * 100_000)
        await writer.drain()


@dataclass(frozen=True)
class Row:
    """A fault: what the server does, the code, the calls it costs."""

    behaviour: Behaviour
    code: str | None
    calls: int


SOON = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
ROWS = {
    "reset before headers": Row(reset, "UPSTREAM_UNREACHABLE", 3),
    "reset after headers": Row(reset_after_headers, "UPSTREAM_UNREACHABLE", 3),
    "slow headers": Row(silence, "UPSTREAM_TIMEOUT", 1),
    "a body that drips": Row(drip, "UPSTREAM_TIMEOUT", 1),
    "truncated JSON": Row(body(GOOD[:30]), "UPSTREAM_MALFORMED", 1),
    "JSON of a wrong type": Row(body(b'[{"amount": 1}]'), "UPSTREAM_MALFORMED", 1),
    "an HTML 502": Row(body(b"<h1>x</h1>", "502 Bad Gateway"), "UPSTREAM_UNAVAILABLE", 3),
    "an empty 500": Row(body(b"", "500 Oops"), "UPSTREAM_ERROR", 1),
    "a 503": Row(body(b"", "503 Busy"), "UPSTREAM_UNAVAILABLE", 3),
    "a 504": Row(body(b"", "504 Late"), "UPSTREAM_UNAVAILABLE", 3),
    "a 501": Row(body(b"", "501 No"), "UPSTREAM_LEDGER_NOT_CONFIGURED", 1),
    "a 401": Row(body(b"", "401 No"), "UPSTREAM_UNAUTHENTICATED", 1),
    "a 403": Row(body(b"", "403 No"), "UPSTREAM_FORBIDDEN", 1),
    "429 to retry at once": Row(body(b"", "429 X", "Retry-After: 0"), "UPSTREAM_RATE_LIMITED", 3),
    "429 with a date": Row(body(b"", "429 X", f"Retry-After: {SOON}"), "UPSTREAM_RATE_LIMITED", 3),
    "429 to retry in ages": Row(
        body(b"", "429 X", "Retry-After: 99999999999999999999"), "UPSTREAM_RATE_LIMITED", 1
    ),
    "429 with nonsense": Row(body(b"", "429 X", "Retry-After: soon"), "UPSTREAM_RATE_LIMITED", 3),
    "a body of 50 MB": Row(fifty_megabytes, "UPSTREAM_BODY_TOO_LARGE", 1),
    "NaN": Row(body(b'{"items": [{"amount": NaN}]}'), "UPSTREAM_MALFORMED", 1),
    "a wrong charset": Row(
        body('{"items": [{"usageType": "Utlandssamtal på väg"}]}'.encode("latin-1")),
        "UPSTREAM_MALFORMED",
        1,
    ),
    "a redirect": Row(
        body(b"", "302 Found", "Location: http://127.0.0.1:9/elsewhere"), "UPSTREAM_ERROR", 1
    ),
    "a link to another host": Row(
        body(b'{"items": [], "navigation": {"next": "https://evil.example/x"}}'),
        "UPSTREAM_LINK_REFUSED",
        1,
    ),
    "duplicate keys": Row(body(GOOD.replace(b'{"usage', b'{"amount": 9, "usage')), None, 1),
    "chunks that are none": Row(
        body(b"zz\r\n", "200 OK", "Transfer-Encoding: chunked", length=0),
        "UPSTREAM_UNREACHABLE",
        3,
    ),
}


@asynccontextmanager
async def gateway(origin: str, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        Settings(
            upstream_origin=origin,
            ledger_tokens={"1234": "token"},
            insecure=True,
            development=True,
            **{"upstream_timeout": 0.5, **settings},
        )
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client,
    ):
        yield client


async def ask(client: httpx.AsyncClient) -> dict[str, Any]:
    reply = await client.post("/graphql", json={"query": QUERY})
    found: dict[str, Any] = reply.json()
    return found


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
async def test_a_fault(row: Row) -> None:
    """Its code, its calls, what still arrives, and a good answer right after."""
    before = asyncio.all_tasks()
    settings = {"upstream_timeout": 10.0} if row.calls == 1 and "LARGE" in str(row.code) else {}
    async with FaultyServer() as payex:
        # A 429 would hold back the good answer as well.
        async with gateway(payex.origin, rate_limit_max=0, **settings) as client:
            payex.details = [row.behaviour]
            bad = await ask(client)
            calls = payex.calls
            payex.details = [body(GOOD)]
            good = await ask(client)
        await until(lambda: payex.open == 0)

    trace = bad["extensions"]["upstream"]["trace"]
    told = sum(call["route"].endswith("usage-details") for call in trace)
    # Where a kept connection goes, the request goes out once more, and still is one call.
    assert row.calls == told <= calls <= 2 * told
    found = bad["data"]["owner"]["invoice"]
    assert found["subscription"]["usageSummaries"]["items"] == [{"usageType": "VOICE"}]
    if row.code is None:
        assert "errors" not in bad
    else:
        (error,) = bad["errors"]
        assert error["extensions"]["code"] == row.code
        assert error["path"] == ["owner", "invoice", "subscription", "usageRecords"]
        assert found["subscription"]["usageRecords"] is None
    records = good["data"]["owner"]["invoice"]["subscription"]["usageRecords"]
    assert records["nodes"] == [{"usageType": "VOICE", "amount": {"amount": "0.69"}}]
    await until(lambda: asyncio.all_tasks() <= before)
    gc.collect()
    assert not [x for x in gc.get_objects() if isinstance(x, bytearray) and len(x) > 1_000_000]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for is the operating system's
            await asyncio.sleep(0.005)


async def test_a_refused_connection() -> None:
    async with FaultyServer() as payex:
        origin = payex.origin
    async with gateway(origin) as client:
        reply = await ask(client)

    assert reply["data"]["owner"]["invoice"] is None
    (error,) = reply["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_UNREACHABLE"
    assert reply["extensions"]["upstream"]["calls"] == 6


async def test_a_token_that_is_refused_in_mid_flight_fails_only_what_asked_later() -> None:
    """The first page came with the token, the second was refused it: no half list is shown."""
    link = json.dumps(f"{DETAILS}?page=2").encode()
    first = GOOD[:-1] + b', "navigation": {"next": ' + link + b"}}"
    async with FaultyServer() as payex, gateway(payex.origin) as client:
        payex.details = [body(first), body(b"", "401 No")]
        reply = await ask(client)

    found = reply["data"]["owner"]["invoice"]["subscription"]
    assert found["usageRecords"] is None
    assert found["usageSummaries"]["items"]
    assert reply["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAUTHENTICATED"


async def test_a_fault_that_passes_is_retried_and_never_seen() -> None:
    async with FaultyServer() as payex, gateway(payex.origin) as client:
        payex.details = [body(b"", "503 Busy"), reset_after_headers, body(GOOD)]
        reply = await ask(client)

    assert "errors" not in reply
    trace = reply["extensions"]["upstream"]["trace"]
    details = [call for call in trace if call["route"].endswith("usage-details")]
    assert [(call["attempt"], call["status"]) for call in details] == [
        (1, 503),
        (2, 200),
        (3, 200),
    ]
    assert reply["extensions"]["upstream"]["waves"] == 1


async def test_no_retry_starts_that_cannot_end_before_the_deadline() -> None:
    async with FaultyServer() as payex, gateway(payex.origin) as client:
        payex.details = [body(b"", "429 X", "Retry-After: 2")]
        reply = await client.post(
            "/graphql", json={"query": QUERY}, headers={"payex-usage-deadline": "1"}
        )

    assert reply.json()["errors"][0]["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"
    assert payex.calls == 1


async def test_an_operation_ends_at_its_deadline() -> None:
    async with FaultyServer() as payex, gateway(payex.origin, upstream_timeout=60) as client:
        payex.details = [silence]
        reply = await client.post(
            "/graphql", json={"query": QUERY}, headers={"payex-usage-deadline": "1.5"}
        )
    (error,) = reply.json()["errors"]

    assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"
    assert error["extensions"]["limit"] == {"payex-usage-deadline": 1.5}
