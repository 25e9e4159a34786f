"""From bodies to what they hold: the pages of a list followed and decoded, each body once."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from resolvers.payex.api.answers import Content
from resolvers.payex.api.body_slices import AT_ONCE
from resolvers.payex.api.decoders import (
    Decoder,
    subscriptions,
    usage_records,
    usage_summaries,
)
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.intake import Intake
from resolvers.payex.api.list_bodies import decode_object
from resolvers.payex.api.misreadings import too_large
from resolvers.payex.api.problems import Problem, expected
from resolvers.payex.api.records import ItemList, Page
from resolvers.payex.api.routes import Kind, Route, Routes

# A body of so many bytes is decoded in slices. The usual ones are decoded as a whole, in up to 2
# milliseconds, and as many of them as an operation has calls may come at a time.
_SLICED_FROM: Final = 256 * 1024
_PACED_FROM: Final = 16 * 1024
_OF_ONE: Final = frozenset({Kind.HOLDER, Kind.SUBSCRIPTION})

Fetch = Callable[[Route, int], Awaitable[bytes | Problem]]
"""Brings the body of a route; the number tells which page of the list it is, from 0."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a route holds, and what it was read from: the bodies of its pages, or a problem's."""

    outcome: Content | Problem = field(repr=False)
    bodies: tuple[bytes, ...] = field(repr=False)

    @property
    def fetched(self) -> float:
        """When PayEx was asked for a list, in seconds since 1970; 0 for anything else."""
        return self.outcome.fetched if isinstance(self.outcome, ItemList) else 0.0

    @property
    def status(self) -> int:
        """The HTTP status that the bodies came with."""
        return self.outcome.status if isinstance(self.outcome, Problem) else HTTPStatus.OK

    @property
    def size(self) -> int:
        """The bytes of the bodies."""
        return sum(map(len, self.bodies))


class Reader:
    """Reads routes.

    Args:
        routes: follows the links between pages.
        max_pages: the bound on the pages of one list.
        field_map: a deployment's changes to the assumed field map, by `usage_details` and
            `usage_summaries`.
        wall: seconds since 1970.
    """

    def __init__(
        self,
        routes: Routes,
        max_pages: int,
        field_map: Mapping[str, Mapping[str, str]],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._wall = wall
        self._routes = routes
        self._max_pages = max_pages
        self._decoders: dict[Kind, Decoder[Any]] = {
            Kind.SUBSCRIPTIONS: subscriptions(),
            Kind.SUBSCRIPTION: subscriptions(),
            Kind.DETAILS: usage_records(field_map.get("usage_details", {})),
            Kind.SUMMARIES: usage_summaries(field_map.get("usage_summaries", {})),
        }

    async def read(
        self, route: Route, fetch: Fetch, intake: Intake | None = None, fetched: float | None = None
    ) -> Reading:
        """Return what a route holds, all pages of it, or the problem told in place of any.

        Args:
            route: what to read.
            fetch: brings the bodies.
            intake: takes in the bodies.
            fetched: when PayEx was asked for them, in seconds since 1970; now if None.

        Raises:
            Fault: a body cannot be understood, the list cannot be followed to its end, or takes
                more than it may.
        """
        intake = intake or Intake()
        bodies: list[bytes] = []
        # A list is as it was when PayEx was asked for it, or newer.
        asked = self._wall() if fetched is None else fetched
        found: ItemList[Any] = ItemList(route=route, fetched=asked)
        seen = {route.path}
        while True:
            body = await fetch(route, len(bodies))
            if isinstance(body, Problem):
                return Reading(expected(body, route), (bytes(body.raw or b""),))
            bodies.append(body)
            if route.kind in _OF_ONE and len(body) > AT_ONCE:
                raise too_large(len(body), AT_ONCE)
            if route.kind is Kind.HOLDER:
                intake.decode(len(body), 1, 0)
                return Reading(decode_object(body), (body,))
            decoder = self._decoders[route.kind]
            if route.kind is Kind.SUBSCRIPTION:
                intake.decode(len(body), 1, 0)
                return Reading(decoder.one(body), (body,))
            parts = await _decoded(body, decoder, intake)
            for page in parts:
                if len(parts) > 1:
                    await intake.turn()
                found.add(page)
            if not page.next:
                return Reading(found, tuple(bodies))
            route = self._next(page.next, route, seen)

    def _next(self, link: str, route: Route, seen: set[str]) -> Route:
        following = self._routes.next_page(link, route)
        if following.path in seen:
            hint = "`navigation.next` leads to a page that was read before."
            raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=hint)
        if len(seen) >= self._max_pages:
            limit = {"GATEWAY_UPSTREAM_MAX_PAGES": self._max_pages}
            raise Fault(FaultCode.UPSTREAM_TOO_MANY_PAGES, limit=limit)
        seen.add(following.path)
        return following


async def _decoded(body: bytes, decoder: Decoder[Any], intake: Intake) -> list[Page[Any]]:
    """Return a page of a list, in slices if it is large. The last one has the link to the next."""
    if len(body) < _SLICED_FROM:
        if len(body) >= _PACED_FROM:
            await intake.turn()
        page = decoder.page(body)
        intake.decode(len(body), len(page.items), page.units)
        return [page]
    steps = decoder.in_slices(body)
    try:
        while True:
            await intake.turn()
            intake.decode(*next(steps))
    except StopIteration as done:
        pages: list[Page[Any]] = done.value
        return pages
