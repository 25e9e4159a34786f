"""Whoever traces is told of each attempt, and of each answer that took none."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import CallContext
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import FaultCode
from resolvers.payex.api.routes import Billing, Holder, Kind
from resolvers.payex.api.tracing import UNTRACED, BatchTrace, Untraced
from resolvers.payex.cache.local import CachePolicy
from resolvers.payex.cache.shared import Stored
from resolvers.payex.client import Payex
from resolvers.payex.resilience.retries import Backoff

pytestmark = pytest.mark.virtual_time
Connect = Callable[..., AbstractAsyncContextManager[Payex]]
TEMPLATE = "/invoices/{invoiceNo}"


class Told(Untraced):
    """A batch that keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[Attempt] = []
        self.hits: list[str] = []
        self.joined: list[tuple[str, BatchTrace]] = []
        super().__init__()

    def call(
        self,
        route: str,
        wave: int,
        attempt: int,
        queued: float,  # noqa: ARG002 - nobody waits here
    ) -> "Attempt":
        """Keep an attempt."""
        self.calls.append(Attempt(route, wave, attempt))
        return self.calls[-1]

    def hit(self, route: str) -> None:
        """Keep a hit."""
        self.hits.append(route)

    def coalesced(self, route: str, origin: BatchTrace) -> None:
        """Keep an answer of another batch's call."""
        self.joined.append((route, origin))


class Attempt(Untraced):
    """An attempt that keeps how it ended, and sends along which one it is."""

    def __init__(self, route: str, wave: int, attempt: int) -> None:
        super().__init__({"traceparent": f"attempt-{attempt}", "Authorization": "Bearer other"})
        self.begun = (route, wave, attempt)
        self.ends: list[tuple[Any, ...]] = []

    def ended(self, status: int | None, fault: FaultCode | None, instance: str | None) -> None:
        """Keep how it ended."""
        self.ends.append((status, fault, instance))


async def ask(payex: Payex, told: Told) -> None:
    """Ask for an invoice in the second wave."""
    context = CallContext(
        OperationStats(500), Deadline.after(9, now()), 9, rights="", turn=told, trace=told
    )
    await payex.answer(payex.routes.of(Holder("xxx", Billing.BILLED, "1"), Kind.HOLDER), 2, context)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_each_attempt_is_told_of_with_its_end_and_sends_its_own_headers(
    connect: Connect,
) -> None:
    """None of them is the token's."""
    body = {"type": "x", "instance": "an-id"}
    replies: list[httpx.Response | Exception] = [
        httpx.Response(503, json=body),
        httpx.ConnectError("refused"),
        httpx.Response(200, json={}),
    ]
    sent: list[httpx.Headers] = []

    async def reply(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers)
        found = replies.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    told = Told()
    async with connect(reply, policies={"backoff": Backoff(attempts=3)}) as payex:
        await ask(payex, told)

    assert [call.begun for call in told.calls] == [(TEMPLATE, 2, number) for number in (1, 2, 3)]
    assert [call.ends for call in told.calls] == [
        [(503, FaultCode.UPSTREAM_UNAVAILABLE, "an-id")],
        [(None, FaultCode.UPSTREAM_UNREACHABLE, None)],
        [(200, None, None)],
    ]
    assert [headers["traceparent"] for headers in sent] == ["attempt-1", "attempt-2", "attempt-3"]
    assert {headers["authorization"] for headers in sent} == {"Bearer a-token"}


async def test_a_call_that_is_given_up_ends_without_status_and_fault(connect: Connect) -> None:
    told = Told()
    asked = asyncio.Event()

    async def reply(_: httpx.Request) -> httpx.Response:
        asked.set()
        await asyncio.sleep(5)
        raise AssertionError

    async with connect(reply) as payex:
        asking = asyncio.create_task(ask(payex, told))
        await asked.wait()
        asking.cancel()
        await asyncio.wait({asking})

    assert [call.ends for call in told.calls] == [[(None, None, None)]]


async def test_an_answer_that_was_kept_is_a_hit(connect: Connect) -> None:
    memory = {"policy": CachePolicy(billed_ttl=60)}
    first, second = Told(), Told()
    async with connect(lambda _: httpx.Response(200, json={}), memory=memory) as payex:
        for told in (first, second):
            await ask(payex, told)

    assert (len(first.calls), first.hits) == (1, [])
    assert (second.calls, second.hits) == ([], [TEMPLATE])


class Shared:
    """A cache of many instances that holds whatever it is asked for."""

    async def get(self, _: str) -> Stored:
        """Return what is held."""
        return Stored(200, (b"{}",), 30.0)

    async def aclose(self) -> None:
        """Close nothing."""


async def test_an_answer_that_another_instance_has_kept_is_a_hit(connect: Connect) -> None:
    memory = {"policy": CachePolicy(billed_ttl=60), "shared": Shared()}
    told = Told()
    async with connect(lambda _: httpx.Response(500), memory=memory) as payex:
        await ask(payex, told)

    assert (told.calls, told.hits) == ([], [TEMPLATE])


async def test_who_joins_a_call_is_told_whose_it_is(connect: Connect) -> None:
    first, second = Told(), Told()

    async def reply(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        return httpx.Response(200, json={})

    async with connect(reply) as payex:
        await asyncio.gather(ask(payex, first), ask(payex, second))

    assert (len(first.calls), first.joined) == (1, [])
    assert (second.calls, second.joined) == ([], [(TEMPLATE, first)])


async def test_without_tracing_nothing_is_sent_along_and_nobody_is_told() -> None:
    tasks: Collection[asyncio.Task[Any]] = []
    batch = UNTRACED.batch(1, 1)
    batch.hit(TEMPLATE)
    batch.coalesced(TEMPLATE, batch)
    batch.failed(TEMPLATE, FaultCode.UPSTREAM_ERROR)
    batch.until(tasks)
    call = batch.call(TEMPLATE, 1, 1, 0.0)
    call.ended(200, None, None)

    assert (batch, call, dict(call.headers)) == (UNTRACED, UNTRACED, {})
