"""Exchanges: single calls to PayEx, what they cost their operation and what they say of PayEx.

The two may part. An operation whose time is up waits no longer for a call that PayEx has not
answered yet. If deadlines are short, nobody would ever see that PayEx answers nobody. So a few
calls go on after their operation, as witnesses, until they end by themselves.

A witness counts as failed at once when PayEx has answered nobody at all for so long that it is a
sign (`Silences`). As long as PayEx answers others, one item may be slow, and the witness's own end
is the verdict. If it is answered after all, the failure is taken back.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from resolvers.payex.api.answers import ANYONE, Call, CallContext, Unread
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode, counts_against_payex
from resolvers.payex.api.pulse import Pulse
from resolvers.payex.api.routes import Holder
from resolvers.payex.api.stretches import Spent
from resolvers.payex.resilience.breaker import counts_as_failure
from resolvers.payex.resilience.breakers import Breakers, Level, Permit, Scope
from resolvers.payex.resilience.silences import Silences

logger = logging.getLogger(__name__)

MOST_WITNESSES: Final = 20
"""As many as a breaker needs, unless it is set otherwise."""
_WHOSE: Final = {
    Scope.LEDGER: " of the ledger %s",
    Scope.CALLER: " of one caller of the ledger %s",
}
# A timer may go off a little early.
_GRACE: Final = 0.001
# Seconds before the next call, where a trial is under way or about to be: its end is not known.
_LEAST_WAIT: Final = 1.0


class Step(NamedTuple):
    """Which call of an operation it is.

    `attempt` counts from 1, and `queued` is the seconds that the call was.
    """

    template: str
    wave: int
    attempt: int
    queued: float


class Exchanges:
    """Begins exchanges, as far as the breakers allow.

    Args:
        breakers: are told how each ends.
        silences: tells what a silence means.
        pulse: tells how late the event loop is, which is not PayEx's silence.
        clock: seconds of a monotonic clock.
        witnesses: how many calls may go on after their operation at a time.

    Attributes:
        heard: when PayEx last began to answer a call.
    """

    def __init__(
        self,
        breakers: Breakers,
        silences: Silences,
        pulse: Pulse,
        clock: Callable[[], float],
        *,
        witnesses: int = MOST_WITNESSES,
    ) -> None:
        self.breakers = breakers
        self.silences = silences
        self.pulse = pulse
        self.clock = clock
        self.heard = -math.inf
        self._most = witnesses
        # In the order in which they were left.
        self._witnesses: dict[Exchange, None] = {}

    def begin(
        self,
        step: Step,
        holder: Holder,
        context: CallContext,
        deadline: Deadline,
        stop: Callable[[], object],
    ) -> "Exchange":
        """Begin a call for an invoice or customer, which `stop` cuts off.

        Raises:
            Fault: `UPSTREAM_BREAKER_OPEN`.
        """
        now = self.clock()
        ledger = holder.owner_no
        subject = holder if context.caller == ANYONE else context.caller
        permit = self.breakers.permit(ledger, subject, now)
        if permit is None:
            wait = max(self.breakers.retry_after(ledger, subject, now), _LEAST_WAIT)
            raise Fault(FaultCode.UPSTREAM_BREAKER_OPEN, retry_after=wait)
        return Exchange(self, step, context, deadline, stop, permit)

    def admits(self, exchange: "Exchange") -> bool:
        """Return whether a call may go on as a witness; one that has testified makes room."""
        if exchange in self._witnesses:
            return True
        if len(self._witnesses) >= self._most:
            done = next((one for one in self._witnesses if one.counted), None)
            if done is None:
                return False
            self.dismiss(done)
            done.stop()
        self._witnesses[exchange] = None
        return True

    def dismiss(self, exchange: "Exchange") -> None:
        """Free the place of a witness, if the call is one."""
        self._witnesses.pop(exchange, None)

    def turned(self, levels: Sequence[Level], now: float) -> None:
        """Take in that outages began, or are over: calls of before have no more to say of them."""
        if not levels:
            return
        for one in [*self._witnesses]:
            if one.permit.is_late:
                self.dismiss(one)
                one.stop()
        for level in levels:
            self._log_turn(level, now)

    def _log_turn(self, level: Level, now: float) -> None:
        """Say that an outage began, or is over. While it lasts, each call would say the same."""
        whose = _WHOSE[level.scope] % level.ledger if level.ledger else ""
        rests = level.breaker.retry_after(now)
        if rests:
            logger.warning(
                "The breaker%s is open: too many calls to PayEx failed. It lets PayEx rest for %g "
                "seconds at a time, until a call succeeds.",
                whose,
                rests,
            )
        else:
            logger.warning("The breaker%s is closed: PayEx answers again.", whose)


class Exchange:
    """One call under way.

    Attributes:
        counted: whether the breaker was told of it before its end, as of a failure.
        is_left: whether nobody waits for it any more.
        permit: tells the breakers.
        status: the HTTP status, when the head of the answer has come.
        stop: cuts it off.
    """

    __slots__ = (
        "_all",
        "_asking",
        "_context",
        "_counted_at",
        "_deadline",
        "_heard",
        "_is_failure",
        "_started",
        "_step",
        "_told",
        "_trace",
        "is_left",
        "permit",
        "status",
        "stop",
    )

    def __init__(
        self,
        all_: Exchanges,
        step: Step,
        context: CallContext,
        deadline: Deadline,
        stop: Callable[[], object],
        permit: Permit,
    ) -> None:
        self._all = all_
        self._step = step
        self._context = context
        self._deadline = deadline
        self._started = all_.clock()
        self.permit = permit
        self._trace = context.trace.call(*step)
        self._asking = context.recorder.begin(Spent.UPSTREAM, self._started)
        # None as long as the call says nothing of PayEx.
        self._is_failure: bool | None = None
        self._counted_at: float | None = None
        self._heard = math.inf
        self._told = False
        self.is_left = False
        self.status: int | None = None
        self.stop = stop

    @property
    def counted(self) -> bool:
        """Whether the breaker was told of it before its end, as of a failure."""
        return self._counted_at is not None

    @property
    def headers(self) -> Mapping[str, str]:
        """What the call carries for PayEx's own trace."""
        return self._trace.headers

    def hear(self, status: int) -> None:
        """Note the head of the answer."""
        self._heard = self._all.heard = self._all.clock()
        self.status = status

    def answered(self, status: int) -> None:
        """Note the status of the whole answer."""
        self._is_failure = counts_as_failure(None, status)
        if not self._is_failure:
            self._all.silences.answered(self._step.template, self._heard - self._started)

    def failed(self, fault: FaultCode) -> None:
        """Note that there is no whole answer, unless it was noted that there is."""
        # With a path that fits no URL, PayEx was not asked at all.
        if self._is_failure is None and fault is not FaultCode.UPSTREAM_LINK_REFUSED:
            self._is_failure = counts_as_failure(fault, self.status)

    def leave(self) -> float:
        """Take in that nobody waits any more; return the seconds until this is to be asked again.

        0 is the end of the call.
        """
        now = self._all.clock()
        self.is_left = True
        self._tell_the_end(now)
        self._judge(now)
        if self._heard < math.inf or self.permit.is_late or not self._all.admits(self):
            return 0.0
        if self.counted:
            return self._all.silences.bound(self._step.template)
        return self._until_it_is_a_sign(now) + _GRACE

    def give_up(self) -> None:
        """Take in that the call is cut off, and judge its silence."""
        now = self._all.clock()
        self._tell_the_end(now)
        self._judge(now)

    def tell(self, fault: FaultCode | None = None, instance: str | None = None) -> None:
        """Tell the operation how the call ended, once; what comes later is PayEx's alone."""
        template, wave, attempt, _ = self._step
        if self._told:
            if fault is not None and not self.counted and counts_against_payex(fault):
                self._context.recorder.cannot_use(Unread(template, fault))
            return
        self._told = True
        now = self._all.clock()
        ended = self._asking.end(now, self._all.pulse.behind(now))
        call = Call(template, wave, self.status, self._started, ended, fault, attempt)
        self._context.recorder.made(call)
        self._trace.ended(self.status, fault, instance)

    def end(self) -> None:
        """Tell the breakers."""
        all_, now = self._all, self._all.clock()
        all_.dismiss(self)
        if self._counted_at is not None:
            if self._heard < math.inf and not self._is_failure:
                self.permit.taken_back(now, self._counted_at)
        elif self._is_failure is None:
            self.permit.abandoned(now)
        elif self._is_failure:
            all_.turned(self.permit.failed(now), now)
        else:
            all_.turned(self.permit.succeeded(now), now)

    def _tell_the_end(self, now: float) -> None:
        self.tell(FaultCode.DEADLINE_EXCEEDED if self._deadline.expired(now) else None)

    def _judge(self, now: float) -> None:
        """Count the call as failed if its silence is a sign by now."""
        if self._heard < math.inf or self.counted or self._until_it_is_a_sign(now) > 0:
            return
        self._counted_at = now
        template = self._step.template
        self._context.recorder.cannot_use(Unread(template, FaultCode.UPSTREAM_TIMEOUT))
        if begun := self.permit.failed(now):
            self._all.dismiss(self)
            self._all.turned(begun, now)

    def _until_it_is_a_sign(self, now: float) -> float:
        since = max(self._started, self._all.heard)
        waited = now - self._all.pulse.behind(now) - since
        return self._all.silences.bound(self._step.template) - waited
