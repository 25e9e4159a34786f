"""The gateway over its embedded sandbox, as `make run` serves it, asked over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.settings.settings import Settings


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Return an HTTP client of a gateway that serves the sandbox."""
    app = create_app(Settings())
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        yield client


@pytest.fixture
def ask(client: httpx.AsyncClient) -> Any:
    """Return how to ask it."""

    async def send(query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        reply = await client.post("/graphql", json={"query": query, "variables": variables})
        body: dict[str, Any] = reply.json()
        return body

    return send
