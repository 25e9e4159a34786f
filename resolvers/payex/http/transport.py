"""The transport: sends one GET within its limits."""

import asyncio
import ssl
import string
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import httpx
from multidict import CIMultiDict

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.pulse import Pulse
from resolvers.payex.api.tracing import NO_HEADERS
from resolvers.payex.credentials.access import Access
from resolvers.payex.http.aiohttp_client import AiohttpClient
from resolvers.payex.http.connections import Connections
from resolvers.payex.http.httpx_client import HttpxClient
from resolvers.payex.http.proxy import Proxy
from resolvers.payex.http.responses import (
    Arrive,
    CallLimits,
    Client,
    Heard,
    Response,
    all_may_arrive,
    nobody_hears,
)

_LONGEST_PATH: Final = 65_536
# The characters that need no encoding in a path and a query (RFC 3986), with the percent sign.
_IN_URLS: Final = string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@/?%[]"


class _Time:
    """The remaining time of one call. It stands still while the event loop is busy."""

    __slots__ = ("_busy", "_clock", "_due", "_pulse", "_timeout", "_timer")

    def __init__(self, seconds: float, pulse: Pulse, clock: Callable[[], float]) -> None:
        self._pulse = pulse
        self._clock = clock
        now = clock()
        self._busy = pulse.busy(now)
        self._due = now + seconds
        self._timeout = asyncio.timeout(None)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ring)

    def _ring(self) -> None:
        loop, now = asyncio.get_running_loop(), self._clock()
        busy = self._pulse.busy(now)
        more, self._busy = busy - self._busy, busy
        if more > 0:
            # The answer may have arrived, but nothing has read it yet.
            self._due += more
            self._timer = loop.call_later(self._due - now, self._ring)
        else:
            self._timeout.reschedule(loop.time())

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        await self._timeout.__aexit__(kind, error, trace)


class Transport:
    """The transport of the calls of one upstream. Use it as a context manager.

    Args:
        origin: scheme, host and port, without a path.
        limits: the limits of each call.
        headers: further headers of each call (PayEx's tracking headers are not public).
        http: a transport of httpx for all tenants, for tests and the embedded sandbox; or the proxy
            for calls to the network.
        pulse: measures how long the event loop was busy. A call gets that time in addition.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        origin: str,
        limits: CallLimits,
        *,
        headers: Mapping[str, str] | None = None,
        http: httpx.AsyncBaseTransport | Proxy | None = None,
        pulse: Pulse | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pulse = pulse or Pulse()
        self._clock = clock
        self._origin = origin
        self._limits = limits
        self._headers = CIMultiDict({"User-Agent": "payex-usage-gateway", **(headers or {})})
        self._headers["Accept"] = "application/json, application/problem+json"
        self._headers["Accept-Encoding"] = "gzip, deflate"
        # PayEx documents this header for its GET requests as well.
        self._headers["Content-Type"] = "application/json"
        self._proxy = http if isinstance(http, Proxy) else None
        self._http = None if isinstance(http, Proxy) else http
        self._connections = Connections(self._client)

    async def get(
        self,
        path: str,
        access: Access,
        headers: Mapping[str, str] = NO_HEADERS,
        heard: Heard = nobody_hears,
        arrive: Arrive = all_may_arrive,
    ) -> Response:
        """Send one GET and read the whole answer.

        Args:
            path: path and query, encoded.
            access: the credentials of the ledger.
            headers: further headers of this call.
            heard: gets the status when the head of the answer has arrived.
            arrive: gets the size of each part of the body.

        Raises:
            Fault: that of `arrive`, `UPSTREAM_TIMEOUT`, `UPSTREAM_UNREACHABLE`,
                `UPSTREAM_BODY_TOO_LARGE`, `UPSTREAM_MALFORMED` for a body whose compression is
                broken, or `UPSTREAM_LINK_REFUSED` for a path too long for a URL.
        """
        # The path may be from a link of PayEx.
        path = quote(path, safe=_IN_URLS)
        if len(path) > _LONGEST_PATH:
            raise Fault(FaultCode.UPSTREAM_LINK_REFUSED, hint="The URL is too long.")
        headers = {**headers, "Authorization": f"Bearer {access.token}"}
        try:
            async with _Time(self._limits.timeout, self._pulse, self._clock):
                with self._connections.lend(access) as client:
                    return await client.get(path, headers, heard, arrive)
        except TimeoutError:
            raise self._limits.expired() from None

    def _client(self, tls: ssl.SSLContext | None) -> Client:
        if self._http:
            return HttpxClient(self._origin, self._limits, self._headers, self._http)
        return AiohttpClient(self._origin, self._limits, self._headers, tls, self._proxy)

    async def __aenter__(self) -> Self:
        if self._http:
            await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._connections.aclose()
        if self._http:
            await self._http.__aexit__(kind, error, trace)
