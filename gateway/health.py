"""Health: whether the process lives, and whether it should be sent more requests."""

import time
from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from gateway.overload import Admission


class Readiness:
    """Whether this process should be sent requests.

    Args:
        admission: the bound on operations.
        clock: seconds of a monotonic clock.
    """

    def __init__(self, admission: Admission, clock: Callable[[], float] = time.monotonic) -> None:
        self._admission = admission
        self._clock = clock
        self.draining = False

    @property
    def reason(self) -> str | None:
        """Why it should not be, or None."""
        if self.draining:
            return "draining"
        return "shedding" if self._admission.shedding(self._clock()) else None


def health_routes(readiness: Readiness) -> list[BaseRoute]:
    """Return `/health/live` and `/health/ready`. Neither is an operation, nor asks PayEx."""

    async def live(_: Request) -> JSONResponse:
        return _told("live")

    async def ready(_: Request) -> JSONResponse:
        reason = readiness.reason
        if reason is None:
            return _told("ready")
        return _told(reason, HTTPStatus.SERVICE_UNAVAILABLE)

    return [Route("/health/live", live), Route("/health/ready", ready)]


def _told(status: str, code: HTTPStatus = HTTPStatus.OK) -> JSONResponse:
    return JSONResponse({"status": status}, code, {"Cache-Control": "no-store"})
