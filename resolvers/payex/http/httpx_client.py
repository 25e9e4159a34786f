"""The HTTP client for the embedded sandbox and for tests, over a transport of httpx."""

from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.http.breakages import Breakage, breakage_of
from resolvers.payex.http.responses import (
    Arrive,
    CallLimits,
    Heard,
    Response,
    broken_compression,
    whole,
)

_BREAKAGES: dict[type[BaseException], Breakage] = {
    httpx.ReadError: Breakage.CLOSED,
    httpx.WriteError: Breakage.CLOSED,
    httpx.RemoteProtocolError: Breakage.CLOSED,
}


class HttpxClient:
    """The client of one upstream. It does not close its transport.

    Args:
        origin: scheme, host and port.
        limits: the limits of each call.
        headers: the headers of every call.
        http: the transport.
    """

    def __init__(
        self,
        origin: str,
        limits: CallLimits,
        headers: Mapping[str, str],
        http: httpx.AsyncBaseTransport,
    ) -> None:
        self._limits = limits
        self._client = httpx.AsyncClient(
            base_url=origin,
            transport=_Lent(http),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(None, connect=limits.connect_timeout, pool=None),
            headers=headers,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    async def get(
        self, path: str, headers: Mapping[str, str], heard: Heard, arrive: Arrive
    ) -> Response:
        """Send one GET and read the whole answer; see `Client.get`."""
        try:
            async with self._client.stream("GET", path, headers=headers) as answer:
                heard(answer.status_code)
                body = await whole(answer.aiter_bytes(), self._limits, arrive)
                return Response(status=answer.status_code, body=body, headers=answer.headers)
        except httpx.DecodingError:
            raise broken_compression() from None
        except httpx.ConnectTimeout:
            raise self._limits.not_connected() from None
        except httpx.TimeoutException:
            raise self._limits.expired() from None
        except (httpx.TransportError, OSError) as error:
            hint = breakage_of(error, _BREAKAGES)
            raise Fault(FaultCode.UPSTREAM_UNREACHABLE, hint=hint) from None

    async def aclose(self) -> None:
        """Close the client, but not its transport."""
        await self._client.aclose()


class _Lent(httpx.AsyncBaseTransport):
    """A transport that outlives its clients."""

    def __init__(self, own: httpx.AsyncBaseTransport) -> None:
        self._own = own

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._own.handle_async_request(request)
