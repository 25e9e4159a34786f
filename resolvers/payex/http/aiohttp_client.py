"""The HTTP client for PayEx, over aiohttp.

With 16 calls in flight, aiohttp takes a fifteenth of httpx's CPU time (measured). It also passes on
the reasons of TLS failures, in the words of Python's `ssl`.
"""

import math
import select
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp import http_exceptions
from yarl import URL

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.credentials.tls import client_context
from resolvers.payex.http.breakages import Breakage, breakage_of
from resolvers.payex.http.framing import FramingError, bounded_handlers
from resolvers.payex.http.handshake import LEFT, LEFT_AFTER
from resolvers.payex.http.proxy import Proxy
from resolvers.payex.http.responses import (
    Arrive,
    CallLimits,
    Heard,
    Response,
    broken_compression,
    whole,
)

# Bytes of one line of an answer's head.
_LONGEST_LINE = 64 * 1024
_BREAKAGES: dict[type[BaseException], Breakage] = {
    http_exceptions.HttpProcessingError: Breakage.NO_HTTP,
    aiohttp.ClientResponseError: Breakage.NO_HTTP,
    aiohttp.ClientPayloadError: Breakage.CUT,
    aiohttp.ServerDisconnectedError: Breakage.CLOSED,
    aiohttp.ClientConnectionResetError: Breakage.CLOSED,
    ConnectionResetError: Breakage.CLOSED,  # asyncio's own has no number
}
# Failures of a proxy, the more specific class first.
_ON_THE_WAY: dict[type[BaseException], Breakage] = {
    aiohttp.ClientHttpProxyError: Breakage.NO_TUNNEL,
    aiohttp.ClientResponseError: Breakage.NO_PROXY_HTTP,
    aiohttp.ClientProxyConnectionError: Breakage.NO_PROXY,
    aiohttp.ClientConnectorError: Breakage.LEFT_TUNNEL,
    aiohttp.ClientOSError: Breakage.CUT_TUNNEL,
    aiohttp.ServerDisconnectedError: Breakage.CUT_TUNNEL,
}


class _ProxyError(Exception):
    """There is no connection, because of the proxy or possibly so: the argument says why."""


class _BrokenError(Exception):
    """A connection broke: the cause says why."""


class _Connector(aiohttp.TCPConnector):
    """Reuses a kept connection only if nothing has arrived on it since its last answer.

    Some servers announce a close, or answer twice. aiohttp would take that data for the answer to
    the next call, which may be another caller's, and would then mix up all later answers too.

    A server may close a kept connection at the moment of its reuse. HTTP allows that (RFC 9112,
    section 9.3.1), and it says nothing about the server. So the request is sent once more, over a
    new connection, because other kept ones may be closed as well.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = bounded_handlers()
        # What tells of each whether something came that was not read yet. A new connection is not
        # asked: with TLS the server's tickets come unasked.
        self._news: WeakKeyDictionary[object, select.poll] = WeakKeyDictionary()
        # Requests by how they are carried: over a kept connection, and only over a new one.
        self._kept: set[aiohttp.ClientRequest] = set()
        self._anew: set[aiohttp.ClientRequest] = set()

    async def send(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send a request, as a middleware of the session.

        aiohttp itself would resend after every connection that breaks before an answer, even a new
        one, and no breaker or retry budget would know.
        """
        try:
            return await handler(request)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if request not in self._kept:
                raise _BrokenError from error
            self._anew.add(request)
            try:
                return await handler(request)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as again:
                raise _BrokenError from again
        finally:
            self._kept.discard(request)
            self._anew.discard(request)

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's name
    ) -> Any:
        """Return a new connection, or a kept one on which nothing has arrived."""
        while True:
            connection = await self._connected(req, traces, timeout)
            protocol = connection.protocol
            news = self._news.get(protocol)
            if news is None:
                news = self._news[protocol] = select.poll()
                news.register(connection.transport.get_extra_info("socket"), select.POLLIN)
                return connection
            # A close by the other end counts too.
            if not (req in self._anew or protocol.should_close or news.poll(0)):
                self._kept.add(req)
                return connection
            connection.close()

    async def _connected(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's name
    ) -> Any:
        try:
            return await super().connect(req, traces, timeout)
        except (aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError):
            # The tunnel is open: the proxy cannot see the TLS.
            raise
        except tuple(_ON_THE_WAY) as error:
            if req.proxy is None:
                raise
            raise _ProxyError(
                next(told for kind, told in _ON_THE_WAY.items() if isinstance(error, kind))
            ) from error


