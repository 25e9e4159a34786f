"""The circuit breaker: while PayEx fails, the gateway fails at once instead of adding to its load.

    CLOSED     every call may go. A failure opens it if `requests` calls ended within the window
               and at least `failure_share` of them failed, or if PayEx is out.
    OPEN       no call may go, for `pause` seconds.
    HALF_OPEN  `probes` calls at a time may go. The first success closes, the first failure opens.

PayEx is *out* when calls have failed for `outage` seconds, none has succeeded since, and a quarter
of `requests` have failed. A window full of earlier successes would hide an outage.

No subject opens the breaker for others. A *subject* is whatever can fail alone, such as a caller or
an invoice. Where calls name theirs, the breaker opens only if it would without the failures of the
subject with the most, at half of those numbers. After a failed probe, the next one is for another
subject, unless none comes for another pause.

One success closes. Asking for several would prolong every outage; one that was luck costs
`requests` calls.

Opening and closing each begin a *generation*. A result counts only in the generation that permitted
its call. So a late result neither closes nor opens a breaker that has changed since. Only if
the silence of a call opened it, the answer to that call closes it.

Times are seconds of one monotonic clock, passed in as `now`.
"""

import enum
import math
from collections.abc import Collection, Hashable
from http import HTTPStatus

from resolvers.payex.api.faults import FaultCode
from resolvers.payex.resilience.rolling_count import RollingCount
from resolvers.payex.resilience.voices import Voices

_FAILURES = frozenset(
    {
        FaultCode.UPSTREAM_TIMEOUT,
        FaultCode.UPSTREAM_UNAVAILABLE,
        FaultCode.UPSTREAM_UNREACHABLE,
    }
)
_SERVER_ERROR = 5
_BUCKETS = 10


