"""The metrics of requests and of their calls, counted when each request ends."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.documents.source import DocumentCode
from gateway.execution.plan import FallReason
from gateway.limits.violations import LimitCode
from gateway.observability.metrics.costs import Costs
from gateway.observability.metrics.labels import (
    CODES,
    ENDINGS,
    FAULTS,
    NO_NAME,
    PROBLEMS,
    ROUTES,
    STATUSES,
    FirstNames,
    Series,
)
from gateway.observability.metrics.unreadable_members import UnreadableMembers
from gateway.observability.reports import Report, RequestResult
from resolvers.errors import ErrorCode
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Call, Unread
from resolvers.payex.api.faults import FaultCode, counts_against_payex
from resolvers.payex.api.problems import ProblemType
from resolvers.payex.api.routes import TEMPLATES
from resolvers.payex.api.stretches import Spent

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_OVERHEAD: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_WAVES: Final = (0, 1, 2, 3, 4, 5, 8, 13)
_KEYS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)

# The codes of requests refused before their body is read.
_BEFORE_READING: Final = (
    "UNAUTHENTICATED",
    "SERVICE_UNAVAILABLE",
    "BAD_REQUEST",
    "REQUEST_TIMEOUT",
    "MISDIRECTED_REQUEST",
    "REQUEST_HEADER_FIELDS_TOO_LARGE",
)
_ANSWERS: Final = ("hit", "coalesced", "miss")
_ITSELF: Final = "gateway"
_QUEUED: Final = (Spent.CONNECTION, Spent.PLACE)

_Exemplar = dict[str, str] | None


class Metrics:
    """The counters and histograms of one process.

    Args:
        registry: the registry that holds them.
        names: the bound of operation names.
    """

    def __init__(self, registry: CollectorRegistry, names: FirstNames | None = None) -> None:
        self._registry = registry
        self._name = names or FirstNames()
        self._operations = Series(
            self._counter(
                "operations", "Requests, by trusted name and result.", "operation", "ending"
            ),
            self._name,
            ENDINGS,
        )
        self._durations = Series(
            self._histogram(
                "operation_duration_seconds",
                "Seconds from a request to its reply, by trusted name, without refused requests.",
                _SECONDS,
                "operation",
            ),
            self._name,
        )
        self._overhead = self._histogram(
            "operation_overhead_seconds",
            "Seconds of the gateway's own work on an executed operation, without waits for calls, "
            "places or the event loop.",
            _OVERHEAD,
        )
        self._upstream = self._histogram(
            "operation_upstream_seconds",
            "Seconds in which an executed operation had a call of its own to PayEx in flight.",
            _SECONDS,
        )
        self._spent = Series(
            self._counter(
                "operation_spent_seconds",
                "Seconds of executed operations, by use: calls in flight (upstream); waits for the "
                "event loop (loop), a connection (connection), a place among the calls (place), a "
                "retry (pause) or another operation's call (coalesced); and the gateway's own work "
                "(gateway).",
                "what",
            ),
            lambda what: what,
        )
        self._queue = Series(
            self._histogram(
                "upstream_queue_seconds",
                "Seconds that a call to PayEx waited in the gateway's queue, for a connection or "
                "for a place. Calls that did not wait are left out.",
                _SECONDS,
                "what",
            ),
            lambda what: what,
        )
        self._waves = self._histogram(
            "operation_waves", "Rounds of calls to PayEx of an executed operation.", _WAVES
        )
        self._costs = Costs(registry)
        self._refusals = Series(
            self._counter(
                "refusals",
                "Requests that were not executed, by code, once for each code. They include "
                "requests refused for their head or host.",
                "code",
            ),
            CODES,
        )
        self._errors = Series(self._counter("errors", "Errors in replies, by code.", "code"), CODES)
        self._problems = Series(
            self._counter("problems", "Problems that PayEx reported, by type.", "type"), PROBLEMS
        )
        self._falls = Series(
            self._counter(
                "plan_falls",
                "Operations that graphql-core executed because no plan answered them, by reason.",
                "reason",
            ),
            lambda reason: reason,
        )
        self._unreadable = UnreadableMembers(registry)
        self._answers = Series(
            self._counter(
                "answers",
                "Answers from PayEx, by source: a cache (hit), another operation's call "
                "(coalesced), or a call of the operation (miss).",
                "source",
            ),
            lambda source: source,
        )
        self._deduplicated = self._counter(
            "deduplicated",
            "Fields that needed no call because another field of their operation made it.",
        )
        self._batches = self._histogram(
            "batch_size", "Routes that a dataloader requested together.", _KEYS
        )
        self._calls = Series(
            self._counter(
                "upstream_calls",
                "Calls to PayEx, by route template and HTTP status, which is none if no response "
                "came. A request resent because its kept connection was closed counts once.",
                "route",
                "status",
            ),
            ROUTES,
            STATUSES,
        )
        self._faults = Series(
            self._counter(
                "upstream_faults",
                "Faults of PayEx, by route template and code: calls without an answer, and answers "
                "that cannot be used. A call that the gateway ended counts only if PayEx was "
                "silent for too long (UPSTREAM_TIMEOUT).",
                "route",
                "code",
            ),
            ROUTES,
            FAULTS,
        )
        self._retries = Series(
            self._counter("upstream_retries", "Retries of calls to PayEx, by route.", "route"),
            ROUTES,
        )
        self._call_durations = Series(
            self._histogram(
                "upstream_call_duration_seconds",
                "Seconds of a call to PayEx, by route template.",
                _SECONDS,
                "route",
            ),
            ROUTES,
        )
        self._begin()

    def observe(self, report: Report) -> None:
        """Count a request that has ended."""
        ending, exemplar = report.ending, _exemplar(report)
        self._operations[report.name, ending.value].inc()
        if ending is RequestResult.REFUSED:
            for code in set(report.codes):
                self._refusals[(code,)].inc()
        else:
            self._durations[(report.name,)].observe(report.seconds, exemplar)
        for code in report.codes:
            self._errors[(code,)].inc()
        if report.fall is not None:
            self._falls[(report.fall,)].inc()
        stats = report.stats
        if stats is not None:
            self._take(stats, exemplar)
            if ending is RequestResult.OK or ending is RequestResult.ERRORS:
                self._executed(report, stats, exemplar)

    def refused(self, code: str) -> None:
        """Count a request that the server refused before reading it."""
        self._refusals[(code,)].inc()

    def _executed(self, report: Report, stats: OperationStats, exemplar: _Exemplar) -> None:
        self._upstream.observe(report.spent[Spent.UPSTREAM], exemplar)
        self._waves.observe(stats.waves)
        overhead = report.overhead
        self._overhead.observe(overhead, exemplar)
        for what, seconds in report.spent.items():
            if seconds:
                self._spent[(what,)].inc(seconds)
        self._spent[(_ITSELF,)].inc(overhead)
        self._costs.observe(report)

    def _take(self, stats: OperationStats, exemplar: _Exemplar) -> None:
        for source, count in zip(_ANSWERS, (stats.hits, stats.joined, stats.misses), strict=True):
            if count:
                self._answers[(source,)].inc(count)
        if stats.deduplicated:
            self._deduplicated.inc(stats.deduplicated)
        for keys in stats.batches:
            self._batches.observe(keys)
        for type_, count in stats.problems.items():
            self._problems[(type_,)].inc(count)
        for stretch in stats.stretches:
            if stretch.what in _QUEUED and stretch.ended is not None:
                waited = stretch.ended - stretch.started
                self._queue[(stretch.what,)].observe(waited, exemplar)
        self._unreadable.add(stats.unreadable)
        self._made(stats.calls, exemplar)
        # Other operations may still wait for a call that this one has started.
        for unread in stats.unread:
            self._faults[unread.route, unread.fault.value].inc()
        stats.late = partial(self._late, exemplar)

    def _late(self, exemplar: _Exemplar, what: Call | Unread) -> None:
        if isinstance(what, Call):
            self._made([what], exemplar)
        else:
            self._faults[what.route, what.fault.value].inc()

    def _made(self, calls: Sequence[Call], exemplar: _Exemplar) -> None:
        # Most calls of an operation have the same route and status: one `inc` counts them.
        alike: dict[tuple[str, int | None], int] = {}
        for call in calls:
            key = call.route, call.status
            alike[key] = alike.get(key, 0) + 1
            self._call_durations[(call.route,)].observe(call.ended - call.started, exemplar)
            if call.fault is not None and counts_against_payex(call.fault):
                self._faults[call.route, call.fault.value].inc()
            if call.attempt > 1:
                self._retries[(call.route,)].inc()
        for (route, status), count in alike.items():
            self._calls[route, str(status or "none")].inc(count)

    def _begin(self) -> None:
        """Start each known series at 0: Prometheus's `rate` misses the first event of a new one."""
        for ending in RequestResult:
            self._operations[NO_NAME, ending].inc(0)
        for what in _QUEUED:
            self._queue[(what,)]
        refused = (*DocumentCode, *LimitCode, ErrorCode.FORBIDDEN, *_BEFORE_READING)
        known: tuple[tuple[Series[Counter], Iterable[str]], ...] = (
            (self._answers, _ANSWERS),
            (self._spent, (*Spent, _ITSELF)),
            (self._falls, FallReason),
            (self._problems, (kind.name for kind in ProblemType)),
            (self._errors, (*FaultCode, *ErrorCode)),
            (self._refusals, refused),
            (self._retries, TEMPLATES.values()),
        )
        for series, values in known:
            for value in values:
                series[(value,)].inc(0)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"payex_usage_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, bounds: Sequence[float], *labels: str) -> Histogram:
        name = f"payex_usage_{name}"
        return Histogram(name, text, labels, buckets=bounds, registry=self._registry)


def _exemplar(report: Report) -> _Exemplar:
    """Return the label that leads from a bucket to the request's trace, if that is sampled."""
    return {"trace_id": report.kept_trace_id} if report.kept_trace_id else None
