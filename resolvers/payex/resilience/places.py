"""Places: where calls wait for the limiter, and are woken when their turn comes."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final

from resolvers.payex.api.answers import CallContext, Errand, Queued
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.pulse import Pulse
from resolvers.payex.api.stretches import Spent
from resolvers.payex.resilience.limiter import Limiter, Turn

_REMEMBERED: Final = 20


class _Ticket:
    """A call that asks for a place, and the future that says it has one."""

    __slots__ = ("granted", "refused", "turn")

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.refused = False

    def refuse(self, fault: Fault) -> None:
        self.refused = True
        if not self.granted.done():
            self.granted.set_exception(fault)


class Places:
    """Hands out the limiter's places.

    Args:
        limiter: keeps the books.
        timeout: seconds that a call may wait; None if only its deadline bounds it.
        pulse: measures how late the event loop is.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self, limiter: Limiter, timeout: float | None, pulse: Pulse, clock: Callable[[], float]
    ) -> None:
        self._limiter = limiter
        self._timeout = timeout
        self._pulse = pulse
        self._clock = clock
        self._latest: deque[float] = deque(maxlen=_REMEMBERED)

    def answered(self, seconds: float) -> None:
        """Note how long PayEx took for an answer."""
        self._latest.append(seconds)

    async def take(
        self, tenant: Hashable, errand: Errand, deadline: Deadline, context: CallContext
    ) -> Turn:
        """Take a place, and return the turn to pass on afterwards.

        Raises:
            Fault: `UPSTREAM_OVERLOADED` if the queue is full; `UPSTREAM_QUEUE_TIMEOUT`.
        """
        errand.queued = errand.asked = None
        turn = Turn(context.caller, context.turn, tenant)
        ticket = _Ticket(turn)
        entry = self._limiter.enter(ticket, turn)
        if entry.starts:
            return turn
        if isinstance(entry.refused, _Ticket):
            entry.refused.refuse(self._overloaded(entry.refused.turn.tenant))
        errand.ticket = ticket
        errand.queued = self._queued(turn)
        waiting = context.recorder.begin(errand.queued.what, errand.queued.since)
        ended = context.recorder.ended
        try:
            async with asyncio.timeout(self._timeout):
                await ticket.granted
        except BaseException as error:
            # The place may have been granted in the very moment that the wait ended.
            if not (ticket.refused or self._limiter.withdraw(ticket)):
                self.pass_on(ticket.turn)
            if isinstance(error, TimeoutError):
                limit = {"GATEWAY_UPSTREAM_QUEUE_TIMEOUT": self._timeout or 0.0}
                raise errand.queued.too_long(self._clock(), limit) from None
            raise
        finally:
            now = self._clock()
            waiting.end(now, self._pulse.behind(now))
        if deadline.remaining(now) < min(self._latest, default=0.0):
            # PayEx takes longer than that. In an overload it would get one call after the other,
            # each of which is given up soon after.
            self.pass_on(ticket.turn)
            raise errand.expired(context, now)
        # If calls of its own operation ended meanwhile, it belongs to the round after theirs.
        errand.wave = max(errand.wave, context.recorder.last_wave(ended) + 1)
        return ticket.turn

    def adopt(self, errand: Errand, context: CallContext) -> None:
        """Let a waiting call use the turn of another operation that wants the same answer.

        Otherwise that operation would wait behind all other calls of the one that began it.
        """
        ticket = errand.ticket
        if isinstance(ticket, _Ticket):
            turn = Turn(context.caller, context.turn, ticket.turn.tenant)
            ticket.turn = self._limiter.adopt(ticket, turn) or ticket.turn

    def pass_on(self, turn: Turn) -> None:
        """Give a place back, and wake the call that has it next."""
        ticket = self._limiter.leave(turn)
        # One that was cancelled has yet to notice: it will pass its place on by itself.
        if isinstance(ticket, _Ticket) and not ticket.granted.done():
            ticket.granted.set_result(None)

    def _queued(self, turn: Turn) -> Queued:
        """Begin a wait for what is missing."""
        return Queued(self._clock(), *self._missing(turn.tenant))

    def _missing(self, tenant: Hashable) -> tuple[Spent, dict[str, float]]:
        """Return what a tenant's calls wait for, and the setting that bounds it."""
        limiter = self._limiter
        if limiter.lacks_connection(tenant):
            return Spent.CONNECTION, {"GATEWAY_UPSTREAM_MAX_CONNECTIONS": limiter.connections}
        return Spent.PLACE, {"GATEWAY_UPSTREAM_MAX_IN_FLIGHT": limiter.places}

    def _overloaded(self, tenant: Hashable) -> Fault:
        _, limit = self._missing(tenant)
        limit["GATEWAY_UPSTREAM_MAX_QUEUED"] = self._limiter.room
        return Fault(FaultCode.UPSTREAM_OVERLOADED, limit=limit)
