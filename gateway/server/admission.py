"""Admission: a bound on operations in flight, with a share for each caller while others ask.

If all places are taken, an operation of a caller that has its share is rejected at once. An
operation of a caller with less than its share gets the next free place. So a caller that is alone
may use every place, and a caller that uses many delays others by one operation, not by all of them.
"""

from collections.abc import Hashable

from gateway.server.workload import alone


class Admission:
    """Counts the operations in flight, and those that wait for a place.

    Time is an argument, in seconds. It wakes nobody: it returns the ticket that has a place.

    The server processes of one gateway share their room: none rejects an operation while another
    has room. Shares are those of one process, which knows only its own callers. A process that uses
    more than its own part of the room gives it back while others wait.

    Args:
        limit: operations in flight for each process; at least 1.
        window: seconds for which a rejection still counts as overload.
        told_apart: whether callers are identified. If not, they are one caller, and nobody waits.

    Attributes:
        shed: how many operations were rejected.
    """

    def __init__(self, limit: int, window: float = 1.0, *, told_apart: bool = False) -> None:
        self.limit = limit
        self.member = alone()
        self.shed = 0
        self._window = window
        self._told_apart = told_apart
        # Operations in flight by caller; those without any are missing. The same of tickets that
        # wait, in the order of the callers' turns.
        self._held: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, dict[Hashable, None]] = {}

    @property
    def in_flight(self) -> int:
        """Operations in flight in this process, perhaps more than its own part of the room."""
        return self.member.in_flight

    @property
    def waiting(self) -> int:
        """Operations that wait for a place in this process."""
        return sum(map(len, self._waiting.values()))

    def enter(self, caller: Hashable) -> bool:
        """Return whether a caller's operation may run now; it must then `leave`."""
        if self._waiting or not self._has_room():
            return False
        self._take(caller)
        return True

    def wait(self, caller: Hashable, ticket: Hashable) -> bool:
        """Return whether an operation that could not enter may wait: its caller has no full share.

        Args:
            caller: who asks.
            ticket: stands for the operation, until `leave` or `next` returns it or it `withdraw`s.
        """
        tickets = self._waiting.get(caller, {})
        has = self._held.get(caller, 0) + len(tickets)
        if not self._told_apart or has >= self.share(caller):
            return False
        self._waiting.setdefault(caller, tickets)[ticket] = None
        self.member.wait(1)
        return True

    def withdraw(self, caller: Hashable, ticket: Hashable) -> bool:
        """Stop waiting; return whether the ticket did. One that was returned must `leave`."""
        tickets = self._waiting.get(caller, {})
        if ticket not in tickets:
            return False
        del tickets[ticket]
        if not tickets:
            del self._waiting[caller]
        self.member.wait(-1)
        return True

    def leave(self, caller: Hashable) -> Hashable | None:
        """Note that an operation has ended; return the ticket that now has a place."""
        if self._held[caller] > 1:
            self._held[caller] -= 1
        else:
            del self._held[caller]
        self.member.leave()
        return self.next()

    def next(self) -> Hashable | None:
        """Return a waiting ticket that now has a place, or None.

        It belongs to the caller with the fewest operations in flight; on a tie, callers take turns.
        Ask now and then: places become free in other processes as well.
        """
        if not self._waiting or not self._has_room():
            return None
        caller = min(self._waiting, key=lambda one: self._held.get(one, 0))
        tickets = self._waiting.pop(caller)
        ticket = next(iter(tickets))
        del tickets[ticket]
        if tickets:
            self._waiting[caller] = tickets
        self.member.wait(-1)
        self._take(caller)
        return ticket

    def share(self, caller: Hashable) -> int:
        """Return how many of this process's places a caller has a right to while others ask."""
        return max(1, self.limit // len({caller, *self._held, *self._waiting}))

    def refuse(self, now: float, *, has_most: bool = False) -> None:
        """Note that an operation is rejected.

        Args:
            now: the time, in seconds.
            has_most: whether its caller has most of what is scarce.
        """
        self.shed += 1
        if not (self._told_apart and (has_most or self._is_one_callers())):
            self.member.refuse(now)

    def shedding(self, now: float) -> bool:
        """Whether operations are being rejected, now or within the last `window` seconds.

        One caller that fills most places by itself is no overload: others get the next one.
        Otherwise it could turn an instance unready for everybody.
        """
        workload = self.member.workload
        if workload.refused_since(now - self._window):
            return True
        full = workload.full(self.limit)
        return full and not (self._told_apart and self._is_one_callers())

    def measured(self, caller: Hashable = None) -> str:
        """Return what is in flight, and the bounds, in words."""
        workload = self.member.workload
        processes = workload.processes
        each = f" in each of {processes} server processes" if processes > 1 else ""
        said = (
            f"{workload.in_flight} operations are in flight; at most {self.limit * processes} may "
            f"be (GATEWAY_MAX_OPERATIONS{each})."
        )
        if caller not in self._held or len(self._held.keys() | self._waiting.keys()) == 1:
            return said
        held, share = self._held[caller], self.share(caller)
        return f"{said} The caller has {held} of them; its share is {share} while others ask."

    def _has_room(self) -> bool:
        member, workload = self.member, self.member.workload
        if workload.full(self.limit):
            return False
        return member.in_flight < self.limit or not workload.waits_beside(member.number)

    def _is_one_callers(self) -> bool:
        return 2 * max(self._held.values(), default=0) > self.in_flight

    def _take(self, caller: Hashable) -> None:
        self._held[caller] = self._held.get(caller, 0) + 1
        self.member.enter()
