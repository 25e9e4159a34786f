"""Exchanges: single calls to PayEx, with what they report to their operation and to the breakers.

The two may end at different times. An operation whose time is up stops waiting for a call. If
deadlines are short, nobody would ever notice that PayEx does not answer. So a few calls go on after
their operation, as witnesses, until they end by themselves.

A call counts as failed before its end when its silence is a sign (`Silences`), for its caller or
for all. If PayEx answers after all, the failure is taken back.
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
from resolvers.payex.resilience.witnesses import Witnesses

logger = logging.getLogger(__name__)

# A timer may go off a little early.
_GRACE: Final = 0.001
# Seconds before the next call, where a trial is under way or about to be: its end is not known.
_LEAST_WAIT: Final = 1.0


class Step(NamedTuple):
    """Which call of an operation it is: `attempt` counts from 1, `queued` is in seconds."""

    template: str
    wave: int
    attempt: int
    queued: float


class Exchanges:
    """Begins exchanges, as far as the breakers allow.

    Args:
        breakers: count how each ends.
        silences: says what a silence means.
        pulse: measures how late the event loop is, which is not PayEx's silence.
        clock: seconds of a monotonic clock.
        witnesses: calls that go on after their operation.
    """

    def __init__(
        self,
        breakers: Breakers,
        silences: Silences,
        pulse: Pulse,
        clock: Callable[[], float],
        witnesses: Witnesses,
    ) -> None:
        self.breakers = breakers
        self.silences = silences
        self.pulse = pulse
        self.clock = clock
        self.witnesses = witnesses

    def begin(
        self,
        step: Step,
        holder: Holder,
        context: CallContext,
        deadline: Deadline,
        stop: Callable[[], object],
    ) -> "Exchange":
        """Begin a call for an invoice or customer. `stop` cuts it off.

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

    def turned(self, levels: Sequence[Level], now: float) -> None:
        """Take in that breakers opened or closed."""
        # While one is open, an answer to a witness may close it.
        if any(level.breaker.is_closed for level in levels):
            self.witnesses.stop_late_ones()
        # Once for each. While an outage lasts, each call would say the same.
        for level in levels:
            logger.warning("%s", level.describe(now))


class Exchange:
    """One call under way.

    Attributes:
        is_left: whether nobody waits for it any more.
        permit: reports to the breakers.
        status: the HTTP status, once the head of the answer has come.
        stop: cuts it off.
    """

    __slots__ = (
        "_all",
        "_asking",
        "_context",
        "_deadline",
        "_heard",
        "_is_failure",
        "_is_unread",
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
        self._heard = math.inf
        self._told = False
        self._is_unread = False
        self.is_left = False
        self.status: int | None = None
        self.stop = stop

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that carry the trace to PayEx."""
        return self._trace.headers

    def hear(self, status: int) -> None:
        """Note the head of the answer."""
        self._heard = self._all.silences.heard = self._all.clock()
        self.status = status

    def answered(self, status: int) -> None:
        """Note the status of a complete answer."""
        self._is_failure = counts_as_failure(None, status)
        if not self._is_failure:
            self._all.silences.answered(self._step.template, self._heard - self._started)

    def failed(self, fault: FaultCode) -> None:
        """Note that there is no complete answer, unless one was noted."""
        # With a path that fits no URL, PayEx was not asked at all.
        if self._is_failure is None and fault is not FaultCode.UPSTREAM_LINK_REFUSED:
            self._is_failure = counts_as_failure(fault, self.status)

    def leave(self) -> float:
        """Take in that nobody waits any more; return the seconds until this is to be asked again.

        0 ends the call.
        """
        now = self._all.clock()
        self.is_left = True
        self._tell_the_end(now)
        rest = self._judge(now)
        permit = self.permit
        if self._heard < math.inf or (permit.is_late and not permit.has_failed):
            return 0.0
        return rest + _GRACE if self._all.witnesses.admit(self) else 0.0

    def give_up(self) -> None:
        """Take in that the call is cut off, and judge its silence."""
        now = self._all.clock()
        self._tell_the_end(now)
        self._judge(now)

    def tell(self, fault: FaultCode | None = None, instance: str | None = None) -> None:
        """Report to the operation how the call ended, once; what comes later concerns PayEx."""
        template, wave, attempt, _ = self._step
        if self._told:
            if fault is not None and not self._is_unread and counts_against_payex(fault):
                self._context.recorder.cannot_use(Unread(template, fault))
            return
        self._told = True
        now = self._all.clock()
        ended = self._asking.end(now, self._all.pulse.behind(now))
        call = Call(template, wave, self.status, self._started, ended, fault, attempt)
        self._context.recorder.made(call)
        self._trace.ended(self.status, fault, instance)

    def end(self) -> None:
        """Report to the breakers."""
        all_, now = self._all, self._all.clock()
        all_.witnesses.dismiss(self)
        if self._heard < math.inf and not self._is_failure:
            all_.turned(self.permit.taken_back(now), now)
        if self._is_failure is None:
            self.permit.abandoned(now)
        elif self._is_failure:
            all_.turned(self.permit.failed(now), now)
        else:
            all_.turned(self.permit.succeeded(now), now)

    def _tell_the_end(self, now: float) -> None:
        self.tell(FaultCode.DEADLINE_EXCEEDED if self._deadline.expired(now) else None)

    def _judge(self, now: float) -> float:
        """Count a call that is left as failed, as far as its silence is a sign.

        Returns the seconds until it is a sign in a wider scope.
        """
        if self._heard < math.inf:
            return 0.0
        silences, template = self._all.silences, self._step.template
        heard_by = now - self._all.pulse.behind(now)
        until_outage = silences.until_outage(template, self._started, heard_by)
        if self.permit.has_failed or until_outage <= 0:
            if not self._is_unread:
                self._is_unread = True
                self._context.recorder.cannot_use(Unread(template, FaultCode.UPSTREAM_TIMEOUT))
            self._all.turned(self.permit.failed(now), now)
            return silences.bound(template)
        until_sign = silences.until_sign(template, self._started, heard_by)
        if until_sign > 0:
            return until_sign
        self._all.turned(self.permit.failed(now, (Scope.CALLER,)), now)
        return until_outage
