"""An operation over an upstream that the test writes, and records as PayEx lists them."""

import json
import math
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest

from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.api.decoders import usage_records
from resolvers.payex.api.reader import Reader
from resolvers.payex.api.records import ItemList, UsageRecord
from resolvers.payex.api.routes import Routes
from resolvers.payex.cache.layers import CacheLayers
from resolvers.payex.cache.local import AnswerCache, CachePolicy
from resolvers.payex.client import Payex
from resolvers.payex.credentials.access import StaticTokens
from resolvers.payex.http.responses import CallLimits
from resolvers.payex.http.transport import Transport
from resolvers.payex.resilience.attempts import Attempts, Policies
from resolvers.payex.resilience.breakers import Breakers
from resolvers.payex.resilience.limiter import Limiter
from resolvers.payex.resilience.retries import Backoff
from resolvers.payex.resilience.retry_budget import RetryBudget
from resolvers.rights import EVERYTHING, Rights


@pytest.fixture
def operate() -> Callable[..., AbstractAsyncContextManager[Operation]]:
    """Opens an operation whose upstream calls a handler answers, each once.

    Unless told otherwise, nobody keeps an answer.
    """

    @asynccontextmanager
    async def open_operation(
        handler: Callable[[httpx.Request], Any],
        seconds: float = math.inf,
        rights: Rights = EVERYTHING,
        kept_for: float = 0,
        places: int = 100,
        **bounds: Any,
    ) -> AsyncIterator[Operation]:
        routes = Routes()
        reader = Reader(routes, 3, {})
        policies = Policies(
            backoff=Backoff(attempts=1),
            budget=RetryBudget(),
            breakers=Breakers(),
            limiter=Limiter(in_flight=places, queued=100),
        )
        http = httpx.MockTransport(handler)
        async with Transport("https://payex.test", CallLimits(), http=http) as transport:
            payex = Payex(
                Attempts(transport, policies),
                StaticTokens({"xxx": "a-token"}),
                routes=routes,
                reader=reader,
                memory=CacheLayers(AnswerCache(), CachePolicy(billed_ttl=kept_for), reader),
            )
            try:
                async with Operation(
                    payex, Bounds(**bounds), rights=rights, seconds=seconds
                ) as operation:
                    yield operation
            finally:
                await payex.aclose()

    return open_operation


@pytest.fixture(scope="session")
def listed() -> Callable[[Iterable[dict[str, Any]]], list[UsageRecord]]:
    """Makes usage records of JSON objects, as one list of PayEx holds them."""
    decoder = usage_records({})

    def make(members: Iterable[dict[str, Any]]) -> list[UsageRecord]:
        body = json.dumps({"items": list(members)}).encode()
        return list(ItemList([decoder.page(body)]).items)

    return make
