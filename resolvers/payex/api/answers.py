"""The results of asking PayEx: answers, problems, faults, and the calls behind them."""

import math
from collections.abc import Hashable
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from resolvers.payex.api.deadline import DEADLINE_SETTING, Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.held_bytes import UNBOUNDED, AnswerBytes, OperationBytes
from resolvers.payex.api.problems import Problem
from resolvers.payex.api.records import ItemList, SubscriptionItem
from resolvers.payex.api.stretches import Spent, Stretch, Work
from resolvers.payex.api.tracing import UNTRACED, BatchTrace
from resolvers.payex.api.work import UNPRICED, Spends

ANYONE: Final = "anyone"
"""The caller who is not identified."""

Content = ItemList[Any] | SubscriptionItem | msgspec.Raw
"""What a reply holds: the elements of a list, one subscription, or a holder's JSON."""


class Answer(msgspec.Struct, frozen=True):
    """The answer of a route, the wave after which it was there, and its memory (`held`)."""

    outcome: Content | Problem | Fault
    wave: int
    held: AnswerBytes | None = None

    def __repr__(self) -> str:
        return f"Answer(wave={self.wave})"


class Call(msgspec.Struct, frozen=True):
    """One GET: the route's template, its wave, and how it ended.

    `status` is the HTTP status, or None when none arrived; `fault` is the fault's code, if any;
    `started` and `ended` are seconds of a monotonic clock, without the time that the answer waited
    for the event loop; `attempt` counts from 1.
    """

    route: str
    wave: int
    status: int | None
    started: float
    ended: float
    fault: FaultCode | None = None
    attempt: int = 1


class Unread(NamedTuple):
    """A fault of PayEx that no `Call` reports: the route's template, and the code.

    The answer came and cannot be used, or the operation had left.
    """

    route: str
    fault: FaultCode


class CallRecorder(Protocol):
    """Records what an operation costs."""

    @property
    def work(self) -> Work:
        """Records when the operation works."""

    @property
    def ended(self) -> int:
        """How many calls have ended."""

    def last_wave(self, ended: int) -> int:
        """Return the last wave of the calls that have ended since there were `ended`; else 0."""

    def permit(self) -> None:
        """Permit one more call.

        Raises:
            Fault: `UPSTREAM_TOO_MANY_CALLS`.
        """

    def made(self, call: Call) -> None:
        """Record a call that has ended."""

    def cannot_use(self, unread: Unread) -> None:
        """Record a fault of PayEx in a call that was recorded before."""

    def begin(self, what: Spent, now: float) -> Stretch:
        """Begin a stretch of the operation's time."""

    def hit(self) -> None:
        """Record an answer from a cache."""

    def coalesced(self) -> None:
        """Record an answer from another operation's call."""

    def missed(self) -> None:
        """Record an answer that PayEx had to be asked for."""

    def fresh(self, seconds: float) -> None:
        """Record for how many seconds an answer stays the same."""


def time_is_up(deadline: Deadline, seconds: float, granted_by: str, now: float) -> Fault:
    """Return the fault of an operation whose time is up.

    Args:
        deadline: when it was up.
        seconds: the seconds it had at its beginning.
        granted_by: what set those: the setting, or the request's header.
        now: when the end is noticed.
    """
    fault = Fault(FaultCode.DEADLINE_EXCEEDED, limit={granted_by: seconds})
    fault.measured = _passed(deadline, seconds, now)
    return fault


def _passed(deadline: Deadline, seconds: float, now: float) -> float:
    """Return the seconds since an operation with so many seconds began."""
    return seconds - (deadline.at - now) if seconds < math.inf else 0.0


class CallContext(msgspec.Struct, frozen=True):
    """On whose behalf PayEx is asked.

    Attributes:
        recorder: records every call, hit and miss.
        deadline: when the answer is of no more use.
        seconds: the seconds that the operation had at its beginning.
        rights: what the caller may see of the ledger. It is part of every key: callers with
            different rights share neither calls nor cached answers.
        turn: the operation, by which the queue shares its places.
        caller: the caller, for the queue and the breakers; `ANYONE` if callers are not identified.
        whole: whether the caller may see the whole ledger, and so whatever PayEx links to.
        trace: traces each call, and where each answer came from.
        granted_by: what set the seconds: the setting, or the request's header.
        budget: pays for the work.
        held: the memory that the answers take.
    """

    recorder: CallRecorder
    deadline: Deadline
    seconds: float
    rights: str
    turn: Hashable
    caller: Hashable = ANYONE
    whole: bool = False
    trace: BatchTrace = UNTRACED
    granted_by: str = DEADLINE_SETTING
    budget: Spends = UNPRICED
    held: OperationBytes = UNBOUNDED

    def since_it_began(self, now: float) -> float:
        """Return the seconds since the operation began."""
        return _passed(self.deadline, self.seconds, now)

    def expired(self, now: float) -> Fault:
        """Return the fault of an operation whose time is up."""
        return time_is_up(self.deadline, self.seconds, self.granted_by, now)


class Queued(NamedTuple):
    """A wait for a place: since when, for what, and the setting that makes it wait."""

    since: float
    what: Spent
    limit: dict[str, float]

    def too_long(self, now: float, limit: dict[str, float]) -> Fault:
        """Return the fault of a wait that may last no longer.

        Args:
            now: when it ended.
            limit: the bound of the wait.
        """
        fault = Fault(FaultCode.UPSTREAM_QUEUE_TIMEOUT, limit={**limit, **self.limit})
        fault.measured = now - self.since
        return fault


class Errand:
    """A question on its way to PayEx.

    Attributes:
        wave: the wave of its latest call.
        queued: its latest call's wait for a place, if there was one.
        asked: when that call began, if it has.
        ticket: its latest ticket in the queue.
    """

    __slots__ = ("asked", "queued", "ticket", "wave")

    def __init__(self, wave: int) -> None:
        self.wave = wave
        self.queued: Queued | None = None
        self.asked: float | None = None
        self.ticket: Hashable | None = None

    def begin(self, now: float) -> float:
        """Note that its call begins; return the seconds that it waited for a place."""
        self.asked = now
        return now - self.queued.since if self.queued else 0.0

    def expired(self, context: CallContext, now: float) -> Fault:
        """Return the fault of an operation whose time is up, by what took most of it.

        That is the wait for a place, what came before it, or the call.
        """
        if self.queued is None:
            return context.expired(now)
        since = self.queued.since
        asked = now if self.asked is None else self.asked
        if asked - since < max(context.since_it_began(since), now - asked):
            return context.expired(now)
        return self.queued.too_long(asked, {context.granted_by: context.seconds})
