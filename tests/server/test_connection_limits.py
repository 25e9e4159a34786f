"""What a connection is held to, without a network and by timers that are set off by hand."""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway.http.http_limits import HttpLimits
from gateway.server.flow import Flow
from gateway.server.http_protocol import QUIET
from gateway.server.process import ServerConfig
from tests.server.wire import Connected, Seen, Wire

LIMITS = HttpLimits(head_timeout=11.0, body_timeout=12.0, send_timeout=13.0)
REQUEST = b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
BEGUN = (REQUEST % 1)[:10]
CHUNKED = b"POST /0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
LARGE_CHUNK = b"20000\r\n" + b"x" * 0x20000 + b"\r\n"


class Timer:
    """What is to be done later, when it is set off."""

    def __init__(self, seconds: float, work: Callable[[], Any]) -> None:
        self.seconds = seconds
        self._work = work
        self.pending = True

    def cancel(self) -> None:
        """Do it never."""
        self.pending = False

    def __call__(self) -> None:
        """Do it now."""
        self.pending = False
        self._work()


class Loop:
    """The running event loop, but for its timers."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.timers: list[Timer] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def call_later(self, seconds: float, work: Callable[..., Any], *given: Any) -> Timer:
        """Keep what is to be done."""
        self.timers.append(Timer(seconds, partial(work, *given)))
        return self.timers[-1]

    @property
    def pending(self) -> list[float]:
        """The seconds of the timers that are set."""
        return [timer.seconds for timer in self.timers if timer.pending]

    def pass_by(self, seconds: float) -> None:
        """Set off the timer of so many seconds."""
        (timer,) = (each for each in self.timers if each.pending and each.seconds == seconds)
        timer()


class Gauge(Wire):
    """A wire that tells how much of what is written is not taken, and of its abrupt end."""

    left = 0
    half_closes = True
    aborted = False
    full: Callable[[], None]
    last = b"none"

    def write(self, data: Any) -> None:
        """Take what is written, and be full once the last of it is there."""
        super().write(data)
        if self.last in data:
            self.full()

    def get_write_buffer_size(self) -> int:
        """Return what is not taken."""
        return self.left

    def can_write_eof(self) -> bool:
        """Whether it can be closed for what is written alone, which TLS cannot."""
        return self.half_closes

    def abort(self) -> None:
        """Close it at once."""
        self.aborted = self.closed = True


class Line(Connected[Gauge]):
    """A connection that is held to the limits."""

    def __init__(self, app: Any = None) -> None:
        self.loop = Loop()
        config = ServerConfig(Seen(), lifespan="off", log_config=None, limits=LIMITS)
        super().__init__(Gauge, config, self.loop)
        self.protocol.app = app or self.seen

    def hear(self, data: bytes) -> None:
        """Take what the client sends."""
        self.protocol.data_received(data)

    async def rest(self) -> list[int]:
        """Wait until nothing is done any more, and return the statuses of the answers."""
        await self.settle()
        return self.statuses

    @property
    def statuses(self) -> list[int]:
        """The statuses of the answers."""
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", self.wire.written)]

    @property
    def paths(self) -> list[str]:
        """The paths of the requests that were answered."""
        return [path for _, path, _ in self.seen.requests]


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without reading the body."""
    await PlainTextResponse("refused", 415)(scope, receive, send)


@pytest.mark.parametrize(
    ("data", "status", "name"),
    [
        (b"GET /?%b HTTP/1.1\r\n\r\n" % (b"a" * 20_000), 414, b"at most 16384 is taken, "),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n", 431, b"at most 100 are taken. "),
        (b"GET / HTTP/1.1\r\nA: %b\r\n\r\n" % (b"a" * 16_384), 431, b"GATEWAY_MAX_HEADER)"),
        (CHUNKED + b"1;" + b"a" * 70_000, 431, b"at most 65536 are taken. "),
        (CHUNKED + b"1\r\n1\r\n" * 20_000, 431, b"at most 65536 are taken. "),
        (CHUNKED + LARGE_CHUNK + b"1\r\n1\r\n" * 20_000, 431, b"at most 65536 are taken. "),
    ],
    ids=["a target", "headers", "a header", "an extension", "small chunks", "behind a large one"],
)
@pytest.mark.parametrize("size", [700, 100_000])
async def test_each_limit_is_named_with_its_value(
    data: bytes, status: int, name: bytes, size: int
) -> None:
    with Line() as connection:
        for place in range(0, len(data), size):
            connection.hear(data[place : place + size])

        assert await connection.rest() == [status]
        assert name in connection.wire.written
        assert connection.wire.closed


