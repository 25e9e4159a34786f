"""An operation over an upstream that the test writes, and records as PayEx lists them."""

import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import settings

from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.client import Payex
from resolvers.payex.credentials import StaticTokens
from resolvers.payex.records import ItemList, UsageRecord, usage_records
from resolvers.payex.routes import Routes
from resolvers.payex.transport import Limits, Transport

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


@pytest.fixture
def operate() -> Callable[..., AbstractAsyncContextManager[Operation]]:
    """Opens an operation whose upstream calls a handler answers."""

    @asynccontextmanager
    async def open_operation(
        handler: Callable[[httpx.Request], Any], **bounds: int
    ) -> AsyncIterator[Operation]:
        limits = Limits(max_pages=3)
        http = httpx.MockTransport(handler)
        async with Transport("https://payex.test", limits, http=http) as transport:
            tokens = StaticTokens({"xxx": "a-token"})
            payex = Payex(transport, tokens, routes=Routes(), limits=limits)
            async with Operation(payex, Bounds(**bounds)) as operation:
                yield operation

    return open_operation


@pytest.fixture(scope="session")
def listed() -> Callable[[Iterable[dict[str, Any]]], list[UsageRecord]]:
    """Makes usage records of JSON objects, as one list of PayEx holds them."""
    decoder = usage_records({})

    def make(members: Iterable[dict[str, Any]]) -> list[UsageRecord]:
        body = json.dumps({"items": list(members)}).encode()
        items, _ = decoder.page(body)
        return list(ItemList(items, [body]).items)

    return make
