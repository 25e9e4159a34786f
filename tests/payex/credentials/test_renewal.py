"""Tokens that change, and ledgers and rights that never meet."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Answer, CallContext
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.routes import Billing, Holder, Kind
from resolvers.payex.cache.local import CachePolicy
from resolvers.payex.cache.shared import Stored
from resolvers.payex.client import Payex
from resolvers.payex.credentials.access import Access, StaticTokens

pytestmark = pytest.mark.virtual_time
Connect = Callable[..., AbstractAsyncContextManager[Payex]]
KEEPS = {"policy": CachePolicy(billed_ttl=60)}


class Ledgers(StaticTokens):
    """Tokens of ledgers, of which the file may hold newer ones than are known yet."""

    def __init__(self, **tokens: str) -> None:
        super().__init__(tokens)
        self.file: dict[str, str] = dict(tokens)
        self.refreshed = 0

    async def refresh(self) -> bool:
        """Read the file."""
        self.refreshed += 1
        self._accesses = {ledger: Access(token=token) for ledger, token in self.file.items()}
        return True


class Upstream:
    """Writes into each body whose token was shown, for what path, and a number of its own."""

    def __init__(self, *valid: str, seconds: float = 1.0) -> None:
        self.valid = set(valid)
        self.shown: list[str] = []
        self._seconds = seconds

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer, if the token is valid."""
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.shown.append(token)
        number = len(self.shown)
        await asyncio.sleep(self._seconds)
        if token not in self.valid:
            return httpx.Response(401)
        return httpx.Response(
            200, json={"token": token, "path": request.url.path, "number": number}
        )


async def ask(
    payex: Payex, ledger: str = "xxx", number: str = "1", rights: str = "", turn: object = None
) -> Answer:
    route = payex.routes.of(Holder(ledger, Billing.BILLED, number), Kind.HOLDER)
    context = CallContext(
        OperationStats(500), Deadline(math.inf), math.inf, rights=rights, turn=turn
    )
    return await payex.answer(route, 1, context)


def body_of(answer: Answer) -> dict[str, Any]:
    assert isinstance(answer.outcome, msgspec.Raw)
    body: dict[str, Any] = msgspec.json.decode(answer.outcome)
    return body


def code_of(answer: Answer) -> FaultCode:
    assert isinstance(answer.outcome, Fault)
    return answer.outcome.code


async def test_a_refused_token_is_looked_up_anew_and_the_new_one_shown_once(
    connect: Connect,
) -> None:
    upstream, ledgers = Upstream("new"), Ledgers(xxx="old")
    ledgers.file["xxx"] = "new"
    async with connect(upstream, credentials=ledgers, memory=KEEPS) as payex:
        answers = await asyncio.gather(ask(payex), ask(payex))
        assert [body_of(answer)["token"] for answer in answers] == ["new", "new"]
        assert (upstream.shown, ledgers.refreshed) == (["old", "new"], 1)
        # It is kept for those who show the new one.
        assert body_of(await ask(payex))["number"] == 2


async def test_a_new_token_that_is_refused_as_well_is_the_end(connect: Connect) -> None:
    upstream, ledgers = Upstream(), Ledgers(xxx="old")
    ledgers.file["xxx"] = "new"
    async with connect(upstream, credentials=ledgers) as payex:
        assert code_of(await ask(payex)) is FaultCode.UPSTREAM_UNAUTHENTICATED
    assert (upstream.shown, ledgers.refreshed) == (["old", "new"], 1)


@pytest.mark.parametrize("file", [{"xxx": "old"}, {}], ids=["same", "gone"])
async def test_without_a_new_token_nothing_is_asked_again(
    connect: Connect, file: dict[str, str]
) -> None:
    upstream, ledgers = Upstream(), Ledgers(xxx="old")
    ledgers.file = file
    async with connect(upstream, credentials=ledgers) as payex:
        assert code_of(await ask(payex)) is FaultCode.UPSTREAM_UNAUTHENTICATED
    assert (upstream.shown, ledgers.refreshed) == (["old"], 1)


async def test_no_other_fault_makes_the_token_be_looked_up(connect: Connect) -> None:
    ledgers = Ledgers(xxx="old")
    async with connect(lambda _: httpx.Response(403), credentials=ledgers) as payex:
        assert code_of(await ask(payex)) is FaultCode.UPSTREAM_FORBIDDEN
    assert ledgers.refreshed == 0


