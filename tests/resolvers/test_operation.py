"""What one operation leaves behind: a log of its faults, and no work."""

import asyncio
import gc
import logging
import math
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.api.answers import Answer
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.routes import Billing, Holder, Kind, Route, Routes
from resolvers.payex.api.work import QUESTION
from resolvers.rights import EVERYTHING, Numbers, Rights

Operate = Callable[..., AbstractAsyncContextManager[Operation]]
INSTANCE = "dd07e588-70c8-4b27-95f5-020cc2968c06"
INVOICE = Holder("xxx", Billing.BILLED, "123456")


def route(number: str = "123456") -> Route:
    return Routes().of(Holder("xxx", Billing.BILLED, number), Kind.HOLDER)


class Hanging:
    """An upstream that never answers, and knows when calls begin and what becomes of them."""

    def __init__(self, calls: int = 1) -> None:
        self._calls = calls
        self._begun = 0
        self.asked = asyncio.Event()
        self.cancelled = 0

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        """Begin the call."""
        self._begun += 1
        if self._begun == self._calls:
            self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        raise AssertionError


def others() -> set["asyncio.Task[Any]"]:
    """Return the tasks that run beside the test."""
    return asyncio.all_tasks() - {asyncio.current_task()}


def complaints_of(main: Callable[[], Any]) -> list[dict[str, Any]]:
    """Run a program in a loop of its own, and return what the loop complained of."""
    complaints: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: complaints.append(context)
        )
        await main()

    asyncio.run(run())
    gc.collect()
    return complaints


async def test_leaving_cancels_what_runs_and_what_waits_for_its_turn(operate: Operate) -> None:
    upstream = Hanging(calls=2)
    async with operate(upstream, places=2) as operation:
        waiters = [
            asyncio.create_task(operation.routes.answer(route(str(number)))) for number in range(5)
        ]
        waiters.append(asyncio.create_task(operation.subscriptions.answer(INVOICE, "1")))
        await upstream.asked.wait()
    assert upstream.cancelled == 2
    results = await asyncio.gather(*waiters, return_exceptions=True)
    assert {type(result) for result in results} == {asyncio.CancelledError}
    assert not others()


async def test_a_call_cancelled_by_leaving_is_tallied(operate: Operate) -> None:
    upstream = Hanging()
    async with operate(upstream) as operation:
        waiter = asyncio.create_task(operation.routes.answer(route()))
        await upstream.asked.wait()
    assert [(call.status, call.fault) for call in operation.stats.calls] == [(None, None)]
    with pytest.raises(asyncio.CancelledError):
        await waiter


async def test_what_was_asked_for_but_not_begun_does_not_begin_after_leaving(
    operate: Operate,
) -> None:
    upstream = Hanging()

    async with operate(upstream) as operation:
        waiter = asyncio.create_task(operation.routes.answer(route()))
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert not upstream.asked.is_set()
    assert not others()


async def test_work_spawned_after_leaving_is_cancelled(operate: Operate) -> None:
    async with operate(Hanging()) as operation:
        pass

    async def work() -> Answer:
        raise AssertionError

    with pytest.raises(asyncio.CancelledError):
        await operation.spawn(work())


async def test_nothing_is_asked_for_that_cannot_be_paid_for(operate: Operate) -> None:
    """A question is paid for before it is asked: a thousand at once end with the first too many."""
    asked = 0

    async def work() -> Answer:
        nonlocal asked
        asked += 1
        return Answer(Fault(FaultCode.UPSTREAM_TIMEOUT), 1)

    async with operate(Hanging(), budget=2.5 * QUESTION) as operation:
        tasks = [operation.spawn(work()) for _ in range(1000)]
        await asyncio.wait(tasks)

    assert asked == 2


async def test_an_error_of_the_body_leaves_nothing_running_either(operate: Operate) -> None:
    upstream = Hanging()

    async def fail() -> None:
        async with operate(upstream) as operation:
            waiter.append(asyncio.create_task(operation.routes.answer(route())))
            await upstream.asked.wait()
            raise LookupError

    waiter: list[asyncio.Task[Answer]] = []
    with pytest.raises(LookupError):
        await fail()
    assert upstream.cancelled == 1
    with pytest.raises(asyncio.CancelledError):
        await waiter[0]


def test_nothing_is_left_for_the_loop_to_complain_of(operate: Operate) -> None:
    async def main() -> None:
        upstream = Hanging()
        async with operate(upstream) as operation:
            waiters = [
                asyncio.create_task(operation.subscriptions.answer(INVOICE, number))
                for number in ("1", "2")
            ]
            await upstream.asked.wait()
            waiters[0].cancel()
        await asyncio.gather(*waiters, return_exceptions=True)

    assert complaints_of(main) == []


def test_a_fault_that_nobody_waits_for_any_more_is_no_complaint(operate: Operate) -> None:
    async def main() -> None:
        asked, answered = asyncio.Event(), asyncio.Event()

        async def fail(_request: httpx.Request) -> httpx.Response:
            asked.set()
            await answered.wait()
            return httpx.Response(500)

        async with operate(fail) as operation:
            waiter = asyncio.create_task(operation.routes.answer(route()))
            await asked.wait()
            waiter.cancel()
            answered.set()
            await asyncio.wait(others() - {waiter})

    assert complaints_of(main) == []


