"""The limiter: the one queue for PayEx, whose places callers share fairly.

It only keeps the books: who waits, and who is next. Whoever asks wakes a waiting call.
"""

import math
from collections import Counter
from collections.abc import Collection, Hashable, Mapping
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


class _Line:
    """The waiting tickets of one operation, by tenant, in the order in which they came."""

    __slots__ = ("queued", "tickets")

    def __init__(self) -> None:
        self.queued = 0
        self.tickets: dict[Hashable, dict[Hashable, None]] = {}

    def may_start(self, full: Collection[Hashable]) -> bool:
        return any(tenant not in full for tenant in self.tickets)


M = TypeVar("M", bound="_Line | _Group[_Line]")


class _Group(Generic[M]):
    """Who waits, of all callers or of the operations of one, in the order of their turns."""

    __slots__ = ("members", "queued")

    def __init__(self) -> None:
        self.queued = 0
        self.members: dict[Hashable, M] = {}

    def may_start(self, full: Collection[Hashable]) -> bool:
        return any(member.may_start(full) for member in self.members.values())

    def next(self, full: Collection[Hashable], held: Mapping[Hashable, int]) -> Hashable:
        """Return who is next: of those who may start, the one with the fewest places."""
        found, fewest = None, math.inf
        for name, member in self.members.items():
            places = held.get(name, 0)
            if places < fewest and (not full or member.may_start(full)):
                found, fewest = name, places
                if not places:
                    break
        return found

    def end_turn(self, name: Hashable) -> None:
        """Put one that has had its turn behind all others, if it still waits."""
        if name in self.members:
            self.members[name] = self.members.pop(name)

    def largest(self, latest: Hashable, held: Mapping[Hashable, int]) -> Hashable:
        """Return who of them has the most tickets, with a place or without; on a tie, the last."""
        return max(
            self.members,
            key=lambda name: (self.members[name].queued + held.get(name, 0), name == latest),
        )


