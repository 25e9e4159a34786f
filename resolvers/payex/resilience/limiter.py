"""The limiter: the one queue for calls to PayEx. Callers share its places by max-min fairness.

It only keeps the books: who waits, and who is next. `Places` wakes the waiting call.
"""

import math
from collections import Counter
from collections.abc import Collection, Hashable, Mapping
from typing import Generic, NamedTuple, TypeVar


class Turn(NamedTuple):
    """Whose place a call takes.

    Attributes:
        caller: callers share the places.
        operation: the operations of a caller share that caller's places.
        tenant: whose connections the call needs.
    """

    caller: Hashable
    operation: Hashable
    tenant: Hashable


class Entry(NamedTuple):
    """The result of asking for a place.

    Attributes:
        starts: whether the ticket holds a place.
        refused: the ticket that the full queue rejects, or None. It is the new ticket, or one that
            has waited until now.
    """

    starts: bool
    refused: Hashable | None = None


class _Line:
    """The waiting tickets of one operation, by tenant, first come first."""

    __slots__ = ("queued", "tickets")

    def __init__(self) -> None:
        self.queued = 0
        self.tickets: dict[Hashable, dict[Hashable, None]] = {}

    def may_start(self, full: Collection[Hashable]) -> bool:
        return any(tenant not in full for tenant in self.tickets)


M = TypeVar("M", bound="_Line | _Group[_Line]")


class _Group(Generic[M]):
    """The callers that wait, or the operations of one caller, in the order of their turns."""

    __slots__ = ("members", "queued")

    def __init__(self) -> None:
        self.queued = 0
        self.members: dict[Hashable, M] = {}

    def may_start(self, full: Collection[Hashable]) -> bool:
        return any(member.may_start(full) for member in self.members.values())

    def next(self, full: Collection[Hashable], held: Mapping[Hashable, int]) -> Hashable:
        """Return the member with the fewest places, of those that may start."""
        found, fewest = None, math.inf
        for name, member in self.members.items():
            places = held.get(name, 0)
            if places < fewest and (not full or member.may_start(full)):
                found, fewest = name, places
                if not places:
                    break
        return found

    def end_turn(self, name: Hashable) -> None:
        """Move a member that had its turn to the end, if it still waits."""
        if name in self.members:
            self.members[name] = self.members.pop(name)

    def largest(self, latest: Hashable, held: Mapping[Hashable, int]) -> Hashable:
        """Return the member with the most tickets, with a place or without; on a tie, `latest`."""
        return max(
            self.members,
            key=lambda name: (self.members[name].queued + held.get(name, 0), name == latest),
        )


class Limiter:
    """Gives places to tickets. A ticket stands for one call.

    A caller that is alone may hold every place. While others wait, the next free place goes to the
    caller with the fewest places, and within it to the operation with the fewest; on a tie, to the
    one that has waited longest. Tickets of one operation are served in the order in which they
    came. So an operation of 200 calls delays another caller's call by one place, not by 200.

    If the queue is full, the caller with the most tickets loses the last one that waits. Even a
    shorter queue holds as many tickets as there are places, while no caller in it has more than its
    share: one caller who holds every place cannot get others rejected.

    A ticket that holds a place must `leave` exactly once. Waiting tickets are distinct.

    Args:
        in_flight: places; at least 1.
        queued: tickets that may wait, of all callers together.
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
        """How many tickets may hold a place at a time."""
        return self._places

    @property
    def connections(self) -> float:
        """How many tickets of one tenant may hold a place at a time."""
        return self._connections

    @property
    def room(self) -> int:
        """How many tickets may wait for a place at a time."""
        return self._room

    @property
    def in_flight(self) -> int:
        """How many tickets hold a place."""
        return self._in_flight

    @property
    def queued(self) -> int:
        """How many tickets wait for a place."""
        return len(self._turns)

    def lacks_connection(self, tenant: Hashable) -> bool:
        """Whether all connections of a tenant are in use."""
        return tenant in self._full

    def enter(self, ticket: Hashable, turn: Turn) -> Entry:
        """Ask for a place. A ticket that neither starts nor is refused waits its turn."""
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
        """Give back a place. Return the ticket that holds it from now on and may start, or None."""
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
        """Move a waiting ticket to another caller who wants the same call.

        Nothing changes unless that caller has fewer tickets and so would be served sooner.

        Args:
            ticket: the ticket; it may wait no longer.
            turn: the other caller's. The tenant stays the same.

        Returns:
            The ticket's turn from now on, or None if nothing changed.
        """
        present = self._turns.get(ticket)
        if present is None or self._count(turn.caller) + 1 >= self._count(present.caller):
            return None
        adopted = turn._replace(tenant=present.tenant)
        self._remove(ticket)
        self._wait(ticket, adopted)
        return adopted

    def withdraw(self, ticket: Hashable) -> bool:
        """Remove a ticket whose call is no longer wanted. Return whether it waited.

        A ticket that did not wait was refused, or holds a place by now and must `leave`.
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
        """Return how many places each caller has a right to, of those who hold some or wait."""
        places = min(self._places, self._connections)
        return max(1, places // len(self._held.keys() | self._callers.members.keys()))

    def _superfluous(self, caller: Hashable, latest: Turn) -> Hashable:
        """Return the last waiting ticket of a caller, of its operation with the most tickets."""
        operations = self._callers.members[caller]
        lines = operations.members[operations.largest(latest[:2], self._held_each)].tickets
        return next(reversed(lines.get(latest.tenant) or next(iter(lines.values()))))
