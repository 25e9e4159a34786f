"""The limiter: a bound on the calls under way, and a short queue that operations share fairly.

It only keeps the books: who waits, and who is next. How a waiting call is woken is its caller's.
"""

from collections import OrderedDict
from collections.abc import Hashable


class LimiterFull(Exception):  # noqa: N818 - it says what the limiter is
    """As many calls as allowed are under way, and as many as allowed wait."""


class Limiter:
    """Hands a fixed number of places to tickets, of which each stands for one call.

    Tickets of one owner are served in the order in which they came, owners in turn: one that is
    served goes behind all others that wait. So an operation of 200 calls keeps another's single
    call waiting for one place, not for 200.

    A ticket that holds a place must `leave` exactly once. A ticket is unlike any other one that
    waits.

    Args:
        in_flight: places; at least 1.
        queued: tickets that may wait for a place, of all owners together.
    """

    def __init__(self, *, in_flight: int, queued: int) -> None:
        self._places = in_flight
        self._room = queued
        self._in_flight = 0
        # Owners in the order of their turns, none without a ticket. Both are dictionaries, so
        # that a ticket can be withdrawn without a search.
        self._queues: OrderedDict[Hashable, dict[Hashable, None]] = OrderedDict()
        self._owners: dict[Hashable, Hashable] = {}

    @property
    def places(self) -> int:
        """The tickets that may hold a place at a time."""
        return self._places

    @property
    def room(self) -> int:
        """The tickets that may wait for one at a time."""
        return self._room

    @property
    def in_flight(self) -> int:
        """The tickets that hold a place."""
        return self._in_flight

    @property
    def queued(self) -> int:
        """The tickets that wait for one; none unless all places are taken."""
        return len(self._owners)

    def enter(self, ticket: Hashable, owner: Hashable) -> bool:
        """Ask for a place.

        Returns:
            True if the ticket holds a place, False if it waits until `leave` returns it.

        Raises:
            LimiterFull: the ticket would have to wait, and the queue has no room for it.
        """
        if self._in_flight < self._places:
            self._in_flight += 1
            return True
        if len(self._owners) >= self._room:
            raise LimiterFull
        self._queues.setdefault(owner, {})[ticket] = None
        self._owners[ticket] = owner
        return False

    def leave(self) -> Hashable | None:
        """Give a place back.

        Returns:
            The ticket that holds the place from now on and may start, or None if none waits.
        """
        if not self._queues:
            self._in_flight -= 1
            return None
        owner, queue = next(iter(self._queues.items()))
        ticket = next(iter(queue))
        self._remove(ticket)
        if queue:
            self._queues.move_to_end(owner)
        return ticket

    def withdraw(self, ticket: Hashable) -> bool:
        """Take a ticket out of the queue, because its call is no longer wanted.

        Returns:
            Whether it waited. A ticket that did not was given a place in the meantime: its caller
            must `leave`.
        """
        if ticket not in self._owners:
            return False
        self._remove(ticket)
        return True

    def _remove(self, ticket: Hashable) -> None:
        owner = self._owners.pop(ticket)
        queue = self._queues[owner]
        del queue[ticket]
        if not queue:
            del self._queues[owner]
