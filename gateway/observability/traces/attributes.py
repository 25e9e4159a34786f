"""What the span of an operation tells of how it went, in attributes of few and known values."""

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
    """Return what the span of an operation is called, or None if it never became one.

    The schema has queries only. The name is a trusted document's: clients could make up any number
    of others, and write anything into them.
    """
    if report.stats is None or report.ending is RequestResult.REFUSED:
        return None
    return "query" if report.name == _ANONYMOUS else f"query {report.name}"


def is_error(report: Report) -> bool:
    """Whether it went wrong for the gateway's or PayEx's sake, or has errors beside its data."""
    return report.ending in _ERRORS


def attributes(report: Report) -> dict[str, Value]:
    """Return the attributes of a request that is over."""
    told: dict[str, Value] = {"payex.usage.ending": report.ending.value}
    if report.status:
        told["http.response.status_code"] = int(report.status)
    if span_name(report) is not None:
        told["graphql.operation.type"] = "query"
    if report.name != _ANONYMOUS:
        told["graphql.operation.name"] = report.name
    if report.support_id is not None:
        told["payex.usage.support_id"] = report.support_id
    if report.codes:
        told["payex.usage.codes"] = tuple(sorted(set(report.codes)))
        if is_error(report):
            told["error.type"] = report.codes[0]
    told.update(_of_cost(report))
    if report.stats is not None:
        told.update(_of_upstream(report.stats, report))
    return told


def _of_cost(report: Report) -> dict[str, Value]:
    told: dict[str, Value] = {
        attribute: report.cost[name] for name, attribute in _COSTS.items() if name in report.cost
    }
    if report.budget is not None:
        told["payex.usage.budget.spent"] = round(report.budget.total)
    return told


def _of_upstream(stats: OperationStats, report: Report) -> dict[str, Value]:
    told: dict[str, Value] = {
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
            told[name] = report.spent[what]
    return told
