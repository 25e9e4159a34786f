"""Health: whether the process lives, and whether it should get more requests."""

import enum
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from gateway.server.admission import Admission


class Unready(enum.StrEnum):
    """Why a process should get no requests."""

    DRAINING = "draining"
    NO_KEYS = "no-keys"
    SHEDDING = "shedding"


_DETAILS: Final = {
    Unready.DRAINING: "The process stops, and answers the requests that it has.",
    Unready.NO_KEYS: (
        "No token can be checked: the issuer's keys were never had from GATEWAY_JWT_KEYS. The log "
        "says why; the gateway goes on trying."
    ),
    Unready.SHEDDING: (
        "As many operations are in flight as may be (GATEWAY_MAX_OPERATIONS), or were a second ago."
    ),
}


class Readiness:
    """Whether this process should get requests.

    It depends on what every request needs and this process may lack. What all processes would lack
    together, such as PayEx, does not count: to send requests to none of them would help nobody.

    Args:
        admission: the bound on operations.
        has_keys: whether tokens can be checked, if tokens are taken.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        admission: Admission,
        has_keys: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._admission = admission
        self._has_keys = has_keys
        self._clock = clock

    @property
    def draining(self) -> bool:
        """Whether the process is about to stop."""
        return self._admission.member.draining

    def drain(self) -> None:
        """Turn unready for good, as the process is about to stop."""
        self._admission.member.drain()

    @property
    def reason(self) -> Unready | None:
        """Why the process is unready, or None."""
        if self.draining:
            return Unready.DRAINING
        if not self._has_keys():
            return Unready.NO_KEYS
        return Unready.SHEDDING if self._admission.shedding(self._clock()) else None


def health_routes(readiness: Readiness) -> list[BaseRoute]:
    """Return `/health/live` and `/health/ready`. Neither asks PayEx."""

    async def live(_: Request) -> JSONResponse:
        return _reply({"status": "live"})

    async def ready(_: Request) -> JSONResponse:
        reason = readiness.reason
        if reason is None:
            return _reply({"status": "ready"})
        body = {"status": reason.value, "detail": _DETAILS[reason]}
        return _reply(body, HTTPStatus.SERVICE_UNAVAILABLE)

    return [Route("/health/live", live), Route("/health/ready", ready)]


def _reply(body: dict[str, str], code: HTTPStatus = HTTPStatus.OK) -> JSONResponse:
    return JSONResponse(body, code, {"Cache-Control": "no-store"})
