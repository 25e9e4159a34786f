"""PayEx as the resolvers see it: a route goes in; a reply, a problem or a fault comes out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, assert_never

import msgspec

from resolvers.payex.credentials import Credentials
from resolvers.payex.faults import Fault, FaultCode
from resolvers.payex.problems import Problem, expected, parse_problem
from resolvers.payex.records import (
    Decoder,
    Item,
    ItemList,
    SubscriptionItem,
    alone,
    decode_object,
    usage_records,
    usage_summaries,
)
from resolvers.payex.routes import Kind, Route, Routes
from resolvers.payex.transport import Limits, Transport


@dataclass(frozen=True, slots=True)
class Call:
    """One GET as it went: the route's template, its wave, and how it ended.

    `status` is the HTTP status, or None when none arrived; `fault` the code of the fault, if any;
    `started` and `ended` are seconds of a clock that has no zero.
    """

    route: str
    wave: int
    status: int | None
    started: float
    ended: float
    fault: FaultCode | None = None


Content = ItemList[Any] | SubscriptionItem | msgspec.Raw
"""What a reply holds: the elements of a list, one subscription, or a holder's JSON."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a route answered, and in which wave of the operation its last call was made."""

    outcome: Content | Problem | Fault
    wave: int


_CLIENT_ERROR = 4
_FAULTS = {
    401: FaultCode.UPSTREAM_UNAUTHENTICATED,
    403: FaultCode.UPSTREAM_FORBIDDEN,
    429: FaultCode.UPSTREAM_RATE_LIMITED,
    501: FaultCode.UPSTREAM_LEDGER_NOT_CONFIGURED,
    502: FaultCode.UPSTREAM_UNAVAILABLE,
    503: FaultCode.UPSTREAM_UNAVAILABLE,
    504: FaultCode.UPSTREAM_UNAVAILABLE,
}


class Payex:
    """The client of one upstream, shared by all operations of a process.

    Args:
        transport: what carries the calls.
        credentials: where tokens come from.
        routes: the path templates.
        limits: the bounds, of which the page cap is kept here.
        field_map: a deployment's changes to the assumed field map, by `usage_details` and
            `usage_summaries`.
    """

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        *,
        routes: Routes,
        limits: Limits,
        field_map: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.routes = routes
        self._transport = transport
        self._credentials = credentials
        self._limits = limits
        changes = field_map or {}
        self._decoders: dict[Kind, Decoder[Any]] = {
            Kind.SUBSCRIPTIONS: Decoder(SubscriptionItem),
            Kind.SUBSCRIPTION: Decoder(SubscriptionItem),
            Kind.DETAILS: usage_records(changes.get("usage_details", {})),
            Kind.SUMMARIES: usage_summaries(changes.get("usage_summaries", {})),
        }

    def knows(self, owner_no: str) -> bool:
        """Whether there are credentials for the ledger."""
        return self._credentials.token(owner_no) is not None

    async def answer(self, route: Route, wave: int, made: Callable[[Call], None]) -> Answer:
        """Ask PayEx, following the pages of a list. Never raises a `Fault`: it is the outcome.

        Args:
            route: what to ask for.
            wave: the wave that the first call belongs to; each further page is one wave later.
            made: told of every call, when it has ended.
        """
        bodies: list[bytes] = []
        items: list[Item] = []
        seen = {route.path}
        try:
            while True:
                body = await self._get(route, wave, made)
                if isinstance(body, Problem):
                    return Answer(expected(body, route), wave)
                match route.kind:
                    case Kind.HOLDER:
                        return Answer(decode_object(body), wave)
                    case Kind.SUBSCRIPTION:
                        return Answer(alone(self._decoders[route.kind].one(body), body), wave)
                    case Kind.SUBSCRIPTIONS | Kind.DETAILS | Kind.SUMMARIES:
                        page, link = self._decoders[route.kind].page(body)
                    case _:
                        assert_never(route.kind)
                bodies.append(body)
                items.extend(page)
                if not link:
                    return Answer(ItemList(items, bodies), wave)
                route = self._next(link, route, seen)
                wave += 1
        except Fault as fault:
            return Answer(fault, wave)

    def _next(self, link: str, route: Route, seen: set[str]) -> Route:
        following = self.routes.follow(link, route.holder, route.kind)
        if following.path in seen:
            hint = "`navigation.next` leads to a page that was read before."
            raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=hint)
        if len(seen) >= self._limits.max_pages:
            limit = {"GATEWAY_UPSTREAM_MAX_PAGES": self._limits.max_pages}
            raise Fault(FaultCode.UPSTREAM_TOO_MANY_PAGES, limit=limit)
        seen.add(following.path)
        return following

    async def _get(self, route: Route, wave: int, made: Callable[[Call], None]) -> bytes | Problem:
        token = self._credentials.token(route.holder.owner_no)
        if token is None:
            raise Fault(FaultCode.LEDGER_NOT_CONFIGURED)
        started = time.perf_counter()
        status: int | None = None
        code: FaultCode | None = None
        try:
            response = await self._transport.get(route.path, token)
            status = response.status
            return _understand(status, response.body)
        except Fault as fault:
            code = fault.code
            raise
        finally:
            made(Call(route.template, wave, status, started, time.perf_counter(), code))


def _understand(status: int, body: bytes) -> bytes | Problem:
    """Tell a body from a problem from a fault.

    Raises:
        Fault: the status is one that PayEx or what stands before it fails with, or an error whose
            body is no problem document.
    """
    if status == HTTPStatus.OK:
        return body
    problem = parse_problem(status, body)
    instance = problem.instance if problem else None
    if status in _FAULTS:
        raise Fault(_FAULTS[status], hint=f"HTTP {status}", instance=instance)
    if problem is None or status // 100 != _CLIENT_ERROR:
        raise Fault(FaultCode.UPSTREAM_ERROR, hint=f"HTTP {status}", instance=instance)
    return problem
