"""The breakers of one upstream: what fails for one is not refused to others.

One failed call does not say whether an invoice, a ledger or all of PayEx failed. So each result
counts in three breakers:

    CALLER   one caller within one ledger. A caller who is not identified is taken by the invoice
             or customer asked for.
    LEDGER   all callers of one ledger. No single caller opens it.
    HOST     all ledgers. No single ledger and no single caller opens it.

Times are seconds of one monotonic clock, passed in as `now`.
"""

import enum
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from resolvers.payex.resilience.breaker import Breaker, BreakerState

_KEPT: Final = 1000


class Scope(enum.Enum):
    """For whom a breaker opens."""

    HOST = "host"
    LEDGER = "ledger"
    CALLER = "caller"


ALL: Final = frozenset(Scope)
_WHOSE: Final = {
    Scope.HOST: "",
    Scope.LEDGER: " of the ledger {}",
    Scope.CALLER: " of one caller of the ledger {}",
}


class Level(NamedTuple):
    """A breaker that a call counts in.

    Attributes:
        scope: for whom it opens.
        ledger: the ledger's number; empty for all.
        breaker: the breaker.
    """

    scope: Scope
    ledger: str
    breaker: Breaker

    def describe(self, now: float) -> str:
        """Return in words whether calls may go."""
        whose = _WHOSE[self.scope].format(self.ledger)
        rests = self.breaker.retry_after(now)
        if not rests:
            return f"The breaker{whose} is closed: PayEx answers again."
        return (
            f"The breaker{whose} is open: too many calls to PayEx failed. It lets PayEx rest for "
            f"{rests:g} seconds at a time, until a call succeeds."
        )


class Permit:
    """A call that may go. It must end in exactly one of `succeeded`, `failed` and `abandoned`.

    It may have `failed` before its end, for its caller alone or for all. A breaker counts that
    once, until it is `taken_back`. `succeeded` and `failed` return the levels that closed or
    opened.
    """

    __slots__ = ("_breakers", "_failed", "_generations", "_ledger", "_since", "_subject")

    def __init__(
        self,
        breakers: "Breakers",
        ledger: str,
        subject: Hashable,
        levels: Sequence[Level],
        since: float,
    ) -> None:
        self._breakers = breakers
        self._ledger = ledger
        self._subject = subject
        self._since = since
        self._generations = [level.breaker.generation for level in levels]
        # When the breakers were told of a failure.
        self._failed: dict[Scope, float] = {}

    @property
    def has_failed(self) -> bool:
        """Whether the call counts as failed in all breakers."""
        return Scope.HOST in self._failed

    @property
    def is_late(self) -> bool:
        """Whether the ledger's or the host's breaker has changed since: the call counts no more."""
        return any(
            level.breaker.generation != generation
            for level, generation, _ in self._each()
            if level.scope is not Scope.CALLER
        )

    def succeeded(self, now: float) -> list[Level]:
        """Take in that PayEx answered."""
        over = []
        # No more than those of then: to what is new since, one success means nothing.
        for level, known in zip(self._levels(), self._generations, strict=False):
            if level.scope not in self._failed and level.breaker.succeeded(now, known):
                over.append(level)
        return over

    def failed(self, now: float, scopes: Collection[Scope] = ALL) -> list[Level]:
        """Take in that the call failed, for the breakers of these scopes."""
        self._breakers.remember(self._ledger, self._subject)
        begun = []
        for level, known, subjects in self._each():
            if level.scope not in scopes or level.scope in self._failed:
                continue
            self._failed[level.scope] = now
            openings = level.breaker.openings
            if level.breaker.failed(now, known, subjects, self._since):
                begun.append(level)
            self._breakers.openings[level.scope] += level.breaker.openings - openings
        return begun

    def abandoned(self, now: float) -> None:
        """Take in that the call was given up, so that it says nothing."""
        for level, known, _ in self._each():
            if level.scope not in self._failed:
                level.breaker.abandoned(now, known)

    def taken_back(self, now: float) -> list[Level]:
        """Take in that PayEx answered a call that was counted as failed."""
        return [
            level
            for level, known, subjects in self._each()
            if level.scope in self._failed
            and level.breaker.taken_back(now, known, self._failed[level.scope], subjects)
        ]

    def _levels(self) -> tuple[Level, ...]:
        return self._breakers.levels(self._ledger, self._subject)

    def _each(self) -> Iterator[tuple[Level, int, Collection[Hashable]]]:
        known = self._generations
        concerned = _concerned(self._ledger, self._subject)
        for place, level in enumerate(self._levels()):
            # A breaker that is new since is of the first generation, and so is the call for it.
            yield level, known[place] if place < len(known) else 0, concerned[place]


