"""A client of PayEx over an HTTP transport that the test writes."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import settings

from resolvers.payex.client import Payex
from resolvers.payex.credentials import StaticTokens
from resolvers.payex.routes import Routes
from resolvers.payex.transport import Limits, Transport

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


@pytest.fixture
def connect() -> Callable[..., AbstractAsyncContextManager[Payex]]:
    """Opens a client whose calls a handler answers, with a token for the ledger `xxx` alone."""

    @asynccontextmanager
    async def open_client(
        handler: Callable[[httpx.Request], Any],
        *,
        limits: Limits | None = None,
        field_map: Mapping[str, Mapping[str, str]] | None = None,
    ) -> AsyncIterator[Payex]:
        bounds = limits or Limits()
        http = httpx.MockTransport(handler)
        async with Transport("https://payex.test", bounds, http=http) as transport:
            tokens = StaticTokens({"xxx": "a-token"})
            yield Payex(transport, tokens, routes=Routes(), limits=bounds, field_map=field_map)

    return open_client
