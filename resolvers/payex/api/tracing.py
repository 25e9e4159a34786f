"""Tracing as PayEx's client sees it: whom it tells what it does, and what it sends along.

What is told is free of anyone's numbers: routes by their templates, outcomes by their codes.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, Final, Protocol

from resolvers.payex.api.faults import FaultCode

NO_HEADERS: Final[Mapping[str, str]] = {}
"""Not to be changed: many calls carry it."""


class CallTrace(Protocol):
    """One attempt of a call, from just before it is sent."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What the call carries, so that PayEx's own trace can go on from it."""

    def ended(self, status: int | None, fault: FaultCode | None, instance: str | None) -> None:
        """Note how it ended.

        Args:
            status: the HTTP status, or None when none arrived.
            fault: the code of the fault, if it ended with one.
            instance: PayEx's own id of the fault, as PayEx wrote it.
        """


class BatchTrace(Protocol):
    """The routes that a dataloader asks for at once."""

    def call(self, route: str, wave: int, attempt: int, queued: float) -> CallTrace:
        """Begin one attempt of a call.

        Args:
            route: the route's template.
            wave: the wave of the operation that the call belongs to.
            attempt: which attempt it is, from 1.
            queued: the seconds that it waited for a place and a connection.
        """

    def hit(self, route: str) -> None:
        """Note an answer that a cache held."""

    def coalesced(self, route: str, origin: "BatchTrace") -> None:
        """Note an answer that the call of another batch brought."""

    def failed(self, route: str, fault: FaultCode) -> None:
        """Note a route that ended with a fault, after all attempts or without any."""

    def until(self, tasks: Collection[asyncio.Task[Any]]) -> None:
        """Go on until all of these are done."""


class Trace(Protocol):
    """One operation."""

    def batch(self, size: int, wave: int) -> BatchTrace:
        """Begin a batch of so many routes, the first of which is of this wave."""


class Untraced:
    """An operation, its batches and its calls, when nobody is told.

    Args:
        headers: what its calls carry.
    """

    __slots__ = ("headers",)

    def __init__(self, headers: Mapping[str, str] = NO_HEADERS) -> None:
        self.headers = headers

    def batch(self, size: int, wave: int) -> "Untraced":  # noqa: ARG002 - nobody is told
        """Return itself."""
        return self

    def call(
        self,
        route: str,  # noqa: ARG002 - likewise
        wave: int,  # noqa: ARG002
        attempt: int,  # noqa: ARG002
        queued: float,  # noqa: ARG002
    ) -> "Untraced":
        """Return itself."""
        return self

    def ended(self, status: int | None, fault: FaultCode | None, instance: str | None) -> None:
        """Tell nobody."""

    def hit(self, route: str) -> None:
        """Tell nobody."""

    def coalesced(self, route: str, origin: BatchTrace) -> None:
        """Tell nobody."""

    def failed(self, route: str, fault: FaultCode) -> None:
        """Tell nobody."""

    def until(self, tasks: Collection[asyncio.Task[Any]]) -> None:
        """Tell nobody."""


UNTRACED: Final = Untraced()
