"""Attempts: one GET with its retries, as the policies decide.

The policies are state machines without a clock. Here they meet time, sleep and chance.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from random import SystemRandom

from resolvers.payex.api.answers import CallContext, Errand
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import ROUTE_ABSENT_ADVICE, Fault, FaultCode
from resolvers.payex.api.held_bytes import ProcessBytes
from resolvers.payex.api.instances import harmless_title
from resolvers.payex.api.intake import Intake
from resolvers.payex.api.problems import UNTITLED, Problem, parse_problem
from resolvers.payex.api.pulse import Pulse
from resolvers.payex.api.routes import Route
from resolvers.payex.api.stretches import Spent, Stretch
from resolvers.payex.api.turns import Turns
from resolvers.payex.api.work import CALL, Work
from resolvers.payex.credentials.access import Access
from resolvers.payex.http.breakages import Breakage
from resolvers.payex.http.responses import Response
from resolvers.payex.http.transport import Transport
from resolvers.payex.resilience.breakers import Breakers
from resolvers.payex.resilience.exchanges import Exchanges, Step
from resolvers.payex.resilience.holds import Holds
from resolvers.payex.resilience.limiter import Limiter
from resolvers.payex.resilience.places import Places
from resolvers.payex.resilience.retries import Backoff, parse_retry_after, retryable
from resolvers.payex.resilience.retry_budget import RetryBudget
from resolvers.payex.resilience.silences import Silences
from resolvers.payex.resilience.witnesses import MOST_WITNESSES, Witnesses

logger = logging.getLogger(__name__)

_CHANCE = SystemRandom().random
_OK = 200
_CLIENT_ERROR = 4
_CHECK = "`python -m gateway check` asks every route."
_FAULTS = {
    401: FaultCode.UPSTREAM_UNAUTHENTICATED,
    403: FaultCode.UPSTREAM_FORBIDDEN,
    429: FaultCode.UPSTREAM_RATE_LIMITED,
    501: FaultCode.UPSTREAM_LEDGER_NOT_CONFIGURED,
    502: FaultCode.UPSTREAM_UNAVAILABLE,
    503: FaultCode.UPSTREAM_UNAVAILABLE,
    504: FaultCode.UPSTREAM_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What one upstream is treated by, shared by all operations of a process.

    Attributes:
        queue_timeout: seconds that a call waits for a place; None if only its deadline bounds it.
        pulse: measures how late the event loop is.
        turns: whose turn it is to keep the event loop.
        held: the memory that all answers take.
    """

    backoff: Backoff
    budget: RetryBudget
    breakers: Breakers
    limiter: Limiter
    holds: Holds = field(default_factory=Holds)
    queue_timeout: float | None = None
    silences: Silences = field(default_factory=Silences)
    pulse: Pulse = field(default_factory=Pulse)
    turns: Turns = field(default_factory=Turns)
    held: ProcessBytes = field(default_factory=ProcessBytes)


