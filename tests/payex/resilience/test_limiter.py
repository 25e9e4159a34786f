"""The limiter, against a list of who waits."""

# ruff: noqa: D102 - the name of a rule says it

from collections import Counter
from itertools import count
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from resolvers.payex.resilience.limiter import Entry, Limiter, Turn

ONE = Turn("caller", "operation", None)
STARTS, WAITS = Entry(starts=True), Entry(starts=False)


def turn(name: str) -> Turn:
    """Return the turn of an operation; its first letter is its caller."""
    return Turn(name[0], name, None)


def test_so_many_start_at_once_and_the_rest_wait_in_order() -> None:
    limiter = Limiter(in_flight=2, queued=2)
    assert [limiter.enter(ticket, ONE) for ticket in "abcd"] == [STARTS, STARTS, WAITS, WAITS]
    assert (limiter.in_flight, limiter.queued) == (2, 2)
    assert (limiter.places, limiter.room) == (2, 2)
    assert [limiter.leave(ONE) for _ in range(4)] == ["c", "d", None, None]
    assert (limiter.in_flight, limiter.queued) == (0, 0)


def test_whoever_is_alone_uses_every_place() -> None:
    limiter = Limiter(in_flight=100, queued=0)
    assert all(limiter.enter(n, ONE).starts for n in range(100))


def test_without_a_queue_whoever_finds_no_place_is_refused() -> None:
    limiter = Limiter(in_flight=1, queued=0)
    assert limiter.enter("a", ONE).starts
    assert limiter.enter("b", ONE) == Entry(starts=False, refused="b")
    assert limiter.queued == 0


def test_a_full_queue_takes_room_from_whoever_has_most_of_it() -> None:
    limiter = Limiter(in_flight=1, queued=3)
    for ticket in ("running", "a1", "a2", "a3"):
        limiter.enter(ticket, turn("a"))
    assert limiter.enter("a4", turn("a")).refused == "a4"
    assert limiter.enter("b1", turn("b")).refused == "a3"
    assert limiter.enter("c1", turn("c")).refused == "a2"
    # The one that runs counts, too.
    assert limiter.enter("d1", turn("d")).refused == "a1"
    # All have one.
    assert limiter.enter("e1", turn("e")).refused == "e1"
    assert limiter.queued == 3


def test_in_a_short_queue_a_caller_may_wait_for_its_share_of_the_places() -> None:
    """One that holds every place would have the others refused."""
    limiter = Limiter(in_flight=4, queued=0)
    for ticket in range(4):
        assert limiter.enter(ticket, turn("a")).starts

    assert limiter.enter("a5", turn("a")).refused == "a5"
    assert [limiter.enter(ticket, turn("b")) for ticket in ("b1", "b2")] == [WAITS, WAITS]
    assert limiter.enter("b3", turn("b")).refused == "b3"
    assert [limiter.leave(turn("a")) for _ in range(3)] == ["b1", "b2", None]


def test_places_count_as_well_as_what_waits() -> None:
    limiter = Limiter(in_flight=3, queued=4)
    for n in range(5):
        limiter.enter(("a", n), turn("a"))
    for n in range(2):
        assert limiter.enter(("b", n), turn("b")) == WAITS

    assert limiter.enter(("b", 2), turn("b")).refused == ("a", 4)
    assert limiter.enter(("b", 3), turn("b")).refused == ("b", 3)


def test_without_a_free_connection_a_caller_that_is_alone_waits_in_the_queue_only() -> None:
    limiter = Limiter(in_flight=9, queued=0, connections=2)
    assert [limiter.enter(ticket, ONE).starts for ticket in "abc"] == [True, True, False]
    assert limiter.queued == 0


def test_a_ticket_waits_on_the_account_of_whoever_wants_it_and_has_fewer() -> None:
    limiter = Limiter(in_flight=1, queued=9)
    for ticket in ("running", "a1", "a2"):
        limiter.enter(ticket, turn("a"))

    assert limiter.adopt("running", turn("b")) is None
    assert limiter.adopt("a2", turn("a")) is None
    assert limiter.adopt("a2", Turn("b", "b", "of another tenant")) == turn("b")
    assert limiter.adopt("a2", turn("c")) is None
    assert limiter.leave(turn("a")) == "a1"
    assert limiter.leave(turn("a")) == "a2"
    assert limiter.leave(turn("b")) is None


def test_a_callers_operations_share_its_room() -> None:
    limiter = Limiter(in_flight=1, queued=2)
    for ticket in ("running", "large1", "large2"):
        limiter.enter(ticket, turn("a-large"))
    assert limiter.enter("small", turn("a-small")).refused == "large2"