@pytest.mark.parametrize(
    "data",
    [
        b"GET /?%b HTTP/1.1\r\n\r\n" % (b"a" * (16 * 1024 + 1024 - len("/?"))),
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100 + b"\r\n",
        b"GET / HTTP/1.1\r\nA: %b\r\n\r\n" % (b"a" * (16 * 1024 - len("A"))),
    ],
    ids=["a target", "headers", "a header"],
)
async def test_what_is_as_large_as_its_limit_is_taken(data: bytes) -> None:
    with Line() as connection:
        connection.hear(data)

        assert await connection.rest() == [200]


@pytest.mark.parametrize("size", [-1, 0, 1])
@pytest.mark.parametrize("place", [1, 2048, 65535])
async def test_a_head_may_be_as_large_as_the_limit_wherever_it_is_cut(
    size: int, place: int
) -> None:
    line = b"GET /0 HTTP/1.1\r\nHost: x\r\n" + b"A: %b\r\n" % (b"a" * 16000) * 4
    rest = LIMITS.max_head + size - len(line) - len(b"B: \r\n\r\n")
    head = line + b"B: %b\r\n\r\n" % (b"b" * rest)
    with Line() as connection:
        connection.hear(head[:place])
        connection.hear(head[place:])

        assert await connection.rest() == [431 if size > 0 else 200]


async def test_a_body_may_come_with_the_end_of_a_large_head() -> None:
    line = b"POST /0 HTTP/1.1\r\nContent-Length: 1000\r\n" + b"A: %b\r\n" % (b"a" * 16000) * 4
    rest = LIMITS.max_head - len(line) - len(b"B: \r\n\r\n")
    with Line() as connection:
        connection.hear(line + b"B: %b\r\n\r\n" % (b"b" * rest) + b"x" * 1000)

        assert await connection.rest() == [200]
        assert connection.seen.requests == [("POST", "/0", b"x" * 1000)]


async def test_chunks_of_some_bytes_are_taken_however_many_there_are() -> None:
    with Line() as connection:
        connection.hear(CHUNKED + b"8\r\n12345678\r\n" * 20_000 + b"0\r\n\r\n")

        assert await connection.rest() == [200]


async def test_a_head_has_its_time_and_a_request_in_work_has_none() -> None:
    with Line() as connection:
        fresh = connection.loop.pending
        connection.hear(BEGUN)
        begun = connection.loop.pending
        connection.hear((REQUEST % 1).removeprefix(BEGUN))
        working = connection.loop.pending

        assert (fresh, begun, working) == ([11.0], [11.0], [])
        assert await connection.rest() == [200]
        assert connection.loop.pending == [connection.protocol.timeout_keep_alive]
        connection.hear(BEGUN)
        assert connection.loop.pending == [11.0]
        connection.loop.pass_by(11.0)

        assert connection.statuses == [200, 408]
        assert connection.wire.closed


@pytest.mark.parametrize("heard", [b"", BEGUN, REQUEST % 1], ids=["none", "a part", "a request"])
async def test_a_connection_that_is_lost_leaves_no_timer_behind(heard: bytes) -> None:
    with Line() as connection:
        connection.hear(heard)
        await connection.rest()
    assert connection.loop.pending == []


