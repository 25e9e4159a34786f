"""A PayEx that counts, and a gateway in front of it, asked over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Protocol

import httpx
import pytest

from gateway.app import create_app
from gateway.settings.settings import Settings

PREFIX = "/billing/usage/v1/1234"
Answer = httpx.Response | Exception | Callable[[], Awaitable[httpx.Response]]


class FakePayex:
    """Answers every documented route for ledgers 1234 and 5678, and counts the calls.

    `answers` overrides single paths below the ledger's prefix, or whole URLs' raw paths.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.subscriptions = ["70", "71", "72", "73", "74"]
        self.in_flight = 0
        self.most_in_flight = 0
        self.cancelled = 0

    @property
    def routes(self) -> list[str]:
        """The paths that were asked, below the ledger's prefix, sorted."""
        return sorted(path.removeprefix(PREFIX) for path in self.calls)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        path = request.url.raw_path.decode()
        self.calls.append(path)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(0)
            answer = self.answers.get(path.removeprefix(PREFIX), self.answers.get(path))
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, httpx.Response):
                return answer
            return await answer() if answer else self._documented(path)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1

    def _documented(self, path: str) -> httpx.Response:
        _, _, _, _, _, _, number, *below = path.split("/")
        match below:
            case []:
                key = "invoiceNo" if "/invoices/" in path else "customerNo"
                body: Any = {"@id": path, key: number, "subscriptions": f"{path}/subscriptions"}
            case ["subscriptions"]:
                items = [_subscription(f"{path}/{no}") for no in self.subscriptions]
                body = {"items": items, "navigation": {"@id": path}}
            case ["subscriptions", _]:
                body = _subscription(path)
            case _:
                body = {"items": [_record(amount) for amount in ("0.69", "1.10")]}
        return httpx.Response(200, json=body)


def _subscription(path: str) -> dict[str, str]:
    return {
        "subscriptionNo": path.rsplit("/", 1)[1],
        "usageDetails": f"{path}/usage-details",
        "usageSummaries": f"{path}/usage-summaries",
        "@id": path,
    }


def _record(amount: str) -> dict[str, Any]:
    return {"usageType": "VOICE", "amount": float(amount), "currency": "SEK"}


def problem(code: str, status: int = 404, **members: object) -> httpx.Response:
    """Return a problem as PayEx sends it."""
    body = {
        "Type": f"billing/usage/problems/{code}",
        "Title": code,
        "Status": status,
        "Instance": "dd07e588-70c8-4b27-95f5-020cc2968c06",
        **members,
    }
    return httpx.Response(
        status,
        content=json.dumps(body),
        headers={"content-type": "application/problem+json"},
    )


class Ask(Protocol):
    """Sends a query and returns the reply."""

    async def __call__(self, query: str, **variables: object) -> dict[str, Any]:
        """Ask."""


class Post(Protocol):
    """Posts a request, given as httpx takes it, and returns the response."""

    async def __call__(self, **request: Any) -> httpx.Response:
        """Post."""


@pytest.fixture
def payex() -> FakePayex:
    """Return an upstream that counts its calls."""
    return FakePayex()


@pytest.fixture
def telling() -> Callable[..., httpx.Response]:
    """Return the maker of PayEx's problems."""
    return problem


@pytest.fixture
def settings() -> dict[str, Any]:
    """Return the settings, for a test to change before it asks."""
    return {
        "upstream_origin": "https://payex.example",
        "ledger_tokens": {"1234": "token-a", "5678": "token-b"},
        "insecure": True,
        "development": True,
        # These count calls: nothing is kept between two questions, nothing tried twice.
        "cache_billed_ttl": 0,
        "retry_attempts": 1,
    }


@pytest.fixture
async def http_post(payex: FakePayex, settings: dict[str, Any]) -> AsyncIterator[Post]:
    """Return how to post to a gateway in front of `payex`, which begins with the first request."""
    async with AsyncExitStack() as stack:
        client: httpx.AsyncClient | None = None

        async def send(**request: Any) -> httpx.Response:
            nonlocal client
            if client is None:
                app = create_app(Settings(**settings), upstream=httpx.MockTransport(payex))
                await stack.enter_async_context(app.router.lifespan_context(app))
                transport = httpx.ASGITransport(app)
                client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
                await stack.enter_async_context(client)
            return await client.post("/graphql", **request)

        yield send


@pytest.fixture
def ask(http_post: Post) -> Ask:
    """Return how to ask a gateway in front of `payex`."""

    async def send(query: str, **variables: object) -> dict[str, Any]:
        reply = await http_post(json={"query": query, "variables": variables})
        body: dict[str, Any] = reply.json()
        return body

    return send
