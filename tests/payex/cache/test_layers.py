"""What is kept of an answer, here and for all instances, and what is made of it again."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest

from resolvers.budget import Budget
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Answer, CallContext
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.intake import Intake
from resolvers.payex.api.problems import Problem, ProblemType, parse_problem
from resolvers.payex.api.reader import Reader, Reading
from resolvers.payex.api.records import ItemList
from resolvers.payex.api.routes import Billing, Holder, Kind, Route, Routes
from resolvers.payex.api.work import Work
from resolvers.payex.cache.layers import CacheLayers
from resolvers.payex.cache.local import AnswerCache, CacheKey, CachePolicy, access_mark
from resolvers.payex.cache.shared import Stored
from resolvers.payex.client import Payex

pytestmark = pytest.mark.virtual_time
Connect = Callable[..., AbstractAsyncContextManager[Payex]]
ROUTES = Routes()
POLICY = CachePolicy(billed_ttl=60, unbilled_ttl=0, problem_ttl=5)
LIST = ROUTES.of(Holder("xxx", Billing.BILLED, "1"), Kind.DETAILS, "2")
UNBILLED = ROUTES.of(Holder("xxx", Billing.UNBILLED, "1"), Kind.DETAILS, "2")
TOKEN = "a-token"  # noqa: S105 - opens nothing
PAGES = (
    msgspec.json.encode({"items": [{"usageType": "A"}], "navigation": {"next": f"{LIST.path}?2"}}),
    b'{"items":[{"usageType":"B"}]}',
)
NOT_FOUND = b'{"type":"billing/usage/problems/invoice-not-found"}'


class Shared:
    """A cache of many instances, as a dictionary. What it is given takes half a second to store."""

    def __init__(self) -> None:
        self.held: dict[str, Stored] = {}
        self.left = 30.0
        self.gets = 0
        self.closed = False
        self.ttls: list[float] = []

    async def get(self, key: str) -> Stored | None:
        """Return what is held."""
        self.gets += 1
        await asyncio.sleep(0)
        stored = self.held.get(key)
        return stored and replace(stored, left=self.left)

    async def put(self, key: str, stored: Stored, ttl: float) -> None:
        """Hold it, after half a second."""
        await asyncio.sleep(0.5)
        assert not self.closed
        self.ttls.append(ttl)
        self.held[key] = stored

    async def aclose(self) -> None:
        """Close."""
        self.closed = True


def memory(
    shared: Any = None, policy: CachePolicy = POLICY, origin: str = "https://a"
) -> CacheLayers:
    """Return the memory of one instance."""
    cache = AnswerCache(clock=asyncio.get_running_loop().time)
    return CacheLayers(cache, policy, Reader(ROUTES, 100, {}), shared=shared, origin=origin)


def key_of(route: Route, token: str = TOKEN, rights: str = "") -> CacheKey:
    return CacheKey(rights, access_mark(token), route.path, route.kind)


def keep(kept: CacheLayers, reading: Reading, route: Route = LIST, token: str = TOKEN) -> None:
    kept.keep(route, key_of(route, token), token, reading)


async def read(
    *bodies: bytes | Problem, route: Route = LIST, intake: Intake | None = None
) -> Reading:
    taken = intake or Intake()

    async def fetch(_: Route, page: int) -> bytes | Problem:
        body = bodies[page]
        if isinstance(body, bytes):
            taken.arrive(len(body))
        return body

    return await Reader(ROUTES, 100, {}).read(route, fetch, taken)


def types(outcome: object) -> list[str]:
    assert isinstance(outcome, ItemList)
    return [msgspec.json.decode(item.raw)["usageType"] for item in outcome.items]


def not_found() -> Problem:
    problem = parse_problem(404, NOT_FOUND)
    assert problem
    return problem


async def test_without_a_shared_cache_only_this_process_knows() -> None:
    kept = memory()
    reading = await read(*PAGES)
    keep(kept, reading)
    assert kept.find(key_of(LIST))[0] is reading.outcome
    assert await kept.recall(LIST, key_of(LIST), TOKEN) is None
    await kept.aclose()


async def test_another_instance_recalls_the_same_answer_and_keeps_it() -> None:
    shared = Shared()
    one, other = memory(shared), memory(shared)
    reading = await read(*PAGES)
    keep(one, reading)
    await asyncio.sleep(1)
    recalled = await other.recall(LIST, key_of(LIST), TOKEN)
    assert recalled
    assert types(recalled.outcome) == ["A", "B"]
    assert (recalled.bodies, recalled.status) == (PAGES, 200)
    assert other.find(key_of(LIST))[0] is recalled.outcome


async def test_to_recall_an_answer_is_paid_as_to_read_it_is() -> None:
    """An answer of 10,000 records is too large to be kept here, and is decoded each time."""
    shared, reading, recalling = Shared(), Budget(), Budget()
    keep(memory(shared), await read(*PAGES, intake=Intake(budget=reading)))
    await asyncio.sleep(1)
    for _ in range(2):
        intake = Intake(budget=recalling)
        assert await memory(shared).recall(LIST, key_of(LIST), TOKEN, intake)

    assert reading.spent[Work.READ] > 0
    assert recalling.spent[Work.READ] == pytest.approx(2 * reading.spent[Work.READ])


async def test_a_problem_is_recalled_as_the_problem_that_it_was() -> None:
    shared = Shared()
    one, other = memory(shared), memory(shared)
    keep(one, await read(PAGES[0], not_found()))
    await asyncio.sleep(1)
    recalled = await other.recall(LIST, key_of(LIST), TOKEN)
    assert recalled
    assert isinstance(recalled.outcome, Problem)
    assert recalled.outcome.kind is ProblemType.INVOICE_NOT_FOUND
    assert (recalled.status, recalled.bodies, shared.ttls) == (404, (NOT_FOUND,), [5])


@pytest.mark.parametrize(("left", "seconds"), [(30.0, 30), (90.0, 60)])
async def test_a_copy_lives_no_longer_than_what_it_was_copied_from(
    left: float, seconds: float
) -> None:
    shared = Shared()
    shared.left = left
    one, other = memory(shared), memory(shared)
    keep(one, await read(*PAGES))
    await asyncio.sleep(1)
    assert await other.recall(LIST, key_of(LIST), TOKEN)
    await asyncio.sleep(seconds - 1)
    assert other.find(key_of(LIST))[0]
    await asyncio.sleep(1)
    assert other.find(key_of(LIST))[0] is None


async def test_what_this_instance_keeps_no_longer_is_recalled_and_not_kept() -> None:
    shared = Shared()
    one = memory(shared)
    other = memory(shared, CachePolicy(billed_ttl=60, problem_ttl=0))
    keep(one, await read(not_found()))
    await asyncio.sleep(1)
    assert await other.recall(LIST, key_of(LIST), TOKEN)
    assert other.find(key_of(LIST))[0] is None


@pytest.mark.parametrize(
    "stored",
    [
        Stored(200, ()),
        Stored(200, PAGES[:1]),
        Stored(200, (b"<html>",)),
        Stored(200, (b'{"items":5}',)),
        Stored(404, ()),
        Stored(404, (b"<html>",)),
        Stored(404, (b'{"items":[]}',)),
    ],
    ids=["no page", "page lost", "no JSON", "no list", "no body", "no problem", "no type"],
)
async def test_what_cannot_be_understood_is_as_good_as_nothing(stored: Stored) -> None:
    shared = Shared()
    kept = memory(shared)
    keep(kept, await read(*PAGES))
    await asyncio.sleep(1)
    [name] = shared.held
    shared.held[name] = stored
    assert await memory(shared).recall(LIST, key_of(LIST), TOKEN) is None


async def test_what_may_not_be_kept_is_neither_stored_nor_looked_for() -> None:
    shared = Shared()
    kept = memory(shared)
    keep(kept, await read(*PAGES[1:], route=UNBILLED), UNBILLED)
    unrecognized = parse_problem(404, b'{"type":"of-next-year"}')
    assert unrecognized
    keep(kept, await read(unrecognized))
    await asyncio.sleep(2)
    assert shared.held == {}
    assert kept.find(key_of(UNBILLED)) == kept.find(key_of(LIST)) == (None, 0, None)
    assert await kept.recall(UNBILLED, key_of(UNBILLED), TOKEN) is None
    assert shared.gets == 0


@pytest.mark.parametrize(
    ("token", "rights", "origin"),
    [("other", "", "https://a"), (TOKEN, "other", "https://a"), (TOKEN, "", "https://b")],
    ids=["token", "rights", "origin"],
)
async def test_another_token_other_rights_or_another_payex_finds_nothing(
    token: str, rights: str, origin: str
) -> None:
    shared = Shared()
    kept = memory(shared)
    keep(kept, await read(*PAGES))
    await asyncio.sleep(1)
    assert kept.find(key_of(LIST, token, rights))[0] is None or origin != "https://a"
    other = memory(shared, origin=origin)
    assert await other.recall(LIST, key_of(LIST, token, rights), token) is None
    assert not any(TOKEN in name for name in shared.held)


async def test_nobody_waits_for_the_storing_but_closing_does() -> None:
    shared = Shared()
    kept = memory(shared)
    begun = asyncio.get_running_loop().time()
    keep(kept, await read(*PAGES))
    assert asyncio.get_running_loop().time() == begun
    assert shared.held == {}
    await kept.aclose()
    assert len(shared.held) == 1
    assert shared.closed


# The client over it.


async def test_what_another_instance_has_asked_costs_no_call_and_no_wave(connect: Connect) -> None:
    calls = 0

    async def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        await asyncio.sleep(1)
        return httpx.Response(200, content=PAGES[1])

    shared = Shared()
    parts = {"policy": POLICY, "shared": shared}
    asked: list[tuple[Answer, OperationStats]] = []
    async with connect(answer, memory=parts) as one, connect(answer, memory=parts) as other:
        for payex in (one, other, other):
            stats = OperationStats(500)
            deadline = Deadline(float("inf"))
            context = CallContext(stats, deadline, seconds=0, rights="", turn="one")
            asked.append((await payex.answer(LIST, 3, context), stats))
            await asyncio.sleep(1)
    assert calls == 1
    assert [types(answer.outcome) for answer, _ in asked] == [["B"]] * 3
    assert [answer.wave for answer, _ in asked] == [3, 2, 2]
    assert [(stats.hits, stats.misses) for _, stats in asked] == [(0, 1), (1, 0), (1, 0)]
    assert shared.gets == 2


async def test_what_another_instance_recalls_is_as_old_as_it_was() -> None:
    shared = Shared()
    reading = await Reader(ROUTES, 100, {}, lambda: 1234.5).read(LIST, _first_page)
    assert reading.fetched == 1234.5
    one = memory(shared)
    keep(one, reading)
    await one.aclose()
    found = await memory(shared).recall(LIST, key_of(LIST), TOKEN)

    assert found is not None
    assert found.fetched == 1234.5


async def _first_page(_: Route, __: int) -> bytes:
    return PAGES[-1]
