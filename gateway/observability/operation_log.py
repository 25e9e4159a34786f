"""The log of requests: a line for each, with nothing of what its client sent."""

import logging
from typing import Any, Final

from gateway.observability.reports import Report, RequestResult
from gateway.settings.logs import LoggedOperations
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.stretches import Spent

# Users look for its lines by this name, wherever the file stands.
logger = logging.getLogger("gateway.operation_log")

_FAILED: Final = frozenset({RequestResult.ERRORS, RequestResult.FAILED})
_MOST_CODES: Final = 10


def log_request(report: Report, which: LoggedOperations = "all", slow: float = 1.0) -> None:
    """Log a request that is over, if its kind is logged.

    Args:
        report: what became of it.
        which: the requests that are logged.
        slow: seconds from which on it was slow.
    """
    if not _is_logged(report, which, slow) or not logger.isEnabledFor(logging.INFO):
        return
    fields = _fields(report)
    logger.info(_message(fields), extra=fields)


def _is_logged(report: Report, which: LoggedOperations, slow: float) -> bool:
    if which == "all":
        return True
    if which == "slow":
        return report.seconds >= slow or report.ending is not RequestResult.OK
    return which == "errors" and report.ending in _FAILED


def _fields(report: Report) -> dict[str, Any]:
    """Return what is known of a request, by the keys of `gateway.observability.logs.KEYS`."""
    duration = report.seconds * 1000
    executed = report.ending is not RequestResult.REFUSED
    cost, budget = report.cost, report.budget
    return {
        "trace_id": report.trace_id,
        "support_id": report.support_id,
        "caller": report.caller,
        "operation": report.name,
        "ending": report.ending.value,
        # Nobody was there to be told a status.
        "status": report.status or None,
        "codes": sorted(set(report.codes))[:_MOST_CODES] or None,
        "duration_ms": round(duration, 1),
        # Of a refused request nothing was asked.
        **(_upstream(report.stats, report) if report.stats and executed else {}),
        "cost_requested": cost.get("requested"),
        "cost_actual": cost.get("actual"),
        "budget_spent": round(budget.total) if budget and executed else None,
        "budget_used_up_by": budget.dearest if budget and budget.used_up else None,
    }


def _upstream(stats: OperationStats, report: Report) -> dict[str, Any]:
    slowest = max(stats.calls, key=lambda call: call.ended - call.started, default=None)
    return {
        **{f"{what}_ms": round(report.spent[what] * 1000, 1) for what in Spent},
        "overhead_ms": round(report.overhead * 1000, 1),
        "calls": len(stats.calls),
        "retries": sum(call.attempt > 1 for call in stats.calls),
        "waves": stats.waves,
        "deduplicated": stats.deduplicated,
        "hits": stats.hits,
        "coalesced": stats.joined,
        "misses": stats.misses,
        "slowest_route": slowest.route if slowest else None,
        "slowest_ms": round((slowest.ended - slowest.started) * 1000, 1) if slowest else None,
        "problems": dict(stats.problems) or None,
    }


def _message(fields: dict[str, Any]) -> str:
    """Return what people read first: `MyPages ok with 200 in 48.2 ms, 44.9 ms upstream: ...`."""
    status, codes, calls = fields["status"], fields["codes"], fields.get("calls")
    return "".join(
        (
            f"{fields['operation']} {fields['ending']}",
            f" with {status}" if status else "",
            f" in {fields['duration_ms']} ms",
            f", {fields['upstream_ms']} ms upstream" if calls else "",
            f" (calls {calls}, waves {fields['waves']})" if calls else "",
            f": {', '.join(codes)}" if codes else "",
        )
    )
