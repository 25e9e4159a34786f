"""The upstream as the settings describe it: PayEx over the network, or the embedded sandbox."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from gateway.payex.credentials import credentials_of
from gateway.sandbox import SandboxFault, create_sandbox
from gateway.settings.contradictions import contradictions
from gateway.settings.load import SettingsError
from gateway.settings.settings import Settings
from resolvers.payex.api.held_bytes import ProcessBytes
from resolvers.payex.api.pulse import beating
from resolvers.payex.api.reader import Reader
from resolvers.payex.api.routes import Routes
from resolvers.payex.cache.layers import CacheLayers
from resolvers.payex.cache.local import AnswerCache, CachePolicy
from resolvers.payex.cache.password import CachePassword
from resolvers.payex.cache.shared import SharedCache
from resolvers.payex.client import Payex
from resolvers.payex.credentials.file import CredentialsFile
from resolvers.payex.credentials.reloading import watching
from resolvers.payex.credentials.watched_files import File
from resolvers.payex.http.proxy import Proxy
from resolvers.payex.http.responses import CallLimits
from resolvers.payex.http.transport import Transport
from resolvers.payex.resilience.attempts import Attempts, Policies
from resolvers.payex.resilience.breakers import Breakers
from resolvers.payex.resilience.holds import Holds
from resolvers.payex.resilience.limiter import Limiter
from resolvers.payex.resilience.retries import Backoff
from resolvers.payex.resilience.retry_budget import RetryBudget

logger = logging.getLogger(__name__)

SANDBOX_NOTICE = (
    "No upstream is configured: serving the embedded sandbox. All of its data are invented. "
    "Set GATEWAY_UPSTREAM_ORIGIN to connect to PayEx."
)
# Never resolved: the sandbox is called in this process.
SANDBOX_ORIGIN = "http://sandbox.localhost"


class Upstream:
    """PayEx's client, with everything behind it. Open it before the first question.

    `shared` is the cache of all instances, if any, and is closed with the client. `cache` and
    `policies` are the client's.

    Args:
        settings: the settings.
        http: carries the calls in place of the network.

    Raises:
        CredentialsError: a file of credentials cannot be used.
        SettingsError: the shared cache cannot be used.
    """

    def __init__(self, settings: Settings, http: httpx.AsyncBaseTransport | None = None) -> None:
        if settings.is_sandbox:
            http = http or httpx.ASGITransport(_sandbox(settings))
        self.origin = settings.upstream_origin or SANDBOX_ORIGIN
        self.credentials = credentials_of(settings)
        self.routes = Routes(settings.upstream_subdomain, self.origin)
        self.policies = _policies(settings)
        self.transport = Transport(
            self.origin,
            _limits(settings),
            headers={
                name: value.get_secret_value() for name, value in settings.upstream_headers.items()
            },
            http=http or proxy_to(settings),
            pulse=self.policies.pulse,
        )
        self.shared = _shared(settings)
        self.cache = AnswerCache(max_bytes=settings.cache_bytes)
        reader = Reader(self.routes, settings.upstream_max_pages, settings.field_map.model_dump())
        self.payex = Payex(
            Attempts(self.transport, self.policies),
            self.credentials,
            routes=self.routes,
            reader=reader,
            memory=CacheLayers(
                self.cache, _kept(settings), reader, shared=self.shared, origin=self.origin
            ),
        )
        notices = [SANDBOX_NOTICE] if settings.is_sandbox else []
        self._notices = [*notices, *contradictions(settings)]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Watch the credentials while the context lasts, and close every connection at its end."""
        for notice in self._notices:
            logger.warning(notice)
        watched = self.credentials if isinstance(self.credentials, CredentialsFile) else None
        async with self.transport, watching(watched), beating(self.policies.pulse):
            try:
                yield
            finally:
                await self.payex.aclose()


def proxy_to(settings: Settings) -> Proxy | None:
    """Return the proxy to PayEx, if any."""
    # Plain HTTP is for loopback only, and a proxy would read it.
    if settings.upstream_proxy is None or not (settings.upstream_origin or "").startswith("https:"):
        return None
    return Proxy.parse(settings.upstream_proxy.get_secret_value())


def _limits(settings: Settings) -> CallLimits:
    return CallLimits(timeout=settings.upstream_timeout, max_body=settings.upstream_max_body)


def _policies(settings: Settings) -> Policies:
    return Policies(
        backoff=Backoff(attempts=settings.retry_attempts),
        holds=Holds(settings.rate_limit_max),
        budget=RetryBudget(),
        breakers=Breakers(requests=settings.breaker_requests),
        limiter=Limiter(
            in_flight=settings.upstream_max_in_flight,
            queued=settings.upstream_max_queued,
            connections=settings.upstream_max_connections,
        ),
        queue_timeout=settings.upstream_queue_timeout,
        held=ProcessBytes(settings.process_bytes, settings.operation_bytes),
    )


def _shared(settings: Settings) -> SharedCache | None:
    if settings.cache_url is None:
        return None
    url, password = settings.cache_url.get_secret_value(), None
    if settings.cache_password_file:
        file = File(Path(settings.cache_password_file), "GATEWAY_CACHE_PASSWORD_FILE")
        password = CachePassword(file)
    try:
        return SharedCache(url, password=password, timeout=settings.cache_timeout)
    except (RuntimeError, ValueError) as error:
        # Both messages name the setting, and neither repeats the address.
        raise SettingsError(str(error)) from None


def _kept(settings: Settings) -> CachePolicy:
    return CachePolicy(
        billed_ttl=settings.cache_billed_ttl,
        unbilled_ttl=settings.cache_unbilled_ttl,
        problem_ttl=settings.cache_problem_ttl,
    )


def _sandbox(settings: Settings) -> ASGIApp:
    return create_sandbox(
        subdomain=settings.upstream_subdomain,
        latency=settings.sandbox_latency,
        faults=[SandboxFault.parse(text) for text in settings.sandbox_faults],
    )
