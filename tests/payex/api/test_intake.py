"""What reading an answer takes: memory as its bytes arrive, and the budget as it is decoded."""

import asyncio
import gc
import json
import math
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Answer, CallContext
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.decoders import usage_records
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.held_bytes import ProcessBytes, weight
from resolvers.payex.api.intake import Intake
from resolvers.payex.api.reader import Reader
from resolvers.payex.api.records import ItemList
from resolvers.payex.api.routes import Billing, Holder, Kind, Route, Routes
from resolvers.payex.api.turns import Pace, Turns
from resolvers.payex.api.work import Work
from resolvers.payex.cache.local import AnswerCache, CachePolicy
from resolvers.payex.cache.shared import Stored
from resolvers.payex.resilience.breakers import Breakers
from resolvers.payex.resilience.retries import Backoff

INVOICE = Holder("xxx", Billing.BILLED, "123456")
ROUTE = Routes().of(INVOICE, Kind.DETAILS, "70")
RECORD = {"usageType": "call", "amount": 1.5, "detailInfo": "x" * 60}
MIB = 1024 * 1024


def records(count: int, following: str | None = None) -> bytes:
    """Return a page of so many records."""
    page = {"items": [RECORD] * count, "navigation": {"next": following}}
    return json.dumps(page).encode()


class Spent:
    """What was spent.

    Args:
        limit: how much may be.
        end: is called as soon as more is spent.
    """

    def __init__(self, limit: float = math.inf, end: Callable[[], object] = lambda: None) -> None:
        self.units = 0.0
        self._limit = limit
        self._end = end

    @property
    def used_up(self) -> bool:
        """Whether more was spent."""
        return self.units > self._limit

    def spend(self, what: Work, units: float) -> None:
        """Add up what reading takes."""
        if what is Work.READ:
            self.units += units
            if self.used_up:
                self._end()


def context(held: ProcessBytes, caller: str = "a", budget: Any = None) -> CallContext:
    """Return somebody who begins an operation."""
    return CallContext(
        recorder=OperationStats(100),
        deadline=Deadline(10.0**9),
        seconds=10.0**9,
        rights="all",
        turn=object(),
        caller=caller,
        budget=budget or Spent(),
        held=held.operation(caller),
    )


def stats_of(asks: CallContext) -> OperationStats:
    """Return what an operation has counted."""
    assert isinstance(asks.recorder, OperationStats)
    return asks.recorder


def code_of(answer: Answer) -> FaultCode | None:
    """Return the code of the fault, if it is one."""
    return answer.outcome.code if isinstance(answer.outcome, Fault) else None


class Parts(httpx.AsyncByteStream):
    """A body in parts, of which it tells how many were read."""

    def __init__(self, body: bytes, size: int = 65536) -> None:
        self._body = body
        self._size = size
        self.read = 0

    async def __aiter__(self) -> Any:
        """Yield the parts."""
        for start in range(0, len(self._body), self._size):
            self.read += len(self._body[start : start + self._size])
            yield self._body[start : start + self._size]


async def test_a_body_is_not_read_on_that_would_take_more_than_an_operation_may(
    connect: Any,
) -> None:
    held = ProcessBytes(64 * MIB, 7 * MIB)
    body = Parts(records(30_000))
    breakers = Breakers(requests=1, failure_share=0.1)
    async with connect(
        lambda _: httpx.Response(200, stream=body), policies={"held": held, "breakers": breakers}
    ) as payex:
        asks = context(held)
        answer = await payex.answer(ROUTE, 1, asks)
    assert code_of(answer) is FaultCode.OPERATION_BYTES_LIMIT
    assert MIB - 65536 <= body.read <= MIB + 65536
    # It is the gateway's own bound, and nothing that PayEx is to blame for.
    assert not breakers.openings
    assert [call.fault for call in stats_of(asks).calls] == [FaultCode.OPERATION_BYTES_LIMIT]
    assert not stats_of(asks).unread


async def test_what_an_answer_takes_is_given_back_with_it(connect: Any) -> None:
    held = ProcessBytes(64 * MIB, 32 * MIB)
    async with connect(
        lambda _: httpx.Response(200, content=records(1000)), policies={"held": held}
    ) as payex:
        answer = await payex.answer(ROUTE, 1, context(held))
        assert isinstance(answer.outcome, ItemList)
        assert held.used == answer.held.size == weight(1000, len(records(1000)))
        gc.disable()
        try:
            del answer
            assert held.used == 0
        finally:
            gc.enable()


async def test_the_pages_of_a_list_count_together(connect: Any) -> None:
    pages = [records(2000, f"{ROUTE.path}?page={number}") for number in range(1, 20)]

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=pages[int(request.url.params.get("page", 0))])

    held = ProcessBytes(64 * MIB, 7 * MIB)
    async with connect(handler, policies={"held": held}) as payex:
        asks = context(held)
        answer = await payex.answer(ROUTE, 1, asks)
        assert code_of(answer) is FaultCode.OPERATION_BYTES_LIMIT
        # None of what was read is left.
        assert (held.used, asks.held.held) == (0, 0)


async def test_a_body_of_tiny_records_counts_by_them(connect: Any) -> None:
    body = b'{"items":[' + b",".join([b"{}"] * 200_000) + b"]}"
    held = ProcessBytes(64 * MIB, 16 * MIB)
    async with connect(
        lambda _: httpx.Response(200, content=body), policies={"held": held}
    ) as payex:
        answer = await payex.answer(ROUTE, 1, context(held))
    assert code_of(answer) is FaultCode.OPERATION_BYTES_LIMIT


