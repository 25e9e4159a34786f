"""The running service as one ASGI app: GraphiQL at `/`, GraphQL at `/graphql`."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.endpoint import GraphQLEndpoint
from gateway.graphiql.page import graphiql_routes
from gateway.sandbox import TOKENS, Fault, create_sandbox
from gateway.settings import Settings, load_settings
from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.client import Payex
from resolvers.payex.credentials import StaticTokens
from resolvers.payex.routes import Routes
from resolvers.payex.transport import Limits, Transport
from schema.subgraph import build_schema

logger = logging.getLogger(__name__)

ENDPOINT = "/graphql"
SANDBOX_HEADER = "payex-usage-upstream"
SANDBOX_NOTICE = (
    "No upstream is configured: serving the embedded sandbox. All of its data are invented. "
    "Set GATEWAY_UPSTREAM_ORIGIN to connect to PayEx."
)
# Never resolved: the sandbox is called in this process.
_SANDBOX_ORIGIN = "http://sandbox.localhost"


def create_app(
    settings: Settings | None = None, *, upstream: httpx.AsyncBaseTransport | None = None
) -> Starlette:
    """Return the service.

    Args:
        settings: the settings; read from the environment if None, as a server's workers do.
        upstream: what carries the upstream calls in place of the network.

    Raises:
        SettingsError: the settings cannot be used.
    """
    settings = settings or load_settings()
    limits = Limits(
        timeout=settings.upstream_timeout,
        max_body=settings.upstream_max_body,
        max_pages=settings.upstream_max_pages,
        max_connections=settings.upstream_max_connections,
    )
    bounds = Bounds(
        max_in_flight=settings.max_in_flight,
        max_numbers=settings.max_numbers,
        max_records=settings.max_records,
        max_subscriptions=settings.max_subscriptions,
    )
    tokens = _plain(settings.ledger_tokens)
    if settings.is_sandbox:
        tokens = dict(TOKENS)
        upstream = upstream or httpx.ASGITransport(_sandbox(settings))
    transport = Transport(
        settings.upstream_origin or _SANDBOX_ORIGIN,
        limits,
        headers={
            name: value.get_secret_value() for name, value in settings.upstream_headers.items()
        },
        http=upstream,
    )
    payex = Payex(
        transport,
        StaticTokens(tokens),
        routes=Routes(settings.upstream_subdomain),
        limits=limits,
        field_map=settings.field_map.model_dump(),
    )
    endpoint = GraphQLEndpoint(
        build_schema(),
        lambda: Operation(payex, bounds),
        max_body=settings.max_request_body,
        show_cost=settings.is_sandbox or settings.development,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if settings.is_sandbox:
            logger.warning(SANDBOX_NOTICE)
        async with transport:
            yield

    return Starlette(
        routes=[
            Route(ENDPOINT, endpoint),
            *graphiql_routes(
                endpoint=ENDPOINT,
                upstream=settings.upstream_origin or _SANDBOX_ORIGIN,
                sandbox=settings.is_sandbox,
            ),
        ],
        middleware=[Middleware(_SandboxHeader)] if settings.is_sandbox else [],
        lifespan=lifespan,
    )


def _plain(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}


def _sandbox(settings: Settings) -> ASGIApp:
    return create_sandbox(
        subdomain=settings.upstream_subdomain,
        latency=settings.sandbox_latency,
        faults=[Fault.parse(text) for text in settings.sandbox_faults],
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
