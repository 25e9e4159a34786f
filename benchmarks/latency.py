"""How many round trips to PayEx an operation waits for, where each takes a while."""

import http.client
import statistics
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from benchmarks.invoices import INVOICES, SUBSCRIPTIONS, details_of
from benchmarks.measure import Goal, Measured
from benchmarks.table import number, table

MILLISECONDS = 50

GOALS = {"lookup": 1, "list": 2}
"""The round trips that the gateway's operations need."""
WANTED = 1.15
"""How many times these they may take."""


def round_trip(origin: str) -> float:
    """Return the milliseconds of one upstream call: the median of some, on one connection."""
    address = urlsplit(origin)
    times = []
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    for invoice in INVOICES[:20]:
        started = time.perf_counter()
        connection.request("GET", details_of(invoice, SUBSCRIPTIONS[0]).path)
        connection.getresponse().read()
        times.append(1000 * (time.perf_counter() - started))
    connection.close()
    return statistics.median(times)


def waited(
    results: Mapping[str, Mapping[str, Measured]], titles: Mapping[str, str], trip: float
) -> str:
    """Return the table.

    Args:
        results: what was measured, by the server's name and the operation's.
        titles: what the table calls the servers, by their names.
        trip: the milliseconds of one upstream call.
    """
    columns = ["server"]
    for operation in GOALS:
        columns += [f"{operation}: median ms", f"{operation}: round trips"]
    rows = []
    for name, measured in results.items():
        row = [titles[name]]
        for operation in GOALS:
            median = measured[operation].run.median
            row += [number(median), f"{median / trip:.2f}"]
        rows.append(row)
    return table(columns, rows)


def goals(ours: Mapping[str, Measured], trip: float) -> list[Goal]:
    """Return how the gateway does."""
    found = []
    for operation, trips in GOALS.items():
        ratio = ours[operation].run.median / trip / trips
        text = f"latency: {operation} at most {WANTED} times {trips} round trip(s)"
        found.append(Goal(text, f"{ratio:.2f}", ratio <= WANTED))
    return found
