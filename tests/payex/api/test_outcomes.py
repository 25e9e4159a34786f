"""Whatever becomes of calls, in whatever order, nothing of them is left and each is reported."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Answer, CallContext, Errand
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.routes import Billing, Holder, Kind, Routes
from resolvers.payex.credentials.access import Access
from resolvers.payex.resilience.attempts import Attempts
from resolvers.payex.resilience.breakers import Breakers
from resolvers.payex.resilience.limiter import Limiter
from resolvers.payex.resilience.retries import Backoff, retryable
from resolvers.payex.resilience.retry_budget import RetryBudget

pytestmark = pytest.mark.virtual_time
Attempting = Callable[..., AbstractAsyncContextManager[Attempts]]
ACCESS = Access(token="a-token")  # noqa: S106 - opens nothing
BROKEN = 0
"""Stands for a connection that breaks."""
NEVER_CALLED = {
    FaultCode.UPSTREAM_OVERLOADED,
    FaultCode.UPSTREAM_BREAKER_OPEN,
    FaultCode.UPSTREAM_TOO_MANY_CALLS,
}


@dataclass(frozen=True)
class Step:
    """How one call goes: how long it takes, and what comes of it."""

    seconds: float
    status: int


@dataclass(frozen=True)
class Question:
    """One who asks: when, with how much patience, until when, and with how many calls."""

    start: float
    patience: float
    leaves: float | None
    calls: int
    steps: tuple[Step, ...]


# Quarters of seconds, so that many things happen at the very same moment.
moments = st.integers(0, 24).map(lambda quarters: quarters / 4)
steps = st.builds(
    Step, moments, st.sampled_from([200, 200, 404, 401, 429, 500, 503, 503, BROKEN, 501])
)
questions = st.builds(
    Question,
    start=moments,
    patience=moments | st.just(1000.0),
    leaves=st.none() | moments,
    calls=st.sampled_from([0, 1, 2, 500]),
    steps=st.lists(steps, min_size=1, max_size=4).map(tuple),
)


def now() -> float:
    return asyncio.get_running_loop().time()


class Upstream:
    """Goes through each question's steps, the last one again and again."""

    def __init__(self, scripts: list[Question]) -> None:
        self._scripts = scripts
        self.calls = [0] * len(scripts)
        self.in_flight = self.most = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Go through one step."""
        number = int(request.url.path.rpartition("/")[2])
        script = self._scripts[number].steps
        step = script[min(self.calls[number], len(script) - 1)]
        self.calls[number] += 1
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            await asyncio.sleep(step.seconds)
        finally:
            self.in_flight -= 1
        if step.status == BROKEN:
            raise httpx.ReadError("broken")
        return httpx.Response(step.status, json={"type": "x"})


async def ask(attempts: Attempts, number: int, question: Question, stats: OperationStats) -> object:
    """Ask as the question says, and return what came of it."""
    await asyncio.sleep(question.start)
    deadline = Deadline.after(question.patience, now())
    route = Routes().of(Holder("xxx", Billing.BILLED, str(number)), Kind.HOLDER)
    context = CallContext(stats, deadline, question.patience, rights="", turn=number % 2)
    asking = asyncio.create_task(attempts.get(route, ACCESS, Errand(1), deadline, context))
    if question.leaves is not None:
        asyncio.get_running_loop().call_later(question.leaves, asking.cancel)
    try:
        return await asking
    except (Fault, asyncio.CancelledError) as error:
        return error
    finally:
        assert all(call.ended <= deadline.at + 1e-6 for call in stats.calls)
        assert all(call.started < deadline.at for call in stats.calls)


@given(
    scripts=st.lists(questions, max_size=8),
    places=st.integers(1, 3),
    queued=st.integers(0, 4),
    attempts=st.integers(1, 3),
    requests=st.integers(1, 6),
)
async def test_nothing_is_left_and_every_call_is_reported_once(
    attempting: Attempting,
    scripts: list[Question],
    places: int,
    queued: int,
    attempts: int,
    requests: int,
) -> None:
    limiter = Limiter(in_flight=places, queued=queued)
    breakers = Breakers(requests=requests, pause=2.5)
    budget = RetryBudget(ratio=0.2, minimum_per_second=0.2, window=100)
    upstream = Upstream(scripts)
    tallies = [OperationStats(question.calls) for question in scripts]
    policies = {"limiter": limiter, "breakers": breakers, "budget": budget}
    backoff = Backoff(attempts=attempts, base=1.0)
    async with attempting(upstream, backoff=backoff, **policies) as client:
        outcomes = await asyncio.gather(
            *(ask(client, n, *pair) for n, pair in enumerate(zip(scripts, tallies, strict=True)))
        )
        assert (limiter.in_flight, limiter.queued, upstream.in_flight) == (0, 0, 0)
        assert upstream.most <= places
        # No probe has kept its place.
        for number in range(len(scripts)):
            holder = Holder("xxx", Billing.BILLED, str(number))
            permit = breakers.permit("xxx", holder, now() + 1000)
            assert permit
            permit.abandoned(now() + 1000)
    retries = 0
    for number, (stats, outcome) in enumerate(zip(tallies, outcomes, strict=True)):
        calls = stats.calls
        assert [call.attempt for call in calls] == list(range(1, upstream.calls[number] + 1))
        assert len(calls) <= min(attempts, scripts[number].calls)
        assert all(call.fault and retryable(call.fault, call.status) for call in calls[:-1])
        retries += max(0, len(calls) - 1)
        if isinstance(outcome, Fault) and outcome.code not in NEVER_CALLED:
            code = calls[-1].fault if calls else FaultCode.DEADLINE_EXCEEDED
            assert outcome.code in {
                code,
                FaultCode.DEADLINE_EXCEEDED,
                FaultCode.UPSTREAM_QUEUE_TIMEOUT,
            }
        if isinstance(outcome, bytes):
            assert (calls[-1].status, calls[-1].fault) == (200, None)
    assert retries <= 20 + len(scripts) / 5


def test_an_answer_shows_nothing_of_what_payex_said() -> None:
    assert repr(Answer(Fault(FaultCode.UPSTREAM_ERROR), 2)) == "Answer(wave=2)"
