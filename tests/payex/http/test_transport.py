"""One GET on the wire, and every limit of it."""

import asyncio
import gzip
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.credentials.access import Access
from resolvers.payex.http.breakages import Breakage
from resolvers.payex.http.responses import CallLimits, Response
from resolvers.payex.http.transport import Transport

ORIGIN = "https://payex.test"
ACCESS = Access(token="a-token")  # noqa: S106 - opens nothing
Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class Stream(httpx.AsyncByteStream):
    """A body that comes chunk by chunk, and after that stays open if it is told to."""

    def __init__(self, *chunks: bytes, endless: bool = False) -> None:
        self._chunks = chunks
        self._endless = endless
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._endless:
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        """Note that the client let go of the body."""
        self.closed = True


async def get(
    handler: Handler,
    path: str = "/a",
    limits: CallLimits | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send one GET to a handler."""
    http = httpx.MockTransport(handler)  # type: ignore[arg-type]
    async with Transport(ORIGIN, limits or CallLimits(), headers=headers, http=http) as transport:
        return await transport.get(path, ACCESS)


async def fault_of(handler: Handler, path: str = "/a", limits: CallLimits | None = None) -> Fault:
    """Send one GET to a handler, and return the fault it ends in."""
    with pytest.raises(Fault) as caught:
        await get(handler, path, limits)
    return caught.value


def ok(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b"{}")


@asynccontextmanager
async def served(received: list[bytes]) -> AsyncIterator[int]:
    """A server on loopback that answers `{}` and keeps the requests as they came."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_the_path_goes_on_the_wire_as_it_is_encoded() -> None:
    received: list[bytes] = []
    path = "/billing/usage/v1/xxx/customers/AB%2F12%20%26%20%C3%85%23%25?page=2"
    async with (
        served(received) as port,
        Transport(f"http://127.0.0.1:{port}", CallLimits()) as payex,
    ):
        assert await payex.get(path, ACCESS) == Response(status=200, body=b"{}")
    assert received[0].splitlines()[0] == f"GET {path} HTTP/1.1".encode()


async def test_the_proxies_of_the_environment_are_ignored() -> None:
    received: list[bytes] = []
    program = (
        "import asyncio, sys\n"
        "from resolvers.payex.credentials.access import Access\n"
        "from resolvers.payex.http.responses import CallLimits\n"
        "from resolvers.payex.http.transport import Transport\n"
        "async def main():\n"
        "    async with Transport(sys.argv[1], CallLimits()) as payex:\n"
        "        print((await payex.get('/a', Access(token='a-token'))).status)\n"
        "asyncio.run(main())\n"
    )
    nowhere = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    async with served(received) as port:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            f"http://127.0.0.1:{port}",
            env={**os.environ, **nowhere, "NO_PROXY": "", "no_proxy": ""},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await child.communicate()
    assert printed.split() == [b"200"]
    assert received[0].startswith(b"GET /a HTTP/1.1")


@given(st.lists(st.text(min_size=1).filter(lambda s: s not in {".", ".."}), min_size=1, max_size=4))
async def test_httpx_leaves_any_encoded_segment_alone(segments: list[str]) -> None:
    sent: list[httpx.URL] = []

    def keep(request: httpx.Request) -> httpx.Response:
        sent.append(request.url)
        return ok(request)

    path = "".join(f"/{quote(segment, safe='')}" for segment in segments)
    await get(keep, path)
    assert (sent[0].host, sent[0].raw_path) == ("payex.test", path.encode())


async def test_each_call_carries_payex_headers_and_the_deployments() -> None:
    def check(request: httpx.Request) -> httpx.Response:
        assert request.method == "GET"
        assert request.headers["authorization"] == "Bearer a-token"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["accept"] == "application/json, application/problem+json"
        assert request.headers["x-tracking"] == "me"
        return ok(request)

    assert (await get(check, headers={"X-Tracking": "me"})).status == 200


@pytest.mark.parametrize("name", ["accept", "Content-type", "AUTHORIZATION"])
async def test_a_deployment_cannot_double_or_change_payex_headers(name: str) -> None:
    def check(request: httpx.Request) -> httpx.Response:
        [value] = request.headers.get_list(name)
        assert value != "mine"
        return ok(request)

    assert (await get(check, headers={name: "mine"})).status == 200


async def test_a_cookie_of_one_answer_goes_with_no_other_call() -> None:
    def check(request: httpx.Request) -> httpx.Response:
        assert "cookie" not in request.headers
        return httpx.Response(200, headers={"Set-Cookie": "session=one; Path=/"})

    async with Transport(ORIGIN, CallLimits(), http=httpx.MockTransport(check)) as transport:
        for token in ("one", "two"):
            assert (await transport.get("/a", Access(token=token))).status == 200


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 400, 404, 500, 503])
async def test_an_answer_of_any_status_is_returned_and_no_redirect_followed(status: int) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(status, headers={"Location": "/b"}, content=b"body")

    assert await get(answer) == Response(status=status, body=b"body")
    assert asked == ["/a"]


