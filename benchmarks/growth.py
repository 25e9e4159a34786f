"""How the cost of a usage record changes with their number, beside that of its JSON alone."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import msgspec

from benchmarks.invoices import GROWTH, SUBSCRIPTIONS, details_of, file
from benchmarks.measure import Goal, Measured
from benchmarks.operations import GROWING
from benchmarks.process import Process
from benchmarks.table import number, table

WANTED = 3.0
"""How many times the cost of decoding and encoding the same bytes a record may cost."""
STEADY = 1.1
"""How many times the least cost among fewer records that among most may be."""

Results = Mapping[str, Sequence[Measured]]


def floor(folder: Path, process: Process) -> list[float]:
    """Return the microseconds of CPU a record that the JSON takes, for each number of records.

    That is to decode PayEx's body and to encode the data of the reply, by msgspec without types,
    which was found as fast as orjson on them.

    Args:
        folder: where the upstream's bodies are.
        process: the server whose replies they are.
    """
    found = []
    for operation, (count, invoice) in zip(GROWING, GROWTH.items(), strict=True):
        body = file(folder, details_of(invoice, SUBSCRIPTIONS[0])).read_bytes()
        reply = httpx.post(
            f"{process.origin}/graphql",
            content=operation.bodies[0],
            headers={"Content-Type": "application/json"},
            timeout=60,
            trust_env=False,
        )
        data = msgspec.json.decode(reply.content)
        times = []
        for _ in range(5):
            started = time.process_time()
            repeated = max(1, 10_000 // count)
            for _ in range(repeated):
                msgspec.json.decode(body)
                msgspec.json.encode(data)
            times.append((time.process_time() - started) / repeated)
        found.append(1_000_000 * min(times) / count)
    return found


def grown(results: Results, titles: Mapping[str, str], json: Sequence[float]) -> str:
    """Return the table: microseconds of CPU for each record, and the median of the whole."""
    columns = ["server"]
    columns += [f"µs a record, {operation.name}" for operation in GROWING]
    columns += [f"median ms, {operation.name}" for operation in GROWING]
    rows = [
        [
            titles[name],
            *(number(cost) for cost in costs(measured)),
            *(number(each.run.median) for each in measured),
        ]
        for name, measured in results.items()
    ]
    rows.append(["*JSON alone*", *map(number, json), *("" for _ in json)])
    return table(columns, rows)


def costs(measured: Sequence[Measured]) -> list[float]:
    """Return the microseconds of CPU for each record."""
    return [
        1000 * each.cpu / operation.records
        for each, operation in zip(measured, GROWING, strict=True)
    ]


def goals(ours: Sequence[Measured], json: Sequence[float]) -> list[Goal]:
    """Return how the gateway does."""
    own = costs(ours)
    growth, share = own[-1] / min(own[:-1]), own[-1] / json[-1]
    return [
        Goal(
            f"growth: a record among {GROWING[-1].records:,} costs at most {STEADY} times "
            "one among fewer",
            f"{growth:.2f}",
            growth <= STEADY,
        ),
        Goal(
            f"growth: at most {WANTED:g} times the cost of the same bytes' JSON",
            f"{share:.2f}",
            share <= WANTED,
        ),
    ]