async def test_each_fault_is_logged_once_under_the_support_id_and_without_numbers(
    operate: Operate, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"type": "x", "instance": INSTANCE, "detail": "said-by-payex"}

    def fail(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(500, json=body)

    with caplog.at_level(logging.DEBUG, "resolvers"):
        async with operate(fail) as operation:
            for _ in range(2):
                await operation.routes.answer(route("number-of-one"))
    [entry] = [record for record in caplog.records if record.name == "resolvers.operation"]
    assert entry.getMessage() == "UPSTREAM_ERROR on /invoices/{invoiceNo} HTTP 500"
    assert entry.levelno == logging.WARNING
    extra = vars(entry)
    assert (extra["support_id"], extra["instance"]) == (operation.support_id, INSTANCE)
    assert (extra["code"], extra["route"]) == ("UPSTREAM_ERROR", "/invoices/{invoiceNo}")
    shown = caplog.text + repr(sorted(extra.items(), key=str))
    assert not any(text in shown for text in ("number-of-one", "a-token", "said-by-payex"))


async def test_a_call_that_operations_share_is_logged_by_one_of_them(
    operate: Operate, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "resolvers"):
        async with (
            operate(lambda _: httpx.Response(500)) as one,
            Operation(one.payex, Bounds(), rights=EVERYTHING, seconds=math.inf) as other,
        ):
            both = (one, other)
            await asyncio.gather(*(each.routes.answer(route()) for each in both))
            assert [each.stats.joined for each in both] == [0, 1]
    [line] = caplog.records
    assert vars(line)["support_id"] in {each.support_id for each in both}


async def test_a_problem_is_an_answer_and_not_logged(
    operate: Operate, caplog: pytest.LogCaptureFixture
) -> None:
    def tell(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, json={"type": "billing/usage/problems/invoice-not-found"})

    with caplog.at_level(logging.DEBUG, "resolvers"):
        async with operate(tell) as operation:
            await operation.routes.answer(route())
    assert not [record for record in caplog.records if record.name.startswith("resolvers")]


async def test_each_operation_has_a_support_id_of_its_own(operate: Operate) -> None:
    async with operate(Hanging()) as one, operate(Hanging()) as other:
        assert uuid.UUID(one.support_id) != uuid.UUID(other.support_id)


async def test_an_operation_asks_for_no_longer_than_its_seconds(operate: Operate) -> None:
    """Neither what is under way goes on, nor does what waits for its turn begin."""
    upstream = Hanging()
    async with operate(upstream, seconds=0.01, places=1) as operation:
        answers = await asyncio.gather(
            *(operation.routes.answer(route(str(number))) for number in range(3))
        )
    for answer in answers:
        assert isinstance(answer.outcome, Fault)
        assert answer.outcome.code in {
            FaultCode.DEADLINE_EXCEEDED,
            FaultCode.UPSTREAM_QUEUE_TIMEOUT,
        }
        assert answer.outcome.limit["GATEWAY_DEADLINE"] == 0.01
    assert upstream.cancelled == len(operation.stats.calls) <= 1


async def test_what_has_passed_of_the_request_s_time_is_the_operation_s_no_more(
    operate: Operate,
) -> None:
    """The body may have come late."""
    upstream = Hanging()
    started = time.monotonic() - 5
    async with (
        operate(upstream) as first,
        Operation(
            first.payex, Bounds(), rights=EVERYTHING, seconds=5, started=started
        ) as operation,
    ):
        answer = await operation.routes.answer(route())
    assert isinstance(answer.outcome, Fault)
    assert answer.outcome.limit == {"GATEWAY_DEADLINE": 5}
    assert not operation.stats.calls


async def test_an_operation_makes_no_more_calls_than_it_may(operate: Operate) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={})

    async with operate(answer, max_calls=2) as operation:
        answers = await asyncio.gather(
            *(operation.routes.answer(route(str(number))) for number in range(3))
        )
    faults = [answer.outcome for answer in answers if isinstance(answer.outcome, Fault)]
    assert [fault.code for fault in faults] == [FaultCode.UPSTREAM_TOO_MANY_CALLS]
    assert len(operation.stats.calls) == 2


async def test_those_who_see_the_same_of_a_ledger_share_a_call_and_others_do_not(
    operate: Operate,
) -> None:
    """Two agents see the ledger whole, whatever else they see; one caller sees but an invoice."""
    agents = [Rights(ledgers=frozenset({"xxx", other})) for other in ("yyy", "zzz")]
    user = Rights(numbers={"xxx": Numbers(invoices=frozenset({"123456"}))})
    calls, second_asked = 0, asyncio.Event()

    async def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        if calls == 2:
            second_asked.set()
        await second_asked.wait()
        return httpx.Response(200, json={})

    async with operate(answer, rights=agents[0]) as first:
        others = [Operation(first.payex, Bounds(), rights=rights) for rights in (agents[1], user)]
        await asyncio.gather(*(one.routes.answer(route()) for one in (first, *others)))
    assert calls == 2
    assert [operation.stats.joined for operation in (first, *others)] == [0, 1, 0]
