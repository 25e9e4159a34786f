"""Server processes share their work: connections, and the room for operations."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import DataObject, data, integers, lists, sampled_from

from gateway.server.admission import Admission
from gateway.server.workload import LATELY, Member, Workload
from tests.gateway.service import SECONDS
from tests.server.crowd import Connection, served
from tests.server.crowded import LIMIT

SEATS = 4


class Processes(RuleBasedStateMachine):
    """Processes come and go, and operations with them. Lists keep account of the same."""

    def __init__(self) -> None:
        super().__init__()
        self.workload = Workload(SEATS)
        self.inside: dict[int, int] = {}
        self.admissions: dict[int, Admission] = {}

    @rule()
    def start(self) -> None:
        """A process takes the lowest seat that is free, if one is."""
        number = self.workload.take_seat()
        free = [number for number in range(SEATS) if number not in self.inside]
        assert number == min(free, default=None)
        if number is not None:
            self.inside[number] = 0
            self.admissions[number] = Admission(2)
            self.admissions[number].member = Member(self.workload, number)

    @precondition(lambda self: self.inside)
    @rule(values=data())
    def die(self, values: DataObject) -> None:
        """A process ends without a word. Nothing of what it did stays."""
        number = values.draw(sampled_from(sorted(self.inside)))
        self.workload.vacate(number)
        del self.inside[number], self.admissions[number]

    @precondition(lambda self: self.inside)
    @rule(values=data())
    def enter(self, values: DataObject) -> None:
        """An operation is refused only when there is no room in any process."""
        number = values.draw(sampled_from(sorted(self.inside)))
        room = sum(self.inside.values()) < 2 * len(self.inside)
        assert self.admissions[number].enter("anyone") == room
        self.inside[number] += room

    @precondition(lambda self: any(self.inside.values()))
    @rule(values=data())
    def leave(self, values: DataObject) -> None:
        """An operation ends."""
        number = values.draw(sampled_from([each for each, many in self.inside.items() if many]))
        self.admissions[number].leave("anyone")
        self.inside[number] -= 1

    @invariant()
    def what_is_in_flight_is_known_to_all(self) -> None:
        """Each knows its own part, and the whole."""
        assert self.workload.in_flight == sum(self.inside.values())
        assert self.workload.processes == len(self.inside)
        for number, admission in self.admissions.items():
            assert admission.in_flight == self.inside[number]


TestProcesses = Processes.TestCase
TestProcesses.settings = settings(deadline=None, max_examples=50, stateful_step_count=30)


@given(
    busy=lists(integers(0, 40), min_size=SEATS, max_size=SEATS),
    quiet=lists(integers(0, 40), min_size=SEATS, max_size=SEATS),
)
def test_connections_at_work_move_until_the_rest_is_chance_and_then_stay(
    busy: list[int], quiet: list[int]
) -> None:
    """However many move at a time, none moves to and fro; quiet ones count for nothing."""
    workload = Workload(SEATS)
    members = [Member(workload, workload.take_seat() or 0) for _ in busy]
    for member, many, others in zip(members, busy, quiet, strict=True):
        for number in range(many + others):
            workload.give(member.number)
            if number < many:
                member.rest((member.number, number), 0.0)
    moves, last = 0, -1
    while True:
        before = workload.at_work()
        for member in members:
            member.compare(0.0)
        moving = [member for member in members for _ in range(member.surplus)]
        if not moving:
            break
        for member in moving:
            member.let_go(next(iter(member._resting)))
        for _ in moving:
            last = workload.emptiest(range(SEATS), last)[0]
            workload.give(last)
            members[last].rest(("moved", moves), 0.0)
            moves += 1
        assert max(workload.at_work()) <= max(before)

    most, least = max(workload.at_work()), min(workload.at_work())
    assert most - least <= 1 or (most - least) ** 2 < most + least
    assert sum(workload.at_work()) == sum(busy)
    assert sum(workload.connections()) == sum(busy) + sum(quiet)
    assert moves <= sum(busy)


@given(each=integers(0, 40), quiet=lists(integers(0, 40), min_size=SEATS, max_size=SEATS))
def test_nothing_moves_between_processes_with_as_much_work(each: int, quiet: list[int]) -> None:
    workload = Workload(SEATS)
    members = [Member(workload, workload.take_seat() or 0) for _ in quiet]
    for member, others in zip(members, quiet, strict=True):
        for number in range(each):
            member.rest(number, 0.0)
        for _ in range(others):
            workload.give(member.number)
    for member in members:
        member.compare(0.0)

    assert [member.surplus for member in members] == [0] * SEATS


def test_a_connection_is_at_work_during_an_operation_and_shortly_after_it() -> None:
    workload = Workload(SEATS)
    member = Member(workload, workload.take_seat() or 0)

    def at_work(now: float) -> int:
        member.compare(now)
        return workload.at_work()[member.number]

    member.wake("one")
    member.enter()
    during = at_work(100.0)
    member.leave()
    member.rest("one", 100.0)
    member.rest("other", 101.0)

    assert during == 1
    assert at_work(100.0 + LATELY - 0.1) == 2
    assert at_work(100.0 + LATELY) == 1
    member.let_go("other")
    assert at_work(100.0 + LATELY) == 0


def test_a_new_connection_goes_where_the_fewest_are_at_work() -> None:
    workload = Workload(SEATS)
    busy, quiet = (Member(workload, workload.take_seat() or 0) for _ in range(2))
    busy.rest("one", 0.0)
    for _ in range(3):
        workload.give(quiet.number)

    assert workload.emptiest([0, 1]) == [quiet.number, busy.number]


def test_processes_that_are_alike_take_turns() -> None:
    workload = Workload(SEATS)

    assert workload.emptiest([0, 1, 3]) == [0, 1, 3]
    assert workload.emptiest([0, 1, 3], last=1) == [3, 0, 1]


def test_who_is_about_to_stop_gets_connections_last_and_none_moves_there() -> None:
    workload = Workload(SEATS)
    stopping, other = (Member(workload, workload.take_seat() or 0) for _ in range(2))
    stopping.drain()
    for number in range(3):
        workload.give(other.number)
        other.rest(number, 0.0)

    assert workload.emptiest([0, 1]) == [other.number, stopping.number]
    other.compare(0.0)
    assert other.surplus == 0


class Moving(list[int]):
    """A table in which an operation ends in one process and begins in another while it is read."""

    def __init__(self, cells: list[int]) -> None:
        super().__init__(cells)
        self.workload = Workload(SEATS, self)
        self._moves = [self._move]

    def __getitem__(self, place: Any) -> Any:
        """Read, and let it happen once before the second column of two is read."""
        value = super().__getitem__(place)
        if isinstance(place, slice) and 1 in value and self._moves:
            self._moves.pop()()
        return value

    def _move(self) -> None:
        Member(self.workload, 0).leave()
        Member(self.workload, 1).enter()


def test_operations_that_come_and_go_while_they_are_counted_are_counted_once() -> None:
    workload = Workload(SEATS)
    Member(workload, 0).enter()

    assert Moving(workload.cells).workload.in_flight == 1


def test_a_refusal_is_known_to_all_for_a_second() -> None:
    workload = Workload(SEATS)
    one, other = Admission(1), Admission(1)
    for admission in (one, other):
        admission.member = Member(workload, workload.take_seat() or 0)
    assert not one.shedding(0.0)
    one.enter("anyone")
    one.enter("anyone")
    assert not other.enter("anyone")
    other.refuse(7.0)
    one.leave("anyone")
    one.leave("anyone")

    assert one.shedding(7.5)
    assert not one.shedding(8.5)
    assert one.measured() == (
        "0 operations are in flight; at most 2 may be "
        "(GATEWAY_MAX_OPERATIONS in each of 2 server processes)."
    )


@asynccontextmanager
async def connected(port: int, number: int) -> AsyncIterator[list[Connection]]:
    """Connect so many clients, one after the other."""
    connections = [await Connection.to(port) for _ in range(number)]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Return the port of two processes."""
    with served(tmp_path_factory.mktemp("workload") / "log", workers=2) as (_, port):
        yield port


