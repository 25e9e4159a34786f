"""Whether the gateway's memory stays where it is, whatever documents it is sent."""

from dataclasses import dataclass

from benchmarks.measure import Goal
from benchmarks.operations import distinct
from benchmarks.process import Process
from benchmarks.table import table
from benchmarks.wrk import Load, drive

DOCUMENTS = 10_000
WANTED = 0.05
"""The share by which it may grow from the first half of the operations to the last."""

_SAMPLES = 10


@dataclass(frozen=True)
class Sample:
    """The memory in megabytes after so many operations."""

    operations: int
    megabytes: float


def watch(process: Process, operations: int, seconds: int) -> list[Sample]:
    """Send distinct documents in turn, and look at the memory some ten times.

    Args:
        process: the gateway.
        operations: how many to send at least.
        seconds: how long is sent between two looks at least.
    """
    bodies = distinct(DOCUMENTS)
    samples = [Sample(0, process.megabytes())]
    while samples[-1].operations < operations:
        before = samples[-1].operations
        sent = before
        while sent - before < operations / _SAMPLES:
            load = Load(bodies=bodies, first=sent % DOCUMENTS)
            run = drive(f"{process.origin}/graphql", load, seconds)
            if not run.requests:
                raise SystemExit(f"memory: no answer in {seconds} s. Give it more.")
            sent += run.requests
        samples.append(Sample(sent, process.megabytes()))
    return samples


def watched(samples: list[Sample]) -> str:
    """Return the table."""
    rows = [[f"{sample.operations:,}", f"{sample.megabytes:.1f}"] for sample in samples]
    return table(("operations", "memory MB"), rows)


def goal(samples: list[Sample]) -> Goal:
    """Return whether it is flat: how the end compares with the middle."""
    last = samples[-1]
    middle = next(each for each in samples if each.operations >= last.operations / 2)
    growth = last.megabytes / middle.megabytes - 1
    text = (
        f"memory: {last.operations:,} operations of {DOCUMENTS:,} documents, flat in the 2nd half"
    )
    return Goal(text, f"{growth:+.1%}", growth <= WANTED)
