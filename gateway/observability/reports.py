"""Reports: the result of each request, for logs, metrics and traces."""

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
    """Executed without errors. Problems are answers."""
    ERRORS = "errors"
    """Executed with errors beside the data."""
    REFUSED = "refused"
    """Not executed: the client has to change the request, or send it again later."""
    LEFT = "left"
    """The client disconnected."""
    FAILED = "failed"
    """The gateway failed."""


@dataclass(slots=True)
class Report:
    """The record of one request, filled while the gateway answers it.

    Attributes:
        clock: seconds of a monotonic clock.
        started: when it arrived.
        work: records when it is at work.
        seconds: its duration, until its reply was sent; 0 until then.
        spent: the seconds that it waited, by what it waited for.
        ending: how it ended.
        is_shed: whether the gateway refused it because of overload. Only a counter reports such a
            request.
        status: the HTTP status of the reply; 0 if there was none.
        name: the trusted document's name, or `anonymous`. No client can choose it.
        caller: the caller's pseudonym.
        support_id: the id in its errors.
        codes: the codes of its errors, in order.
        cost: its costs, as in `extensions.cost`; empty if it was not executed.
        budget: the budget that paid for its work, if it came so far.
        fall: why graphql-core executed it instead of its plan; None if the plan answered.
        stats: its calls and answers, if it came so far.
        trace_id: its trace, in hexadecimal digits.
        kept_trace_id: its trace if this gateway samples it; None if not.
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
        """Record that the reply was sent."""
        now = self.clock()
        self.seconds = now - self.started
        if self.stats is not None:
            self.spent = self.stats.seconds(now, self.started, self.work.steps)

    @property
    def overhead(self) -> float:
        """The seconds of the gateway's own work."""
        return max(0.0, self.seconds - sum(self.spent.values()))


Observer = Callable[[Report], None]
"""Gets the report of each request that has ended."""