def test_a_response_does_not_show_its_body() -> None:
    assert repr(Response(status=200, body=b"070")) == "Response(status=200)"


async def silent(_request: httpx.Request) -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError


def stalling(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, stream=Stream(b"{", endless=True))


@pytest.mark.parametrize("handler", [silent, stalling])
async def test_an_answer_that_is_not_complete_in_time_is_a_timeout(handler: Handler) -> None:
    fault = await fault_of(handler, limits=CallLimits(timeout=0.01))
    assert fault.code is FaultCode.UPSTREAM_TIMEOUT
    assert fault.limit == {"GATEWAY_UPSTREAM_TIMEOUT": 0.01}


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (httpx.ConnectTimeout, {"GATEWAY_UPSTREAM_CONNECT_TIMEOUT": 3.0}),
        (httpx.ReadTimeout, {"GATEWAY_UPSTREAM_TIMEOUT": 10.0}),
        (httpx.WriteTimeout, {"GATEWAY_UPSTREAM_TIMEOUT": 10.0}),
    ],
)
async def test_each_time_limit_names_itself(
    error: type[httpx.TimeoutException], limit: dict[str, float]
) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise error("https://payex.test/070")

    fault = await fault_of(fail)
    assert (fault.code, fault.limit) == (FaultCode.UPSTREAM_TIMEOUT, limit)
    assert "070" not in f"{fault!r}{fault.hint}"


async def test_the_headers_of_an_answer_are_read_in_any_case_and_not_shown() -> None:
    answer = await get(lambda _: httpx.Response(429, headers={"Retry-After": "7", "X-A": "070"}))
    assert answer.retry_after == "7"
    assert answer.headers["x-a"] == "070"
    assert repr(answer) == "Response(status=429)"
    assert Response(status=200, body=b"").retry_after is None


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (httpx.ConnectError("https://payex.test/070"), Breakage.OTHER),
        (httpx.RemoteProtocolError("070"), Breakage.CLOSED),
        (httpx.ReadError("070"), Breakage.CLOSED),
        (OSError("070"), Breakage.OTHER),
        (TimeoutError("070"), Breakage.OTHER),
    ],
)
async def test_a_broken_connection_is_unreachable_and_told_in_words(
    error: Exception, hint: Breakage
) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise error

    fault = await fault_of(fail)
    assert (fault.code, fault.hint) == (FaultCode.UPSTREAM_UNREACHABLE, hint)
    assert "070" not in repr(fault)
    assert fault.__suppress_context__


@pytest.mark.parametrize("chunks", [(b"x" * 9,), (b"x" * 8, b"x"), (b"x",) * 9])
async def test_a_body_over_the_limit_is_let_go(chunks: tuple[bytes, ...]) -> None:
    stream = Stream(*chunks, endless=True)
    limits = CallLimits(max_body=8)
    fault = await fault_of(lambda _: httpx.Response(200, stream=stream), limits=limits)
    assert fault.code is FaultCode.UPSTREAM_BODY_TOO_LARGE
    assert fault.limit == {"GATEWAY_UPSTREAM_MAX_BODY": 8}
    assert stream.closed


async def test_a_body_of_exactly_the_limit_is_read() -> None:
    stream = Stream(b"1234", b"5678")
    answer = await get(lambda _: httpx.Response(200, stream=stream), limits=CallLimits(max_body=8))
    assert answer.body == b"12345678"


async def test_the_limit_counts_bytes_after_decompression() -> None:
    packed = gzip.compress(b"0" * 10_000)
    assert len(packed) < 1_000

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Stream(packed))

    assert (await get(answer)).body == b"0" * 10_000
    fault = await fault_of(answer, limits=CallLimits(max_body=1_000))
    assert fault.code is FaultCode.UPSTREAM_BODY_TOO_LARGE


async def test_broken_compression_is_a_malformed_body() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Stream(b"070"))

    fault = await fault_of(answer)
    assert fault.code is FaultCode.UPSTREAM_MALFORMED
    assert fault.hint == "The body's compression is broken."


async def test_a_path_too_long_for_a_url_is_refused() -> None:
    fault = await fault_of(ok, "/" + "a" * 70_000)
    assert fault.code is FaultCode.UPSTREAM_LINK_REFUSED


async def test_cancelling_the_caller_is_no_fault_and_lets_the_body_go() -> None:
    stream = Stream(b"{", endless=True)
    asked = asyncio.Event()

    def answer(_request: httpx.Request) -> httpx.Response:
        asked.set()
        return httpx.Response(200, stream=stream)

    task = asyncio.create_task(get(answer))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stream.closed


async def test_leaving_closes_the_transport_under_it() -> None:
    class Http(httpx.AsyncBaseTransport):
        """Tells whether it was closed."""

        closed = False

        async def aclose(self) -> None:
            self.closed = True

    http = Http()
    async with Transport(ORIGIN, CallLimits(), http=http):
        assert not http.closed
    assert http.closed