def test_clients_who_keep_their_connections_are_shared_out_evenly(port: int) -> None:
    async def ask() -> None:
        async with asyncio.timeout(SECONDS), connected(port, 4) as clients:
            said: Counter[str] = Counter()
            while sorted(said.values()) != [2, 2]:
                replies = await asyncio.gather(*(client.ask() for client in clients))
                said = Counter(body for _, body in replies)
                # One that came while the processes were not even comes back by the other.
                for place, client in enumerate(clients):
                    if client.closes:
                        clients[place] = await client.again(port)

    asyncio.run(ask())


def test_busy_clients_are_shared_out_however_many_quiet_ones_connect_between_them(
    port: int,
) -> None:
    """Those that sit on one process move, and come back by the other one."""

    async def ask() -> None:
        async with asyncio.timeout(SECONDS), connected(port, 8) as clients:
            where = [(await client.ask("/measured"))[1] for client in clients]
            assert all(said.startswith("0 operations") for said in where)
            busy = range(0, 8, 2)
            while True:
                said = [await clients[place].ask() for place in busy]
                places = Counter(body for _, body in said)
                if sorted(places.values()) == [2, 2]:
                    return
                for place in busy:
                    if clients[place].closes or await clients[place].ended():
                        clients[place] = await clients[place].again(port)

    asyncio.run(ask())


