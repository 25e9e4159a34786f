"""The retry budget, against every attempt written down."""

# ruff: noqa: D102 - the name of a rule says it

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from resolvers.payex.resilience.retry_budget import RetryBudget


def granted(budget: RetryBudget, now: float) -> int:
    return next(n for n in range(10_000) if not budget.take(now))


def test_retries_are_a_share_of_the_first_attempts() -> None:
    budget = RetryBudget(0.25, minimum_per_second=0.0)
    for _ in range(100):
        budget.deposit(0.0)
    assert budget.balance(0.0) == 25.0
    assert granted(budget, 0.0) == 25
    assert budget.balance(0.0) == 0.0


def test_a_gateway_with_little_traffic_can_retry_at_all() -> None:
    budget = RetryBudget(minimum_per_second=0.5, window=10.0)
    assert granted(budget, 3.0) == 5


def test_part_of_a_retry_is_none() -> None:
    budget = RetryBudget(0.5, minimum_per_second=0.0)
    budget.deposit(0.0)
    assert budget.balance(0.0) == 0.5
    assert not budget.take(0.0)
    budget.deposit(0.0)
    assert budget.take(0.0)


def test_a_retry_is_given_back_when_the_window_has_passed() -> None:
    budget = RetryBudget(minimum_per_second=1.0, window=10.0)
    assert granted(budget, 0.5) == 10
    assert not budget.take(10.5)
    assert granted(budget, 11.0) == 10


def test_first_attempts_of_long_ago_earn_nothing() -> None:
    budget = RetryBudget(1.0, minimum_per_second=0.0, window=10.0)
    for _ in range(5):
        budget.deposit(0.0)
    assert budget.balance(9.9) == 5.0
    assert budget.balance(10.0) == 0.0


def test_a_balance_is_never_negative() -> None:
    budget = RetryBudget(1.0, minimum_per_second=0.0, window=10.0)
    budget.deposit(0.0)
    assert budget.take(9.0)
    assert budget.balance(10.0) == 0.0


def test_what_it_does_not_grant_is_counted() -> None:
    budget = RetryBudget(minimum_per_second=0.1, window=10.0)
    assert [budget.take(0.0) for _ in range(3)] == [True, False, False]
    assert budget.refused == 2


def test_an_outage_costs_a_fifth_more_calls_and_no_multiple() -> None:
    budget = RetryBudget(0.2, minimum_per_second=1.0, window=10.0)
    retries = 0
    for n in range(6000):
        now = n / 100
        budget.deposit(now)
        retries += budget.take(now) + budget.take(now)
    assert 0.9 * 1200 <= retries <= 1200 + 60


class RetryBudgets(RuleBasedStateMachine):
    """At every retry the bound holds for the exact seconds; none is refused without need."""

    # Numbers that floats hold exactly, so that the model meets no rounding.
    WINDOW = 10.0
    BUCKET = 1.0

    @initialize(ratio=st.sampled_from([0.0, 0.25, 0.5, 2.0]), minimum=st.sampled_from([0.0, 0.25]))
    def begin(self, ratio: float, minimum: float) -> None:
        self.ratio = ratio
        self.minimum = minimum * self.WINDOW
        self.budget = RetryBudget(ratio, minimum, self.WINDOW)
        self.now = 1000.0
        self.first_attempts: list[float] = []
        self.retries: list[float] = []

    def latest(self, moments: list[float], seconds: float) -> int:
        return sum(self.now - moment < seconds for moment in moments)

    @rule(eighths=st.integers(0, 40))
    def time_passes(self, eighths: int) -> None:
        self.now += eighths / 8

    @rule(calls=st.integers(1, 12))
    def calls_begin(self, calls: int) -> None:
        for _ in range(calls):
            self.budget.deposit(self.now)
            self.first_attempts.append(self.now)

    @rule(tries=st.integers(1, 6))
    def calls_fail(self, tries: int) -> None:
        for _ in range(tries):
            affordable = self.budget.balance(self.now) >= 1
            granted = self.budget.take(self.now)
            assert granted is affordable
            if granted:
                self.retries.append(self.now)
                first = self.latest(self.first_attempts, self.WINDOW)
                retries = self.latest(self.retries, self.WINDOW)
                assert retries <= self.ratio * first + self.minimum
            else:
                first = self.latest(self.first_attempts, self.WINDOW - self.BUCKET)
                retries = self.latest(self.retries, self.WINDOW + self.BUCKET)
                assert retries + 1 > self.ratio * first + self.minimum

    @invariant()
    def the_balance_is_no_more_than_what_is_left(self) -> None:
        first = self.latest(self.first_attempts, self.WINDOW)
        retries = self.latest(self.retries, self.WINDOW)
        left = self.ratio * first + self.minimum - retries
        assert 0 <= self.budget.balance(self.now) <= max(0, left)


TestRetryBudgets = RetryBudgets.TestCase
