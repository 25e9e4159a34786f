"""A PayEx with two ledgers of the same numbers, in which every value says whose it is."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from inspect import isawaitable
from typing import Any, Final

import httpx
import msgspec
from graphql import DocumentNode, execute, parse, validate

from gateway.execution.guarded_executor import GuardedExecutor
from gateway.http.errors import format_errors
from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.api.reader import Reader
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
from resolvers.rights import Rights
from schema.scopes import ScopeTable
from schema.subgraph import build_schema, executable

SCHEMA: Final = build_schema()
CORE: Final = executable(SCHEMA)
TABLE: Final = ScopeTable(CORE)

LEDGERS: Final = ("1234", "5678")
MISSING: Final = "404"
"""No ledger has an invoice or a customer of this number."""

UNREVIEWED: Final = "unreviewed"
"""Stands in PayEx's bodies alone, where no field takes it."""

_SUBSCRIPTIONS: Final = ("70", "7171")
_SIGNS: Final = ("secret", UNREVIEWED, "7171", "7777", "2031", "dd07e588", "PayEx's own words")


def signs(reply: Mapping[str, Any]) -> list[str]:
    """Return what of PayEx's data a reply shows: its values, its numbers, its days, its ids."""
    text = msgspec.json.encode(reply).decode()
    return [sign for sign in _SIGNS if sign in text]


def mark(owner_no: str, collection: str, number: str) -> str:
    """Return what stands in every text of one invoice's or customer's data."""
    return f"secret {owner_no} {collection} {number}."


class TwoLedgers:
    """Answers every route of PayEx for both ledgers, each by its own token; counts the calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        path = request.url.raw_path.decode()
        self.calls.append(path)
        _, _, _, _, owner_no, collection, number, *below = path.split("/")
        assert request.headers["authorization"].endswith(f"token-{owner_no}")
        if number == MISSING:
            return _not_found(collection)
        own = mark(owner_no, collection, number)
        match below:
            case []:
                body: Any = {"@id": path, UNREVIEWED: own}
            case ["subscriptions"]:
                body = {"items": [_subscription(f"{path}/{no}", own) for no in _SUBSCRIPTIONS]}
            case ["subscriptions", _]:
                body = _subscription(path, own)
            case [_, _, "usage-details"]:
                body = {"items": [_record(own)]}
            case _:
                body = {"items": [_summary(own)]}
        return httpx.Response(200, json=body)


def _not_found(collection: str) -> httpx.Response:
    body = {
        "Type": f"{collection.removesuffix('s')}-not-found",
        "Title": "PayEx's own words",
        "Detail": "secret",
        "Status": 404,
        "Instance": "dd07e588-70c8-4b27-95f5-020cc2968c06",
    }
    return httpx.Response(404, json=body, headers={"content-type": "application/problem+json"})


def _subscription(path: str, own: str) -> dict[str, str]:
    return {
        "subscriptionNo": path.rsplit("/", 1)[1],
        "usageDetails": f"{path}/usage-details",
        "usageSummaries": f"{path}/usage-summaries",
        UNREVIEWED: own,
    }


def _usage(own: str) -> dict[str, Any]:
    return {
        "usageType": own,
        "productGroupId": own,
        "quantity": 7777,
        "chargedVolume": 7777,
        "totalVolume": 7777,
        "volumeCode": own,
        "currency": own,
        UNREVIEWED: own,
    }


def _record(own: str) -> dict[str, Any]:
    return {
        **_usage(own),
        "usageDetailId": own,
        "startTime": "2031-07-07T07:07:07",
        "detailInfo": own,
        "destination": own,
        "destinationCode": own,
        "unitPrice": 7777,
        "amount": 7777,
        "vatRate": 7777,
    }


def _summary(own: str) -> dict[str, Any]:
    return {
        **_usage(own),
        "startPeriod": "2031-07-07",
        "endPeriod": "2031-07-08",
        "totalCharge": 7777,
    }


class Gateway:
    """Executes queries on behalf of callers with these and those rights.

    Args:
        payex: what all of them ask.
        upstream: what it asks.
    """

    def __init__(self, payex: Payex, upstream: TwoLedgers) -> None:
        self.upstream = upstream
        self._payex = payex

    async def ask(
        self, rights: Rights, query: str, variables: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the reply to a query, with the errors as a client reads them."""
        # Each error is told: a walk over all fields may meet hundreds.
        bounds = Bounds(max_errors=10_000)
        async with Operation(self._payex, bounds, rights=rights) as operation:
            operation.withheld = TABLE.withheld(rights)
            result = execute(
                CORE,
                parsed(query),
                context_value=operation,
                variable_values=dict(variables or {}),
                executor_class=GuardedExecutor,
            )
            if isawaitable(result):
                result = await result
            assert not hasattr(result, "initial_result")
            errors = format_errors(result.errors or (), "support-id", executed=True)
            return {"data": result.data, "errors": errors}


@cache
def parsed(query: str) -> DocumentNode:
    """Return the document of a query, which must be valid."""
    document = parse(query)
    assert validate(CORE, document) == []
    return document


@asynccontextmanager
async def gateway(ledgers: Iterable[str] = LEDGERS) -> AsyncIterator[Gateway]:
    """Open a gateway with all caches and coalescing on, for as long as it is needed."""
    upstream = TwoLedgers()
    routes = Routes()
    reader = Reader(routes, 3, {}, lambda: 0.0)
    policies = Policies(
        backoff=Backoff(attempts=1),
        budget=RetryBudget(),
        breakers=Breakers(),
        limiter=Limiter(in_flight=100, queued=1000),
    )
    kept = CachePolicy(billed_ttl=60, unbilled_ttl=60, problem_ttl=60)
    http = httpx.MockTransport(upstream)
    async with Transport("https://payex.test", CallLimits(), http=http) as transport:
        payex = Payex(
            Attempts(transport, policies),
            StaticTokens({owner_no: f"token-{owner_no}" for owner_no in ledgers}),
            routes=routes,
            reader=reader,
            memory=CacheLayers(AnswerCache(), kept, reader),
        )
        try:
            yield Gateway(payex, upstream)
        finally:
            await payex.aclose()
