"""The running service as one ASGI app: GraphiQL at `/`, GraphQL at `/graphql`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.drain import ClosesWhileDraining, draining
from gateway.endpoint import GraphQLEndpoint
from gateway.environment import load_settings
from gateway.graphiql.page import graphiql_routes
from gateway.health import Readiness, health_routes
from gateway.metrics import Metrics
from gateway.overload import Admission, Bounded
from gateway.settings import Settings
from gateway.upstream import Upstream
from resolvers.bounds import Bounds
from resolvers.operation import Operation
from schema.subgraph import build_schema

logger = logging.getLogger(__name__)

ENDPOINT = "/graphql"
SANDBOX_HEADER = "payex-usage-upstream"


def create_app(
    settings: Settings | None = None, *, upstream: httpx.AsyncBaseTransport | None = None
) -> Starlette:
    """Return the service.

    Args:
        settings: the settings; read from the environment if None, as a server's workers do.
        upstream: what carries the upstream calls in place of the network.

    Raises:
        SettingsError: the settings cannot be used.
        CredentialsError: a file of credentials cannot be used.
    """
    settings = settings or load_settings()
    bounds = Bounds(
        max_calls=settings.max_calls,
        max_in_flight=settings.max_in_flight,
        max_numbers=settings.max_numbers,
        max_records=settings.max_records,
        max_subscriptions=settings.max_subscriptions,
    )
    source = Upstream(settings, upstream)
    metrics = Metrics()
    endpoint = GraphQLEndpoint(
        build_schema(),
        lambda seconds: Operation(source.payex, bounds, seconds=seconds, ended=metrics.observe),
        deadline=settings.deadline,
        max_body=settings.max_request_body,
        show_cost=settings.is_sandbox or settings.development,
    )

    admission = Admission(settings.max_operations)
    readiness = Readiness(admission)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with draining(readiness, settings.shutdown_delay):
            async with source.opened():
                yield

    return Starlette(
        routes=[
            Route(ENDPOINT, Bounded(endpoint, admission)),
            *health_routes(readiness),
            *metrics.routes(),
            *graphiql_routes(
                endpoint=ENDPOINT,
                upstream=source.origin,
                sandbox=settings.is_sandbox,
            ),
        ],
        middleware=[
            Middleware(ClosesWhileDraining, readiness=readiness),
            *([Middleware(_SandboxHeader)] if settings.is_sandbox else []),
        ],
        lifespan=lifespan,
    )


class _SandboxHeader:
    """Says in every response that the data are the sandbox's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[SANDBOX_HEADER] = "sandbox"
            await send(message)

        await self._app(scope, receive, marked if scope["type"] == "http" else send)
