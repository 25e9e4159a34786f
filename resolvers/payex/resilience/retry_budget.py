"""The retry budget: retries stay a small share of the calls, however many fail.

Without it, an outage multiplies the load on PayEx by the number of attempts. The form is Finagle's:
a share of the first attempts, and a small constant rate for gateways with little traffic.

Times are seconds of one monotonic clock, passed in as `now`.
"""

from resolvers.payex.resilience.rolling_count import RollingCount

_BUCKETS = 10


class RetryBudget:
    """Says whether one more retry may be made.

    Within `window` seconds, the retries are at most `ratio` x the first attempts +
    `minimum_per_second` x `window`. Counts are kept in tenths of the window and err on the side of
    fewer retries.

    Args:
        ratio: retries for each first attempt.
        minimum_per_second: retries for each second, whatever the traffic.
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
        """Return whether a retry may be made now, and count it."""
        granted = self._left(now) >= 1
        if granted:
            self._retries.add(now)
        else:
            self.refused += 1
        return granted

    def balance(self, now: float) -> float:
        """Return how many retries are left; below 1, none may be made."""
        return max(0.0, self._left(now))

    def _left(self, now: float) -> float:
        earned = self._ratio * self._first_attempts.total(now) + self._minimum
        return earned - self._retries.total(now)
