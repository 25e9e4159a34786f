"""Overload: past a bound on the operations in flight, the next one is refused at once.

Whoever is refused may come again; whoever is in, is served. The alternative is that everyone waits
for everyone, and nobody is answered in time.
"""

import time
from collections.abc import Callable
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.refusals import Refusal
from gateway.workload import CONNECTION, alone

_RETRY_AFTER = 1


class Admission:
    """Keeps count of the operations in flight. It has no clock: time is an argument, in seconds.

    The server processes of one gateway share their room: an operation is refused once there is none
    in any of them.

    Args:
        limit: operations in flight at most, for each process.
        window: seconds for which a refusal still counts as overload.
    """

    def __init__(self, limit: int, window: float = 1.0) -> None:
        self.limit = limit
        self.member = alone()
        self.shed = 0
        self._window = window

    @property
    def in_flight(self) -> int:
        """Operations in flight in this process, which may be more than its own part of the room."""
        return self.member.in_flight

    def enter(self, now: float) -> bool:
        """Return whether one more operation may run; it must then `leave`."""
        if self._full():
            self.shed += 1
            self.member.refuse(now)
            return False
        self.member.enter()
        return True

    def leave(self) -> None:
        """Note that an operation has ended."""
        self.member.leave()

    def shedding(self, now: float) -> bool:
        """Whether operations are being refused: now, or within the last `window` seconds."""
        return self._full() or self.member.workload.refused_since(now - self._window)

    def measured(self) -> str:
        """Return what is in flight, and the bound, in words."""
        workload = self.member.workload
        processes = workload.processes
        each = f" in each of {processes} server processes" if processes > 1 else ""
        return (
            f"{workload.in_flight} operations are in flight; at most {self.limit * processes} may "
            f"be (GATEWAY_MAX_OPERATIONS{each})."
        )

    def _full(self) -> bool:
        return self.member.workload.full(self.limit)


class Bounded:
    """An ASGI app that is entered only as often at a time as the admission allows.

    Args:
        app: the app, of which every request is an operation.
        admission: the bound; others may read it.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self, app: ASGIApp, admission: Admission, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._admission = admission
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        connection = scope.get("state", {}).get(CONNECTION)
        if connection is None:
            await self._bounded(scope, receive, send)
            return
        connection.wake()
        try:
            await self._bounded(scope, receive, send)
        finally:
            connection.rest(self._clock())

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        admission = self._admission
        if not admission.enter(self._clock()):
            refusal = Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                admission.measured(),
                {"Retry-After": str(_RETRY_AFTER)},
            )
            await refusal.response()(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            admission.leave()
