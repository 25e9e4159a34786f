"""The log of requests: one line for each, without anything that the client sent."""

import logging
from typing import Any, Final

from gateway.observability.reports import Report, RequestResult
from gateway.settings.logs import LoggedOperations
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.stretches import Spent

# Operators search for its lines by this name, so it does not follow the file's.
logger = logging.getLogger("gateway.operation_log")

_FAILED: Final = frozenset({RequestResult.ERRORS, RequestResult.FAILED})
_MOST_CODES: Final = 10


def log_request(report: Report, which: LoggedOperations = "all", slow: float = 1.0) -> None:
    """Log a request that has ended, if `which` selects it.

    Args:
        report: the result.
        which: the requests that are logged.
        slow: the seconds from which a request is slow.
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
    """Return the values of the line, by the keys of `gateway.observability.logs.KEYS`."""
    duration = report.seconds * 1000
    executed = report.ending is not RequestResult.REFUSED
    cost, budget = report.cost, report.budget
    return {
        "trace_id": report.trace_id,
        "support_id": report.support_id,
        "caller": report.caller,
        "operation": report.name,
        "ending": report.ending.value,
        # A client that has disconnected got no status.
        "status": report.status or None,
        "codes": sorted(set(report.codes))[:_MOST_CODES] or None,
        "duration_ms": round(duration, 1),
        # A refused request made no calls.
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
    """Return the text for people: `MyPages ok with 200 in 48.2 ms, 44.9 ms upstream: ...`."""
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
