"""Holds, against every 429 written down."""

# ruff: noqa: D102 - the name of a rule says it

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from resolvers.payex.resilience.holds import Holds

LEDGERS = ["1234", "5678"]


class Held(RuleBasedStateMachine):
    """Any order of 429s and calls: a ledger is held until the latest of what it was asked for."""

    @initialize(longest=st.sampled_from([0.0, 4.0, 600.0]))
    def begin(self, longest: float) -> None:
        self.longest = longest
        self.holds = Holds(longest)
        self.now = 500.0
        self.until = dict.fromkeys(LEDGERS, 0.0)
        self.refused = 0

    @rule(eighths=st.integers(0, 80))
    def time_passes(self, eighths: int) -> None:
        self.now += eighths / 8

    @rule(ledger=st.sampled_from(LEDGERS), seconds=st.sampled_from([0.0, 0.5, 3.0, 60.0, 3e7]))
    def payex_asks_to_slow_down(self, ledger: str, seconds: float) -> None:
        was_free = self.until[ledger] <= self.now
        self.until[ledger] = max(self.until[ledger], self.now + min(seconds, self.longest))
        begins = self.holds.hold(ledger, seconds, self.now)
        assert begins is (was_free and self.until[ledger] > self.now)

    @rule(ledger=st.sampled_from(LEDGERS))
    def a_call_asks(self, ledger: str) -> None:
        held = self.until[ledger] > self.now
        assert self.holds.refuses(ledger, self.now) is held
        self.refused += held

    @invariant()
    def each_ledger_is_held_for_as_long_as_it_was_asked_for(self) -> None:
        for ledger, until in self.until.items():
            assert self.holds.left(ledger, self.now) == max(0.0, until - self.now)
            assert self.holds.left(ledger, self.now) <= self.longest
        assert self.holds.held(self.now) == sum(at > self.now for at in self.until.values())
        assert self.holds.refused == self.refused


TestHolds = Held.TestCase