def test_two_hundred_calls_of_one_caller_do_not_starve_one_of_another() -> None:
    limiter = Limiter(in_flight=10, queued=500)
    for n in range(200):
        limiter.enter(n, turn(f"a{n % 20}"))
    limiter.enter("the one", turn("b"))
    assert limiter.leave(turn("a0")) == "the one"


def test_the_next_place_goes_to_the_caller_with_the_fewest_places() -> None:
    """Callers come to have equally many, whatever their operations and however many they ask."""
    limiter = Limiter(in_flight=6, queued=500)
    for n in range(50):
        limiter.enter(("a", n), turn(f"a{n % 5}"))
    for n in range(50):
        limiter.enter(("b", n), turn("b"))
    following = [limiter.leave(turn("a0")), limiter.leave(turn("a1")), limiter.leave(turn("a2"))]
    assert following == [("b", 0), ("b", 1), ("b", 2)]


def test_within_a_caller_the_operation_with_the_fewest_places_is_next() -> None:
    limiter = Limiter(in_flight=3, queued=9)
    for ticket in ("1", "2", "3", "4", "5"):
        limiter.enter(ticket, turn("a-large"))
    limiter.enter("small", turn("a-small"))
    assert limiter.leave(turn("a-large")) == "small"


def test_on_a_tie_callers_take_turns_and_so_do_their_operations() -> None:
    limiter = Limiter(in_flight=1, queued=9)
    limiter.enter("first", turn("x"))
    arrivals = {"1": "a-one", "2": "a-one", "3": "a-two", "4": "b", "5": "c", "6": "c"}
    for ticket, operation in arrivals.items():
        limiter.enter(ticket, turn(operation))
    served, leaving = list[str](), turn("x")
    while (next_one := limiter.leave(leaving)) is not None:
        served.append(str(next_one))
        leaving = turn(arrivals[served[-1]])
    assert served == ["1", "4", "5", "3", "6", "2"]


def test_a_tenant_without_a_free_connection_holds_back_no_other() -> None:
    limiter = Limiter(in_flight=3, queued=9, connections=2)
    acme, other = Turn("a", "a", "acme"), Turn("b", "b", "other")
    assert [limiter.enter(ticket, acme) for ticket in "123"] == [STARTS, STARTS, WAITS]
    assert limiter.enter("4", other).starts
    assert limiter.enter("5", other) == WAITS
    assert limiter.lacks_connection("acme")
    assert not limiter.lacks_connection("other")
    assert limiter.leave(other) == "5"
    assert limiter.leave(acme) == "3"
    assert (limiter.connections, limiter.used["acme"], limiter.wanted["acme"]) == (2, 2, 0)


def test_withdrawing_tells_whether_the_ticket_still_waited() -> None:
    """A call that is cancelled just after it was given a place has to give that back."""
    limiter = Limiter(in_flight=1, queued=2)
    for ticket in "abc":
        limiter.enter(ticket, ONE)
    assert limiter.withdraw("b")
    assert limiter.leave(ONE) == "c"
    assert not limiter.withdraw("c")
    assert not limiter.withdraw("stranger")
    assert (limiter.in_flight, limiter.leave(ONE), limiter.in_flight) == (1, None, 0)


def test_nothing_is_kept_of_a_caller_who_neither_waits_nor_holds_a_place() -> None:
    limiter = Limiter(in_flight=1, queued=5)
    limiter.enter("a", ONE)
    for n in range(1000):
        limiter.enter(n, Turn(f"caller {n}", n, None))
        limiter.withdraw(n)
    limiter.leave(ONE)
    assert not limiter._held
    assert not limiter._held_each
    assert not limiter._callers.members
    assert not limiter._turns


class Place(NamedTuple):
    """A ticket, and on whose account."""

    ticket: int
    turn: Turn


turns = st.builds(
    Turn, st.sampled_from("abc"), st.sampled_from([1, 2]), st.sampled_from(["acme", "other"])
)


