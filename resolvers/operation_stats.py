"""What one operation cost: its upstream calls, and the calls it was spared."""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from resolvers.payex.api.answers import Call, Unread
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.pulse import Pulse
from resolvers.payex.api.records import Member, Unreadable
from resolvers.payex.api.routes import Kind
from resolvers.payex.api.stretches import Interval, Spent, Stretch, Work, seconds

Told = Callable[[Call | Unread], None]
"""Is told of a call that has ended, or of a fault of PayEx that came after it."""


class OperationStats:
    """Counts the calls of one operation.

    A *demand* is a field that needs what a route answers: without dataloaders it would be a call
    of its own. A *wave* is a round of calls that wait for nothing but the round before, be it for
    its answers or for its places: the operation takes as many upstream round trips as it has waves.
    An answer is a *hit* where a cache
    held it, *coalesced* where another operation's call brought it, and else a *miss*.

    Args:
        max_calls: how many calls may be made.
        pulse: tells when the event loop was busy.

    Attributes:
        work: notes when the operation's tasks are at work, and the calls that it started.
        late: is told of each further call. A call outlives its operation when others wait for it.
    """

    def __init__(self, max_calls: int, pulse: Pulse | None = None) -> None:
        self.calls: list[Call] = []
        self.unread: list[Unread] = []
        self.stretches: list[Stretch] = []
        self.work = Work()
        self.hits = 0
        self.misses = 0
        self.joined = 0
        self.fresh_for: float | None = None
        # A Counter is made in Python, and takes twenty times as long.
        self.problems: defaultdict[str, int] = defaultdict(int)
        self.unreadable: defaultdict[tuple[Kind, Member], int] = defaultdict(int)
        self.batches: list[int] = []
        self.late: Told | None = None
        self._max_calls = max_calls
        self._pulse = pulse or Pulse()
        # The calls after each of which only calls of lower waves have ended: places and waves.
        self._peaks: list[tuple[int, int]] = []
        self._permitted = 0
        self._demands = 0
        self._started = 0

    @property
    def ended(self) -> int:
        """How many calls have ended."""
        return len(self.calls)

    def last_wave(self, ended: int) -> int:
        """Return the last wave of the calls that have ended since there were so many; else 0."""
        place = bisect_left(self._peaks, (ended,))
        return self._peaks[place][1] if place < len(self._peaks) else 0

    def demand(self) -> None:
        """Note that a field needs what a route answers."""
        self._demands += 1

    def begin_anew(self) -> None:
        """Note that all fields will tell their needs once more: the operation is executed anew."""
        self._demands = 0

    def started(self) -> None:
        """Note that a route is being asked."""
        self._started += 1

    def permit(self) -> None:
        """Let one more call be made.

        Raises:
            Fault: `UPSTREAM_TOO_MANY_CALLS`.
        """
        if self._permitted >= self._max_calls:
            limit = {"GATEWAY_MAX_CALLS": self._max_calls}
            raise Fault(FaultCode.UPSTREAM_TOO_MANY_CALLS, limit=limit)
        self._permitted += 1

    def begin(self, what: Spent, now: float) -> Stretch:
        """Note what the operation's time goes by with from now on, until the stretch ends."""
        stretch = Stretch(what, now)
        self.stretches.append(stretch)
        return stretch

    def made(self, call: Call) -> None:
        """Note a call that has ended, and tell `late` of it if that is set."""
        while self._peaks and self._peaks[-1][1] <= call.wave:
            self._peaks.pop()
        self._peaks.append((len(self.calls), call.wave))
        self.calls.append(call)
        if self.late is not None:
            self.late(call)

    def cannot_use(self, unread: Unread) -> None:
        """Note a fault of PayEx of a noted call, and tell `late` of it if that is set."""
        self.unread.append(unread)
        if self.late is not None:
            self.late(unread)

    def hit(self) -> None:
        """Note an answer that a cache held."""
        self.hits += 1

    def missed(self) -> None:
        """Note an answer that had to be asked for."""
        self.misses += 1

    def coalesced(self) -> None:
        """Note an answer that another operation's call brought."""
        self.joined += 1

    def batch(self, keys: int) -> None:
        """Note how many routes a dataloader asks for at once."""
        self.batches.append(keys)

    def problem(self, type_: str) -> None:
        """Note that PayEx told of a problem of this type."""
        self.problems[type_] += 1

    def lacks(self, kind: Kind, unreadable: Unreadable) -> None:
        """Note what could not be read of an answer of this kind."""
        for member, count in unreadable.items():
            self.unreadable[kind, member] += count

    def fresh(self, seconds: float) -> None:
        """Note for how many seconds an answer stays the same; the shortest time counts."""
        self.fresh_for = seconds if self.fresh_for is None else min(self.fresh_for, seconds)

    @property
    def deduplicated(self) -> int:
        """How many demands were met without asking a route for them alone."""
        return max(0, self._demands - self._started)

    @property
    def waves(self) -> int:
        """The number of rounds."""
        return max((call.wave for call in self.calls), default=0)

    @property
    def milliseconds(self) -> float:
        """The time in which at least one of the calls that have ended was under way."""
        calls = ((Spent.UPSTREAM, call.started, call.ended) for call in self.calls)
        return seconds(calls)[Spent.UPSTREAM] * 1000

    def seconds(
        self,
        now: float,
        since: float = -math.inf,
        work: Iterable[Interval] = (),
    ) -> dict[Spent, float]:
        """Return what the operation's time went by with until now; what is missing is its own.

        Args:
            now: when it ended.
            since: when it began.
            work: when it was at work, beside what `work` has noted.
        """
        own = (*self.work.steps, *work)
        late = self._pulse.late_since(since, now)
        return seconds(self._spent(now), within=(since, now), work=own, late=late)

    def _spent(self, now: float) -> Iterator[tuple[Spent, float, float]]:
        for call in self.calls:
            yield Spent.UPSTREAM, call.started, call.ended
        for stretch in self.stretches:
            # A call that has not ended is none yet.
            ended = now if stretch.ended is None else stretch.ended
            yield stretch.what, stretch.started, ended
            if stretch.late:
                yield Spent.LOOP, ended, ended + stretch.late

    def report(self) -> dict[str, Any]:
        """Return what `extensions.upstream` shows; routes are templates, free of numbers."""
        return {
            "calls": len(self.calls),
            "deduplicated": self.deduplicated,
            "coalesced": self.joined,
            "hits": self.hits,
            "misses": self.misses,
            "waves": self.waves,
            "milliseconds": round(self.milliseconds, 3),
            "trace": [
                {
                    "route": call.route,
                    "wave": call.wave,
                    "attempt": call.attempt,
                    "status": call.status,
                    "milliseconds": round((call.ended - call.started) * 1000, 3),
                    **({"fault": call.fault.value} if call.fault else {}),
                }
                for call in sorted(self.calls, key=lambda call: (call.wave, call.started))
            ],
        }