async def test_an_answer_that_is_kept_counts_to_the_process_and_to_each_who_uses_it(
    connect: Any,
) -> None:
    held = ProcessBytes(64 * MIB, 2 * MIB)
    cache = AnswerCache()
    async with connect(
        lambda _: httpx.Response(200, content=records(1000)),
        policies={"held": held},
        memory={"cache": cache, "policy": CachePolicy()},
    ) as payex:
        size = (await payex.answer(ROUTE, 1, context(held))).held.size
        assert held.used == size
        user = context(held, "b")
        answers = [payex.kept(ROUTE, 1, user) for _ in range(3)]
        assert (held.used, user.held.held) == (size, 2 * size)
        assert [code_of(answer) for answer in answers] == [
            None,
            None,
            FaultCode.OPERATION_BYTES_LIMIT,
        ]


async def test_the_bound_of_who_started_a_call_is_nobody_elses(connect: Any) -> None:
    held = ProcessBytes(64 * MIB, 7 * MIB)
    async with connect(
        lambda _: httpx.Response(200, content=records(1000)), policies={"held": held}
    ) as payex:
        full, free = context(held, "a"), context(held, "b")
        full.held.take(7 * MIB)
        starting = payex.answer(ROUTE, 1, full)
        answers = await asyncio.gather(starting, payex.answer(ROUTE, 1, free))
    assert [code_of(answer) for answer in answers] == [FaultCode.OPERATION_BYTES_LIMIT, None]


async def test_what_a_failed_attempt_brought_takes_nothing(connect: Any) -> None:
    """An operation that may hold one such answer is answered, though it comes the second time."""
    statuses = [503, 200]
    size = len(records(1000))
    held = ProcessBytes(64 * MIB, 10 * size)
    async with connect(
        lambda _: httpx.Response(statuses.pop(0), content=records(1000)),
        policies={"held": held, "backoff": Backoff(attempts=2)},
    ) as payex:
        answer = await payex.answer(ROUTE, 1, context(held))
        assert code_of(answer) is None
        assert held.used == answer.held.size == weight(1000, size)


@pytest.mark.parametrize("count", [10, 10_000])
async def test_reading_is_paid_by_bytes_and_records(connect: Any, count: int) -> None:
    """A record of 128 bytes takes about 3 microseconds, those of its call included."""
    spent = Spent()
    async with connect(lambda _: httpx.Response(200, content=records(count))) as payex:
        await payex.answer(ROUTE, 1, context(ProcessBytes(), budget=spent))
    assert 2 <= spent.units / count <= 4


def test_a_byte_is_paid_for_when_it_arrives_and_again_when_it_is_decoded() -> None:
    """What arrives is received and copied, whether or not it is ever decoded."""
    spent = Spent()
    intake = Intake(budget=spent)
    intake.arrive(MIB)
    arrived = spent.units
    intake.decode(MIB, 0, 0)
    assert 0 < arrived < spent.units - arrived


async def test_a_list_is_decoded_no_further_than_is_paid_for() -> None:
    """The operation is cancelled, and the cancellation gets to the list's task before a slice."""
    body = records(10_000)
    slice_ = len(body) / 10

    async def fetch(_route: Route, _page: int) -> bytes:
        return body

    async def read() -> None:
        pace = Pace(Turns(longest=math.inf), Deadline(math.inf), lambda _: TimeoutError())
        await Reader(Routes(), 1, {}).read(ROUTE, fetch, Intake(pace, budget=spent))

    task = asyncio.create_task(read())
    spent = Spent(limit=slice_ * 0.009, end=task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert spent.units < 3 * slice_ * 0.012


@pytest.mark.parametrize(
    ("value", "least"),
    [
        ({"startTime": "2019-05-06T00:00:00Z"}, 8),
        ({"amount": "x"}, 21),
        ({"amount": "x", "detailInfo": "\n" * 100}, 124),
    ],
)
def test_an_element_that_is_read_by_itself_is_dearer(value: object, least: int) -> None:
    spent = Spent()
    body = json.dumps({"items": [value] * 100}).encode()
    intake = Intake(budget=spent)
    page = usage_records({}).page(body)
    intake.decode(len(body), len(page.items), page.units)
    assert least * 100 <= spent.units <= (least + 2) * 100


class Other:
    """A cache that another instance has filled."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def get(self, _key: str) -> Stored:
        """Return the answer."""
        return Stored(200, (self._body,))

    async def aclose(self) -> None:
        """Close."""


@pytest.mark.parametrize(
    ("limit", "code"), [(MIB, FaultCode.OPERATION_BYTES_LIMIT), (32 * MIB, None)]
)
async def test_what_another_instance_has_brought_counts_as_well(
    connect: Any, limit: int, code: FaultCode | None
) -> None:
    held = ProcessBytes(64 * MIB, limit)
    memory = {"shared": Other(records(2000)), "policy": CachePolicy()}
    async with connect(lambda _: None, policies={"held": held}, memory=memory) as payex:
        answer = await payex.answer(ROUTE, 1, context(held))
    assert code_of(answer) is code
    assert held.used == (0 if code else weight(2000, len(records(2000))))


async def test_without_a_loop_to_share_nobody_gets_a_turn() -> None:
    async def fetch(_route: Route, _page: int) -> bytes:
        return records(2000)

    reading = await Reader(Routes(), 1, {}).read(ROUTE, fetch)
    assert isinstance(reading.outcome, ItemList)
    assert len(reading.outcome.items) == 2000