class Limiter:
    """Hands places to tickets, of which each stands for one call.

    There are so many places in all, and of these so many for each tenant. A caller that is alone
    may hold every place. While others wait, the next free place goes to the caller with the fewest
    places, and within it to the operation with the fewest; on a tie, to the one that has waited
    longest for its turn. The tickets of an operation are served in the order in which they came.
    So an operation of 200 calls keeps another caller's single call waiting for one place, not for
    200.

    No place stays free that a waiting ticket may use. If the queue is full, the caller with the
    most tickets, with places or without, loses the last one that waits. As many tickets as there
    are places may wait even in a shorter queue, if none of their callers has more than its share
    of the places: nobody is refused because of one that holds them all.

    A ticket that holds a place must `leave` exactly once. A ticket is unlike any other one that
    waits.

    Args:
        in_flight: places; at least 1.
        queued: tickets that may wait for a place, of all callers together. See above for more.
        connections: places for each tenant; at least 1.
    """

    def __init__(self, *, in_flight: int, queued: int, connections: float = math.inf) -> None:
        self._places = in_flight
        self._room = queued
        self._connections = connections
        # Places by caller, and by caller and operation; those without any are missing.
        self._held: dict[Hashable, int] = {}
        self._held_each: dict[Hashable, int] = {}
        self._in_flight = 0
        self._callers: _Group[_Group[_Line]] = _Group()
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
        return self._in_flight

    @property
    def queued(self) -> int:
        """The tickets that wait for a place."""
        return len(self._turns)

    def lacks_connection(self, tenant: Hashable) -> bool:
        """Whether all connections of a tenant are in use."""
        return tenant in self._full

    def enter(self, ticket: Hashable, turn: Turn) -> Entry:
        """Ask for a place. A ticket that neither starts nor is refused waits: see `leave`."""
        if self._in_flight < self._places and turn.tenant not in self._full:
            self._take(turn)
            return Entry(starts=True)
        self._wait(ticket, turn)
        if len(self._turns) <= self._room:
            return Entry(starts=False)
        caller = self._callers.largest(turn.caller, self._held)
        if len(self._turns) <= self._places and self._count(caller) <= self._share():
            return Entry(starts=False)
        refused = self._superfluous(caller, turn)
        self._remove(refused)
        return Entry(starts=False, refused=refused)

    def leave(self, turn: Turn) -> Hashable | None:
        """Give back the place of a ticket that had this turn.

        Returns:
            The ticket that holds the place from now on and may start, or None.
        """
        self._give_back(turn)
        if not self._turns or (self._full and not self._callers.may_start(self._full)):
            return None
        name = self._callers.next(self._full, self._held)
        operations = self._callers.members[name]
        operation = operations.next(self._full, self._held_each)
        lines = operations.members[operation].tickets
        line = next(line for tenant, line in lines.items() if tenant not in self._full)
        ticket = next(iter(line))
        following = self._turns[ticket]
        self._remove(ticket)
        self._take(following)
        self._callers.end_turn(name)
        operations.end_turn(operation)
        return ticket

    def adopt(self, ticket: Hashable, turn: Turn) -> Turn | None:
        """Let a ticket wait on the account of another caller who wants the same call.

        It does if that caller has fewer tickets, and so would be served sooner by one of its own.

        Args:
            ticket: what waits, if it still does.
            turn: who wants it as well. The tenant stays.

        Returns:
            Whose turn the ticket has from now on, or None if nothing changed.
        """
        present = self._turns.get(ticket)
        if present is None or self._count(turn.caller) + 1 >= self._count(present.caller):
            return None
        adopted = turn._replace(tenant=present.tenant)
        self._remove(ticket)
        self._wait(ticket, adopted)
        return adopted

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
        self._in_flight += 1
        for held, owner in ((self._held, turn.caller), (self._held_each, turn[:2])):
            held[owner] = held.get(owner, 0) + 1
        self.used[turn.tenant] += 1
        if self.used[turn.tenant] >= self._connections:
            self._full.add(turn.tenant)

    def _give_back(self, turn: Turn) -> None:
        self._in_flight -= 1
        for held, owner in ((self._held, turn.caller), (self._held_each, turn[:2])):
            if held[owner] > 1:
                held[owner] -= 1
            else:
                del held[owner]
        self.used[turn.tenant] -= 1
        self._full.discard(turn.tenant)

    def _wait(self, ticket: Hashable, turn: Turn) -> None:
        self._turns[ticket] = turn
        self.wanted[turn.tenant] += 1
        operations = self._callers.members.setdefault(turn.caller, _Group())
        line = operations.members.setdefault(turn[:2], _Line())
        line.tickets.setdefault(turn.tenant, {})[ticket] = None
        operations.queued += 1
        line.queued += 1

    def _remove(self, ticket: Hashable) -> None:
        turn = self._turns.pop(ticket)
        self.wanted[turn.tenant] -= 1
        operations = self._callers.members[turn.caller]
        line = operations.members[turn[:2]]
        tickets = line.tickets[turn.tenant]
        del tickets[ticket]
        if not tickets:
            del line.tickets[turn.tenant]
        operations.queued -= 1
        line.queued -= 1
        if not line.queued:
            del operations.members[turn[:2]]
        if not operations.queued:
            del self._callers.members[turn.caller]

    def _count(self, caller: Hashable) -> int:
        """Return how many tickets a caller has, with a place or without."""
        waiting = self._callers.members.get(caller)
        return self._held.get(caller, 0) + (waiting.queued if waiting else 0)

    def _share(self) -> float:
        """Return how many places are each caller's, of those who hold some or wait."""
        places = min(self._places, self._connections)
        return max(1, places // len(self._held.keys() | self._callers.members.keys()))

    def _superfluous(self, caller: Hashable, latest: Turn) -> Hashable:
        """Return the last waiting ticket of a caller, of its operation that has the most."""
        operations = self._callers.members[caller]
        lines = operations.members[operations.largest(latest[:2], self._held_each)].tickets
        return next(reversed(lines.get(latest.tenant) or next(iter(lines.values()))))
