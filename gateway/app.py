"""The running service as one ASGI app: GraphiQL at `/`, GraphQL at `/graphql`."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.documents.source import document_source
from gateway.endpoint import EndpointRules, GraphQLEndpoint
from gateway.execution.engine import Engine
from gateway.execution.plan import Plan
from gateway.execution.prepared_documents import Documents
from gateway.graphiql.page import graphiql_routes
from gateway.http.compression import Compresses
from gateway.http.hosts import ServedHosts
from gateway.http.refusals import COUNTED, refuses
from gateway.http.requests import PREFLIGHTED, RequestRules
from gateway.identity.configuration import identity_of
from gateway.observability.metrics.monitor import Monitor
from gateway.observability.operation_log import log_request
from gateway.observability.reports import Report
from gateway.observability.traces.tracing import Tracing, tracing_of
from gateway.payex.upstream import Upstream
from gateway.server.admission import Admission
from gateway.server.drain import draining
from gateway.server.health import Readiness, health_routes
from gateway.server.intake import Intake
from gateway.server.tls import renewal
from gateway.server.visits import Visits
from gateway.server.workload import MEMBER
from gateway.settings.load import load_settings
from gateway.settings.settings import Settings
from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.api.deadline import DEADLINE_HEADER
from resolvers.payex.credentials.reloading import watching
from schema.subgraph import build_schema, executable

logger = logging.getLogger(__name__)

ENDPOINT = "/graphql"
SANDBOX_HEADER = "payex-usage-upstream"
# Seconds for which a browser need not ask again what a page may send.
_PREFLIGHT_AGE = 600
# Requests for each operation that may be in flight: most wait for a few milliseconds, and one that
# waits holds its body alone.
_PENDING = 5
# The largest bodies that a process holds at a time: 16 MiB by default, of 1 GiB that it may take.
_BODIES = 16


def create_app(
    settings: Settings | None = None,
    *,
    upstream: httpx.AsyncBaseTransport | None = None,
    tracing: Tracing | None = None,
) -> Starlette:
    """Return the service.

    Args:
        settings: the settings; read from the environment if None, as a server's workers do.
        upstream: carries the upstream calls in place of the network.
        tracing: traces the requests in place of what the settings say.

    Raises:
        SettingsError: the settings cannot be used.
        CredentialsError: a file of credentials cannot be used.
    """
    settings = settings or load_settings()
    bounds = Bounds(
        budget=settings.operation_budget,
        max_errors=settings.max_errors,
        max_calls=settings.max_calls,
        max_numbers=settings.max_numbers,
        max_records=settings.max_records,
        max_subscriptions=settings.max_subscriptions,
    )
    schema = build_schema(variant=settings.variant)
    core = executable(schema)
    source = Upstream(settings, upstream)
    tracing = tracing or tracing_of(settings, source.origin)
    admission = Admission(settings.max_operations, told_apart=settings.identifies)
    intake = Intake(
        pending=_PENDING * settings.max_operations, size=_BODIES * settings.max_request_body
    )
    identity = identity_of(settings)
    readiness = Readiness(admission, lambda: identity.has_keys)
    visits = Visits(identity, admission, intake)
    monitor = Monitor(settings, visits, readiness, source)

    def observe(report: Report) -> None:
        monitor.observe(report)
        log_request(report, settings.log_operations, settings.log_slow)

    documents = document_source(
        settings, schema=core, shared=source.shared, ill_formed=settings.http_profile.ill_formed
    )
    endpoint = GraphQLEndpoint(
        Engine(
            schema,
            documents,
            Documents(
                core,
                settings,
                settings.document_cache_bytes,
                partial(Plan, schema) if settings.projection else None,
            ),
            settings,
        ),
        visits,
        lambda seconds, started, rights, trace: Operation(
            source.payex, bounds, seconds=seconds, started=started, rights=rights, trace=trace
        ),
        _rules(settings),
        observe,
        tracing,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with draining(readiness, settings.shutdown_delay):
            async with (
                tracing.opened(),
                source.opened(),
                watching(renewal(settings)),
                identity.opened(),
                documents.opened(),
                monitor.opened(),
            ):
                yield

    graphql = Compresses(endpoint)
    return _Service(
        graphql,
        admission,
        monitor.refused,
        routes=[
            # For whoever mounts the service below another path.
            Route(ENDPOINT, graphql),
            *health_routes(readiness),
            *monitor.routes(),
            *(_graphiql(settings, source.origin) if settings.serves_graphiql else []),
        ],
        middleware=[
            *monitor.middleware(),
            Middleware(ServedHosts, hosts=settings.served_hosts, count=monitor.refused),
            *([Middleware(_SandboxHeader)] if settings.is_sandbox else []),
            *_cors(settings),
        ],
        exception_handlers={HTTPException: refuses(f"GraphQL is asked at {ENDPOINT}.")},
        lifespan=lifespan,
    )


def _rules(settings: Settings) -> EndpointRules:
    return EndpointRules(
        deadline=settings.deadline,
        requests=RequestRules(
            max_body=settings.max_request_body,
            body_timeout=settings.body_timeout,
            preflight=settings.csrf_prevention,
            ill_formed=settings.http_profile.ill_formed,
        ),
        profile=settings.http_profile,
        show_upstream=settings.is_sandbox or settings.development,
        may_introspect=settings.may_introspect,
    )


def _graphiql(settings: Settings, upstream: str) -> list[BaseRoute]:
    return graphiql_routes(
        endpoint=ENDPOINT,
        upstream=upstream,
        sandbox=settings.is_sandbox,
        variant=settings.variant,
    )


def _cors(settings: Settings) -> list[Middleware]:
    if not settings.cors_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", DEADLINE_HEADER, *PREFLIGHTED],
            expose_headers=["ETag", "Retry-After", SANDBOX_HEADER],
            max_age=_PREFLIGHT_AGE,
        )
    ]


class _Service(Starlette):
    """Starlette, with a short cut to GraphQL around the routes and the error handling.

    Those took a tenth of the time of a small operation (measured). GraphQL's app handles its own
    errors.

    Args:
        graphql: the app behind the endpoint.
        admission: the bound on operations, shared with the other server processes.
        count: counts by code what the server refuses before the app is asked.
        settings: Starlette's own.
    """

    def __init__(
        self,
        graphql: ASGIApp,
        admission: Admission,
        count: Callable[[str], object],
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        # To `/graphql/` it would answer with an address of plain HTTP where a proxy ends TLS, and a
        # client would send its token there.
        self.router.redirect_slashes = False
        self._admission = admission
        self._count = count
        self._graphql = graphql
        for each in reversed(settings["middleware"]):
            self._graphql = each.cls(self._graphql, *each.args, **each.kwargs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            state = scope.get("state", {})
            self._admission.member = state.get(MEMBER, self._admission.member)
            state[COUNTED] = self._count
        is_graphql = scope["type"] == "http" and scope["path"] == ENDPOINT
        await (self._graphql if is_graphql else super().__call__)(scope, receive, send)


class _SandboxHeader:
    """Marks every response as the sandbox's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[SANDBOX_HEADER] = "sandbox"
            await send(message)

        await self._app(scope, receive, marked if scope["type"] == "http" else send)
