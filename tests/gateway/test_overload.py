"""Past the bound on operations in flight the next one is refused at once, in plain words."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import integers

from gateway.overload import Admission, Bounded
from gateway.workload import CONNECTION

QUERY = {"query": '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }'}


class Crowd(RuleBasedStateMachine):
    """Operations come and go; the admission is compared with a list of who is in."""

    def __init__(self) -> None:
        super().__init__()
        self.admission = Admission(3, window=1.0)
        self.inside = 0
        self.refused: list[float] = []
        self.now = 0.0

    @rule()
    def enter(self) -> None:
        """Somebody comes."""
        entered = self.admission.enter(self.now)
        assert entered == (self.inside < 3)
        if entered:
            self.inside += 1
        else:
            self.refused.append(self.now)

    @precondition(lambda self: self.inside)
    @rule()
    def leave(self) -> None:
        """Somebody goes."""
        self.admission.leave()
        self.inside -= 1

    @rule(ticks=integers(0, 2048))
    def wait(self, ticks: int) -> None:
        """Time passes, by so many parts of a second of which there are 1,024."""
        self.now += ticks / 1024

    @invariant()
    def it_is_shedding_at_the_bound_and_shortly_after_a_refusal(self) -> None:
        """Who is in and who was refused is counted right."""
        recently = any(self.now - moment < 1.0 for moment in self.refused)
        assert self.admission.shedding(self.now) == (self.inside >= 3 or recently)
        assert (self.admission.in_flight, self.admission.shed) == (self.inside, len(self.refused))


TestCrowd = Crowd.TestCase
TestCrowd.settings = settings(deadline=None, stateful_step_count=30)


class Connection:
    """A connection that keeps what it is told of the operations on it."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def wake(self) -> None:
        """Note that one begins."""
        self.told.append("begins")

    def rest(self, now: float) -> None:
        """Note that one has ended."""
        self.told.append(now)


async def nothing(*_: Any) -> Any:
    """Neither bring nor take anything."""


async def test_the_connection_is_told_when_an_operation_begins_and_when_it_has_ended() -> None:
    """Also of one that fails."""
    connection = Connection()

    async def fail(*_: Any) -> None:
        connection.told.append("runs")
        raise EOFError

    scope = {"type": "http", "state": {CONNECTION: connection}}
    with pytest.raises(EOFError):
        await Bounded(fail, Admission(1), clock=lambda: 5.0)(scope, nothing, nothing)
    assert connection.told == ["begins", "runs", 5.0]


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