async def test_a_head_that_begins_with_the_request_before_has_its_time_after_that() -> None:
    with Line() as connection:
        connection.hear(REQUEST % 1 + BEGUN)
        assert connection.loop.pending == []
        await connection.rest()

        assert connection.loop.pending == [11.0]


async def test_what_has_come_and_is_not_read_yet_is_not_late() -> None:
    """The process had no time to read it."""
    with Line() as connection:
        connection.hear(BEGUN)
        connection.client.send((REQUEST % 1).removeprefix(BEGUN))
        connection.loop.pass_by(11.0)

        assert connection.loop.pending == [QUIET]
        connection.hear(connection.server.recv(1000))
        assert await connection.rest() == [200]


async def test_the_rest_of_a_body_that_nobody_reads_has_its_time() -> None:
    with Line(refuse) as connection:
        connection.hear(CHUNKED + b"1\r\n")
        assert await connection.rest() == [415]
        assert connection.loop.pending == [12.0]
        connection.loop.pass_by(12.0)

        assert connection.wire.closed
        assert connection.statuses == [415]


async def test_of_many_requests_that_come_together_most_wait_unread() -> None:
    """They are answered in order, each with the one before taken."""
    data = b"".join(REQUEST % number for number in range(200))
    with Line() as connection:
        connection.hear(data)
        begun = len(connection.protocol.pipeline)
        connection.hear(REQUEST % 200)

        assert begun < 50
        assert await connection.rest() == [200] * 201
        assert connection.paths == [f"/{number}" for number in range(201)]


@pytest.mark.parametrize("told", ["close_soon", "shutdown"])
async def test_a_stop_waits_for_requests_that_wait_unread(told: str) -> None:
    data = b"".join(REQUEST % number for number in range(100))
    with Line() as connection:
        connection.hear(data)
        getattr(connection.protocol, told)()

        assert await connection.rest() == [200] * 100
        assert connection.wire.written.count(b"connection: close") == 1
        assert connection.wire.closed


@pytest.mark.parametrize("leaves", [False, True])
async def test_no_request_is_begun_whose_client_has_not_taken_the_answer_before(
    leaves: bool,
) -> None:
    """Also not one that came together with the one before, and never if the client leaves."""
    with Line() as connection:
        full = asyncio.Event()

        def fill() -> None:
            connection.protocol.pause_writing()
            full.set()

        connection.wire.full, connection.wire.last = fill, b'"/1"'
        connection.hear(REQUEST % 1 + REQUEST % 2)
        await full.wait()
        connection.hear(REQUEST % 3)
        await asyncio.sleep(0)
        assert connection.paths == ["/1"]
        if leaves:
            connection.wire.close()
        connection.protocol.resume_writing()

        assert await connection.rest() == [200] * (1 if leaves else 3)
        assert connection.paths == (["/1"] if leaves else ["/1", "/2", "/3"])


async def test_a_request_behind_an_answer_that_is_never_taken_is_not_begun() -> None:
    with Line() as connection:
        connection.wire.left = 100_000
        connection.protocol.pause_writing()
        connection.hear(REQUEST % 1)
        assert connection.paths == []
        connection.wire.left = 50_000
        connection.loop.pass_by(13.0)
        assert not connection.wire.aborted
        connection.loop.pass_by(13.0)

        assert connection.wire.aborted
        assert connection.paths == []


async def test_who_takes_an_answer_has_its_time_anew_for_the_next_one() -> None:
    with Line() as connection:
        for left in (70_000, 200_000):
            connection.wire.left = left
            connection.protocol.pause_writing()
            assert connection.loop.pending.count(13.0) == 1
            connection.wire.left = 0
            connection.protocol.resume_writing()
            assert connection.loop.pending.count(13.0) == 0


async def test_the_rest_of_the_last_answer_has_to_be_taken_as_well() -> None:
    with Line() as connection:
        connection.wire.left = 70_000
        connection.protocol.pause_writing()
        connection.wire.close()
        connection.wire.left = 10_000
        connection.protocol.resume_writing()
        connection.loop.pass_by(13.0)

        assert connection.wire.aborted


