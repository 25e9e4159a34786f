"""The gateway beside what else a team might build, on one upstream.

Each server has a core for itself; the load and the upstream share the others. The tables are
Markdown. A reply that is not right ends it all. The exit status is 1 if a goal is missed.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import comparison, growth, latency, machine, memory, overhead, plans
from benchmarks.measure import Goal, Measured, Meter, Pace
from benchmarks.operations import GROWING, LIST, LOOKUP, SMALL
from benchmarks.process import CORES, Process
from benchmarks.servers import CACHING, GATEWAY, PEERS, Server
from benchmarks.table import table
from benchmarks.upstream import delayed, serving

OPERATIONS = {operation.name: operation for operation in (LIST, LOOKUP, SMALL)}
PARTS = (*OPERATIONS, "growth", "latency", "plans", "overhead", "traces", "memory")
PROGRAMS = {"nginx": "nginx", "wrk": "wrk", "taskset": "util-linux"}
"""What is run, and the package of Debian that holds it."""


class Bench:
    """The parts of the benchmark. Each prints its tables, and notes how far its goals are reached.

    Args:
        meter: what measures.
        peers: the servers beside the gateway.
    """

    def __init__(self, meter: Meter, peers: Sequence[Server]) -> None:
        self._meter = meter
        self._servers = (GATEWAY, *peers)
        self._titles = {server.name: server.title for server in (*self._servers, CACHING)}
        self.goals: list[Goal] = []

    def run(self, parts: Sequence[str], operations: int) -> None:
        """Run some of the parts.

        Args:
            parts: their names.
            operations: how many the part `memory` sends.
        """
        if names := [part for part in parts if part in OPERATIONS]:
            self.operations(names)
        rest: dict[str, Callable[[], None]] = {
            "growth": self.growth,
            "latency": self.latency,
            "plans": self.plans,
            "overhead": self.overhead,
            "traces": self.traces,
            "memory": lambda: self.memory(operations),
        }
        for name, part in rest.items():
            if name in parts:
                part()

    def operations(self, names: Sequence[str]) -> None:
        """Compare all servers on some of the three operations, without caches and with ours."""
        origin = self._meter.upstream.origin
        with _running((*self._servers, CACHING), origin) as processes:
            for operation in names:
                results = {
                    name: self._meter.measure(process, OPERATIONS[operation])
                    for name, process in processes.items()
                }
                kept = results.pop(CACHING.name)
                self._tell(operation, comparison.compared(results, self._titles, GATEWAY.name))
                self.goals += comparison.goals(operation, results, GATEWAY.name)
                del results[GATEWAY.name]
                results = {CACHING.name: kept, **results}
                title = f"{operation}, with the gateway's default cache"
                self._tell(title, comparison.compared(results, self._titles, CACHING.name))

    def growth(self) -> None:
        """Compare the cost of a record among few and among many."""
        with _running(self._servers, self._meter.upstream.origin) as processes:
            results = {
                name: [self._meter.measure(process, each, connections=1) for each in GROWING]
                for name, process in processes.items()
            }
            json = growth.floor(self._meter.upstream.folder, processes[GATEWAY.name])
        self._tell("growth", growth.grown(results, self._titles, json))
        self.goals += growth.goals(results[GATEWAY.name], json)

    def latency(self) -> None:
        """Count the round trips that one client waits for."""
        results: dict[str, dict[str, Measured]] = {}
        with delayed(self._meter.upstream, latency.MILLISECONDS) as origin:
            trip = latency.round_trip(origin)
            with _running(self._servers, origin) as processes:
                for name, process in processes.items():
                    results[name] = {
                        operation: self._meter.measure(
                            process, OPERATIONS[operation], connections=1
                        )
                        for operation in latency.GOALS
                    }
        title = f"latency: one client, an upstream call takes {trip:.1f} ms"
        self._tell(title, latency.waited(results, self._titles, trip))
        self.goals += latency.goals(results[GATEWAY.name], trip)

    def plans(self) -> None:
        """Compare plans with graphql-core alone, on the other parts' operations and on others."""
        self._tell("plans", plans.compared())

    def overhead(self) -> None:
        """Compare the gateway with everything on and with as little as can be."""
        with tempfile.TemporaryDirectory() as folder:
            compared, goal = overhead.compare(self._meter, Path(folder))
        self._tell("overhead", compared)
        self.goals.append(goal)

    def traces(self) -> None:
        """Compare the gateway with all traces, with some, and with none."""
        compared, goal = overhead.traced(self._meter)
        self._tell("traces", compared)
        self.goals.append(goal)

    def memory(self, operations: int) -> None:
        """Watch the memory of the gateway with its defaults while it is sent distinct documents."""
        with _running((CACHING,), self._meter.upstream.origin) as processes:
            samples = memory.watch(processes[CACHING.name], operations, self._meter.pace.seconds)
        self._tell("memory", memory.watched(samples))
        self.goals.append(memory.goal(samples))

    def _tell(self, title: str, compared: str) -> None:
        print(f"\n### {title}\n\n{compared}", flush=True)


@contextmanager
def _running(servers: Sequence[Server], origin: str) -> Iterator[dict[str, Process]]:
    with ExitStack() as stack:
        yield {server.name: stack.enter_context(server.over(origin)) for server in servers}


def arguments() -> argparse.ArgumentParser:
    """Return what the command line may hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--only", help=f"some of: {','.join(PARTS)}", type=_some(PARTS))
    names = [peer.name for peer in PEERS]
    parser.add_argument("--peers", help=f"some of: {','.join(names)}", type=_some(names))
    parser.add_argument("--seconds", type=int, default=4, help="how long each run takes")
    parser.add_argument("--warm-up", type=int, default=2, help="seconds of the run before it")
    parser.add_argument(
        "--operations", type=int, default=100_000, help="how many the part `memory` sends"
    )
    return parser


def main() -> int:
    """Measure, print, and return the exit status."""
    options = arguments().parse_args()
    if missing := [package for name, package in PROGRAMS.items() if shutil.which(name) is None]:
        raise SystemExit(f"Install what is missing: apt-get install -y {' '.join(missing)}")
    if len(CORES) < 2:
        raise SystemExit("Two cores are needed: one for the server, one for the rest.")
    parts = options.only or PARTS
    wanted = [peer for peer in PEERS if options.peers is None or peer.name in options.peers]
    peers = [peer for peer in wanted if peer.lacks is None]
    for peer in wanted:
        if peer.lacks:
            print(f"{peer.title} is left out. It lacks {peer.lacks}.", file=sys.stderr)
    print(machine.described([GATEWAY, *peers]), flush=True)
    with serving() as upstream:
        bench = Bench(Meter(upstream, Pace(options.seconds, options.warm_up)), peers)
        bench.run(parts, options.operations)
    rows = [[goal.text, goal.measured, "yes" if goal.reached else "no"] for goal in bench.goals]
    print(f"\n### goals\n\n{table(('goal', 'measured', 'reached'), rows)}")
    return int(not all(goal.reached for goal in bench.goals))


def _some(names: Sequence[str]) -> Callable[[str], list[str]]:
    def chosen(text: str) -> list[str]:
        found = text.split(",")
        for name in found:
            if name not in names:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(names)}")
        return found

    return chosen


if __name__ == "__main__":
    sys.exit(main())
