"""The limiter: the one queue for PayEx, whose places callers share fairly.

It only keeps the books: who waits, and who is next. Whoever asks wakes a waiting call.
"""

import math
from collections import Counter, OrderedDict
from collections.abc import Collection, Hashable
from typing import Generic, NamedTuple, TypeVar


class Turn(NamedTuple):
    """On whose account a call takes a place.

    Attributes:
        caller: who asks. Callers share the places.
        operation: which of the caller's operations asks. The operations share the caller's places.
        tenant: whose connections the call needs.
    """

    caller: Hashable
    operation: Hashable
    tenant: Hashable


class Entry(NamedTuple):
    """What became of a ticket, and of the queue.

    Attributes:
        starts: whether the ticket holds a place.
        refused: the ticket for which the queue has no room, or None. It is the new one, or one
            that has waited until now.
    """

    starts: bool
    refused: Hashable | None = None


class _Operation:
    """The places and the waiting tickets of one operation; the tickets by tenant, in order."""

    __slots__ = ("held", "lines", "queued")

    def __init__(self) -> None:
        self.held = self.queued = 0
        self.lines: dict[Hashable, dict[Hashable, None]] = {}

    def may_start(self, full: Collection[Hashable]) -> bool:
        return any(tenant not in full for tenant in self.lines)


M = TypeVar("M", bound="_Operation | _Group[_Operation]")


class _Group(Generic[M]):
    """All callers, or the operations of one: their places, and who waits, in order of turns."""

    __slots__ = ("held", "members", "queued", "waiting")

    def __init__(self) -> None:
        self.held = self.queued = 0
        self.members: dict[Hashable, M] = {}
        self.waiting: OrderedDict[Hashable, M] = OrderedDict()

    def may_start(self, full: Collection[Hashable]) -> bool:
        return not full or any(member.may_start(full) for member in self.waiting.values())

    def next(self, full: Collection[Hashable]) -> Hashable:
        """Return who is next: of those who may start, the one with the fewest places."""
        found, fewest = None, math.inf
        for name, member in self.waiting.items():
            if member.held < fewest and member.may_start(full):
                found, fewest = name, member.held
                if not fewest:
                    break
        return found

    def longest(self, latest: Hashable) -> Hashable:
        """Return who has the most waiting tickets; on a tie, the one that came last."""
        name = max(self.waiting, key=lambda name: self.waiting[name].queued)
        if latest in self.waiting and self.waiting[latest].queued >= self.waiting[name].queued:
            return latest
        return name


