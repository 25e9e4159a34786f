"""The dataloaders: one call for each route, and nobody harmed by anybody else."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.api.answers import Answer
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.problems import Problem, ProblemType
from resolvers.payex.api.records import SubscriptionItem
from resolvers.payex.api.routes import Billing, Holder, Kind, Route, Routes
from resolvers.rights import EVERYTHING, Numbers, Rights, UnseenError

Operate = Callable[..., AbstractAsyncContextManager[Operation]]
INVOICE = Holder("xxx", Billing.BILLED, "123456")
OTHER = Holder("xxx", Billing.BILLED, "999")
LISTED = "/invoices/123456/subscriptions"


def invoice(number: str) -> Route:
    return Routes().of(Holder("xxx", Billing.BILLED, number), Kind.HOLDER)


class Upstream:
    """PayEx with two subscriptions, whose calls can be held back, and answers be replaced."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.answers: dict[str, httpx.Response] = {}
        self._held: dict[str, tuple[asyncio.Event, asyncio.Event]] = {}

    def hold(self, path: str) -> tuple[asyncio.Event, asyncio.Event]:
        """Return an event that says when a path is asked, and one that lets it be answered."""
        return self._held.setdefault(path, (asyncio.Event(), asyncio.Event()))

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Count the call, and answer it when it may be."""
        path = request.url.path.removeprefix("/billing/usage/v1/xxx")
        self.calls[path] += 1
        if path in self._held:
            asked, answered = self._held[path]
            asked.set()
            await answered.wait()
        if path in self.answers:
            return self.answers[path]
        if path.endswith("/subscriptions"):
            return httpx.Response(
                200, json={"items": [{"subscriptionNo": number} for number in ("1", 2)]}
            )
        return httpx.Response(200, json={"subscriptionNo": path.rpartition("/")[2]})


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


async def together(*questions: Coroutine[Any, Any, Answer]) -> list[Answer]:
    """Ask in one tick, and wait for all."""
    return list(await asyncio.gather(*questions))


def number_of(answer: Answer) -> str:
    assert isinstance(answer.outcome, SubscriptionItem)
    return answer.outcome.number


def code_of(answer: Answer) -> FaultCode:
    assert isinstance(answer.outcome, Fault)
    return answer.outcome.code


# Routes.


async def test_a_route_is_called_once_however_often_and_whenever_it_is_asked_for(
    operate: Operate, upstream: Upstream
) -> None:
    async with operate(upstream) as operation:
        first = await together(*(operation.routes.demand(invoice("1")) for _ in range(3)))
        later = await operation.routes.demand(invoice("1"), after=4)
        assert not operation.routes.started(invoice("2"))
    assert upstream.calls == {"/invoices/1": 1}
    assert {id(answer) for answer in [*first, later]} == {id(later)}
    assert (operation.stats.deduplicated, later.wave) == (3, 1)


async def test_an_answer_is_of_the_wave_behind_the_one_that_led_to_it(
    operate: Operate, upstream: Upstream
) -> None:
    async with operate(upstream) as operation:
        answers = await together(
            operation.routes.answer(invoice("1")), operation.routes.answer(invoice("2"), after=1)
        )
    assert [answer.wave for answer in answers] == [1, 2]


async def test_each_operation_calls_anew(operate: Operate, upstream: Upstream) -> None:
    for _ in range(2):
        async with operate(upstream) as operation:
            await operation.routes.answer(invoice("1"))
    assert upstream.calls == {"/invoices/1": 2}


async def test_a_waiter_cancelled_during_the_call_harms_no_other_and_no_later_one(
    operate: Operate, upstream: Upstream
) -> None:
    asked, answered = upstream.hold("/invoices/1")
    async with operate(upstream) as operation:
        one, other = (asyncio.create_task(operation.routes.answer(invoice("1"))) for _ in range(2))
        await asked.wait()
        # Another round trip brings the waiters from the batch to the call itself.
        await operation.routes.answer(invoice("2"))
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        answered.set()
        assert await other is await operation.routes.answer(invoice("1"))
    assert upstream.calls["/invoices/1"] == 1


def ask_a_route(operation: Operation) -> Coroutine[Any, Any, Answer]:
    return operation.routes.answer(invoice("1"))


def ask_a_subscription(operation: Operation) -> Coroutine[Any, Any, Answer]:
    return operation.subscriptions.answer(INVOICE, "1")


@pytest.mark.parametrize("ask", [ask_a_route, ask_a_subscription])
async def test_a_waiter_cancelled_before_the_call_harms_no_other_and_no_later_one(
    operate: Operate,
    upstream: Upstream,
    ask: Callable[[Operation], Coroutine[Any, Any, Answer]],
) -> None:
    async with operate(upstream) as operation:
        one = asyncio.create_task(ask(operation))

        async def cancel_and_ask() -> Answer:
            assert not upstream.calls
            one.cancel()
            return await ask(operation)

        answer = await asyncio.create_task(cancel_and_ask())
        assert one.cancelled()
        assert await ask(operation) is answer
    assert upstream.calls.total() == 1


async def test_a_slow_route_holds_back_none_of_its_batch(
    operate: Operate, upstream: Upstream
) -> None:
    _, answered = upstream.hold("/invoices/slow")
    async with operate(upstream) as operation:
        slow = asyncio.create_task(operation.routes.answer(invoice("slow")))
        await together(*(operation.routes.answer(invoice(str(n))) for n in range(5)))
        assert not slow.done()
        answered.set()
        assert not isinstance((await slow).outcome, Fault)


async def test_a_failing_route_fails_none_of_its_batch(
    operate: Operate, upstream: Upstream
) -> None:
    upstream.answers = {
        "/invoices/1": httpx.Response(500),
        "/invoices/2": httpx.Response(
            404, json={"type": "billing/usage/problems/invoice-not-found"}
        ),
    }
    async with operate(upstream) as operation:
        fault, problem, reply = await together(
            *(operation.routes.answer(invoice(number)) for number in "123")
        )
    assert code_of(fault) is FaultCode.UPSTREAM_ERROR
    assert isinstance(problem.outcome, Problem)
    assert not isinstance(reply.outcome, Problem | Fault)


# What is kept.


async def test_what_is_kept_is_a_key_of_its_batch_and_waits_for_no_turn(
    operate: Operate, upstream: Upstream
) -> None:
    asked, answered = upstream.hold("/invoices/2")
    async with operate(upstream, kept_for=60) as first:
        brought = await first.routes.answer(invoice("1"))
        async with Operation(first.payex, Bounds(), rights=EVERYTHING) as second:
            slow = asyncio.create_task(second.routes.demand(invoice("2"), after=1))
            kept = await second.routes.demand(invoice("1"), after=1)
            await asked.wait()
            again = await second.routes.demand(invoice("1"), after=1)
            answered.set()
            await slow
    assert kept.outcome is brought.outcome
    assert again is kept
    stats = second.stats
    assert (stats.batches, stats.hits, stats.misses, stats.deduplicated) == ([2], 1, 1, 1)
    assert (kept.wave, upstream.calls["/invoices/1"]) == (1, 1)
    assert 0 < (stats.fresh_for or 0) <= 60


async def test_what_is_kept_is_nothing_to_who_does_not_see_it(
    operate: Operate, upstream: Upstream
) -> None:
    user = Rights(numbers={"xxx": Numbers(invoices=frozenset({"2"}))})
    async with operate(upstream, kept_for=60) as first:
        await first.routes.answer(invoice("1"))
        async with Operation(first.payex, Bounds(), rights=user) as second:
            with pytest.raises(UnseenError):
                await second.routes.answer(invoice("1"))
    assert (second.stats.hits, second.stats.calls) == (0, [])


# Single subscriptions.


async def test_one_subscription_is_asked_for_by_its_own_route(
    operate: Operate, upstream: Upstream
) -> None:
    async with operate(upstream) as operation:
        answer = await operation.subscriptions.answer(INVOICE, "1", after=2)
    assert (number_of(answer), answer.wave) == ("1", 3)
    assert upstream.calls == {f"{LISTED}/1": 1}


async def test_several_subscriptions_under_one_holder_are_one_call_of_its_list(
    operate: Operate, upstream: Upstream
) -> None:
    async with operate(upstream) as operation:
        answers = await together(
            *(operation.subscriptions.answer(INVOICE, number) for number in ("1", "2", "1")),
            operation.subscriptions.answer(OTHER, "1"),
        )
    assert [number_of(answer) for answer in answers] == ["1", "2", "1", "1"]
    assert upstream.calls == {LISTED: 1, "/invoices/999/subscriptions/1": 1}
    assert answers[0] is answers[2]


async def test_a_number_that_the_list_lacks_is_asked_for_by_its_own_route_a_wave_later(
    operate: Operate, upstream: Upstream
) -> None:
    missing = httpx.Response(404, json={"type": "billing/usage/problems/subscription-not-found"})
    upstream.answers[f"{LISTED}/3"] = missing
    async with operate(upstream) as operation:
        found, lacking = await together(
            *(operation.subscriptions.answer(INVOICE, number) for number in ("1", "3"))
        )
    assert (number_of(found), found.wave) == ("1", 1)
    assert isinstance(lacking.outcome, Problem)
    assert lacking.outcome.kind is ProblemType.SUBSCRIPTION_NOT_FOUND
    assert lacking.wave == 2
    assert upstream.calls == {LISTED: 1, f"{LISTED}/3": 1}


async def test_a_problem_of_the_list_is_the_answer_for_each(
    operate: Operate, upstream: Upstream
) -> None:
    upstream.answers[LISTED] = httpx.Response(
        404, json={"type": "billing/usage/problems/invoice-not-found"}
    )
    async with operate(upstream) as operation:
        answers = await together(
            *(operation.subscriptions.answer(INVOICE, number) for number in ("1", "2"))
        )
    assert all(isinstance(answer.outcome, Problem) for answer in answers)
    assert upstream.calls == {LISTED: 1}


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, json={"items": [], "navigation": {"next": "/elsewhere"}}),
    ],
    ids=["error", "malformed", "link"],
)
async def test_a_list_whose_answer_alone_is_at_fault_leaves_the_own_routes(
    operate: Operate, upstream: Upstream, response: httpx.Response
) -> None:
    upstream.answers[LISTED] = response
    async with operate(upstream) as operation:
        answers = await together(
            *(operation.subscriptions.answer(INVOICE, number) for number in ("1", "2"))
        )
    assert [(number_of(answer), answer.wave) for answer in answers] == [("1", 2), ("2", 2)]
    assert upstream.calls == {LISTED: 1, f"{LISTED}/1": 1, f"{LISTED}/2": 1}


@pytest.mark.parametrize("status", [401, 403, 429, 501, 502, 503, 504])
async def test_a_fault_that_would_meet_the_next_call_as_well_is_the_answer_for_each(
    operate: Operate, upstream: Upstream, status: int
) -> None:
    upstream.answers[LISTED] = httpx.Response(status)
    async with operate(upstream) as operation:
        answers = await together(
            *(operation.subscriptions.answer(INVOICE, number) for number in ("1", "2"))
        )
    assert len({code_of(answer) for answer in answers}) == 1
    assert upstream.calls == {LISTED: 1}


async def test_a_subscription_joins_a_list_that_is_already_asked_for(
    operate: Operate, upstream: Upstream
) -> None:
    asked, answered = upstream.hold(LISTED)
    async with operate(upstream) as operation:
        listed = operation.payex.routes.of(INVOICE, Kind.SUBSCRIPTIONS)
        listing = asyncio.create_task(operation.routes.answer(listed))
        await asked.wait()
        joining = asyncio.create_task(operation.subscriptions.answer(INVOICE, "2"))
        answered.set()
        assert number_of(await joining) == "2"
        await listing
    assert upstream.calls == {LISTED: 1}


async def test_a_subscription_and_a_list_asked_for_in_one_tick_are_one_call(
    operate: Operate, upstream: Upstream
) -> None:
    async with operate(upstream) as operation:
        listed = operation.payex.routes.of(INVOICE, Kind.SUBSCRIPTIONS)
        for questions in (
            [operation.subscriptions.answer(INVOICE, "2"), operation.routes.answer(listed)],
            [operation.routes.answer(listed), operation.subscriptions.answer(INVOICE, "1")],
        ):
            await together(*questions)
    assert upstream.calls == {LISTED: 1}


async def test_a_cancelled_waiter_for_a_subscription_harms_no_sibling(
    operate: Operate, upstream: Upstream
) -> None:
    asked, answered = upstream.hold(LISTED)
    async with operate(upstream) as operation:
        one, other, same = (
            asyncio.create_task(operation.subscriptions.answer(INVOICE, number))
            for number in ("1", "2", "1")
        )
        await asked.wait()
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        answered.set()
        assert [number_of(await task) for task in (other, same)] == ["2", "1"]
        assert number_of(await operation.subscriptions.answer(INVOICE, "1")) == "1"
    assert upstream.calls == {LISTED: 1}