class Limiters(RuleBasedStateMachine):
    """Any order of arrivals, departures and withdrawals, of several callers and tenants."""

    @initialize(places=st.integers(1, 6), room=st.integers(0, 12), connections=st.integers(1, 4))
    def begin(self, places: int, room: int, connections: int) -> None:
        self.places, self.room, self.connections = places, room, connections
        self.limiter = Limiter(in_flight=places, queued=room, connections=connections)
        self.running: list[Place] = []
        self.waiting: list[Place] = []
        # Of each waiting ticket: grants to others since its caller last had fewer places than any.
        self.passed: Counter[int] = Counter()
        self.tickets = count()

    def held(self, caller: object) -> int:
        return sum(place.turn.caller == caller for place in self.running)

    def used(self, tenant: object) -> int:
        return sum(place.turn.tenant == tenant for place in self.running)

    def may_start(self, turn: Turn) -> bool:
        return len(self.running) < self.places and self.used(turn.tenant) < self.connections

    @rule(turn=turns, calls=st.integers(1, 5))
    def calls_arrive(self, turn: Turn, calls: int) -> None:
        for _ in range(calls):
            place = Place(next(self.tickets), turn)
            entry = self.limiter.enter(place.ticket, turn)
            assert entry.starts is self.may_start(turn)
            if entry.starts:
                self.running.append(place)
                continue
            self.waiting.append(place)
            if entry.refused is None:
                assert len(self.waiting) <= self.room or self.nobody_has_more_than_its_share()
            else:
                assert len(self.waiting) > self.room
                self.is_refused(entry.refused)

    def has(self, caller: object) -> int:
        return self.held(caller) + sum(place.turn.caller == caller for place in self.waiting)

    def share(self) -> float:
        callers = {place.turn.caller for place in (*self.running, *self.waiting)}
        return max(1, min(self.places, self.connections) // len(callers))

    def nobody_has_more_than_its_share(self) -> bool:
        """Whether those who wait are as many as there are places, each within its share."""
        few = len(self.waiting) <= self.places
        return few and all(self.has(place.turn.caller) <= self.share() for place in self.waiting)

    def is_refused(self, ticket: object) -> None:
        """One of the caller that has the most goes, and none that has less than another."""
        assert not self.nobody_has_more_than_its_share()
        refused = next(place for place in self.waiting if place.ticket == ticket)
        most = max(self.has(place.turn.caller) for place in self.waiting)
        assert self.has(refused.turn.caller) == most
        self.waiting.remove(refused)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def a_call_ends(self, data: st.DataObject) -> None:
        leaving = data.draw(st.sampled_from(self.running))
        self.running.remove(leaving)
        ticket = self.limiter.leave(leaving.turn)
        eligible = [place for place in self.waiting if self.may_start(place.turn)]
        if not eligible:
            assert ticket is None
            return
        started = next(place for place in eligible if place.ticket == ticket)
        fewest = min(self.held(place.turn.caller) for place in eligible)
        assert self.held(started.turn.caller) == fewest
        # In its operation and over its connections, it came first.
        assert started == next(place for place in eligible if place.turn == started.turn)
        self.waiting.remove(started)
        self.running.append(started)
        self.no_caller_is_passed_over_for_ever(started, eligible)

    def no_caller_is_passed_over_for_ever(self, started: Place, eligible: list[Place]) -> None:
        """Of callers with as few places, each has its turn before another has its second."""
        for place in self.waiting:
            if place.turn.caller == started.turn.caller:
                # Its turn was that of all its tickets, also of those that lack a connection.
                self.passed[place.ticket] = 0
            elif place in eligible and self.held(place.turn.caller) == 0:
                self.passed[place.ticket] += 1
                assert self.passed[place.ticket] <= len("abc") - 1

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def a_waiting_call_is_cancelled(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(place)
        assert self.limiter.withdraw(place.ticket)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), turn=turns)
    def a_waiting_call_is_wanted_by_another(self, data: st.DataObject, turn: Turn) -> None:
        place = data.draw(st.sampled_from(self.waiting))
        adopted = self.limiter.adopt(place.ticket, turn)
        fewer = self.has(turn.caller) + 1 < self.has(place.turn.caller)
        assert adopted == (turn._replace(tenant=place.turn.tenant) if fewer else None)
        if adopted:
            self.waiting.remove(place)
            self.waiting.append(Place(place.ticket, adopted))
            self.passed[place.ticket] = 0

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def a_running_call_is_not_there_to_withdraw(self, data: st.DataObject) -> None:
        assert not self.limiter.withdraw(data.draw(st.sampled_from(self.running)).ticket)

    @invariant()
    def its_books_are_right(self) -> None:
        assert self.limiter.in_flight == len(self.running) <= self.places
        assert self.limiter.queued == len(self.waiting) <= max(self.room, self.places)
        for tenant in ("acme", "other"):
            assert self.limiter.used[tenant] == self.used(tenant) <= self.connections
            wanted = sum(place.turn.tenant == tenant for place in self.waiting)
            assert self.limiter.wanted[tenant] == wanted

    @invariant()
    def no_place_is_free_that_somebody_waits_for(self) -> None:
        assert not any(self.may_start(place.turn) for place in self.waiting)


TestLimiters = Limiters.TestCase
