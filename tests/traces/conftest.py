"""A gateway that is traced, over the sandbox or over what a test answers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.observability.traces.otlp import OtlpTracing
from gateway.settings.load import load_settings
from tests.traces.traced import Traced

ORIGIN = "https://payex.example:8443"
CONNECTED = {
    "GATEWAY_UPSTREAM_ORIGIN": ORIGIN,
    "GATEWAY_LEDGER_TOKENS": '{"1234": "token-of-1234"}',
    "GATEWAY_INSECURE": "1",
}
Handler = Callable[[httpx.Request], Any]


@pytest.fixture
async def traced() -> AsyncIterator[Callable[..., Awaitable[Traced]]]:
    """Serves the sandbox with these variables, or what a handler answers."""
    async with AsyncExitStack() as stack:

        async def start(
            handler: Handler | None = None,
            environment: Mapping[str, str] | None = None,
            *,
            propagates: bool = True,
        ) -> Traced:
            found = Traced()
            variables = {**(CONNECTED if handler else {}), **(environment or {})}
            found.app = create_app(
                load_settings(variables),
                upstream=httpx.MockTransport(handler) if handler else None,
                tracing=OtlpTracing(found.provider, ORIGIN, propagates=propagates),
            )
            await stack.enter_async_context(found.app.router.lifespan_context(found.app))
            found.client = await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(found.app), base_url="http://localhost"
                )
            )
            return found

        yield start
