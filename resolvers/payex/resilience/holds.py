"""Holds: a 429 with `Retry-After` binds all calls of the ledger.

RFC 6585 does not say what is counted. PayEx issues each token for one ledger, so a ledger is what
it can tell apart. A 503 with `Retry-After` holds nothing: it may come from one machine of many, and
the breaker judges by all calls. After a 429 without it, only the call that met it backs off.

Times are seconds of one monotonic clock, passed in as `now`.
"""


class Holds:
    """Until when each ledger's calls are held back.

    Args:
        longest: the longest hold in seconds, whatever PayEx asks for.

    Attributes:
        refused: how many calls were held back.
    """

    def __init__(self, longest: float = 600.0) -> None:
        self.refused = 0
        self._longest = longest
        # Only those that are held, so that it is no larger than the number of tokens.
        self._until: dict[str, float] = {}

    def hold(self, ledger: str, seconds: float, now: float) -> bool:
        """Hold a ledger's calls back; a longer hold stays. Return whether the hold is new."""
        left = self.left(ledger, now)
        if min(seconds, self._longest) > left:
            self._until[ledger] = now + min(seconds, self._longest)
        return left == 0 < self.left(ledger, now)

    def left(self, ledger: str, now: float) -> float:
        """Return the seconds until a call of the ledger may go; 0 if it may go now."""
        until = self._until.get(ledger)
        if until is None:
            return 0.0
        if until <= now:
            del self._until[ledger]
            return 0.0
        return until - now

    def refuses(self, ledger: str, now: float) -> bool:
        """Return whether a call has to be held back, and count it."""
        held = self.left(ledger, now) > 0
        self.refused += held
        return held

    def held(self, now: float) -> int:
        """Return how many ledgers' calls are held back."""
        return sum(until > now for until in self._until.values())
