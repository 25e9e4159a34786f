"""What the dearest requests cost the gateway under its default limits, with a token and without.

Each is sent a few times to a gateway in a process of its own that keeps no answer, over nginx. The
exit status is 1 if one that is accepted costs more CPU than `ACCEPTED`, or one that is refused more
than `REFUSED` for each 10 KB of it.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from benchmarks import invoices, machine, overhead
from benchmarks.attacks import TRIED, USED, Sent, Target
from benchmarks.issuer import issuing
from benchmarks.process import Process
from benchmarks.servers import GATEWAY
from benchmarks.sieges import SIEGES
from benchmarks.table import number, table
from benchmarks.upstream import Upstream, serving

ACCEPTED: Final = 500.0
"""Milliseconds of CPU that a request may cost which is executed."""
REFUSED: Final = 5.0
"""Milliseconds of CPU that a request may cost for each 10 KB of it, if it is not executed."""

_COLUMNS: Final = (
    "request",
    "bytes in",
    "CPU ms",
    "units",
    "calls",
    "bytes out",
    "peak MB",
    "answer",
    "in bounds",
)


class Dear(Protocol):
    """What may cost much: a request, or several.

    Attributes:
        name: what the table calls it.
        times: how often it can be sent.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - said above

    @property
    def times(self) -> int: ...  # noqa: D102 - said above

    def prime(self, target: Target) -> None:
        """Send what is sent before, and not measured."""

    def send(self, target: Target, turn: int) -> Sent:
        """Send it, the time that `turn` says, from 0."""


@dataclass(frozen=True)
class Cost:
    """What it cost.

    Attributes:
        name: what the table calls it.
        sent: what was sent the last time, and what came back.
        cpu: milliseconds of the server's CPU for one time: the lowest.
        calls: the calls to PayEx for one time.
        peak: the most megabytes that the server held.
    """

    name: str
    sent: Sent
    cpu: float
    calls: float
    peak: float

    @property
    def bound(self) -> float:
        """The milliseconds of CPU that it may cost."""
        replies = self.sent.replies
        refused = REFUSED * max(1.0, self.sent.size / len(replies) / 10_000)
        return sum(ACCEPTED if reply.executed else refused for reply in replies)

    @property
    def row(self) -> list[str]:
        """The row of the table."""
        replies = self.sent.replies
        told = [reply.units for reply in replies if reply.units is not None]
        answers = Counter(map(str, replies))
        return [
            self.name,
            f"{self.sent.size:,}",
            number(self.cpu),
            f"{sum(told):,}" if told else "",
            f"{self.calls:.0f}",
            f"{sum(reply.size for reply in replies):,}",
            f"{self.peak:.0f}",
            "; ".join(
                f"{count} times {answer}" if count > 1 else answer
                for answer, count in answers.items()
            ),
            "yes" if self.cpu <= self.bound else "no",
        ]


def measure(dear: Dear, target: Target, server: Process, upstream: Upstream, times: int) -> Cost:
    """Send it a few times, and return what it cost."""
    dear.prime(target)
    times = min(times, dear.times)
    spent, sent = [], []
    calls = upstream.calls()
    server.forget_peak()
    for turn in range(times):
        before = server.nanoseconds()
        sent.append(dear.send(target, turn))
        spent.append((server.nanoseconds() - before) / 1e6)
    calls = upstream.calls() - calls
    # What else the machine does only adds to it.
    return Cost(dear.name, sent[-1], min(spent), calls / times, server.peak())


def chosen(only: str) -> Iterable[Dear]:
    """Return those whose names hold a text."""
    every: Iterable[Dear] = (*USED, *TRIED, *SIEGES)
    return [dear for dear in every if only in dear.name]


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--only", default="", help="a part of the names of what is sent")
    parser.add_argument("--times", type=int, default=3, help="how often each is sent, 5 at most")
    options = parser.parse_args()
    print(machine.described([GATEWAY]), flush=True)
    costs = []
    with serving() as upstream, issuing() as (issuer, origin):
        invoices.write_most(upstream.folder)
        server = overhead.full(issuer, f"{origin}/jwks", origin)
        with server.over(upstream.origin) as process:
            target = Target(process.origin, issuer)
            for dear in chosen(options.only):
                costs.append(measure(dear, target, process, upstream, options.times))
                print(costs[-1].row, file=sys.stderr, flush=True)
            print(f"memory at the end: {process.megabytes():.0f} MB", file=sys.stderr)
    print(f"\n{table(_COLUMNS, [cost.row for cost in costs])}")
    return int(any(cost.cpu > cost.bound for cost in costs))


if __name__ == "__main__":
    sys.exit(main())
