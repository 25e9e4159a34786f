"""Visits: the way of each request until it is executed: its caller, its body, its place.

A caller that may not ask is refused before anything is read. The body is read before the request
takes a place among the operations, so that a slow client holds none.
"""

import asyncio
import time
from collections.abc import Callable, Hashable
from http import HTTPStatus
from typing import Final, cast

from starlette.requests import Request
from starlette.types import Receive, Scope

from gateway.http.disconnect import while_listening
from gateway.http.refusals import Refusal
from gateway.identity.callers import Identity, Visitor
from gateway.server.admission import Admission
from gateway.server.intake import GivenUp, Intake
from gateway.server.workload import CONNECTION

_RETRY_AFTER: Final = "1"
_LOOK: Final = 0.05
"""Seconds between two looks at whether a place has become free in another process."""


class Shed(Refusal):
    """The gateway is overloaded. Metrics count it; it is neither logged nor traced."""

    def __init__(self, detail: str, *, closes: bool = False) -> None:
        closing = {"Connection": "close"} if closes else {}
        super().__init__(
            HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": _RETRY_AFTER, **closing}
        )


class Visits:
    """Lets requests in, within the bounds.

    Args:
        identity: identifies callers.
        admission: the bound on operations in flight.
        intake: the bounds on requests that are not executed yet.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        identity: Identity,
        admission: Admission,
        intake: Intake,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.identity = identity
        self.admission = admission
        self.intake = intake
        self.clock = clock

    def begin(self, scope: Scope) -> "Visit":
        """Begin a visit, which must `end`."""
        return Visit(self, scope)

    def grant(self) -> None:
        """Wake the operations that now have a place."""
        while (visit := self.admission.next()) is not None:
            cast("Visit", visit).granted()

    def leave(self, caller: Hashable) -> None:
        """Give back the place of a caller's operation."""
        if (visit := self.admission.leave(caller)) is not None:
            cast("Visit", visit).granted()


class Visit:
    """One request, from its arrival to the end of its reply.

    Args:
        visits: the bounds.
        scope: the request's. Its connection learns when the operation begins and ends.
    """

    def __init__(self, visits: Visits, scope: Scope) -> None:
        self._visits = visits
        self._connection = scope.get("state", {}).get(CONNECTION)
        self._task = cast("asyncio.Task[object]", asyncio.current_task())
        self._refusal: Shed | None = None
        self._holds: list[Hashable] = []
        self._turn: asyncio.Future[None] | None = None

    async def come_in(self, request: Request) -> Visitor:
        """Come in to be read; return who sends the request.

        If a router sends it, only the body says for whom. Until then each such request has a caller
        of its own.

        Raises:
            Refusal: unidentified callers are refused.
            Shed: too many requests are not executed yet, and this one has to give up.
        """
        visitor = await self._visits.identity.visitor(request)
        given_up = self._visits.intake.enter(self, visitor.party or self)
        if given_up:
            self._dismiss(
                given_up,
                f"{given_up.total} requests are being read or wait for a place; at most "
                f"{self._visits.intake.most_pending} may be (5 for each of "
                "GATEWAY_MAX_OPERATIONS).",
            )
        return visitor

    def grow(self, size: int) -> None:
        """Take in bytes of the body.

        Raises:
            Shed: all bodies have too many bytes, and this one has to give up.
        """
        intake = self._visits.intake
        while given_up := intake.grow(self, size):
            self._dismiss(
                given_up,
                f"The bodies of all requests under way have {given_up.total} bytes; at most "
                f"{intake.most_bytes} may be (16 times GATEWAY_MAX_REQUEST_BODY).",
            )
            size = 0

    async def take_place(self, caller: Hashable, until: float, receive: Receive) -> None:
        """Take a place among the operations in flight, or wait for one.

        Args:
            caller: who asks.
            until: when the operation's time is up.
            receive: the request's channel, whose body has been read.

        Raises:
            Shed: there is none, and the caller has its share, or the time is up.
            ClientDisconnect: the client has left.
        """
        admission = self._visits.admission
        if not admission.enter(caller):
            if not admission.wait(caller, self):
                raise self._shed(caller)
            try:
                await while_listening(receive, self._wait(caller, until))
            except BaseException:
                if not admission.withdraw(caller, self):
                    # It was given a place in the very moment that it gave up.
                    self._visits.leave(caller)
                raise
        self._holds.append(caller)
        if self._connection is not None:
            self._connection.wake()
        self._visits.intake.begin(self)

    def give_up(self, refusal: Shed) -> None:
        """Be answered with this refusal instead of being executed."""
        self._refusal = refusal
        self._task.cancel()

    def granted(self) -> None:
        """Note that the visit now has a place."""
        cast("asyncio.Future[None]", self._turn).set_result(None)

    def dismissed(self) -> Shed | None:
        """Return why the visit was cancelled, if it had to give up; its task then goes on."""
        if self._refusal:
            self._task.uncancel()
        return self._refusal

    def end(self) -> None:
        """Give back all that the visit holds."""
        for caller in self._holds:
            self._visits.leave(caller)
            if self._connection is not None:
                self._connection.rest(self._visits.clock())
        self._visits.intake.leave(self)

    async def _wait(self, caller: Hashable, until: float) -> None:
        turn = self._turn = asyncio.get_running_loop().create_future()
        while not turn.done():
            left = until - self._visits.clock()
            if left <= 0:
                raise self._shed(caller)
            await asyncio.wait([turn], timeout=min(left, _LOOK))
            self._visits.grant()

    def _shed(self, caller: Hashable) -> Shed:
        admission = self._visits.admission
        admission.refuse(self._visits.clock())
        return Shed(admission.measured(caller))

    def _dismiss(self, given_up: GivenUp, measured: str) -> None:
        self._visits.admission.refuse(
            self._visits.clock(), has_most=2 * given_up.own > given_up.total
        )
        refusal = Shed(f"{measured} The caller has the most of them: {given_up.own}.", closes=True)
        if given_up.ticket is self:
            raise refusal
        cast("Visit", given_up.ticket).give_up(refusal)
