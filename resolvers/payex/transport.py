"""One GET on the wire: bytes in, bytes out, every limit kept."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self

import httpx

from resolvers.payex.connections import Connections
from resolvers.payex.credentials import Access
from resolvers.payex.faults import Fault, FaultCode
from resolvers.payex.handshake import failure
from resolvers.payex.tls import client_context
from resolvers.payex.tracing import NO_HEADERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one call; each is named in the fault it causes.

    Attributes:
        timeout: seconds from sending to the last byte of the answer.
        connect_timeout: seconds until a connection is there, and as many again for its TLS.
        read_timeout: seconds between two parts of the answer, or of the request.
        max_body: bytes of one body, after decompression.
        max_connections: connections to PayEx from one process, for each tenant.
    """

    timeout: float = 10.0
    connect_timeout: float = 3.0
    read_timeout: float = 10.0
    max_body: int = 32 * 1024 * 1024
    max_connections: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete HTTP answer, of whatever status. The names of headers know no case."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=httpx.Headers, repr=False, compare=False)

    @property
    def retry_after(self) -> str | None:
        """The header `Retry-After` as it came: seconds, or a date."""
        return self.headers.get("retry-after")


class Transport:
    """The HTTP client of one upstream. Use it as a context manager.

    Args:
        origin: scheme, host and port, without a path.
        limits: the bounds of each call.
        headers: what a deployment adds to each call (PayEx's tracking headers are not public).
        http: the transport under httpx, for all tenants, which tests and the embedded sandbox
            replace.
    """

    def __init__(
        self,
        origin: str,
        limits: Limits,
        *,
        headers: Mapping[str, str] | None = None,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._origin = origin
        self._limits = limits
        self._headers = httpx.Headers(headers)
        self._headers["Accept"] = "application/json, application/problem+json"
        # PayEx documents this header for its GET requests as well.
        self._headers["Content-Type"] = "application/json"
        self._http = _Lent(http) if http else None
        self._connections = Connections(self._client)

    async def get(
        self, path: str, access: Access, headers: Mapping[str, str] = NO_HEADERS
    ) -> Response:
        """Send one GET and read the whole answer.

        Args:
            path: path and query, encoded.
            access: what opens the ledger.
            headers: what this call alone carries beside.

        Raises:
            Fault: `UPSTREAM_TIMEOUT`, `UPSTREAM_UNREACHABLE`, `UPSTREAM_BODY_TOO_LARGE`,
                `UPSTREAM_MALFORMED` for a body whose compression is broken, or
                `UPSTREAM_LINK_REFUSED` for a path too long for a URL.
        """
        clock = asyncio.timeout(self._limits.timeout)
        try:
            async with clock:
                return await self._send(path, access, headers)
        except httpx.DecodingError:
            hint = "The body's compression is broken."
            raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=hint) from None
        except httpx.InvalidURL:
            raise Fault(FaultCode.UPSTREAM_LINK_REFUSED, hint="The URL is too long.") from None
        except (httpx.TransportError, OSError) as error:
            if not clock.expired():
                raise self._fault(error) from None
            limit = {"GATEWAY_UPSTREAM_TIMEOUT": self._limits.timeout}
            raise Fault(FaultCode.UPSTREAM_TIMEOUT, limit=limit) from None

    async def _send(self, path: str, access: Access, headers: Mapping[str, str]) -> Response:
        headers = {**headers, "Authorization": f"Bearer {access.token}"}
        with self._connections.lend(access) as client:
            async with client.stream("GET", path, headers=headers) as response:
                return Response(
                    status=response.status_code,
                    body=await self._read(response),
                    headers=response.headers,
                )

    async def _read(self, response: httpx.Response) -> bytes:
        chunks = bytearray()
        async for chunk in response.aiter_bytes():
            chunks += chunk
            if len(chunks) > self._limits.max_body:
                limit = {"GATEWAY_UPSTREAM_MAX_BODY": self._limits.max_body}
                raise Fault(FaultCode.UPSTREAM_BODY_TOO_LARGE, limit=limit)
        return bytes(chunks)

    def _fault(self, error: Exception) -> Fault:
        """Return what became of a call that broke before its time was up."""
        match error:
            case httpx.ConnectTimeout():
                limit = {"GATEWAY_UPSTREAM_CONNECT_TIMEOUT": self._limits.connect_timeout}
            case httpx.TimeoutException():
                limit = {"GATEWAY_UPSTREAM_READ_TIMEOUT": self._limits.read_timeout}
            case _:
                # The class says what happened; the message may quote the URL.
                hint = failure(error) or type(error).__name__
                return Fault(FaultCode.UPSTREAM_UNREACHABLE, hint=hint)
        return Fault(FaultCode.UPSTREAM_TIMEOUT, limit=limit)

    def _client(self, tls: ssl.SSLContext | None) -> httpx.AsyncClient:
        limits = self._limits
        http = self._http or httpx.AsyncHTTPTransport(
            verify=tls or client_context(),
            trust_env=False,
            limits=httpx.Limits(max_connections=limits.max_connections),
        )
        return httpx.AsyncClient(
            base_url=self._origin,
            transport=http,
            follow_redirects=False,
            trust_env=False,
            # Waiting for a free connection counts into the time of the whole call alone.
            timeout=httpx.Timeout(limits.read_timeout, connect=limits.connect_timeout, pool=None),
            headers=self._headers,
            # A cookie set for one ledger's call would go with another's.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    async def __aenter__(self) -> Self:
        if self._http:
            await self._http.own.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._connections.aclose()
        if self._http:
            await self._http.own.__aexit__(kind, error, trace)


class _Lent(httpx.AsyncBaseTransport):
    """A transport that outlives the clients over it."""

    def __init__(self, own: httpx.AsyncBaseTransport) -> None:
        self.own = own

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.own.handle_async_request(request)
