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
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from resolvers.payex.answers import Asker, Call, Unread
from resolvers.payex.breaker import Breaker, counts_as_failure
from resolvers.payex.deadline import Deadline
from resolvers.payex.faults import Fault, FaultCode, counts_against_payex
from resolvers.payex.pulse import Pulse
from resolvers.payex.silences import Silences
from resolvers.payex.stretches import Spent

logger = logging.getLogger(__name__)

MOST_WITNESSES: Final = 20
"""As many as the breaker needs, unless it is set otherwise."""
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
    """Begins exchanges, as far as the breaker allows.

    Args:
        breaker: is told how each ends.
        silences: tells what a silence means.
        pulse: tells how late the event loop is, which is not PayEx's silence.
        clock: seconds of a monotonic clock.
        witnesses: how many calls may go on after their operation at a time.

    Attributes:
        heard: when PayEx last began to answer a call.
    """

    def __init__(
        self,
        breaker: Breaker,
        silences: Silences,
        pulse: Pulse,
        clock: Callable[[], float],
        *,
        witnesses: int = MOST_WITNESSES,
    ) -> None:
        self.breaker = breaker
        self.silences = silences
        self.pulse = pulse
        self.clock = clock
        self.heard = -math.inf
        self._most = witnesses
        # In the order in which they were left.
        self._witnesses: dict[Exchange, None] = {}

    def begin(
        self, step: Step, asker: Asker, deadline: Deadline, stop: Callable[[], object]
    ) -> "Exchange":
        """Begin a call, which `stop` cuts off.

        Raises:
            Fault: `UPSTREAM_BREAKER_OPEN`.
        """
        now = self.clock()
        if not self.breaker.allow(now):
            wait = max(self.breaker.retry_after(now), _LEAST_WAIT)
            raise Fault(FaultCode.UPSTREAM_BREAKER_OPEN, retry_after=wait)
        return Exchange(self, step, asker, deadline, now, stop)

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

    def turned(self, now: float) -> None:
        """Take in that an outage began, or is over: those of before have no more to say."""
        for one in [*self._witnesses]:
            self.dismiss(one)
            one.stop()
        self._log_turn(now)

    def _log_turn(self, now: float) -> None:
        """Say that an outage began, or is over. While it lasts, each call would say the same."""
        rests = self.breaker.retry_after(now)
        if rests:
            logger.warning(
                "The breaker is open: too many calls to PayEx failed. It lets PayEx rest for %g "
                "seconds at a time, until a call succeeds.",
                rests,
            )
        else:
            logger.warning("The breaker is closed: PayEx answers again.")


class Exchange:
    """One call under way.

    Attributes:
        counted: whether the breaker was told of it before its end, as of a failure.
        is_left: whether nobody waits for it any more.
        status: the HTTP status, when the head of the answer has come.
        stop: cuts it off.
    """

    __slots__ = (
        "_all",
        "_asker",
        "_asking",
        "_counted_at",
        "_deadline",
        "_generation",
        "_heard",
        "_is_failure",
        "_started",
        "_step",
        "_told",
        "_trace",
        "is_left",
        "status",
        "stop",
    )

    def __init__(
        self,
        all_: Exchanges,
        step: Step,
        asker: Asker,
        deadline: Deadline,
        started: float,
        stop: Callable[[], object],
    ) -> None:
        self._all = all_
        self._step = step
        self._asker = asker
        self._deadline = deadline
        self._started = started
        self._generation = all_.breaker.generation
        self._trace = asker.trace.call(*step)
        self._asking = asker.counts.begin(Spent.UPSTREAM, started)
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
        if (
            self._heard < math.inf
            or self._generation != self._all.breaker.generation
            or not self._all.admits(self)
        ):
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
                self._asker.counts.cannot_use(Unread(template, fault))
            return
        self._told = True
        now = self._all.clock()
        ended = self._asking.end(now, self._all.pulse.behind(now))
        call = Call(template, wave, self.status, self._started, ended, fault, attempt)
        self._asker.counts.made(call)
        self._trace.ended(self.status, fault, instance)

    def end(self) -> None:
        """Tell the breaker."""
        all_, now = self._all, self._all.clock()
        breaker = all_.breaker
        all_.dismiss(self)
        if self._counted_at is not None:
            if self._heard < math.inf and not self._is_failure:
                breaker.taken_back(now, self._generation, self._counted_at)
        elif self._is_failure is None:
            breaker.abandoned(now, self._generation)
        elif (breaker.failed if self._is_failure else breaker.succeeded)(now, self._generation):
            all_.turned(now)

    def _tell_the_end(self, now: float) -> None:
        self.tell(FaultCode.DEADLINE_EXCEEDED if self._deadline.expired(now) else None)

    def _judge(self, now: float) -> None:
        """Count the call as failed if its silence is a sign by now."""
        if self._heard < math.inf or self.counted or self._until_it_is_a_sign(now) > 0:
            return
        self._counted_at = now
        template = self._step.template
        self._asker.counts.cannot_use(Unread(template, FaultCode.UPSTREAM_TIMEOUT))
        if self._all.breaker.failed(now, self._generation):
            self._all.dismiss(self)
            self._all.turned(now)

    def _until_it_is_a_sign(self, now: float) -> float:
        since = max(self._started, self._all.heard)
        waited = now - self._all.pulse.behind(now) - since
        return self._all.silences.bound(self._step.template) - waited
