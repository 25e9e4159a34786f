"""What is asked for again, when, and what is never."""

import asyncio
import gzip
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import CallContext, Errand
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.problems import Problem
from resolvers.payex.api.routes import Billing, Holder, Kind, Routes
from resolvers.payex.credentials.access import Access
from resolvers.payex.http.breakages import Breakage
from resolvers.payex.http.responses import CallLimits
from resolvers.payex.resilience.attempts import Attempts
from resolvers.payex.resilience.retries import Backoff
from resolvers.payex.resilience.retry_budget import RetryBudget

pytestmark = pytest.mark.virtual_time
Attempting = Callable[..., AbstractAsyncContextManager[Attempts]]
ROUTE = Routes().of(Holder("xxx", Billing.BILLED, "1"), Kind.HOLDER)
ACCESS = Access(token="a-token")  # noqa: S106 - opens nothing
THRICE = Backoff(attempts=3, base=1.0, retry_after_max=5.0)
"""Pauses of half a second and of one second, as chance is always a half."""
Reply = httpx.Response | BaseException | float
"""A response, an error of the connection, or seconds without any."""


class Wire:
    """Hands out one reply after the other, and the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.times: list[float] = []

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        """Reply."""
        self.times.append(now())
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, httpx.Response):
            return reply
        await asyncio.sleep(reply)
        return ok()

    @property
    def pauses(self) -> list[float]:
        """The seconds between calls."""
        return [b - a for a, b in zip(self.times, self.times[1:], strict=False)]


def now() -> float:
    return asyncio.get_running_loop().time()


def ok() -> httpx.Response:
    return httpx.Response(200, content=b"{}")


def busy(headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.Response(503, headers=headers)


async def get(
    attempts: Attempts, stats: OperationStats | None = None, seconds: float = math.inf
) -> bytes | Problem | Fault:
    """Ask once, with so much time, in the second wave."""
    deadline = Deadline.after(seconds, now())
    context = CallContext(stats or OperationStats(500), deadline, seconds, rights="", turn="one")
    try:
        return await attempts.get(ROUTE, ACCESS, Errand(2), deadline, context)
    except Fault as fault:
        return fault


async def fault(
    attempts: Attempts, stats: OperationStats | None = None, seconds: float = math.inf
) -> Fault:
    found = await get(attempts, stats, seconds)
    assert isinstance(found, Fault)
    return found


async def broken_body() -> AsyncIterator[bytes]:
    yield b"{"
    raise httpx.ReadError("reset")


async def hanging_body() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.sleep(99)


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("body", [broken_body, hanging_body])
async def test_a_status_that_came_is_told_whatever_becomes_of_the_body(
    attempting: Attempting, status: int, body: Callable[[], AsyncIterator[bytes]]
) -> None:
    stats = OperationStats(500)
    async with attempting(Wire(httpx.Response(status, content=body()))) as attempts:
        await fault(attempts, stats)
    assert [call.status for call in stats.calls] == [status]


# Another attempt.


@pytest.mark.parametrize(
    "reply",
    [
        *(httpx.Response(status) for status in (429, 502, 503, 504)),
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
        asyncio.CancelledError(),
    ],
    ids=lambda reply: str(getattr(reply, "status_code", None) or type(reply).__name__),
)
async def test_what_may_pass_is_asked_for_again(attempting: Attempting, reply: Reply) -> None:
    wire = Wire(reply, reply, ok())
    async with attempting(wire, backoff=THRICE) as attempts:
        assert await get(attempts) == b"{}"
    assert wire.pauses == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize(
    "reply",
    [
        *(httpx.Response(status, json={"type": "new"}) for status in (400, 404, 409)),
        *(httpx.Response(status) for status in (204, 302, 401, 403, 404, 500, 501, 505)),
        *(
            httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(body))
            for body in (b"no gzip", gzip.compress(bytes(2000)))
        ),
        httpx.ConnectTimeout("late"),
        httpx.ReadTimeout("late"),
        60.0,
    ],
    ids=str,
)
async def test_what_stays_the_same_or_took_too_long_is_asked_for_once(
    attempting: Attempting, reply: Reply
) -> None:
    wire = Wire(reply)
    async with attempting(wire, backoff=THRICE, limits=CallLimits(max_body=1000)) as attempts:
        assert isinstance(await get(attempts), Problem | Fault)
    assert len(wire.times) == 1


async def test_the_last_attempts_fault_is_told(attempting: Attempting) -> None:
    wire = Wire(busy(), busy(), httpx.Response(429))
    async with attempting(wire, backoff=THRICE) as attempts:
        told = await fault(attempts)
    assert (told.code, told.status) == (FaultCode.UPSTREAM_RATE_LIMITED, 429)
    assert len(wire.times) == 3


async def test_every_attempt_is_reported_with_its_number_wave_status_and_fault(
    attempting: Attempting,
) -> None:
    stats = OperationStats(500)
    wire = Wire(
        busy(),
        httpx.ConnectError("refused"),
        httpx.Response(404, json={"type": "billing/usage/problems/new"}),
    )
    async with attempting(wire, backoff=THRICE) as attempts:
        assert isinstance(await get(attempts, stats), Problem)
    assert [(call.attempt, call.wave, call.status, call.fault) for call in stats.calls] == [
        (1, 2, 503, FaultCode.UPSTREAM_UNAVAILABLE),
        (2, 2, None, FaultCode.UPSTREAM_UNREACHABLE),
        (3, 2, 404, None),
    ]
    assert [call.started for call in stats.calls] == wire.times


# Retry-After.


async def test_payex_is_not_asked_again_before_it_wants_to_be(attempting: Attempting) -> None:
    wire = Wire(busy({"retry-after": "3"}), ok())
    async with attempting(wire, backoff=THRICE) as attempts:
        await get(attempts)
    assert wire.pauses == pytest.approx([3.5])


async def test_a_date_to_come_back_at_is_read_against_the_time_of_day(
    attempting: Attempting,
) -> None:
    wall = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    date = format_datetime(wall + timedelta(seconds=2), usegmt=True)
    wire = Wire(busy({"retry-after": date}), ok())
    async with attempting(wire, backoff=THRICE, wall=lambda: wall) as attempts:
        await get(attempts)
    assert wire.pauses == pytest.approx([2.5])


async def test_payex_is_left_alone_if_it_wants_more_than_the_gateway_waits(
    attempting: Attempting,
) -> None:
    wire = Wire(busy({"retry-after": "6"}))
    async with attempting(wire, backoff=THRICE) as attempts:
        told = await fault(attempts)
    assert (told.retry_after, len(wire.times)) == (6, 1)


# The budget.


async def test_without_budget_nothing_is_asked_for_again(attempting: Attempting) -> None:
    wire = Wire(busy())
    budget = RetryBudget(ratio=0.5, minimum_per_second=0)
    async with attempting(wire, backoff=THRICE, budget=budget) as attempts:
        calls = []
        for _ in range(4):
            await get(attempts)
            calls.append(len(wire.times))
    assert calls == [1, 3, 4, 6]


@pytest.mark.parametrize("reply", [ok(), httpx.Response(500)], ids=["answer", "error"])
async def test_only_a_retry_costs_budget(attempting: Attempting, reply: Reply) -> None:
    budget = RetryBudget(ratio=0, minimum_per_second=1)
    async with attempting(Wire(reply), backoff=THRICE, budget=budget) as attempts:
        await get(attempts)
        assert budget.balance(now()) == 10


# The deadline.


@pytest.mark.parametrize(("seconds", "calls"), [(0.25, 1), (0.5, 1), (0.625, 2)])
async def test_no_retry_begins_that_has_no_time_left(
    attempting: Attempting, seconds: float, calls: int
) -> None:
    """What it was denied for is told, at once, and costs no budget."""
    wire = Wire(busy())
    budget = RetryBudget()
    async with attempting(wire, backoff=THRICE, budget=budget) as attempts:
        begun = now()
        told = await fault(attempts, seconds=seconds)
        assert (told.code, len(wire.times)) == (FaultCode.UPSTREAM_UNAVAILABLE, calls)
        assert now() - begun == sum(wire.pauses)
        assert budget.balance(now()) > 11 - calls


async def test_a_call_goes_on_no_longer_than_the_deadline(attempting: Attempting) -> None:
    wire = Wire(5.0)
    stats = OperationStats(500)
    async with attempting(wire, backoff=THRICE) as attempts:
        told = await fault(attempts, stats, seconds=2)
    assert (told.code, told.limit) == (FaultCode.DEADLINE_EXCEEDED, {"GATEWAY_DEADLINE": 2})
    [call] = stats.calls
    assert (call.status, call.fault) == (None, FaultCode.DEADLINE_EXCEEDED)
    assert call.ended - call.started == pytest.approx(2)


async def test_a_retry_may_use_what_the_deadline_was_moved_by(attempting: Attempting) -> None:
    replies = [busy(), ok()]

    async def slow(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        return replies.pop(0)

    async with attempting(slow, kind=Attempts, backoff=THRICE) as attempts:
        deadline = Deadline.after(1.25, now())
        context = CallContext(OperationStats(500), deadline, 1.25, rights="", turn="one")
        asyncio.get_running_loop().call_later(0.5, deadline.extend, Deadline.after(6, now()))
        assert await attempts.get(ROUTE, ACCESS, Errand(1), deadline, context) == b"{}"


async def test_the_calls_own_limit_is_told_apart_from_the_deadline(attempting: Attempting) -> None:
    async with attempting(Wire(5.0), limits=CallLimits(timeout=1)) as attempts:
        told = await fault(attempts, seconds=2)
    assert told.code is FaultCode.UPSTREAM_TIMEOUT
    assert told.limit == {"GATEWAY_UPSTREAM_TIMEOUT": 1}


async def test_without_time_left_nothing_is_called_and_nothing_permitted(
    attempting: Attempting,
) -> None:
    wire = Wire(ok())
    stats = OperationStats(0)
    async with attempting(wire) as attempts:
        told = await fault(attempts, stats, seconds=0)
    assert told.code is FaultCode.DEADLINE_EXCEEDED
    assert (wire.times, stats.calls) == ([], [])


# The bound on calls.


async def test_retries_count_among_the_calls_that_are_permitted(attempting: Attempting) -> None:
    wire = Wire(busy())
    stats = OperationStats(2)
    async with attempting(wire, backoff=THRICE) as attempts:
        told = await fault(attempts, stats)
    assert told.code is FaultCode.UPSTREAM_TOO_MANY_CALLS
    assert told.limit == {"GATEWAY_MAX_CALLS": 2}
    assert len(wire.times) == len(stats.calls) == 2


async def test_what_gives_up_by_itself_is_a_fault_and_cancels_no_one(
    attempting: Attempting,
) -> None:
    stats = OperationStats(500)
    async with attempting(Wire(asyncio.CancelledError())) as attempts:
        told = await fault(attempts, stats)
    assert (told.code, told.hint) == (FaultCode.UPSTREAM_UNREACHABLE, Breakage.GIVEN_UP)
    assert [(call.status, call.fault) for call in stats.calls] == [(None, told.code)]


async def test_what_is_no_fault_of_payex_breaks_nothing(attempting: Attempting) -> None:
    """A mistake in the gateway itself comes through, and the call is reported all the same."""
    stats = OperationStats(500)

    def mistaken(_request: httpx.Request) -> Any:
        raise LookupError

    async with attempting(mistaken) as attempts:
        with pytest.raises(LookupError):
            await get(attempts, stats)
    assert [(call.status, call.fault) for call in stats.calls] == [(None, None)]
