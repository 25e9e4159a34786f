"""One GET on the wire: bytes in, bytes out, every limit kept."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self

import httpx

from resolvers.payex.faults import Fault, FaultCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one call; each is named in the fault it causes.

    Attributes:
        timeout: seconds from sending to the last byte of the answer.
        max_body: bytes of one body, after decompression.
        max_pages: pages of one list.
        max_connections: connections to PayEx from one process.
    """

    timeout: float = 10.0
    max_body: int = 32 * 1024 * 1024
    max_pages: int = 100
    max_connections: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete HTTP answer, of whatever status."""

    status: int
    body: bytes = field(repr=False)


class Transport:
    """The HTTP client of one upstream. Use it as a context manager.

    Args:
        origin: scheme, host and port, without a path.
        limits: the bounds of each call.
        headers: what a deployment adds to each call (PayEx's tracking headers are not public).
        http: the transport under httpx, which tests and the embedded sandbox replace.
    """

    def __init__(
        self,
        origin: str,
        limits: Limits,
        *,
        headers: Mapping[str, str] | None = None,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._limits = limits
        sent = httpx.Headers(headers)
        sent["Accept"] = "application/json, application/problem+json"
        # PayEx documents this header for its GET requests as well.
        sent["Content-Type"] = "application/json"
        self._client = httpx.AsyncClient(
            base_url=origin,
            transport=http,
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(limits.timeout),
            limits=httpx.Limits(max_connections=limits.max_connections),
            headers=sent,
            # A cookie set for one ledger's call would go with another's.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    async def get(self, path: str, token: str) -> Response:
        """Send one GET and read the whole answer.

        Raises:
            Fault: `UPSTREAM_TIMEOUT`, `UPSTREAM_UNREACHABLE`, `UPSTREAM_BODY_TOO_LARGE`,
                `UPSTREAM_MALFORMED` for a body whose compression is broken, or
                `UPSTREAM_LINK_REFUSED` for a path too long for a URL.
        """
        try:
            async with (
                asyncio.timeout(self._limits.timeout),
                self._client.stream(
                    "GET", path, headers={"Authorization": f"Bearer {token}"}
                ) as response,
            ):
                return Response(status=response.status_code, body=await self._read(response))
        except (TimeoutError, httpx.TimeoutException):
            limit = {"GATEWAY_UPSTREAM_TIMEOUT": self._limits.timeout}
            raise Fault(FaultCode.UPSTREAM_TIMEOUT, limit=limit) from None
        except httpx.DecodingError:
            hint = "The body's compression is broken."
            raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=hint) from None
        except httpx.InvalidURL:
            raise Fault(FaultCode.UPSTREAM_LINK_REFUSED, hint="The URL is too long.") from None
        except (httpx.TransportError, OSError) as error:
            # The class says what happened; the message may quote the URL.
            raise Fault(FaultCode.UPSTREAM_UNREACHABLE, hint=type(error).__name__) from None

    async def _read(self, response: httpx.Response) -> bytes:
        chunks = bytearray()
        async for chunk in response.aiter_bytes():
            chunks += chunk
            if len(chunks) > self._limits.max_body:
                limit = {"GATEWAY_UPSTREAM_MAX_BODY": self._limits.max_body}
                raise Fault(FaultCode.UPSTREAM_BODY_TOO_LARGE, limit=limit)
        return bytes(chunks)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, trace)
