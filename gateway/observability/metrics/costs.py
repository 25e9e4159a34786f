"""The costs of executed operations: requested, actual, and in units of work."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.observability.reports import Report
from resolvers.payex.api.work import Work

_COST: Final = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
_UNITS: Final = (300, 1_000, 3_000, 10_000, 30_000, 100_000, 200_000, 300_000, 350_000)


class Costs:
    """The costs of operations, in a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def histogram(name: str, text: str, bounds: tuple[int, ...]) -> Histogram:
            name = f"payex_usage_operation_{name}"
            return Histogram(name, text, buckets=bounds, registry=registry)

        self._requested = histogram(
            "cost_requested", "The highest possible cost of an executed operation.", _COST
        )
        self._actual = histogram(
            "cost_actual", "The cost of the answer of an executed operation.", _COST
        )
        self._spent = histogram(
            "budget_spent", "Units of work that an executed operation spent.", _UNITS
        )
        self._used_up = Counter(
            "payex_usage_budgets_used_up",
            "Operations that used up their budget, by the kind of work that took most of it.",
            ("what",),
            registry=registry,
        )
        for what in Work:
            self._used_up.labels(what.value)

    def observe(self, report: Report) -> None:
        """Count an executed operation."""
        cost, budget = report.cost, report.budget
        if "requested" in cost:
            self._requested.observe(cost["requested"])
        if "actual" in cost:
            self._actual.observe(cost["actual"])
        if budget is not None:
            self._spent.observe(budget.total)
            if budget.used_up and budget.dearest:
                self._used_up.labels(budget.dearest.value).inc()
