"""Exchanges: single calls to PayEx, what they cost their operation and what they say of PayEx.

The two may part. An operation whose time is up waits no longer for a call that PayEx has not
answered yet. If deadlines are short, nobody would ever see that PayEx answers nobody. So a few
calls go on after their operation, as witnesses, until their silence is a sign (`Silences`).
"""

import logging
import math
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from resolvers.payex.answers import Asker, Call
from resolvers.payex.breaker import Breaker, counts_as_failure
from resolvers.payex.deadline import Deadline
from resolvers.payex.faults import Fault, FaultCode
from resolvers.payex.pulse import Pulse
from resolvers.payex.silences import Silences
from resolvers.payex.stretches import Spent

logger = logging.getLogger(__name__)

MOST_WITNESSES: Final = 20
"""As many as the breaker needs, unless it is set otherwise."""
# A timer may go off a little early.
_GRACE: Final = 0.001


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
    """

    def __init__(
        self, breaker: Breaker, silences: Silences, pulse: Pulse, clock: Callable[[], float]
    ) -> None:
        self.breaker = breaker
        self.silences = silences
        self.pulse = pulse
        self.clock = clock
        self.witnesses = 0

    def begin(self, step: Step, asker: Asker, deadline: Deadline) -> "Exchange":
        """Begin a call.

        Raises:
            Fault: `UPSTREAM_BREAKER_OPEN`.
        """
        now = self.clock()
        if not self.breaker.allow(now):
            wait = self.breaker.retry_after(now)
            raise Fault(FaultCode.UPSTREAM_BREAKER_OPEN, retry_after=wait)
        return Exchange(self, step, asker, deadline, now)

    def log_turn(self, now: float) -> None:
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
        status: the HTTP status, when the answer has come.
        is_left: whether nobody waits for it any more.
    """

    __slots__ = (
        "_all",
        "_asker",
        "_asking",
        "_deadline",
        "_generation",
        "_heard",
        "_is_witness",
        "_settle",
        "_started",
        "_step",
        "_told",
        "_trace",
        "is_left",
        "status",
    )

    def __init__(
        self, all_: Exchanges, step: Step, asker: Asker, deadline: Deadline, started: float
    ) -> None:
        self._all = all_
        self._step = step
        self._asker = asker
        self._deadline = deadline
        self._started = started
        self._generation = all_.breaker.generation
        self._trace = asker.trace.call(*step)
        self._asking = asker.counts.begin(Spent.UPSTREAM, started)
        self._settle = all_.breaker.abandoned
        self._heard = math.inf
        self._told = self._is_witness = False
        self.is_left = False
        self.status: int | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """What the call carries for PayEx's own trace."""
        return self._trace.headers

    def hear(self) -> None:
        """Note the first byte of the answer."""
        self._heard = self._all.clock()

    def answered(self, status: int) -> None:
        """Note the status of the whole answer."""
        self.status = status
        breaker = self._all.breaker
        if counts_as_failure(None, status):
            self._settle = breaker.failed
            return
        self._settle = breaker.succeeded
        self._all.silences.answered(self._step.template, self._heard - self._started)

    def failed(self, fault: FaultCode) -> None:
        """Note that there is no answer."""
        # With a path that fits no URL, PayEx was not asked at all.
        if fault is not FaultCode.UPSTREAM_LINK_REFUSED:
            breaker = self._all.breaker
            self._settle = breaker.failed if counts_as_failure(fault, None) else breaker.succeeded

    def leave(self) -> float:
        """Take in that nobody waits any more; return the seconds that the call is to go on."""
        self.is_left = True
        now = self._all.clock()
        self.tell(FaultCode.DEADLINE_EXCEEDED if self._deadline.expired(now) else None)
        left = self._until_it_is_a_sign(now)
        if (
            left <= 0
            or self._heard < math.inf
            or self._generation != self._all.breaker.generation
            or self._all.witnesses >= MOST_WITNESSES
        ):
            return 0.0
        self._is_witness = True
        self._all.witnesses += 1
        return left + _GRACE

    def give_up(self) -> None:
        """Take in that the call is cut off, and judge its silence."""
        now = self._all.clock()
        self.tell(FaultCode.DEADLINE_EXCEEDED if self._deadline.expired(now) else None)
        if self._heard == math.inf and self._until_it_is_a_sign(now) <= 0:
            self._settle = self._all.breaker.failed

    def tell(self, fault: FaultCode | None = None, instance: str | None = None) -> None:
        """Tell the operation how the call ended, once."""
        if self._told:
            return
        self._told = True
        template, wave, attempt, _ = self._step
        now = self._all.clock()
        ended = self._asking.end(now, self._all.pulse.behind(now))
        call = Call(template, wave, self.status, self._started, ended, fault, attempt)
        self._asker.counts.made(call)
        self._trace.ended(self.status, fault, instance)

    def end(self) -> None:
        """Tell the breaker."""
        self._all.witnesses -= self._is_witness
        now = self._all.clock()
        if self._settle(now, self._generation):
            self._all.log_turn(now)

    def _until_it_is_a_sign(self, now: float) -> float:
        waited = now - self._all.pulse.behind(now) - self._started
        return self._all.silences.bound(self._step.template) - waited