async def test_nothing_is_read_of_a_connection_that_closes() -> None:
    with Line() as connection:
        connection.protocol.pause_writing()
        connection.hear(REQUEST % 1)
        connection.protocol.resume_writing()
        connection.wire.close()
        await asyncio.sleep(0)

        assert await connection.rest() == []
        assert connection.paths == []


async def test_what_the_server_refuses_is_counted_by_its_code() -> None:
    with Line() as connection:
        connection.hear(b"garbage\r\n\r\n")
        assert await connection.rest() == [400]
    assert connection.refused == ["BAD_REQUEST"]


async def test_over_tls_a_refusal_is_sent_before_the_connection_closes() -> None:
    with Line() as connection:
        connection.wire.half_closes = False
        connection.hear(b"garbage\r\n\r\n")
        assert connection.statuses == [400]
        assert not connection.wire.closed
        connection.loop.pass_by(QUIET)

        assert connection.wire.closed


async def test_what_is_no_request_behind_one_lets_that_be_answered() -> None:
    with Line() as connection:
        connection.hear(REQUEST % 1 + b"garbage\r\n\r\n")

        assert await connection.rest() == [200]
        assert b"connection: close" in connection.wire.written
        assert connection.wire.closed


async def test_a_body_that_breaks_off_the_rules_ends_its_request() -> None:
    with Line() as connection:
        connection.hear(CHUNKED)
        await asyncio.sleep(0)
        connection.hear(b"no length\r\n")
        connection.hear(REQUEST % 1)

        assert await connection.rest() == [400]
        assert connection.paths == []
        assert connection.loop.pending == [QUIET]
        connection.loop.pass_by(QUIET)
        assert connection.wire.closed


@pytest.mark.parametrize("before", [b"", REQUEST % 1], ids=["answered", "behind another one"])
async def test_of_such_a_body_no_second_answer_is_given(before: bytes) -> None:
    with Line(refuse) as connection:
        connection.hear(before + CHUNKED)
        if not before:
            await connection.rest()
        connection.hear(b"no length\r\n" * 300)
        await connection.rest()

        assert 400 not in connection.statuses
        assert connection.wire.closed


@pytest.mark.parametrize(
    ("target", "given", "heard"),
    [
        (b"http://Usage.example:80/a", (b"x",), [b"Usage.example:80"]),
        (b"http://[::1]/a", (b"x",), [b"[::1]"]),
        (b"HTTPS://y/a", (), [b"y"]),
        (b"http://z/a", (b"x", b"y"), [b"x", b"y"]),
        (b"*", (b"x",), [b"x"]),
        (b"//z/a", (b"x",), [b"x"]),
    ],
)
async def test_a_target_in_absolute_form_names_the_host(
    target: bytes, given: tuple[bytes, ...], heard: list[bytes]
) -> None:
    hosts = b"".join(b"Host: %b\r\n" % host for host in given)
    with Line() as connection:
        connection.hear(b"OPTIONS %b HTTP/1.1\r\n%b\r\n" % (target, hosts))
        await connection.rest()

        (headers,) = connection.seen.headers
        assert [value for name, value in headers if name == b"host"] == heard


@pytest.mark.parametrize(
    "target",
    [
        b"ftp://x/a",
        b"ws://x/a",
        b"file://x/a",
        b"gopher://x:80/a",
        b"http://x@x/a",
        b"https://:@x/",
    ],
)
async def test_a_target_of_another_scheme_or_of_a_user_is_refused(target: bytes) -> None:
    with Line() as connection:
        connection.hear(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target)
        await connection.rest()

        assert connection.statuses == [400]
        assert not connection.seen.requests


def test_nothing_is_read_while_something_that_was_read_has_to_wait() -> None:
    """Uvicorn reads on by itself once an answer is sent."""
    flow = Flow(Wire(None))
    flow.pause_reading()
    flow.held = True
    flow.resume_reading()
    assert flow.read_paused
    flow.held = False
    flow.resume_reading()
    assert not flow.read_paused
