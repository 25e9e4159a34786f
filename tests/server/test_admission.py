"""A bound on the operations in flight, of which each caller has its share while others ask."""

# ruff: noqa: D102 - the name of a rule says it

import asyncio
from collections import Counter
from itertools import count
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.server.admission import Admission
from gateway.server.workload import Member, Workload

QUERY = {"query": '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }'}
CALLERS = "abcd"


class Waits(NamedTuple):
    """An operation that waits, and when it came."""

    caller: str
    ticket: int


class Crowd(RuleBasedStateMachine):
    """Operations of several callers come and go, and some of them wait or give up waiting."""

    @initialize(limit=st.integers(1, 6))
    def begin(self, limit: int) -> None:
        self.limit = limit
        self.admission = Admission(limit, told_apart=True)
        self.inside: Counter[str] = Counter()
        self.waiting: list[Waits] = []
        self.tickets = count()

    def share(self, caller: str) -> int:
        present = {caller, *+self.inside, *(one.caller for one in self.waiting)}
        return max(1, self.limit // len(present))

    def has(self, caller: str) -> int:
        return self.inside[caller] + sum(one.caller == caller for one in self.waiting)

    @rule(caller=st.sampled_from(CALLERS))
    def come(self, caller: str) -> None:
        """Whoever finds room gets it; nobody is refused who has less than a share."""
        entered = self.admission.enter(caller)
        assert entered == (self.inside.total() < self.limit)
        if entered:
            self.inside[caller] += 1
            return
        less = self.has(caller) < self.share(caller)
        ticket = next(self.tickets)
        assert self.admission.wait(caller, ticket) == less
        if less:
            self.waiting.append(Waits(caller, ticket))

    @precondition(lambda self: self.inside.total())
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        """The place goes to one of the caller with the fewest, and to the one that came first."""
        leaving = data.draw(st.sampled_from(sorted(+self.inside)))
        self.inside[leaving] -= 1
        ticket = self.admission.leave(leaving)
        if not self.waiting:
            assert ticket is None
            return
        following = next(one for one in self.waiting if one.ticket == ticket)
        assert self.inside[following.caller] == min(self.inside[w.caller] for w in self.waiting)
        assert following == next(w for w in self.waiting if w.caller == following.caller)
        self.waiting.remove(following)
        self.inside[following.caller] += 1

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(one)
        assert self.admission.withdraw(*one)
        assert not self.admission.withdraw(*one)

    @invariant()
    def there_are_never_more_than_may_be_and_nobody_waits_for_what_is_free(self) -> None:
        assert self.admission.in_flight == self.inside.total() <= self.limit
        assert self.admission.waiting == len(self.waiting)
        assert not self.waiting or self.inside.total() == self.limit
        assert self.admission.next() is None

    @invariant()
    def nothing_is_kept_of_whoever_has_gone(self) -> None:
        assert self.admission._held == dict(+self.inside)


TestCrowd = Crowd.TestCase
TestCrowd.settings = settings(deadline=None, stateful_step_count=40)


def test_whoever_is_alone_uses_every_place() -> None:
    admission = Admission(100, told_apart=True)

    assert all(admission.enter("a") for _ in range(100))
    assert not admission.enter("a")
    assert not admission.wait("a", "one more")


def test_one_with_less_than_a_share_waits_for_one_operation_of_one_with_more() -> None:
    admission = Admission(5, told_apart=True)
    for _ in range(5):
        admission.enter("a")

    assert admission.wait("b", "b's")
    assert not admission.wait("a", "a's")
    assert admission.leave("a") == "b's"
    assert admission.share("a") == 2


def test_callers_with_as_many_take_turns() -> None:
    admission = Admission(12, told_apart=True)
    for _ in range(12):
        admission.enter("a")
    waiting = ["b0", "b1", "b2", "b3", "c1", "c2"]
    assert all(admission.wait(ticket[0], ticket) for ticket in waiting)

    assert all(admission.withdraw("b", ticket) for ticket in ("b0", "b3"))
    assert [admission.leave("a") for _ in range(5)] == ["b1", "c1", "b2", "c2", None]


def test_callers_that_are_not_told_apart_are_one_and_do_not_wait_for_each_other() -> None:
    admission = Admission(1)

    assert admission.enter("anyone")
    assert not admission.wait("anyone", "another one's")
    assert not admission.wait("somebody", "theirs")


def test_what_is_measured_names_the_share_only_where_there_is_another_caller() -> None:
    admission = Admission(2, told_apart=True)
    for _ in range(2):
        admission.enter("a")
    alone = admission.measured("a")
    admission.wait("b", "b's")

    assert alone == "2 operations are in flight; at most 2 may be (GATEWAY_MAX_OPERATIONS)."
    assert admission.measured("b") == alone
    assert admission.measured("a") == (
        f"{alone} The caller has 2 of them; its share is 1 while others ask."
    )


@pytest.mark.parametrize("told_apart", [False, True])
def test_one_identified_caller_that_fills_it_is_no_overload_for_the_others(
    told_apart: bool,
) -> None:
    """Otherwise it would take one instance after the other from behind a load balancer."""
    admission = Admission(4, told_apart=told_apart)
    for caller in "aaab":
        admission.enter(caller)
    admission.refuse(0.0)
    full = admission.shedding(0.0)
    admission.leave("a")
    admission.enter("c")
    crowded = admission.shedding(5.0)

    assert (full, crowded, admission.shed) == (not told_apart, True, 1)


def test_who_has_the_most_of_something_else_is_no_overload_either() -> None:
    admission = Admission(4, told_apart=True)
    admission.refuse(0.0, has_most=True)
    before = admission.shedding(0.0)
    admission.refuse(0.0)

    assert (before, admission.shedding(0.0), admission.shedding(2.0)) == (False, True, False)


@pytest.fixture
def workload() -> Workload:
    """Return the room of two processes."""
    return Workload(2)


@pytest.fixture
def two(workload: Workload) -> tuple[Admission, Admission]:
    """Return the bounds of two processes, the first of which has all places, for one caller."""
    one, other = (Admission(2, told_apart=True) for _ in range(2))
    for admission in (one, other):
        admission.member = Member(workload, workload.take_seat() or 0)
    assert all(one.enter("a") for _ in range(4))
    return one, other


def test_a_process_with_more_than_its_part_gives_it_back_while_others_wait(
    workload: Workload, two: tuple[Admission, Admission]
) -> None:
    one, other = two
    assert not other.enter("b")
    assert other.wait("b", "b's")

    assert one.leave("a") is None
    assert not one.enter("a")
    assert other.next() == "b's"
    assert other.next() is None
    assert workload.in_flight == 4


def test_who_gives_up_waiting_holds_back_no_other_process(
    two: tuple[Admission, Admission],
) -> None:
    one, other = two
    assert other.wait("b", "b's")
    assert other.withdraw("b", "b's")
    one.leave("a")

    assert one.enter("a")


def test_no_operation_takes_a_place_before_those_that_wait_for_it(
    two: tuple[Admission, Admission],
) -> None:
    """The place became free in another process, and it was not looked at since."""
    one, other = two
    assert other.wait("b", "b's")
    one.leave("a")

    assert not other.enter("c")
    assert other.next() == "b's"


class Gate:
    """An upstream that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.asked.set()
        await self.opened.wait()
        return httpx.Response(200, json={"@id": request.url.path})


async def test_the_operation_past_the_bound_is_refused_and_the_first_after_the_storm_succeeds(
    serve: Any, connected: dict[str, str]
) -> None:
    """The refusal names the limit, its value and what was measured; readiness says it as well."""
    gate = Gate()
    client = await serve({**connected, "GATEWAY_MAX_OPERATIONS": "1"}, httpx.MockTransport(gate))
    first = asyncio.create_task(client.post("/graphql", json=QUERY))
    await gate.asked.wait()
    refused = await client.post("/graphql", json=QUERY)
    ready = await client.get("/health/ready")
    live = await client.get("/health/live")
    gate.opened.set()
    answered = await first
    after = await client.post("/graphql", json=QUERY)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["detail"] == (
        "1 operations are in flight; at most 1 may be (GATEWAY_MAX_OPERATIONS)."
    )
    assert (ready.status_code, ready.json()["status"]) == (503, "shedding")
    assert live.status_code == 200
    assert answered.json()["data"] == after.json()["data"]
    assert after.json()["data"]["owner"]["invoice"] == {"__typename": "Invoice"}
