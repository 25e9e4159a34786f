"""A client of PayEx over an HTTP transport that the test writes, and time that waits for nobody."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar, TypeVarTuple, Unpack

import httpx
import pytest

from resolvers.payex.api.answers import CallContext, Errand
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.intake import Intake
from resolvers.payex.api.problems import Problem
from resolvers.payex.api.pulse import Pulse
from resolvers.payex.api.reader import Reader
from resolvers.payex.api.routes import Billing, Holder, Route, Routes
from resolvers.payex.cache.layers import CacheLayers
from resolvers.payex.cache.local import AnswerCache, CachePolicy
from resolvers.payex.client import Payex
from resolvers.payex.credentials.access import Access, Credentials, StaticTokens
from resolvers.payex.http.responses import CallLimits
from resolvers.payex.http.transport import Transport
from resolvers.payex.resilience.attempts import Attempts, Policies
from resolvers.payex.resilience.breaker import BreakerState
from resolvers.payex.resilience.breakers import Breakers, Scope
from resolvers.payex.resilience.limiter import Limiter
from resolvers.payex.resilience.retries import Backoff
from resolvers.payex.resilience.retry_budget import RetryBudget
from resolvers.payex.resilience.single_flight import SingleFlight

DAY = 86_400.0
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
WALL = datetime(2001, 2, 3, tzinfo=UTC)


class _Selector(selectors.SelectSelector):
    """Waits for no time: what it would have waited is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, at once."""
        ready = super().select(0)
        if not ready:
            if timeout is None or timeout >= DAY:
                raise RuntimeError("Everything waits for something that will never happen.")
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes as soon as nothing else is left to do."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return the seconds of its own clock."""
        return self._clock.now

    def pass_time(self, seconds: float) -> None:
        """Let time pass in which nothing else is done, as when a callback computes."""
        self._clock.now += seconds

    def run_in_executor(
        self,
        executor: Executor | None,  # noqa: ARG002 - as its parent's
        func: Callable[[Unpack[Ts]], T],
        *args: *Ts,
    ) -> "asyncio.Future[T]":
        """Do in this thread, at once, what would be done in another, whose time is real."""
        future: asyncio.Future[T] = self.create_future()
        future.set_result(func(*args))
        return future


def state_of(breakers: Breakers) -> BreakerState:
    """Return the worst state of all breakers of the ledger `xxx`, in the time of the loop."""
    now = asyncio.get_running_loop().time()
    if not any(breakers.open(scope, now) for scope in Scope):
        return BreakerState.CLOSED
    holders = [Holder("xxx", Billing.BILLED, str(number)) for number in range(100)]
    rests = any(breakers.retry_after("xxx", holder, now) for holder in holders)
    return BreakerState.OPEN if rests else BreakerState.HALF_OPEN


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of tests in virtual time."""
    config.addinivalue_line("markers", "virtual_time: the loop's time passes when nothing is left")


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 - part of the hook
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Choose each test's loop."""
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualLoop}
    return {"real": asyncio.new_event_loop}


class Awaited(Attempts):
    """Attempts with someone who waits for them, as the client does: no longer than the deadline."""

    async def get(
        self,
        route: Route,
        access: Access,
        errand: Errand,
        deadline: Deadline,
        context: CallContext,
        intake: Intake | None = None,
    ) -> bytes | Problem:
        """Return a body or a problem, when all that was begun has ended."""
        get = super().get
        flights: SingleFlight[str, bytes | Problem] = SingleFlight(self._clock)
        try:
            found, _ = await flights.join(
                "it", lambda shared: get(route, access, errand, shared, context, intake), deadline
            )
        except TimeoutError:
            raise errand.expired(context, self._clock()) from None
        finally:
            await flights.aclose()
        return found


@pytest.fixture(scope="session")
def attempting() -> Callable[..., AbstractAsyncContextManager[Attempts]]:
    """Opens what makes calls that a handler answers, in the time of the loop that runs.

    Unless `kind` is `Attempts` itself, somebody waits for each, who gives up at its deadline.
    `policies` are members of `Policies`; unless told otherwise, nothing is tried twice.
    """

    @asynccontextmanager
    async def open_attempts(
        handler: Callable[[httpx.Request], Any],
        *,
        kind: type[Attempts] = Awaited,
        limits: CallLimits | None = None,
        wall: Callable[[], datetime] = lambda: WALL,
        **policies: Any,
    ) -> AsyncIterator[Attempts]:
        chosen: dict[str, Any] = {
            "backoff": Backoff(attempts=1),
            "budget": RetryBudget(),
            "breakers": Breakers(),
            "limiter": Limiter(in_flight=100, queued=100),
            **policies,
        }
        clock = asyncio.get_running_loop().time
        http = httpx.MockTransport(handler)
        pulse = chosen.setdefault("pulse", Pulse())
        async with Transport(
            "https://payex.test", limits or CallLimits(), http=http, pulse=pulse, clock=clock
        ) as transport:
            yield kind(transport, Policies(**chosen), clock=clock, chance=lambda: 0.5, wall=wall)

    return open_attempts


@pytest.fixture(scope="session")
def connect(
    attempting: Callable[..., AbstractAsyncContextManager[Attempts]],
) -> Callable[..., AbstractAsyncContextManager[Payex]]:
    """Opens a client whose calls a handler answers, in the time of the loop that runs.

    Unless told otherwise it has a token for the ledger `xxx` alone, tries nothing twice and keeps
    nothing. `policies` are members of `Policies`, `memory` are arguments of `CacheLayers`.
    """

    @asynccontextmanager
    async def open_client(
        handler: Callable[[httpx.Request], Any],
        *,
        max_pages: int = 100,
        field_map: Mapping[str, Mapping[str, str]] | None = None,
        credentials: Credentials | None = None,
        policies: Mapping[str, Any] | None = None,
        memory: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Payex]:
        clock = asyncio.get_running_loop().time
        reader = Reader(Routes(), max_pages, field_map or {})
        parts = {
            "cache": AnswerCache(clock=clock),
            "policy": CachePolicy(billed_ttl=0, unbilled_ttl=0),
            "reader": reader,
            **(memory or {}),
        }
        async with attempting(handler, kind=Attempts, **(policies or {})) as attempts:
            payex = Payex(
                attempts,
                credentials or StaticTokens({"xxx": "a-token"}),
                routes=Routes(),
                reader=reader,
                memory=CacheLayers(**parts),
                clock=clock,
            )
            try:
                yield payex
            finally:
                await payex.aclose()

    return open_client
