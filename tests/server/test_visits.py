"""The way of a request until it is executed: nobody holds a place whose body is still to come."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from gateway.identity.callers import Caller, Identity, Visitor
from gateway.server.admission import Admission
from gateway.server.intake import Intake
from gateway.server.visits import Shed, Visits
from gateway.server.workload import CONNECTION, Member, Workload
from resolvers.rights import EVERYTHING


class ByPath(Identity):
    """Tells callers by the path of their request; `/` is a router's."""

    def __init__(self) -> None:
        """Need nothing."""

    async def visitor(self, request: Request) -> Visitor:
        """Return who sends the request."""
        name = request.url.path.removeprefix("/")
        caller = Caller(rights=EVERYTHING, pseudonym=name) if name else None
        return Visitor(self, caller, _is_router=not name)


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


class House:
    """The bounds, and visits to them."""

    def __init__(
        self,
        places: int = 1,
        pending: int = 9,
        size: int = 100,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.admission = Admission(places, told_apart=True)
        self.intake = Intake(pending=pending, size=size)
        self.visits = Visits(ByPath(), self.admission, self.intake, clock)
        self.came = asyncio.Event()
        self.opened = asyncio.Event()

    async def visit(
        self,
        caller: str,
        receive: Callable[[], Awaitable[Message]] | None = None,
        *,
        until: float = math.inf,
        body: int = 0,
        slow: bool = False,
    ) -> str:
        """Pay a visit that is executed until the house is opened, and return what became of it.

        A slow one is read until all came.
        """
        visit = self.visits.begin({"type": "http"})
        try:
            await visit.come_in(request(caller))
            visit.grow(body)
            if slow:
                await self.came.wait()
            await visit.take_place(caller or "user", until, receive or never)
            await self.opened.wait()
        except Shed as error:
            return str(error)
        except asyncio.CancelledError:
            shed = visit.dismissed()
            task = asyncio.current_task()
            # Whoever gives up still answers, and one who is cancelled stays so.
            assert task
            assert task.cancelling() == (0 if shed else 1)
            return str(shed)
        finally:
            visit.end()
        return "executed"

    def start(self, caller: str, **options: Any) -> asyncio.Task[str]:
        """Start a visit."""
        return asyncio.create_task(self.visit(caller, **options))


def request(caller: str) -> Request:
    headers = [(b"host", b"gateway.example")]
    return Request({"type": "http", "method": "GET", "path": f"/{caller}", "headers": headers})


async def never() -> Message:
    """Bring no more messages."""
    await asyncio.Event().wait()
    raise AssertionError


async def turns(number: int = 5) -> None:
    """Let others go on."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_the_connection_is_told_when_an_operation_begins_and_when_it_has_ended() -> None:
    """What comes before is no work: a body that comes slowly keeps no process busy."""
    connection = Connection()
    visits = Visits(ByPath(), Admission(1), Intake(pending=1, size=1), clock=lambda: 5.0)
    visit = visits.begin({"type": "http", "state": {CONNECTION: connection}})
    await visit.come_in(request("a"))
    connection.told.append("is read")
    await visit.take_place("a", math.inf, never)
    connection.told.append("runs")
    visit.end()

    assert connection.told == ["is read", "begins", "runs", 5.0]


async def test_a_visit_that_is_read_holds_no_place() -> None:
    house = House(places=1)
    reading = house.visits.begin({"type": "http"})
    await reading.come_in(request("a"))
    house.opened.set()

    assert await house.visit("b") == "executed"
    assert (house.intake.pending, house.admission.in_flight) == (1, 0)
    reading.end()
    assert house.intake.pending == 0


async def test_another_caller_waits_for_the_place_and_gets_it() -> None:
    house = House(places=1)
    first = house.start("a")
    await turns()
    second, third = house.start("b"), house.start("a")
    await turns()
    refused = await third
    waiting = house.admission.waiting, house.intake.pending
    house.opened.set()

    assert refused.startswith("1 operations are in flight; at most 1 may be")
    assert waiting == (1, 1)
    assert await first == await second == "executed"
    assert (house.admission.in_flight, house.intake.pending, house.intake.size) == (0, 0, 0)


async def test_a_place_that_is_free_elsewhere_is_found() -> None:
    """The processes of one gateway share their room, and wake nobody in another one."""
    house, workload = House(places=1), Workload(2)
    house.admission.member = Member(workload, workload.take_seat() or 0)
    other = Member(workload, workload.take_seat() or 0)
    for _ in range(2):
        other.enter()
    house.opened.set()
    waiting = house.start("b")
    await turns()
    assert not waiting.done()
    other.leave()

    assert await waiting == "executed"


async def test_who_waits_is_refused_when_its_time_is_up() -> None:
    house = House(places=1)
    first = house.start("a")
    await turns()
    refused = await house.visit("b", until=house.visits.clock() + 0.001)
    house.opened.set()

    assert "GATEWAY_MAX_OPERATIONS" in refused
    assert await first == "executed"
    assert (house.admission.waiting, house.admission.in_flight, house.admission.shed) == (0, 0, 1)


async def test_the_time_is_up_at_the_very_moment_that_ends_it() -> None:
    house = House(places=1, clock=lambda: 5.0)
    first = house.start("a")
    await turns()
    late = house.start("b", until=5.0)
    await turns(20)

    assert late.done()
    assert "1 operations are in flight" in await late
    house.opened.set()
    assert await first == "executed"


async def test_who_leaves_while_it_waits_is_waited_for_no_more() -> None:
    house = House(places=1)
    first = house.start("a")
    await turns()

    async def leaves() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientDisconnect):
        await house.visit("b", leaves)
    house.opened.set()
    await first

    assert (house.admission.waiting, house.admission.in_flight) == (0, 0)


async def test_a_place_that_is_granted_to_one_who_gives_up_goes_on_to_the_next() -> None:
    house = House(places=1)
    first = house.start("a")
    await turns()
    second, third = house.start("b"), house.start("c")
    await turns()
    house.opened.set()
    await turns(1)
    second.cancel()

    assert await first == await third == "executed"
    assert (await second, house.admission.in_flight) == ("None", 0)


@pytest.mark.parametrize("callers", ["bc", ["", ""]])
async def test_too_many_that_are_pending_cost_the_caller_that_has_the_most(
    callers: list[str],
) -> None:
    """Each request of a router's is somebody else's, as far as is known before its body."""
    house = House(pending=3)
    slow = [house.start("a", slow=True) for _ in range(2)]
    await turns()
    first, second = (house.start(caller, slow=True) for caller in callers)
    refused = await slow[1]
    slow[0].cancel()
    house.came.set()
    house.opened.set()

    assert refused == (
        "4 requests are being read or wait for a place; at most 3 may be "
        "(5 for each of GATEWAY_MAX_OPERATIONS). The caller has the most of them: 2."
    )
    assert await first == await second == "executed"


@pytest.mark.parametrize(
    ("callers", "is_too_much"), [("abc", True), ("aab", False), ("aaa", False)]
)
@pytest.mark.parametrize(("bound", "body"), [({"pending": 2}, 0), ({"size": 100}, 40)])
async def test_too_much_that_is_pending_is_overload_if_no_caller_has_most_of_it(
    callers: str, bound: dict[str, int], body: int, *, is_too_much: bool
) -> None:
    """Else one caller would take the instance from all others."""
    house = House(places=3, clock=lambda: 5.0, **bound)
    visits = [house.start(caller, slow=True, body=body) for caller in callers]
    await turns()

    assert house.admission.shed == 1
    assert house.admission.shedding(5.0) is is_too_much
    house.came.set()
    house.opened.set()
    await asyncio.gather(*visits)


async def test_the_newcomer_gives_up_if_its_caller_has_the_most() -> None:
    house = House(pending=1)
    first = house.start("a", slow=True)
    await turns()
    refused = await house.visit("a")
    house.came.set()
    house.opened.set()

    assert "The caller has the most of them: 2." in refused
    assert await first == "executed"


async def test_only_who_is_refused_before_it_is_read_is_told_that_its_connection_closes() -> None:
    """What is left of its body is read by nobody."""
    house = House(places=1, pending=1)
    running = house.start("a")
    await turns()
    visit = house.visits.begin({"type": "http"})
    await visit.come_in(request("a"))
    with pytest.raises(Shed) as unread:
        await house.visits.begin({"type": "http"}).come_in(request("a"))
    with pytest.raises(Shed) as read:
        await visit.take_place("a", math.inf, never)
    visit.end()
    house.opened.set()
    await running

    assert unread.value.headers == {"Retry-After": "1", "Connection": "close"}
    assert read.value.headers == {"Retry-After": "1"}


async def test_a_visit_that_waits_for_a_place_gives_up_as_well() -> None:
    house = House(places=2, pending=1)
    running = [house.start("a"), house.start("a")]
    await turns()
    waiting = house.start("b")
    await turns()
    newcomer = await house.visit("b")
    house.opened.set()

    assert "5 for each of GATEWAY_MAX_OPERATIONS" in newcomer
    assert await waiting == "executed"
    assert await asyncio.gather(*running) == ["executed"] * 2


async def test_too_large_bodies_cost_the_caller_with_the_most_bytes() -> None:
    house = House(places=2, size=100)
    large = [house.start("a", body=size, slow=True) for size in (40, 50)]
    await turns()
    other = house.start("b", body=30)
    refused = await large[1]
    own = await house.visit("a", body=90)
    house.came.set()
    house.opened.set()

    assert refused == (
        "The bodies of all requests under way have 120 bytes; at most 100 may be "
        "(16 times GATEWAY_MAX_REQUEST_BODY). The caller has the most of them: 90."
    )
    assert "160 bytes" in own
    assert await other == await large[0] == "executed"
    assert house.intake.size == 0


async def test_one_body_may_cost_several_others() -> None:
    house = House(places=2, size=100)
    small = [house.start("a", body=30, slow=True) for _ in range(3)]
    await turns()
    house.opened.set()

    assert await house.visit("b", body=50) == "executed"
    assert "110 bytes" in await small[1]
    assert "140 bytes" in await small[2]
    house.came.set()
    assert await small[0] == "executed"
