"""Reports: what became of each request, for those who watch the gateway."""

import enum
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from resolvers.budget import Budget
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.stretches import Spent, Work


class RequestResult(enum.StrEnum):
    """How a request ended."""

    OK = "ok"
    """It was executed, without errors. Problems are answers."""
    ERRORS = "errors"
    """It was executed, with errors beside the data."""
    REFUSED = "refused"
    """It was not executed: the client has to change it, or to come again later."""
    LEFT = "left"
    """The client did not wait."""
    FAILED = "failed"
    """The gateway failed."""


@dataclass(slots=True)
class Report:
    """What is known of one request. It is filled while the request is answered.

    Attributes:
        clock: seconds of a monotonic clock.
        started: when it came.
        work: notes when it is at work.
        seconds: how long it took, until its reply was sent; 0 until then.
        spent: the seconds of it that were not its own work, by what they went by with.
        ending: how it ended.
        is_shed: whether it was refused because the gateway had too much to do. A counter tells of
            such a request, and nothing else does.
        status: the HTTP status of the reply.
        name: the trusted document's name, or `anonymous`: no client can make one up.
        caller: the pseudonym of who asked.
        support_id: the id in its errors.
        codes: the codes of its errors, in order.
        cost: what it costs, as `extensions.cost` has it; empty if nothing was executed.
        budget: what its work was paid from, if it came so far.
        fall: why graphql-core executed it in place of its plan; None if the plan answered.
        stats: what it asked of PayEx, if it came so far.
        trace_id: the trace it belongs to, in hexadecimal digits.
        kept_trace_id: the same if this gateway records the trace, and None if it does not.
    """

    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)
    work: Work = field(init=False)
    seconds: float = 0.0
    spent: Mapping[Spent, float] = field(default_factory=lambda: dict.fromkeys(Spent, 0.0))
    ending: RequestResult = RequestResult.FAILED
    is_shed: bool = False
    status: int = 0
    name: str = "anonymous"
    caller: str | None = None
    support_id: str | None = None
    codes: Sequence[str] = ()
    cost: Mapping[str, int] = field(default_factory=dict)
    budget: Budget | None = None
    fall: str | None = None
    stats: OperationStats | None = None
    trace_id: str | None = None
    kept_trace_id: str | None = None

    def __post_init__(self) -> None:
        self.started = self.clock()
        self.work = Work(self.clock)

    def close(self) -> None:
        """Note that the reply was sent."""
        now = self.clock()
        self.seconds = now - self.started
        if self.stats is not None:
            self.spent = self.stats.seconds(now, self.started, self.work.steps)

    @property
    def overhead(self) -> float:
        """The seconds that the gateway itself took."""
        return max(0.0, self.seconds - sum(self.spent.values()))


Observer = Callable[[Report], None]
"""Is told of each request when it is over."""
