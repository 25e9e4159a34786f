"""The gateway beside its peers on one operation: the tables, and the goals."""

from collections.abc import Mapping

from benchmarks.measure import Goal, Measured
from benchmarks.table import number, table

COLUMNS = (
    "server",
    "requests/s",
    "median ms",
    "p99 ms",
    "CPU ms",
    "core",
    "memory MB",
    "calls",
    "requests/s ratio",
    "CPU ratio",
)

GOALS = {
    ("list", "mercurius"): 1.0,
    ("list", "strawberry"): 10.0,
    ("lookup", "mercurius"): 1.0,
    ("small", "apollo"): 1.0,
}
"""By operation and peer: how many times the peer's requests per second are wanted."""


def compared(results: Mapping[str, Measured], titles: Mapping[str, str], ours: str) -> str:
    """Return the table of one operation.

    Args:
        results: what each server took, by its name.
        titles: what the table calls the servers, by their names.
        ours: the name of the one that the others are compared with.
    """
    own = results[ours]
    rows = [
        [
            titles[name],
            number(result.run.rate),
            number(result.run.median),
            number(result.run.p99),
            number(result.cpu),
            f"{result.share:.0%}",
            f"{result.megabytes:.0f}",
            f"{result.calls:g}",
            "" if name == ours else number(own.run.rate / result.run.rate),
            "" if name == ours else number(result.cpu / own.cpu),
        ]
        for name, result in results.items()
    ]
    return table(COLUMNS, rows)


def goals(operation: str, results: Mapping[str, Measured], ours: str) -> list[Goal]:
    """Return how the gateway stands to those peers that were measured as well."""
    found = []
    for (name, peer), wanted in GOALS.items():
        if name == operation and peer in results:
            ratio = results[ours].run.rate / results[peer].run.rate
            text = f"{operation}: requests/s at least {wanted:g} times those of {peer}"
            found.append(Goal(text, f"{ratio:.2f}", ratio >= wanted))
    return found
