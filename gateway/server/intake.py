"""Intake: how many requests are coming in, and the bytes of their bodies, by caller."""

from collections import Counter
from collections.abc import Callable, Hashable
from typing import NamedTuple


class GivenUp(NamedTuple):
    """A request that has to give up, so that a bound holds.

    Attributes:
        ticket: stands for it.
        total: what all callers had together.
        own: what its caller had.
    """

    ticket: Hashable
    total: int
    own: int


class _Request:
    """A request that has come.

    Attributes:
        caller: who sent it.
        size: the bytes of its body so far.
        is_pending: whether it is not executed yet.
    """

    __slots__ = ("caller", "is_pending", "size")

    def __init__(self, caller: Hashable) -> None:
        self.caller = caller
        self.size = 0
        self.is_pending = True


class Intake:
    """Counts requests. Each has a ticket.

    Two bounds hold for all callers together. If one is exceeded, the caller with the most gives up
    a request that is not executed yet; on a tie, the caller that came last. So a caller that is
    alone may use all of it, and no caller pays for another.

    It only keeps the books: it returns the request that has to give up.

    Args:
        pending: the most requests that are being read or wait for a place.
        size: the most bytes of the bodies of all requests, from their first byte to the reply.

    Attributes:
        pending: requests that are being read or wait for a place.
        size: the bytes of all bodies.
    """

    def __init__(self, *, pending: int, size: int) -> None:
        self.most_pending = pending
        self.most_bytes = size
        self.pending = 0
        self.size = 0
        self._requests: dict[Hashable, _Request] = {}

    def enter(self, ticket: Hashable, caller: Hashable) -> GivenUp | None:
        """Add a caller's request; return the one that has to give up, if any."""
        self._requests[ticket] = _Request(caller)
        self.pending += 1
        if self.pending <= self.most_pending:
            return None
        return self._give_up(caller, self.pending, lambda request: int(request.is_pending))

    def grow(self, ticket: Hashable, size: int) -> GivenUp | None:
        """Add bytes to a body; return the request that has to give up, if any.

        There may be several: add 0 bytes until there is none.
        """
        request = self._requests[ticket]
        request.size += size
        self.size += size
        if self.size <= self.most_bytes:
            return None
        return self._give_up(request.caller, self.size, lambda request: request.size)

    def begin(self, ticket: Hashable) -> None:
        """Note that a request is executed from now on, and does not give up any more."""
        self._requests[ticket].is_pending = False
        self.pending -= 1

    def leave(self, ticket: Hashable) -> None:
        """Note that a request is over, unless it gave up."""
        if request := self._requests.pop(ticket, None):
            self.pending -= request.is_pending
            self.size -= request.size

    def _give_up(self, latest: Hashable, total: int, weight: Callable[[_Request], int]) -> GivenUp:
        """Return the largest pending request of the caller with the most."""
        have: Counter[Hashable] = Counter()
        heaviest: dict[Hashable, tuple[int, Hashable]] = {}
        for ticket, request in self._requests.items():
            heavy = weight(request)
            have[request.caller] += heavy
            # Of those that are equally heavy, the last.
            if request.is_pending and heavy and heavy >= heaviest.get(request.caller, (0,))[0]:
                heaviest[request.caller] = heavy, ticket
        caller = max(heaviest, key=lambda caller: (have[caller], caller == latest))
        ticket = heaviest[caller][1]
        self.leave(ticket)
        return GivenUp(ticket, total, have[caller])
