"""Intake: how many requests are coming in, and how many bytes their bodies have, by caller."""

from collections import Counter
from collections.abc import Callable, Hashable
from typing import NamedTuple


class GivenUp(NamedTuple):
    """A request that is to give up, so that a bound holds.

    Attributes:
        ticket: stands for it.
        total: what all callers had together, of what is bounded.
        own: what its caller had of it.
    """

    ticket: Hashable
    total: int
    own: int


class _Request:
    """A request that has come.

    Attributes:
        caller: who sent it.
        size: the bytes of its body so far.
        is_pending: whether it is not being executed yet.
    """

    __slots__ = ("caller", "is_pending", "size")

    def __init__(self, caller: Hashable) -> None:
        self.caller = caller
        self.size = 0
        self.is_pending = True


class Intake:
    """Keeps count of requests, of which each has a ticket.

    Two bounds hold for all callers together. If one is exceeded, the caller that has the most gives
    up a request that is not being executed yet. So a caller that is alone may use all of it, and
    none is refused for what another one has. On a tie, it is the one that came last.

    It only keeps the books: a request that is to give up is returned, to be told.

    Args:
        pending: requests at most that are being read, or wait for a place.
        size: bytes at most of the bodies of all requests, from their first byte to the reply.

    Attributes:
        pending: requests that are being read, or wait for a place.
        size: the bytes of all bodies.
    """

    def __init__(self, *, pending: int, size: int) -> None:
        self.most_pending = pending
        self.most_bytes = size
        self.pending = 0
        self.size = 0
        self._requests: dict[Hashable, _Request] = {}

    def enter(self, ticket: Hashable, caller: Hashable) -> GivenUp | None:
        """Take in a request of a caller; return the one that is to give up, if one is."""
        self._requests[ticket] = _Request(caller)
        self.pending += 1
        if self.pending <= self.most_pending:
            return None
        return self._give_up(caller, self.pending, lambda request: int(request.is_pending))

    def grow(self, ticket: Hashable, size: int) -> GivenUp | None:
        """Take in so many more bytes of a body; return the request that is to give up, if one is.

        There may be more than one: grow by 0 bytes until there is none.
        """
        request = self._requests[ticket]
        request.size += size
        self.size += size
        if self.size <= self.most_bytes:
            return None
        return self._give_up(request.caller, self.size, lambda request: request.size)

    def begin(self, ticket: Hashable) -> None:
        """Note that a request is being executed from now on: it does not give up any more."""
        self._requests[ticket].is_pending = False
        self.pending -= 1

    def leave(self, ticket: Hashable) -> None:
        """Note that a request is over, unless it gave up."""
        if request := self._requests.pop(ticket, None):
            self.pending -= request.is_pending
            self.size -= request.size

    def _give_up(self, latest: Hashable, total: int, weight: Callable[[_Request], int]) -> GivenUp:
        """Return the heaviest pending request of the caller that has the most."""
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