class Attempts:
    """Asks for one body, as often as the policies allow.

    Args:
        transport: carries the calls.
        policies: become the attribute.
        clock: seconds of a monotonic clock.
        sleep: waits for seconds.
        chance: returns a number in [0, 1), which spreads retries.
        wall: the time of day, for a `Retry-After` date.

    Attributes:
        policies: decide on each attempt.
    """

    def __init__(
        self,
        transport: Transport,
        policies: Policies,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = _CHANCE,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._transport = transport
        self.policies = policies
        self._places = Places(policies.limiter, policies.queue_timeout, policies.pulse, clock)
        self._exchanges = Exchanges(
            policies.breakers,
            policies.silences,
            policies.pulse,
            clock,
            Witnesses(min(MOST_WITNESSES, max(1, policies.limiter.places // 4))),
        )
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._wall = wall

    async def get(
        self,
        route: Route,
        access: Access,
        errand: Errand,
        deadline: Deadline,
        context: CallContext,
        intake: Intake | None = None,
    ) -> bytes | Problem:
        """Return a body, or PayEx's problem.

        Args:
            route: what to ask for.
            access: the credentials.
            errand: how far the question has come; its wave is the first that a call can belong to.
            deadline: no attempt starts after it. Whoever waits cancels an attempt that would go
                beyond (`SingleFlight`).
            context: gets the report of each call.
            intake: takes in the body.

        Raises:
            Fault: the last attempt's.
        """
        intake = intake or Intake()
        policies = self.policies
        policies.budget.deposit(self._clock())
        attempt = 1
        while True:
            try:
                self._heed(route)
                # Before it waits for a place: to wait in vain costs nearly as much as the call.
                context.recorder.permit()
                context.budget.spend(Work.CALLS, CALL)
                turn = await self._places.take(access.tenant, errand, deadline, context)
                try:
                    progress = errand, attempt, intake
                    return await self._attempt(route, access, progress, deadline, context)
                finally:
                    self._places.pass_on(turn)
            except Fault as fault:
                delay = self._delay(fault, attempt)
                now = self._clock()
                if (
                    delay is None
                    or delay >= deadline.remaining(now)
                    or not policies.budget.take(now)
                ):
                    if fault.code is FaultCode.UPSTREAM_RATE_LIMITED:
                        # The gateway may ask again sooner than PayEx wants it to.
                        left = policies.holds.left(route.holder.owner_no, now)
                        fault.retry_after = left or fault.retry_after
                    raise
            pause = context.recorder.begin(Spent.PAUSE, now)
            try:
                await self._sleep(delay)
            finally:
                self._end(pause)
            attempt += 1

    def share(self, errand: Errand, context: CallContext) -> None:
        """Take in that another operation wants the same answer, and may be served sooner."""
        self._places.adopt(errand, context)

    def _end(self, stretch: Stretch) -> float:
        """End a stretch now; return when it ended but for the event loop's delay."""
        now = self._clock()
        return stretch.end(now, self.policies.pulse.behind(now))

    def _delay(self, fault: Fault, attempt: int) -> float | None:
        if not retryable(fault.code, fault.status):
            return None
        return self.policies.backoff.delay(
            attempt, random=self._chance(), retry_after=fault.retry_after
        )

    async def _attempt(
        self,
        route: Route,
        access: Access,
        progress: tuple[Errand, int, Intake],
        deadline: Deadline,
        context: CallContext,
    ) -> bytes | Problem:
        errand, attempt, intake = progress
        arrived = intake.arrived
        started = self._clock()
        if deadline.expired(started):
            raise errand.expired(context, started)
        queued = errand.begin(started)
        # What was asked for while the call was queued binds it as well.
        self._heed(route)
        step = Step(route.template, errand.wave, attempt, queued)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that awaits runs in one
        exchange = self._exchanges.begin(step, route.holder, context, deadline, task.cancel)
        deadline.on_left = exchange.leave
        try:
            response = await self._transport.get(
                route.path, access, exchange.headers, exchange.hear, intake.arrive
            )
            exchange.answered(response.status)
            self._places.answered(self._clock() - started)
            found = self._understand(response)
        except asyncio.CancelledError:
            if task.cancelling():
                exchange.give_up()
                raise
            # Nobody has cancelled the call: something below has given up by itself, and would take
            # everyone who waits along.
            fault = Fault(FaultCode.UPSTREAM_UNREACHABLE, hint=Breakage.GIVEN_UP)
            exchange.tell(fault.code)
            raise fault from None
        except Fault as fault:
            intake.forget(arrived)
            exchange.failed(fault.code)
            if fault.code is FaultCode.UPSTREAM_RATE_LIMITED and fault.retry_after:
                fault.retry_after = self._hold(route, fault.retry_after)
            exchange.tell(fault.code, fault.instance)
            if exchange.is_left:
                raise asyncio.CancelledError from None
            raise
        finally:
            deadline.on_left = None
            exchange.tell()
            exchange.end()
        if exchange.is_left:
            raise asyncio.CancelledError
        return found

    def _heed(self, route: Route) -> None:
        """Heed what PayEx has asked for.

        Raises:
            Fault: `UPSTREAM_RATE_LIMITED`, the ledger's calls are held back.
        """
        holds, ledger, now = self.policies.holds, route.holder.owner_no, self._clock()
        if holds.refuses(ledger, now):
            raise Fault(FaultCode.UPSTREAM_RATE_LIMITED, retry_after=holds.left(ledger, now))

    def _hold(self, route: Route, seconds: float) -> float:
        """Hold the ledger's calls back; return the seconds that are left."""
        holds, ledger, now = self.policies.holds, route.holder.owner_no, self._clock()
        begins = holds.hold(ledger, seconds, now)
        left = holds.left(ledger, now)
        if begins:
            logger.warning(
                "PayEx asks to slow down (429): no call of one ledger goes for %.0f seconds.", left
            )
        return max(left, seconds)

    def _understand(self, response: Response) -> bytes | Problem:
        """Return a body or one of PayEx's problems.

        Raises:
            Fault: any other answer.
        """
        status = response.status
        if status == _OK:
            return response.body
        problem = parse_problem(status, response.body)
        code = _FAULTS.get(status)
        if code is None and status // 100 == _CLIENT_ERROR and problem and problem.is_own:
            return problem
        title = harmless_title(problem.title) if problem and problem.title != UNTITLED else None
        hint = f'HTTP {status} "{title}"' if title else f"HTTP {status}"
        if code is None and status == HTTPStatus.NOT_FOUND:
            code = FaultCode.UPSTREAM_ROUTE_ABSENT
            hint += f", without a problem of PayEx's own. {ROUTE_ABSENT_ADVICE} {_CHECK}"
        fault = Fault(
            code or FaultCode.UPSTREAM_ERROR,
            hint=hint,
            instance=problem.instance if problem else None,
            status=status,
            retry_after=parse_retry_after(
                response.retry_after, self._wall(), response.headers.get("date")
            ),
        )
        fault.title = title
        raise fault
