"""The attributes of an operation's span. Their values come from small, known sets."""

from typing import Final

from gateway.observability.reports import Report, RequestResult
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.stretches import Spent

Value = str | bool | int | float | tuple[str, ...]
_ANONYMOUS: Final = "anonymous"
_WAITS: Final = {
    Spent.LOOP: "payex.usage.loop.seconds",
    Spent.CONNECTION: "payex.usage.connection.seconds",
    Spent.PLACE: "payex.usage.place.seconds",
    Spent.PAUSE: "payex.usage.pause.seconds",
    Spent.COALESCED: "payex.usage.coalesced.seconds",
}
_COSTS: Final = {
    "requested": "payex.usage.cost.requested",
    "actual": "payex.usage.cost.actual",
}
_ERRORS: Final = frozenset({RequestResult.ERRORS, RequestResult.FAILED})


def span_name(report: Report) -> str | None:
    """Return the name of an operation's span, or None if the request was not executed.

    The schema has queries only. The name is a trusted document's, because clients could choose any
    other name, in any number.
    """
    if report.stats is None or report.ending is RequestResult.REFUSED:
        return None
    return "query" if report.name == _ANONYMOUS else f"query {report.name}"


def is_error(report: Report) -> bool:
    """Return whether the gateway or PayEx failed, or the reply has errors beside its data."""
    return report.ending in _ERRORS


def attributes(report: Report) -> dict[str, Value]:
    """Return the attributes of a request that has ended."""
    found: dict[str, Value] = {"payex.usage.ending": report.ending.value}
    if report.status:
        found["http.response.status_code"] = int(report.status)
    if span_name(report) is not None:
        found["graphql.operation.type"] = "query"
    if report.name != _ANONYMOUS:
        found["graphql.operation.name"] = report.name
    if report.support_id is not None:
        found["payex.usage.support_id"] = report.support_id
    if report.codes:
        found["payex.usage.codes"] = tuple(sorted(set(report.codes)))
        if is_error(report):
            found["error.type"] = report.codes[0]
    found.update(_of_cost(report))
    if report.stats is not None:
        found.update(_of_upstream(report.stats, report))
    return found


def _of_cost(report: Report) -> dict[str, Value]:
    found: dict[str, Value] = {
        attribute: report.cost[name] for name, attribute in _COSTS.items() if name in report.cost
    }
    if report.budget is not None:
        found["payex.usage.budget.spent"] = round(report.budget.total)
    return found


def _of_upstream(stats: OperationStats, report: Report) -> dict[str, Value]:
    found: dict[str, Value] = {
        "payex.usage.calls": len(stats.calls),
        "payex.usage.waves": stats.waves,
        "payex.usage.hits": stats.hits,
        "payex.usage.coalesced": stats.joined,
        "payex.usage.misses": stats.misses,
        "payex.usage.deduplicated": stats.deduplicated,
        "payex.usage.upstream.seconds": report.spent[Spent.UPSTREAM],
    }
    for what, name in _WAITS.items():
        if report.spent[what]:
            found[name] = report.spent[what]
    return found
