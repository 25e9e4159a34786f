"""What comes out of asking PayEx: replies, problems, faults, and the calls behind them."""

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
    """How a route answered, and the wave of the operation after which the answer was there.

    `held` is what it takes of the memory, for as long as somebody holds it.
    """

    outcome: Content | Problem | Fault
    wave: int
    held: AnswerBytes | None = None

    def __repr__(self) -> str:
        return f"Answer(wave={self.wave})"


class Call(msgspec.Struct, frozen=True):
    """One GET as it went: the route's template, its wave, and how it ended.

    `status` is the HTTP status, or None when none arrived; `fault` the code of the fault, if any;
    `started` and `ended` are seconds of a clock that has no zero, as far as is known without the
    time in which an answer waited for the event loop; `attempt` counts from 1.
    """

    route: str
    wave: int
    status: int | None
    started: float
    ended: float
    fault: FaultCode | None = None
    attempt: int = 1


class Unread(NamedTuple):
    """A fault of PayEx that no `Call` tells: the route's template, and the code of the fault.

    It is of an answer that came and cannot be used, or of a call whose operation had left.
    """

    route: str
    fault: FaultCode


class CallRecorder(Protocol):
    """Who keeps count of what an operation costs."""

    @property
    def work(self) -> Work:
        """Notes when the operation is at work."""

    @property
    def ended(self) -> int:
        """How many calls have ended."""

    def last_wave(self, ended: int) -> int:
        """Return the last wave of the calls that have ended since there were so many; else 0."""

    def permit(self) -> None:
        """Let one more call be made.

        Raises:
            Fault: `UPSTREAM_TOO_MANY_CALLS`.
        """

    def made(self, call: Call) -> None:
        """Note a call that has ended."""

    def cannot_use(self, unread: Unread) -> None:
        """Note a fault of PayEx, of a call that was noted before."""

    def begin(self, what: Spent, now: float) -> Stretch:
        """Note what the operation's time goes by with from now on, until the stretch ends."""

    def hit(self) -> None:
        """Note an answer that a cache held."""

    def coalesced(self) -> None:
        """Note an answer that another operation's call brought."""

    def missed(self) -> None:
        """Note an answer that had to be asked for."""

    def fresh(self, seconds: float) -> None:
        """Note for how many seconds an answer stays the same."""


def time_is_up(deadline: Deadline, seconds: float, granted_by: str, now: float) -> Fault:
    """Return the fault of an operation whose time is up.

    Args:
        deadline: when it was.
        seconds: what that was when the operation began.
        granted_by: what the seconds are set by: the setting, or the header of the request.
        now: when it is noticed.
    """
    fault = Fault(FaultCode.DEADLINE_EXCEEDED, limit={granted_by: seconds})
    fault.measured = _passed(deadline, seconds, now)
    return fault


def _passed(deadline: Deadline, seconds: float, now: float) -> float:
    """Return the seconds since an operation began that had so many."""
    return seconds - (deadline.at - now) if seconds < math.inf else 0.0


class CallContext(msgspec.Struct, frozen=True):
    """On whose behalf PayEx is asked.

    Attributes:
        recorder: told of every call, hit and miss.
        deadline: when the answer is of no more use.
        seconds: what the deadline was when the operation began, for the fault.
        rights: what the caller may see of the ledger. It is part of every key, so that callers
            with different rights share neither a call nor a kept answer.
        turn: whose turn a call takes in the queue for PayEx; one for each operation.
        caller: who asks, as far as the queue and the breakers need to know: callers share the
            places, and none opens a breaker for others. `ANYONE` is whoever is not identified.
        whole: whether the caller may see the whole ledger, and so what a link of PayEx leads to
            beside the invoice or customer in question.
        trace: told of each call and of where each answer came from.
        granted_by: what the seconds are set by: the setting, or the header of the request.
        budget: what the work for it is paid from.
        held: what the answers take of the memory.
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
    """A wait for a place: since when, for what, and the setting whose value makes it wait."""

    since: float
    what: Spent
    limit: dict[str, float]

    def too_long(self, now: float, limit: dict[str, float]) -> Fault:
        """Return the fault of a wait that may last no longer.

        Args:
            now: when it ended.
            limit: what bounds the wait.
        """
        fault = Fault(FaultCode.UPSTREAM_QUEUE_TIMEOUT, limit={**limit, **self.limit})
        fault.measured = now - self.since
        return fault


class Errand:
    """A question on its way to PayEx: how far it has come.

    Attributes:
        wave: the wave of the operation that its latest call belongs to.
        queued: the wait for a place for its latest call, if it had to wait.
        asked: when that call began, if it has.
        ticket: what stood in the queue for its latest call that had to wait, and may still do.
    """

    __slots__ = ("asked", "queued", "ticket", "wave")

    def __init__(self, wave: int) -> None:
        self.wave = wave
        self.queued: Queued | None = None
        self.asked: float | None = None
        self.ticket: Hashable | None = None

    def begin(self, now: float) -> float:
        """Note that its call begins, and return the seconds that it waited for a place."""
        self.asked = now
        return now - self.queued.since if self.queued else 0.0

    def expired(self, context: CallContext, now: float) -> Fault:
        """Return the fault of an operation whose time is up, by what it has waited for longest.

        Beside the wait for a place, that is what came before, such as the event loop or other
        calls, or the call itself.
        """
        if self.queued is None:
            return context.expired(now)
        since = self.queued.since
        asked = now if self.asked is None else self.asked
        if asked - since < max(context.since_it_began(since), now - asked):
            return context.expired(now)
        return self.queued.too_long(asked, {context.granted_by: context.seconds})