class AiohttpClient:
    """The client of one upstream, for one TLS context. Make it while the event loop runs.

    Args:
        origin: scheme, host and port.
        limits: the limits of each call.
        headers: the headers of every call.
        tls: the TLS context; one that trusts the public authorities if None.
        proxy: the proxy for all connections, if there is one.
    """

    def __init__(
        self,
        origin: str,
        limits: CallLimits,
        headers: Mapping[str, str],
        tls: ssl.SSLContext | None,
        proxy: Proxy | None = None,
    ) -> None:
        self._origin = origin
        self._is_tls = origin.startswith("https:")
        self._limits = limits
        self._proxy = proxy
        self._for_proxy = _shown_to(proxy)
        connector = _Connector(
            ssl=tls or client_context(),
            limit=0,  # the limiter bounds them
            resolver=aiohttp.ThreadedResolver(),
            # Connections are few, and PayEx may move.
            use_dns_cache=False,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            proxy=proxy.address if proxy else None,
            headers=headers,
            # A cookie from one ledger's call would be sent with another's.
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                # From the look-up of the host to the end of TLS, for all addresses together.
                connect=limits.connect_timeout,
                # Exact timeouts: aiohttp would round them up to a second.
                ceil_threshold=math.inf,
            ),
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            middlewares=(connector.send,),
        )

    async def get(
        self, path: str, headers: Mapping[str, str], heard: Heard, arrive: Arrive
    ) -> Response:
        """Send one GET and read the whole answer; see `Client.get`."""
        url = URL(self._origin + path, encoded=True)
        try:
            async with self._session.get(
                url, headers=headers, allow_redirects=False, proxy_headers=self._for_proxy
            ) as answer:
                heard(answer.status)
                body = await whole(answer.content.iter_any(), self._limits, arrive)
                return Response(status=answer.status, body=body, headers=answer.headers)
        except aiohttp.ConnectionTimeoutError:
            fault = self._limits.not_connected()
            fault.hint = self._blaming(Breakage.SILENT_TUNNEL)
            raise fault from None
        except _ProxyError as error:
            hint = self._blaming(error.args[0])
            raise Fault(FaultCode.UPSTREAM_UNREACHABLE, hint=hint) from None
        except _BrokenError as broken:
            raise _fault(broken.__cause__, is_tls=self._is_tls) from None
        except (aiohttp.ClientError, http_exceptions.HttpProcessingError, OSError) as error:
            raise _fault(error, is_tls=self._is_tls) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    def _blaming(self, breakage: Breakage) -> str:
        """Return a hint that names the proxy; empty without a proxy."""
        return f"{breakage} The proxy is {self._proxy.address}." if self._proxy else ""


def _shown_to(proxy: Proxy | None) -> Mapping[str, str] | None:
    if proxy is None or proxy.user is None:
        return None
    return {"Proxy-Authorization": aiohttp.encode_basic_auth(proxy.user, proxy.password)}


def _fault(error: BaseException | None, *, is_tls: bool) -> Fault:
    if any(isinstance(cause, http_exceptions.ContentEncodingError) for cause in _causes(error)):
        return broken_compression()
    if any(isinstance(cause, FramingError) for cause in _causes(error)):
        return Fault(FaultCode.UPSTREAM_UNREACHABLE, hint=Breakage.NO_BODY)
    # aiohttp's TLS errors lack the details of Python's, which they wrap.
    found = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
    hint = breakage_of(found or error, _BREAKAGES)
    if is_tls and hint == Breakage.CLOSED:
        # Over a new connection: what breaks a kept one is sent again. If there was one to reset
        # while connecting, all that is left of that is TLS.
        hint = LEFT if isinstance(error, aiohttp.ClientConnectorError) else LEFT_AFTER
    return Fault(FaultCode.UPSTREAM_UNREACHABLE, hint=hint)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