class Breakers:
    """The breakers of one upstream.

    Args:
        kept: callers whose failures are remembered.
        settings: those of each `Breaker`.

    Attributes:
        openings: how often a breaker of each scope opened, also from being half-open.
    """

    def __init__(self, *, kept: int = _KEPT, **settings: Any) -> None:
        self._new: Callable[[], Breaker] = partial(Breaker, **settings)
        self._kept = kept
        self._host = Level(Scope.HOST, "", self._new())
        self._ledgers: dict[str, Level] = {}
        # Those who have met a failure, the one that met it longest ago first.
        self._callers: dict[tuple[str, Hashable], Level] = {}
        self.openings: Counter[Scope] = Counter()

    def permit(self, ledger: str, subject: Hashable, now: float) -> Permit | None:
        """Return the permit of a call that may go now, or None.

        Args:
            ledger: the ledger's number, one that has credentials.
            subject: who asks or, if unknown, what is asked for.
            now: the time.
        """
        levels = self.levels(ledger, subject)
        # Nearly always all are closed, and nothing else is to be asked.
        if not all(level.breaker.is_closed for level in levels):
            told = [*zip(levels, _concerned(ledger, subject), strict=False)]
            if not all(level.breaker.permits(now, subjects) for level, subjects in told):
                return None
            for level, subjects in told:
                level.breaker.allow(now, subjects)
        return Permit(self, ledger, subject, levels, now)

    def retry_after(self, ledger: str, subject: Hashable, now: float) -> float:
        """Return the seconds until such a call may be tried again, as `Breaker.retry_after`."""
        return max(level.breaker.retry_after(now) for level in self.levels(ledger, subject))

    def open(self, scope: Scope, now: float) -> int:
        """Return how many breakers of a scope are open or half-open."""
        levels = [self._host, *self._ledgers.values(), *self._callers.values()]
        return sum(
            level.scope is scope and level.breaker.state(now) is not BreakerState.CLOSED
            for level in levels
        )

    def levels(self, ledger: str, subject: Hashable) -> tuple[Level, ...]:
        """Return the breakers of a call: the caller's only if that caller has met a failure."""
        of_ledger = self._ledgers.get(ledger)
        if of_ledger is None:
            of_ledger = Level(Scope.LEDGER, ledger, self._new())
            self._ledgers[ledger] = of_ledger
        of_caller = self._callers.get((ledger, subject))
        return (self._host, of_ledger, of_caller) if of_caller else (self._host, of_ledger)

    def remember(self, ledger: str, subject: Hashable) -> None:
        """Keep a breaker for a caller who meets a failure, and forget the longest untouched one."""
        key = ledger, subject
        level = self._callers.pop(key, None) or Level(Scope.CALLER, ledger, self._new())
        if len(self._callers) >= self._kept:
            del self._callers[next(iter(self._callers))]
        self._callers[key] = level


def _concerned(ledger: str, subject: Hashable) -> tuple[Collection[Hashable], ...]:
    """Return the subjects at each level."""
    return (subject, (Scope.LEDGER, ledger)), (subject,), ()
