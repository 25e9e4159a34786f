"""Requests that come in, and their bodies: bounds for all, of which nobody takes another's part."""

# ruff: noqa: D102 - the name of a rule says it

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.server.intake import GivenUp, Intake

CALLERS = "abc"


class Intakes(RuleBasedStateMachine):
    """Requests of several callers come, grow, are executed and end, in any order."""

    @initialize(pending=st.integers(1, 5), size=st.integers(1, 50))
    def begin(self, pending: int, size: int) -> None:
        self.intake = Intake(pending=pending, size=size)
        self.callers: dict[int, str] = {}
        self.pending: list[int] = []
        self.sizes: dict[int, int] = {}
        self.tickets = count()

    def of(self, caller: str) -> tuple[int, int]:
        """Return how many requests of a caller are pending, and the bytes of all of its."""
        own = [ticket for ticket, who in self.callers.items() if who == caller]
        return sum(one in self.pending for one in own), sum(self.sizes[one] for one in own)

    def gives_up(self, given_up: GivenUp, ticket: int, measure: int) -> int:
        """It is a pending request of the caller that has the most, and not one of another."""
        gone = given_up.ticket
        assert isinstance(gone, int)
        assert gone in self.pending
        caller = self.callers[gone]
        having = {who: self.of(who)[measure] for who in CALLERS}
        might = {self.callers[one] for one in self.pending if not measure or self.sizes[one]}
        assert having[caller] == max(having[who] for who in might) == given_up.own
        assert sum(having.values()) == given_up.total
        newcomer = self.callers[ticket]
        assert caller == newcomer or having[caller] > having[newcomer]
        self.end(gone)
        return gone

    def end(self, ticket: int) -> None:
        if ticket in self.pending:
            self.pending.remove(ticket)
        del self.callers[ticket], self.sizes[ticket]

    @rule(caller=st.sampled_from(CALLERS))
    def come(self, caller: str) -> None:
        ticket = next(self.tickets)
        self.callers[ticket], self.sizes[ticket] = caller, 0
        self.pending.append(ticket)
        given_up = self.intake.enter(ticket, caller)
        assert (given_up is not None) == (len(self.pending) > self.intake.most_pending)
        if given_up:
            self.gives_up(given_up, ticket, 0)

    @precondition(lambda self: self.pending)
    @rule(data=st.data(), size=st.integers(0, 60))
    def grow(self, data: st.DataObject, size: int) -> None:
        ticket = data.draw(st.sampled_from(self.pending))
        self.sizes[ticket] += size
        while given_up := self.intake.grow(ticket, size):
            size = 0
            if self.gives_up(given_up, ticket, 1) == ticket:
                return

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def be_executed(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.pending))
        self.pending.remove(ticket)
        self.intake.begin(ticket)

    @precondition(lambda self: self.callers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(sorted(self.callers)))
        self.intake.leave(ticket)
        self.end(ticket)

    @invariant()
    def the_bounds_hold(self) -> None:
        assert self.intake.pending == len(self.pending) <= self.intake.most_pending
        assert self.intake.size == sum(self.sizes.values()) <= self.intake.most_bytes


TestIntakes = Intakes.TestCase
TestIntakes.settings = settings(deadline=None, stateful_step_count=40)


def test_whoever_is_alone_uses_all_of_it_and_gives_up_its_last_one() -> None:
    intake = Intake(pending=3, size=10)

    assert [intake.enter(ticket, "a") for ticket in (1, 2, 3)] == [None] * 3
    assert intake.enter(4, "a") == GivenUp(4, total=4, own=4)
    assert intake.enter(5, "b") == GivenUp(3, total=4, own=3)


def test_the_largest_body_of_whoever_has_the_most_bytes_gives_up() -> None:
    intake = Intake(pending=9, size=100)
    for ticket, size in enumerate([60, 30, 10]):
        intake.enter(ticket, "a")
        intake.grow(ticket, size)
    intake.enter("small", "b")

    assert intake.grow("small", 1) == GivenUp(0, total=101, own=100)
    assert intake.grow("small", 0) is None


def test_what_is_executed_counts_by_its_bytes_and_does_not_give_up() -> None:
    intake = Intake(pending=1, size=100)
    intake.enter("executed", "a")
    intake.grow("executed", 90)
    intake.begin("executed")
    intake.enter("next", "a")

    assert intake.grow("next", 20) == GivenUp("next", total=110, own=110)
    assert (intake.pending, intake.size) == (0, 90)


def test_nothing_is_kept_of_a_request_that_is_over() -> None:
    intake = Intake(pending=5, size=5)
    for ticket in range(100):
        intake.enter(ticket, ticket)
        intake.grow(ticket, 1)
        intake.leave(ticket)
        intake.leave(ticket)

    assert not intake._requests
