"""Holds: what PayEx asks for with 429 and `Retry-After` binds all calls of the ledger.

RFC 6585 leaves open what is counted. PayEx issues a token to one ledger, so that a ledger is what
it can tell apart; the others go on. A 503 with `Retry-After` holds nothing: it may be of one
machine of many, and the breaker judges by all calls. A 429 without it leaves nothing to remember:
the call that met it backs off.

When the time is over, all calls may go. Another 429 begins another hold.

Times are seconds of one monotonic clock, which the caller reads and passes in as `now`.
"""


class Holds:
    """Until when each ledger's calls are held back.

    Args:
        longest: the most seconds of one hold, whatever PayEx asks for.

    Attributes:
        refused: how many calls were held back.
    """

    def __init__(self, longest: float = 600.0) -> None:
        self.refused = 0
        self._longest = longest
        # Only those that are held, so that it is no larger than the number of tokens.
        self._until: dict[str, float] = {}

    def hold(self, ledger: str, seconds: float, now: float) -> bool:
        """Hold a ledger's calls back for so long; a longer hold that there is stays.

        Returns:
            Whether they were not held back before.
        """
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
        """Return whether a call has to be held back; if so, it is counted."""
        held = self.left(ledger, now) > 0
        self.refused += held
        return held

    def held(self, now: float) -> int:
        """Return how many ledgers' calls are held back."""
        return sum(until > now for until in self._until.values())
