"""What holds for every test: how long it may take, and a gateway asked over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import httpx
import pytest
from hypothesis import HealthCheck, settings

from gateway.app import create_app
from gateway.settings.load import load_settings

SLOW = {"browser", "deploy", "peers", "release", "supergraph"}
"""Markers of tests that start many programs, or build what they try."""
SECONDS = 600
"""What such a test has, in place of pytest's `timeout`."""

# On a busy machine one example of a property may take long. Examples took half of what the tests
# take in their own process. CI, which counts coverage too, takes the usual hundred of each one.
for profile, examples in (("patient", 50), ("thorough", 100)):
    settings.register_profile(
        profile,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow tests more time. One that names its own limit keeps it."""
    for item in items:
        if SLOW & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.timeout(SECONDS), append=True)


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
