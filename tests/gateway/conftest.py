"""A gateway with given variables and a given upstream, asked over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import httpx
import pytest

from gateway.app import create_app
from gateway.environment import load_settings


@pytest.fixture
def connected() -> dict[str, str]:
    """Return the variables of a gateway that is connected to an upstream."""
    return {
        "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
        "GATEWAY_LEDGER_TOKENS": '{"1234": "token-of-1234"}',
        "GATEWAY_INSECURE": "1",
    }


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[httpx.AsyncClient]]]:
    """Serves with these variables, in front of this upstream, and returns a client.

    The upstream is a transport, or a function from request to response.
    """
    async with AsyncExitStack() as stack:

        async def start(
            environment: Mapping[str, str] | None = None,
            upstream: httpx.AsyncBaseTransport
            | Callable[[httpx.Request], httpx.Response]
            | None = None,
        ) -> httpx.AsyncClient:
            if upstream is not None and not isinstance(upstream, httpx.AsyncBaseTransport):
                upstream = httpx.MockTransport(upstream)
            app = create_app(
                load_settings({"GATEWAY_METRICS_MAX_AGE": "0", **(environment or {})}),
                upstream=upstream,
            )
            await stack.enter_async_context(app.router.lifespan_context(app))
            return await stack.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
            )

        yield start