class Limiter:
    """Hands places to tickets, of which each stands for one call.

    There are so many places in all, and of these so many for each tenant. A caller that is alone
    may hold every place. While others wait, the next free place goes to the caller with the fewest
    places, and within it to the operation with the fewest; on a tie, to the one that has waited
    longest for its turn. The tickets of an operation are served in the order in which they came.
    So an operation of 200 calls keeps another caller's single call waiting for one place, not for
    200.

    No place stays free that a waiting ticket may use. If the queue is full, the caller with the
    most waiting tickets loses its last one.

    A ticket that holds a place must `leave` exactly once. A ticket is unlike any other one that
    waits.

    Args:
        in_flight: places; at least 1.
        queued: tickets that may wait for a place, of all callers together.
        connections: places for each tenant; at least 1.
    """

    def __init__(self, *, in_flight: int, queued: int, connections: float = math.inf) -> None:
        self._places = in_flight
        self._room = queued
        self._connections = connections
        self._callers: _Group[_Group[_Operation]] = _Group()
        self._turns: dict[Hashable, Turn] = {}
        self._full: set[Hashable] = set()
        self.used: Counter[Hashable] = Counter()
        self.wanted: Counter[Hashable] = Counter()

    @property
    def places(self) -> int:
        """The tickets that may hold a place at a time."""
        return self._places

    @property
    def connections(self) -> float:
        """The tickets of one tenant that may hold a place at a time."""
        return self._connections

    @property
    def room(self) -> int:
        """The tickets that may wait for a place at a time."""
        return self._room

    @property
    def in_flight(self) -> int:
        """The tickets that hold a place."""
        return self._callers.held

    @property
    def queued(self) -> int:
        """The tickets that wait for a place."""
        return len(self._turns)

    def lacks_connection(self, tenant: Hashable) -> bool:
        """Whether all connections of a tenant are in use."""
        return tenant in self._full

    def enter(self, ticket: Hashable, turn: Turn) -> Entry:
        """Ask for a place. A ticket that neither starts nor is refused waits: see `leave`."""
        if self._callers.held < self._places and turn.tenant not in self._full:
            self._take(turn)
            return Entry(starts=True)
        self._wait(ticket, turn)
        if len(self._turns) <= self._room:
            return Entry(starts=False)
        refused = self._superfluous(turn)
        self._remove(refused)
        return Entry(starts=False, refused=refused)

    def leave(self, turn: Turn) -> Hashable | None:
        """Give back the place of a ticket that had this turn.

        Returns:
            The ticket that holds the place from now on and may start, or None.
        """
        self._give_back(turn)
        if not self._turns or not self._callers.may_start(self._full):
            return None
        name = self._callers.next(self._full)
        caller = self._callers.waiting[name]
        name = caller.next(self._full)
        lines = caller.waiting[name].lines
        line = next(line for tenant, line in lines.items() if tenant not in self._full)
        ticket = next(iter(line))
        following = self._turns[ticket]
        self._remove(ticket)
        self._take(following)
        for group, member in ((self._callers, following.caller), (caller, following.operation)):
            if member in group.waiting:
                group.waiting.move_to_end(member)
        return ticket

    def withdraw(self, ticket: Hashable) -> bool:
        """Take a ticket out of the queue, because its call is no longer wanted.

        Returns:
            Whether it waited. One that did not either was refused, or holds a place by now and
            must `leave`.
        """
        if ticket not in self._turns:
            return False
        self._remove(ticket)
        return True

    def _take(self, turn: Turn) -> None:
        caller, operation = self._members(turn)
        for one in (self._callers, caller, operation):
            one.held += 1
        self.used[turn.tenant] += 1
        if self.used[turn.tenant] >= self._connections:
            self._full.add(turn.tenant)

    def _give_back(self, turn: Turn) -> None:
        caller, operation = self._members(turn)
        for one in (self._callers, caller, operation):
            one.held -= 1
        self.used[turn.tenant] -= 1
        self._full.discard(turn.tenant)
        self._forget(turn)

    def _wait(self, ticket: Hashable, turn: Turn) -> None:
        caller, operation = self._members(turn)
        self._turns[ticket] = turn
        self.wanted[turn.tenant] += 1
        for one in (self._callers, caller, operation):
            one.queued += 1
        self._callers.waiting.setdefault(turn.caller, caller)
        caller.waiting.setdefault(turn.operation, operation)
        operation.lines.setdefault(turn.tenant, {})[ticket] = None

    def _remove(self, ticket: Hashable) -> None:
        turn = self._turns.pop(ticket)
        caller, operation = self._members(turn)
        self.wanted[turn.tenant] -= 1
        for one in (self._callers, caller, operation):
            one.queued -= 1
        line = operation.lines[turn.tenant]
        del line[ticket]
        if not line:
            del operation.lines[turn.tenant]
        if not operation.queued:
            del caller.waiting[turn.operation]
        if not caller.queued:
            del self._callers.waiting[turn.caller]
        self._forget(turn)

    def _superfluous(self, latest: Turn) -> Hashable:
        """Return the last ticket of whoever has the most waiting ones."""
        caller = self._callers.waiting[self._callers.longest(latest.caller)]
        lines = caller.waiting[caller.longest(latest.operation)].lines
        return next(reversed(lines.get(latest.tenant) or next(iter(lines.values()))))

    def _members(self, turn: Turn) -> tuple[_Group[_Operation], _Operation]:
        caller = self._callers.members.get(turn.caller)
        if caller is None:
            caller = self._callers.members[turn.caller] = _Group()
        operation = caller.members.get(turn.operation)
        if operation is None:
            operation = caller.members[turn.operation] = _Operation()
        return caller, operation

    def _forget(self, turn: Turn) -> None:
        """Keep nothing of an operation or a caller that neither holds a place nor waits."""
        caller, operation = self._members(turn)
        if not (operation.held or operation.queued):
            del caller.members[turn.operation]
        if not (caller.held or caller.queued):
            del self._callers.members[turn.caller]
