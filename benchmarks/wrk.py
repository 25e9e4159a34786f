"""Load by wrk: requests one after the other on each of its connections, and how they ended."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks.process import OTHER_CORES, pinned

_SCRIPT = Path(__file__).with_suffix(".lua")


class Run(msgspec.Struct, frozen=True):
    """What became of the requests of one run.

    Attributes:
        requests: how many were answered.
        seconds: how long it took.
        median: milliseconds that half of them took at most.
        p99: milliseconds that 99 of 100 took at most.
        wrong: how many answers had another status than 200, errors, or too few bytes.
        lost: how many were not answered.
    """

    requests: int
    seconds: float
    median: float
    p99: float
    wrong: int
    lost: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def read(output: str) -> Run:
    """Return the run that wrk's output ends with.

    Raises:
        SystemExit: it does not end with one.
    """
    lines = output.splitlines()
    try:
        return msgspec.json.decode(lines[-1] if lines else "", type=Run)
    except msgspec.DecodeError:
        raise SystemExit(f"wrk did not measure:\n{output}") from None


@dataclass(frozen=True, kw_only=True)
class Load:
    """What is sent, and how.

    Attributes:
        bodies: the bodies of the requests; behind the last one comes the first.
        connections: how many requests are under way at a time.
        headers: what each request carries beside the type of its body.
        shortest: how many bytes a right reply has at least.
        first: which of the bodies comes first, from 0.
    """

    bodies: Sequence[str] = field(repr=False)
    connections: int = 16
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    shortest: int = 0
    first: int = 0


def drive(url: str, load: Load, seconds: int) -> Run:
    """Send requests for a while.

    Raises:
        SystemExit: a request was not answered, or not rightly.
    """
    headers = {"Content-Type": "application/json", **load.headers}
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("\n".join(load.bodies))
        file.flush()
        command = [
            *("wrk", "--threads", "1", "--timeout", "60s", "--script", str(_SCRIPT)),
            *("--connections", str(load.connections), "--duration", f"{seconds}s"),
            *(part for name in headers for part in ("--header", f"{name}: {headers[name]}")),
            *(url, "--", file.name, str(load.shortest), str(load.first)),
        ]
        done = subprocess.run(
            pinned(OTHER_CORES, command), capture_output=True, check=False, text=True
        )
    run = read(done.stdout)
    if run.wrong or run.lost:
        raise SystemExit(f"{url}: {run.wrong} replies were wrong, and {run.lost} requests lost.")
    return run
