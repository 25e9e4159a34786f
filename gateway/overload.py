"""Overload: past a bound on the operations in flight, the next one is refused at once.

Whoever is refused may come again; whoever is in, is served. The alternative is that everyone waits
for everyone, and nobody is answered in time.
"""

import time
from collections.abc import Callable
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.refusals import Refusal

_RETRY_AFTER = 1


class Admission:
    """Keeps count of the operations in flight. It has no clock: time is an argument, in seconds.

    Args:
        limit: operations in flight at most.
        window: seconds for which a refusal still counts as overload.
    """

    def __init__(self, limit: int, window: float = 1.0) -> None:
        self.limit = limit
        self.in_flight = 0
        self.shed = 0
        self._window = window
        self._refused_at: float | None = None

    def enter(self, now: float) -> bool:
        """Return whether one more operation may run; it must then `leave`."""
        if self.in_flight >= self.limit:
            self.shed += 1
            self._refused_at = now
            return False
        self.in_flight += 1
        return True

    def leave(self) -> None:
        """Note that an operation has ended."""
        self.in_flight -= 1

    def shedding(self, now: float) -> bool:
        """Whether operations are being refused: now, or within the last `window` seconds."""
        if self.in_flight >= self.limit:
            return True
        return self._refused_at is not None and now - self._refused_at < self._window


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
        admission = self._admission
        if not admission.enter(self._clock()):
            refusal = Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{admission.in_flight} operations are in flight; at most {admission.limit} may be "
                "(GATEWAY_MAX_OPERATIONS).",
                {"Retry-After": str(_RETRY_AFTER)},
            )
            await refusal.response()(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            admission.leave()
