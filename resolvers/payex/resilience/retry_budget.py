"""The retry budget: retries stay a small share of the calls, however much fails.

Without it, an outage multiplies the load on PayEx by the number of attempts, at the moment when
PayEx can bear it least. The form is Finagle's: a share of the first attempts, and a small constant
rate so that a gateway with little traffic can retry at all.

Times are seconds of one monotonic clock, which the caller reads and passes in as `now`.
"""

from resolvers.payex.resilience.rolling_count import RollingCount

_BUCKETS = 10


class RetryBudget:
    """Says whether one more retry may be made.

    At every retry that it grants, the retries of the latest `window` seconds, with this one, are
    at most `ratio` x the first attempts of the same seconds + `minimum_per_second` x `window`.
    Where buckets of time are too coarse to tell, it errs on the side of fewer retries: a first
    attempt is forgotten up to a tenth of the window early, a retry up to a tenth late.

    Args:
        ratio: retries for each first attempt; 0.2 makes an outage cost PayEx a fifth more.
        minimum_per_second: retries for each second of the window, whatever the traffic.
        window: seconds that an attempt is remembered.

    Attributes:
        refused: how many retries it did not grant.
    """

    def __init__(
        self, ratio: float = 0.2, minimum_per_second: float = 1.0, window: float = 10.0
    ) -> None:
        self.refused = 0
        self._ratio = ratio
        self._minimum = minimum_per_second * window
        width = window / _BUCKETS
        self._first_attempts = RollingCount(width, _BUCKETS)
        self._retries = RollingCount(width, _BUCKETS + 1)

    def deposit(self, now: float) -> None:
        """Count the first attempt of a call."""
        self._first_attempts.add(now)

    def take(self, now: float) -> bool:
        """Return whether a retry may be made now; if so, it is counted."""
        granted = self._left(now) >= 1
        if granted:
            self._retries.add(now)
        else:
            self.refused += 1
        return granted

    def balance(self, now: float) -> float:
        """Return the retries that are left, never less than 0; below 1, none may be made."""
        return max(0.0, self._left(now))

    def _left(self, now: float) -> float:
        earned = self._ratio * self._first_attempts.total(now) + self._minimum
        return earned - self._retries.total(now)