class BreakerState(enum.Enum):
    """Whether calls may go."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """The breaker of calls that may fail together.

    Every call that `allow` permits must end in exactly one of `succeeded`, `failed` and
    `abandoned`, or a probe keeps its place for good.

    Args:
        requests: calls in the window below which a share of failures means nothing.
        failure_share: the share of failures, of 1, from which on it opens.
        outage: seconds without any success from which on it opens.
        window: seconds that a result is remembered, less up to a tenth.
        pause: seconds without any call, before the first probe.
        probes: calls under way at a time while it is half-open.

    Attributes:
        openings: how often it opened, also from being half-open.
    """

    def __init__(
        self,
        *,
        requests: int = 20,
        failure_share: float = 0.5,
        outage: float = 2.0,
        window: float = 30.0,
        pause: float = 10.0,
        probes: int = 1,
    ) -> None:
        self._requests = requests
        self._failure_share = failure_share
        self._outage = outage
        self._pause = pause
        self._probes = probes
        self.openings = 0
        self._ended = RollingCount(window / _BUCKETS, _BUCKETS)
        self._failures = RollingCount(window / _BUCKETS, _BUCKETS)
        self._voices = Voices(window / _BUCKETS, _BUCKETS)
        self._blamed: Collection[Hashable] = ()  # the subjects of the probe that failed last
        self._generation = 0
        self._until: float | None = None  # the end of the pause; None while closed
        self._probing = 0
        self._succeeded = -math.inf  # the last time
        self._failed_since = 0
        self._failing = math.inf  # since when calls have failed, with no success in between

    @property
    def generation(self) -> int:
        """The generation of a call permitted now. Hand it in with the result."""
        return self._generation

    @property
    def is_closed(self) -> bool:
        """Whether every call may go."""
        return self._until is None

    def state(self, now: float) -> BreakerState:
        """Return whether calls may go."""
        if self._until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._until else BreakerState.HALF_OPEN

    def retry_after(self, now: float) -> float:
        """Return the seconds until the pause is over; 0 unless the breaker is open."""
        return 0.0 if self._until is None else max(0.0, self._until - now)

    def permits(self, now: float, subjects: Collection[Hashable] = ()) -> bool:
        """Return whether a call that concerns these subjects may go now."""
        if self._until is None:
            return True
        if now < self._until or self._probing >= self._probes:
            return False
        blamed = any(subject in self._blamed for subject in subjects)
        return not blamed or now >= self._until + self._pause

    def allow(self, now: float, subjects: Collection[Hashable] = ()) -> bool:
        """Return whether a call may go now. While half-open, it then takes the place of a probe."""
        allowed = self.permits(now, subjects)
        if allowed and self._until is not None:
            self._probing += 1
        return allowed

    def succeeded(self, now: float, generation: int | None = None) -> bool:
        """Take in that PayEx answered a call, be it with a problem.

        Args:
            now: when the call ended.
            generation: `generation` when the call was permitted; None is the present one, for a
                caller with one call at a time.

        Returns:
            Whether this closed the breaker.
        """
        if not self._counts(generation):
            return False
        over = self._until is not None
        if over:
            self._until = None
            self._blamed = ()
            self._begin_generation()
        else:
            self._ended.add(now)
        self._note_success(now)
        return over

    def failed(
        self,
        now: float,
        generation: int | None = None,
        subjects: Collection[Hashable] = (),
        since: float | None = None,
    ) -> bool:
        """Take in that a call failed (`counts_as_failure`).

        Args:
            now: when the call ended.
            generation: as of `succeeded`.
            subjects: what the call concerns and may have failed alone.
            since: when the call began; None is now.

        Returns:
            Whether an outage has begun: the breaker is open, and was closed.
        """
        if not self._counts(generation):
            return False
        self._ended.add(now)
        self._failures.add(now)
        self._failed_since += 1
        self._failing = min(self._failing, now if since is None else since)
        self._voices.hear(subjects, now)
        begins = self._until is None
        if begins and not (self._fails_too_often(now) or self._is_out(now)):
            return False
        self._blamed = () if begins else subjects
        self._until = now + self._pause
        self.openings += 1
        self._begin_generation()
        return begins

    def taken_back(
        self, now: float, generation: int, failed: float, subjects: Collection[Hashable] = ()
    ) -> bool:
        """Take in that PayEx answered a call that was counted as failed too early.

        If the breaker has opened since, it closes: PayEx was slow, and does answer.

        Args:
            now: when the answer came.
            generation: as of `succeeded`.
            failed: when it was counted.
            subjects: as of `failed`.

        Returns:
            Whether this closed the breaker.
        """
        closes = self._until is not None and generation == self._generation - 1
        if closes:
            self._until = None
            self._blamed = ()
            self._begin_generation()
        elif self._until is None and self._counts(generation):
            self._failures.take_back(failed)
            self._voices.take_back(subjects, failed)
        else:
            return False
        self._note_success(now)
        return closes

    def abandoned(self, now: float, generation: int | None = None) -> bool:  # noqa: ARG002 - as its siblings
        """Take in that a call was given up and says nothing. A probe's place is free again.

        Returns False, as its siblings do where nothing changes.
        """
        if self._until is not None and self._counts(generation):
            self._probing -= 1
        return False

    def _counts(self, generation: int | None) -> bool:
        """Whether a result is of this generation. While open, no call can be."""
        present = generation is None or generation == self._generation
        return present and (self._until is None or self._probing > 0)

    def _note_success(self, now: float) -> None:
        self._succeeded = now
        if self._failed_since:
            self._failed_since = 0
            self._failing = math.inf
            self._voices.silence()

    def _fails_too_often(self, now: float) -> bool:
        ended, failures = self._ended.total(now), self._failures.total(now)
        if ended < self._requests or failures < self._failure_share * ended:
            return False
        alone = self._voices.loudest(now)
        others = ended - alone
        return others >= self._requests / 2 and failures - alone >= self._failure_share * others

    def _is_out(self, now: float) -> bool:
        return (
            now - max(self._failing, self._succeeded) >= self._outage
            and min(self._failed_since, self._failures.total(now)) >= self._requests / 4
            and self._failed_since - self._voices.loudest_lately() >= self._requests / 8
        )

    def _begin_generation(self) -> None:
        self._generation += 1
        self._probing = 0
        self._failed_since = 0
        self._failing = math.inf
        self._ended.clear()
        self._failures.clear()
        self._voices.clear()


def counts_as_failure(code: FaultCode | None, status: int | None) -> bool:
    """Whether a call that ended so is a sign that PayEx is unwell.

    Timeouts, failed connections and 5xx are, whatever their body. 501 is not: PayEx says with it
    that a ledger is not configured. Nor are problems, other 4xx, and bodies that cannot be read. A
    call that the gateway gave up itself counts neither way.

    Args:
        code: the fault, or None where there is none.
        status: the HTTP status, or None when none arrived.
    """
    if code in _FAILURES:
        return True
    return (
        status is not None
        and status // 100 == _SERVER_ERROR
        and status != HTTPStatus.NOT_IMPLEMENTED
    )
