"""The limiter, against a list of who waits."""

# ruff: noqa: D102 - the name of a rule says it

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from resolvers.payex.limiter import Limiter, LimiterFull


def test_so_many_start_at_once_and_the_rest_wait_in_order() -> None:
    limiter = Limiter(in_flight=2, queued=2)
    assert [limiter.enter(ticket, "one") for ticket in "abcd"] == [True, True, False, False]
    assert (limiter.in_flight, limiter.queued) == (2, 2)
    assert (limiter.places, limiter.room) == (2, 2)
    assert [limiter.leave() for _ in range(4)] == ["c", "d", None, None]
    assert (limiter.in_flight, limiter.queued) == (0, 0)


def test_a_full_queue_refuses_and_stays_as_it_is() -> None:
    limiter = Limiter(in_flight=1, queued=1)
    limiter.enter("a", "one")
    limiter.enter("b", "one")
    with pytest.raises(LimiterFull):
        limiter.enter("c", "two")
    assert (limiter.in_flight, limiter.queued) == (1, 1)
    assert [limiter.leave(), limiter.leave()] == ["b", None]


def test_without_a_queue_whoever_finds_no_place_is_refused() -> None:
    limiter = Limiter(in_flight=1, queued=0)
    assert limiter.enter("a", "one")
    with pytest.raises(LimiterFull):
        limiter.enter("b", "one")


def test_two_hundred_calls_of_one_operation_do_not_starve_one_of_another() -> None:
    limiter = Limiter(in_flight=10, queued=500)
    for n in range(200):
        limiter.enter(("large", n), "large")
    limiter.enter("the one", "small")
    assert "the one" in [limiter.leave() for _ in range(2)]


def test_owners_take_turns() -> None:
    limiter = Limiter(in_flight=1, queued=9)
    limiter.enter("first", "x")
    for ticket in ("a1", "a2", "a3", "b1", "c1", "c2"):
        limiter.enter(ticket, ticket[0])
    assert [limiter.leave() for _ in range(7)] == ["a1", "b1", "c1", "a2", "c2", "a3", None]


def test_a_ticket_that_is_withdrawn_frees_its_room_and_never_starts() -> None:
    limiter = Limiter(in_flight=1, queued=2)
    for ticket in "abc":
        limiter.enter(ticket, "one")
    assert limiter.withdraw("b")
    assert limiter.queued == 1
    limiter.enter("d", "one")
    assert [limiter.leave() for _ in range(3)] == ["c", "d", None]


def test_withdrawing_tells_whether_the_ticket_still_waited() -> None:
    """A call that is cancelled just after it was given a place has to give that back."""
    limiter = Limiter(in_flight=1, queued=2)
    limiter.enter("a", "one")
    limiter.enter("b", "one")
    assert limiter.leave() == "b"
    assert not limiter.withdraw("b")
    assert not limiter.withdraw("stranger")
    assert (limiter.in_flight, limiter.leave(), limiter.in_flight) == (1, None, 0)


def test_nothing_is_kept_of_an_owner_who_no_longer_waits() -> None:
    limiter = Limiter(in_flight=1, queued=5)
    limiter.enter("a", "one")
    for n in range(1000):
        limiter.enter(n, f"owner {n}")
        limiter.withdraw(n)
    assert not limiter._queues
    assert not limiter._owners


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_between_two_turns_of_an_owner_every_other_has_one(owners: list[int]) -> None:
    limiter = Limiter(in_flight=1, queued=100)
    limiter.enter("first", "x")
    for n, owner in enumerate(owners):
        limiter.enter((owner, n), owner)
    served = [limiter.leave() for _ in owners]
    assert sorted(map(str, served)) == sorted(str((owner, n)) for n, owner in enumerate(owners))
    turns = [ticket[0] for ticket in served if isinstance(ticket, tuple)]
    since_turn: set[int] = set()
    for n, owner in enumerate(turns):
        if owner in since_turn:
            assert since_turn >= set(turns[n:])
            since_turn.clear()
        since_turn.add(owner)


class Limiters(RuleBasedStateMachine):
    """Any order of arrivals, departures and withdrawals.

    The model writes down when each owner last had a turn or began to wait, and serves the one for
    whom that is longest ago.
    """

    @initialize(places=st.integers(1, 4), room=st.integers(0, 12))
    def begin(self, places: int, room: int) -> None:
        self.places, self.room = places, room
        self.limiter = Limiter(in_flight=places, queued=room)
        self.clock = count()
        self.running: set[int] = set()
        self.waiting: list[tuple[int, str]] = []
        self.turns: dict[str, int] = {}
        self.tickets = count()

    @rule(owner=st.sampled_from("abcd"), calls=st.integers(1, 5))
    def calls_arrive(self, owner: str, calls: int) -> None:
        for _ in range(calls):
            ticket = next(self.tickets)
            if len(self.running) < self.places:
                assert self.limiter.enter(ticket, owner)
                self.running.add(ticket)
            elif len(self.waiting) < self.room:
                assert not self.limiter.enter(ticket, owner)
                if owner not in [other for _, other in self.waiting]:
                    self.turns[owner] = next(self.clock)
                self.waiting.append((ticket, owner))
            else:
                with pytest.raises(LimiterFull):
                    self.limiter.enter(ticket, owner)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def a_call_ends(self, data: st.DataObject) -> None:
        self.running.remove(data.draw(st.sampled_from(sorted(self.running))))
        started = self.limiter.leave()
        if not self.waiting:
            assert started is None
            return
        owner = min((owner for _, owner in self.waiting), key=self.turns.__getitem__)
        ticket = next(ticket for ticket, other in self.waiting if other == owner)
        assert started == ticket
        self.waiting.remove((ticket, owner))
        self.running.add(ticket)
        self.turns[owner] = next(self.clock)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def a_waiting_call_is_cancelled(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(entry)
        assert self.limiter.withdraw(entry[0])

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def a_running_call_is_not_there_to_withdraw(self, data: st.DataObject) -> None:
        assert not self.limiter.withdraw(data.draw(st.sampled_from(sorted(self.running))))

    @invariant()
    def its_books_are_right(self) -> None:
        assert self.limiter.in_flight == len(self.running) <= self.places
        assert self.limiter.queued == len(self.waiting) <= self.room
        assert not self.waiting or len(self.running) == self.places


TestLimiters = Limiters.TestCase