def test_no_operation_is_refused_while_another_process_has_room(tmp_path: Path) -> None:
    """All that are asked sit on one process, and go beyond its part. Only past all room is 503."""
    full = f"{2 * LIMIT} operations are in flight; at most {2 * LIMIT} may be"

    async def ask(port: int) -> list[tuple[int, str]]:
        async with asyncio.timeout(SECONDS), connected(port, 5 * LIMIT) as clients:
            where = [(await client.ask())[1] for client in clients]
            # More than half of them, so that one is left when as many wait as may be in flight.
            fuller = max(where, key=where.count)
            # On a slow machine, some were told to move.
            places = zip(clients, where, strict=True)
            crowded = [c for c, here in places if here == fuller and not c.closes]
            waiting = [asyncio.create_task(c.ask("/never")) for c in crowded[: 2 * LIMIT]]
            while not (await crowded[-1].ask("/measured"))[1].startswith(full):
                assert not any(task.done() for task in waiting)
            other = clients[where.index((set(where) - {fuller}).pop())]
            replies = [await crowded[-1].ask(), await other.ask()]
            for task in waiting:
                task.cancel()
            return replies

    options = {"timeout_graceful_shutdown": 1, "timeout_keep_alive": SECONDS}
    with served(tmp_path / "log", workers=2, **options) as (_, port):
        replies = asyncio.run(ask(port))

    assert [status for status, _ in replies] == [503, 503]
    assert all(full in body for _, body in replies)


def test_a_process_that_dies_leaves_its_clients_and_its_room_to_the_others(port: int) -> None:
    """Its clients come back by the one that is left, and move on to the one in its place."""

    async def ask() -> set[str]:
        async with asyncio.timeout(SECONDS), connected(port, 2 * LIMIT) as clients:
            places = [(await client.ask())[1] for client in clients]
            victim = places[0]
            lost = [
                asyncio.create_task(client.ask("/never"))
                for client, place in zip(clients, places, strict=True)
                if place == victim
            ]
            await asyncio.sleep(0)
            os.kill(int(victim), signal.SIGKILL)
            await asyncio.gather(*lost, return_exceptions=True)
        async with asyncio.timeout(SECONDS), connected(port, 4) as clients:
            seen: list[str] = []
            while len(set(seen)) < 2 or Counter(seen[-4:]).most_common(1)[0][1] > 2:
                for place, client in enumerate(clients):
                    if client.closes or await client.ended():
                        clients[place] = await client.again(port)
                    status, body = await clients[place].ask()
                    assert status == 200
                    seen.append(body)
            return set(seen[-4:]) - {victim}

    assert len(asyncio.run(ask())) == 2
