"""PayEx as the resolvers see it: a route goes in; a reply, a problem or a fault comes out.

On the way, what is kept is not asked for again, and what is under way is not asked for twice.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec

from resolvers.payex.api.answers import Answer, CallContext, Content, Errand, Unread
from resolvers.payex.api.deadline import DEADLINE_HEADER, DEADLINE_SETTING, Deadline
from resolvers.payex.api.faults import Fault, FaultCode, counts_against_payex
from resolvers.payex.api.held_bytes import AnswerBytes
from resolvers.payex.api.intake import Intake
from resolvers.payex.api.problems import Problem
from resolvers.payex.api.reader import Reader, Reading
from resolvers.payex.api.routes import Route, Routes
from resolvers.payex.api.stretches import Spent
from resolvers.payex.api.tracing import BatchTrace
from resolvers.payex.api.turns import Pace
from resolvers.payex.cache.layers import CacheLayers
from resolvers.payex.cache.local import CacheKey, access_mark
from resolvers.payex.credentials.access import Access, Credentials, derived_key
from resolvers.payex.resilience.attempts import Attempts
from resolvers.payex.resilience.single_flight import SingleFlight

_NO_TOKEN = secrets.token_hex()

# The bounds of who started a call. To who shares it, they mean nothing.
_OF_ONE_ASKER = frozenset(
    {
        DEADLINE_SETTING,
        DEADLINE_HEADER,
        "GATEWAY_MAX_CALLS",
        "GATEWAY_OPERATION_BYTES",
        "GATEWAY_PROCESS_BYTES",
        "GATEWAY_UPSTREAM_MAX_QUEUED",
    }
)


class _Question(msgspec.Struct, frozen=True):
    """What is asked, and for whom: of a shared call, for whom it was started."""

    route: Route
    errand: Errand
    key: CacheKey
    access: Access
    context: CallContext


class _Landed(msgspec.Struct, frozen=True):
    """What a shared call brought, in how many rounds of calls (none from a cache), and for whom.

    `held` is what it takes of the memory.
    """

    outcome: Content | Problem | Fault
    rounds: int
    trace: BatchTrace
    held: AnswerBytes | None = None

    @property
    def is_the_starters(self) -> bool:
        """Whether it was the bounds of who started the call that ended it."""
        return isinstance(self.outcome, Fault) and not _OF_ONE_ASKER.isdisjoint(self.outcome.limit)


class Payex:
    """The client of one upstream, shared by all operations of a process.

    Args:
        attempts: what carries single calls.
        credentials: where tokens come from.
        routes: the path templates.
        reader: decodes what comes back.
        memory: what is kept of it.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        attempts: Attempts,
        credentials: Credentials,
        *,
        routes: Routes,
        reader: Reader,
        memory: CacheLayers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.routes = routes
        self.pulse = attempts.policies.pulse
        self.turns = attempts.policies.turns
        self.held = attempts.policies.held
        self._attempts = attempts
        self._credentials = credentials
        self._reader = reader
        self._memory = memory
        self._clock = clock
        self._single_flight: SingleFlight[CacheKey, _Landed] = SingleFlight(clock)
        self._errands: dict[CacheKey, Errand] = {}

    def knows(self, owner_no: str) -> bool:
        """Whether there are credentials for the ledger."""
        return self._credentials.access(owner_no) is not None

    def cursor_key(self, owner_no: str) -> bytes:
        """Return what the cursors of a ledger are keyed with, equal in all instances."""
        token = self._credentials.token(owner_no)
        # Without a token nothing is listed, so that there is no cursor to key.
        return derived_key(_NO_TOKEN if token is None else token, b"payex-cursors")

    def kept(self, route: Route, wave: int, context: CallContext) -> Answer | None:
        """Return the answer that this process keeps, if there is one.

        Args:
            route: what to ask for.
            wave: the wave that the call would belong to.
            context: on whose behalf. Only if there is an answer, it is told.
        """
        access = self._credentials.access(route.holder.owner_no)
        if access is None:
            return None
        return self._found(_key(route, access, context), route, wave, context)

    async def answer(self, route: Route, wave: int, context: CallContext) -> Answer:
        """Ask PayEx, following the pages of a list. Never raises a `Fault`: it is the outcome.

        Args:
            route: what to ask for.
            wave: the wave that the first call belongs to; each further page is one wave later.
            context: on whose behalf.
        """
        access = self._credentials.access(route.holder.owner_no)
        if access is None:
            return Answer(Fault(FaultCode.LEDGER_NOT_CONFIGURED), wave)
        key = _key(route, access, context)
        kept = self._found(key, route, wave, context)
        if kept is not None:
            return kept
        errand = Errand(wave)
        fly = partial(self._fly, _Question(route, errand, key, access, context))
        try:
            landed, coalesced = await self._joined(key, fly, context)
            while coalesced and landed.is_the_starters:
                landed, coalesced = await self._joined(key, fly, context)
        except TimeoutError:
            # It may be another operation's question that is on its way.
            under_way = self._errands.get(key, errand)
            return Answer(under_way.expired(context, self._clock()), errand.wave)
        if coalesced:
            context.recorder.coalesced()
            context.trace.coalesced(route.template, landed.trace)
            errand.wave += landed.rounds - 1
        elif not landed.rounds:
            errand.wave -= 1
        context.recorder.fresh(self._memory.left(key))
        if coalesced:
            return _shared(landed.outcome, errand.wave, landed.held, context)
        return Answer(landed.outcome, errand.wave, landed.held)

    async def _joined(
        self,
        key: CacheKey,
        fly: Callable[[Deadline], Coroutine[Any, Any, _Landed]],
        context: CallContext,
    ) -> tuple[_Landed, bool]:
        """Wait for what is under way, or start it."""
        if key not in self._single_flight:
            return await self._single_flight.join(key, fly, context.deadline)
        if errand := self._errands.get(key):
            self._attempts.share(errand, context)
        waiting = context.recorder.begin(Spent.COALESCED, self._clock())
        try:
            return await self._single_flight.join(key, fly, context.deadline)
        finally:
            now = self._clock()
            waiting.end(now, self.pulse.behind(now))

    async def aclose(self) -> None:
        """Cancel what is under way, and close the caches."""
        await self._single_flight.aclose()
        await self._memory.aclose()

    def _found(self, key: CacheKey, route: Route, wave: int, context: CallContext) -> Answer | None:
        outcome, left, held = self._memory.find(key)
        if outcome is None:
            return None
        context.recorder.hit()
        context.trace.hit(route.template)
        context.recorder.fresh(left)
        return _shared(outcome, wave - 1, held, context)

    def _fly(self, question: _Question, deadline: Deadline) -> Coroutine[Any, Any, _Landed]:
        return question.context.recorder.work.of(self._flown(question, deadline))

    async def _flown(self, question: _Question, deadline: Deadline) -> _Landed:
        key, errand = question.key, question.errand
        self._errands[key] = errand
        try:
            return await self._landed(question, deadline)
        finally:
            # One that was left may end after the next one has begun.
            if self._errands.get(key) is errand:
                del self._errands[key]

    async def _landed(self, question: _Question, deadline: Deadline) -> _Landed:
        trace = question.context.trace
        token = question.access.token
        intake = self._intake(question.context, deadline)
        try:
            recalled = await self._memory.recall(question.route, question.key, token, intake)
        except Fault as fault:
            return _Landed(fault.with_traceback(None), 0, trace)
        if recalled is not None:
            question.context.recorder.hit()
            trace.hit(question.route.template)
            return _Landed(recalled.outcome, 0, trace, intake.end())
        question.context.recorder.missed()
        access = question.access
        intake = self._intake(question.context, deadline)
        reading, rounds = await self._ask(question, access, deadline, intake)
        if isinstance(reading, Fault) and reading.code is FaultCode.UPSTREAM_UNAUTHENTICATED:
            # The token may have been rotated since the files were last looked at.
            await self._credentials.refresh()
            renewed = self._credentials.access(question.route.holder.owner_no)
            if renewed is not None and renewed.token != access.token:
                access = renewed
                reading, rounds = await self._ask(question, access, deadline, intake)
        if isinstance(reading, Fault):
            return _Landed(reading, rounds, trace)
        key = question.key._replace(access=access_mark(access.token))
        held = intake.end()
        self._memory.keep(question.route, key, access.token, reading, held)
        return _Landed(reading.outcome, rounds, trace, held)

    async def _ask(
        self, question: _Question, access: Access, deadline: Deadline, intake: Intake
    ) -> tuple[Reading | Fault, int]:
        """Return what the route holds, or why it could not be read, and the rounds it took."""
        rounds = 1
        met: Fault | None = None

        async def fetch(route: Route, page: int) -> bytes | Problem:
            nonlocal rounds, met
            # Everyone with the same key sees as much of the ledger.
            if not (question.context.whole or self.routes.is_of_its_holder(route)):
                raise Fault(FaultCode.UPSTREAM_LINK_REFUSED)
            rounds = page + 1
            errand = question.errand
            errand.wave += page > 0
            try:
                return await self._attempts.get(
                    route, access, errand, deadline, question.context, intake
                )
            except Fault as fault:
                met = fault
                raise

        try:
            return await self._reader.read(question.route, fetch, intake), rounds
        except Fault as fault:
            if fault is not met and counts_against_payex(fault.code):
                # The call was noted as one that went well.
                question.context.recorder.cannot_use(Unread(question.route.template, fault.code))
            # It would hold all that was read.
            return fault.with_traceback(None), rounds
        except asyncio.CancelledError as cancelled:
            # Its frames would hold all that was read until the garbage collector comes.
            intake.held.shrink_to(0)
            raise cancelled.with_traceback(None) from None

    def _intake(self, context: CallContext, deadline: Deadline) -> Intake:
        pace = Pace(self.turns, deadline, context.expired, context.caller, context.turn)
        return Intake(pace, context.held, context.budget)


def _shared(
    outcome: Content | Problem | Fault, wave: int, held: AnswerBytes | None, context: CallContext
) -> Answer:
    """Return an answer that an operation holds as well, as far as it may."""
    if held is not None:
        try:
            context.held.share(held)
        except Fault as fault:
            return Answer(fault, wave)
    return Answer(outcome, wave, held)


def _key(route: Route, access: Access, context: CallContext) -> CacheKey:
    return CacheKey(context.rights, access_mark(access.token), route.path, route.kind)
