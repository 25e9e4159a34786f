"""Two instances of the gateway behind one Redis: what one has asked, the other need not."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.settings.settings import Settings
from tests.payex.valkey import PATIENT, Valkey, a_valkey

QUERY = """
query ($owner: ID!, $invoice: ID!) { owner(ownerNo: $owner) { invoice(invoiceNo: $invoice) {
  ... on Invoice { subscription(subscriptionNo: "70") { ... on UsageSubscription {
    usageRecords { ... on UsageRecordConnection { nodes { destination } } } } } }
  ... on Problem { type: __typename }
} } }
"""


@pytest.fixture
def server() -> Iterator[Valkey]:
    """Return a Valkey with nothing in it."""
    with a_valkey() as running:
        yield running


async def holds(server: Valkey, answers: int) -> None:
    """Wait until so many answers are stored."""
    async with asyncio.timeout(PATIENT):
        while server.control.dbsize() != answers:  # noqa: ASYNC110 - another process is polled
            await asyncio.sleep(0.002)


class PayEx:
    """Counts calls, and writes into each body which token was shown for it."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer: an invoice 404 is not there."""
        self.calls[request.url.path.removeprefix("/billing/usage/v1/")] += 1
        if "/invoices/404/" in request.url.path:
            return httpx.Response(404, json={"type": "billing/usage/problems/invoice-not-found"})
        token = request.headers["authorization"].removeprefix("Bearer ")
        return httpx.Response(200, json={"items": [{"destination": token}]})


@pytest.fixture
def payex() -> PayEx:
    """Return an upstream that counts its calls."""
    return PayEx()


Ask = Callable[..., Any]
Serve = Callable[..., AbstractAsyncContextManager[Ask]]


@pytest.fixture
def serve(payex: PayEx, server: Valkey) -> Serve:
    """Serves one instance, and yields how to ask it."""

    @asynccontextmanager
    async def start(**changes: object) -> AsyncIterator[Ask]:
        values: dict[str, Any] = {
            "upstream_origin": "https://payex.example",
            "ledger_tokens": {"1234": "token-a", "5678": "token-b"},
            "insecure": True,
            "development": True,
            "cache_url": server.url,
            # A busy machine shall not make it look gone.
            "cache_timeout": 1,
        }
        app = create_app(Settings(**values | changes), upstream=httpx.MockTransport(payex))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://localhost"
            ) as client,
        ):

            async def ask(owner: str = "1234", invoice: str = "55") -> tuple[Any, dict[str, Any]]:
                variables = {"owner": owner, "invoice": invoice}
                reply = await client.post("/graphql", json={"query": QUERY, "variables": variables})
                body = reply.json()
                assert "errors" not in body
                return body["data"]["owner"]["invoice"], body["extensions"]["upstream"]

            yield ask

    return start


def destination(found: Any) -> str:
    """Return whose token brought the records."""
    [node] = found["subscription"]["usageRecords"]["nodes"]
    return str(node["destination"])


def cost(upstream: dict[str, Any]) -> tuple[int, int, int, int]:
    return tuple(upstream[name] for name in ("calls", "waves", "hits", "misses"))


async def test_what_one_instance_has_asked_the_other_need_not(
    serve: Serve, server: Valkey, payex: PayEx
) -> None:
    async with serve() as one, serve() as other:
        asked, first = await one()
        await holds(server, 1)
        recalled, second = await other()
        kept, third = await other()
    assert asked == recalled == kept
    assert destination(asked) == "token-a"
    assert [cost(report) for report in (first, second, third)] == [
        (1, 1, 0, 1),
        (0, 0, 1, 0),
        (0, 0, 1, 0),
    ]
    assert payex.calls.total() == 1


async def test_a_problem_is_shared_as_well(serve: Serve, server: Valkey, payex: PayEx) -> None:
    async with serve() as one, serve() as other:
        asked, _ = await one(invoice="404")
        await holds(server, 1)
        recalled, _ = await other(invoice="404")
    assert asked == recalled == {"type": "InvoiceNotFound"}
    assert payex.calls.total() == 1


async def test_an_instance_that_has_ended_leaves_what_it_asked(serve: Serve, payex: PayEx) -> None:
    async with serve() as one:
        await one()
    async with serve() as other:
        found, _ = await other()
    assert destination(found) == "token-a"
    assert payex.calls.total() == 1


async def test_two_ledgers_never_cross(serve: Serve, server: Valkey, payex: PayEx) -> None:
    """Not even where their invoices have one number, and one instance has the other's token."""
    swapped = {"1234": "token-b", "5678": "token-a"}
    async with serve() as one, serve() as other, serve(ledger_tokens=swapped) as third:
        for ask in (one, other):
            assert destination((await ask("1234"))[0]) == "token-a"
            assert destination((await ask("5678"))[0]) == "token-b"
            await holds(server, 2)
        assert payex.calls.total() == 2
        assert destination((await third("1234"))[0]) == "token-b"
        assert destination((await third("5678"))[0]) == "token-a"
        await holds(server, 4)
    assert payex.calls.total() == 4


async def test_a_redis_that_dies_fails_no_request(
    serve: Serve, server: Valkey, payex: PayEx
) -> None:
    async with serve() as one, serve() as other:
        await one()
        await holds(server, 1)
        server.kill()
        # What is here is still here, and what is not is asked for.
        kept, _ = await one()
        found, _ = await other()
        new, _ = await other(invoice="56")
        many = await asyncio.gather(*(other(invoice=str(number)) for number in range(60, 80)))
    assert {destination(answer) for answer in (kept, found, new, *(a for a, _ in many))} == {
        "token-a"
    }
    assert payex.calls.total() == 1 + 1 + 1 + 20