async def test_who_has_the_new_token_waits_for_no_call_with_the_old(connect: Connect) -> None:
    upstream, ledgers = Upstream("old", "new"), Ledgers(xxx="old")
    async with connect(upstream, credentials=ledgers, memory=KEEPS) as payex:
        before = asyncio.create_task(ask(payex))
        await asyncio.sleep(0.5)
        ledgers.file["xxx"] = "new"
        await ledgers.refresh()
        after = await ask(payex)
        answers = [await before, after, await ask(payex)]
    assert [body_of(answer)["token"] for answer in answers] == ["old", "new", "new"]
    assert upstream.shown == ["old", "new"]


class Shared:
    """A cache of many instances, as a dictionary."""

    def __init__(self) -> None:
        self.held: dict[str, Stored] = {}

    async def get(self, key: str) -> Stored | None:
        """Return what is held."""
        await asyncio.sleep(0.25)
        stored = self.held.get(key)
        return stored and Stored(stored.status, stored.bodies, 60.0)

    async def put(self, key: str, stored: Stored, ttl: float) -> None:
        """Hold it."""
        await asyncio.sleep(0.25)
        assert ttl > 0
        self.held[key] = stored

    async def aclose(self) -> None:
        """Leave all as it is."""


@dataclass(frozen=True)
class Visit:
    """Somebody asks one of two instances: when, of which ledger, with which rights, until when.

    `rotates` is a visit of the operator instead, who gives the ledger another token.
    """

    start: float
    instance: int
    ledger: str
    rights: str
    number: str
    leaves: float | None
    rotates: bool


moments = st.integers(0, 24).map(lambda quarters: quarters / 4)
visits = st.builds(
    Visit,
    start=moments,
    instance=st.integers(0, 1),
    ledger=st.sampled_from(["xxx", "yyy"]),
    rights=st.sampled_from(["all", "one customer"]),
    number=st.sampled_from(["1", "2"]),
    leaves=st.none() | moments,
    rotates=st.sampled_from([False] * 9 + [True]),
)


@given(visits=st.lists(visits, max_size=20), same=st.booleans(), kept=st.booleans())
async def test_nobody_receives_what_was_not_made_for_his_ledger_and_rights(
    connect: Connect, visits: list[Visit], *, same: bool, kept: bool
) -> None:
    """Whatever is coalesced, kept here and kept for all; even if two ledgers have one token."""
    ledgers = Ledgers(xxx="token-0", yyy="token-0" if same else "token-1")
    upstream = Upstream(*(f"token-{number}" for number in range(30)), seconds=1)
    receivers: dict[int, set[str]] = defaultdict(set)
    tokens = iter(range(2, 30))

    async def visit(instances: list[Payex], one: Visit) -> None:
        await asyncio.sleep(one.start)
        if one.rotates:
            ledgers.file[one.ledger] = f"token-{next(tokens)}"
            await ledgers.refresh()
            return

        async def question() -> tuple[str | None, Answer]:
            payex, token = instances[one.instance], ledgers.token(one.ledger)
            return token, await ask(payex, one.ledger, one.number, one.rights, turn=one)

        asking = asyncio.create_task(question())
        if one.leaves is not None:
            asyncio.get_running_loop().call_later(one.leaves, asking.cancel)
        await asyncio.wait([asking])
        if asking.cancelled():
            return
        token, answer = asking.result()
        body = body_of(answer)
        assert body["token"] == token
        assert body["path"] == f"/billing/usage/v1/{one.ledger}/invoices/{one.number}"
        receivers[body["number"]].add(one.rights)

    memory = {"policy": CachePolicy(billed_ttl=3 if kept else 0), "shared": Shared()}
    parts: dict[str, Any] = {"credentials": ledgers, "memory": memory}
    async with connect(upstream, **parts) as first, connect(upstream, **parts) as second:
        await asyncio.gather(*(visit([first, second], one) for one in visits))
        # Nothing grows with what was asked.
        assert [len(payex._single_flight) for payex in (first, second)] == [0, 0]
    assert all(len(rights) == 1 for rights in receivers.values())
