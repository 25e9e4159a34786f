"""One server under one operation: first whether it answers rightly, then what an answer takes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.operations import Operation
from benchmarks.process import Process
from benchmarks.upstream import Upstream
from benchmarks.wrk import Load, Run, drive


@dataclass(frozen=True)
class Pace:
    """How long is measured.

    Attributes:
        seconds: each run.
        warm_up: the run before it, which is not counted.
    """

    seconds: int
    warm_up: int


@dataclass(frozen=True)
class Measured:
    """What a server took for an operation.

    Attributes:
        run: what the generator saw.
        busy: seconds for which it kept its core busy meanwhile.
        megabytes: its memory at the end.
        calls: how many upstream calls one request takes, warmed up and alone.
    """

    run: Run
    busy: float
    megabytes: float
    calls: float

    @property
    def cpu(self) -> float:
        """Milliseconds of the core for each answer."""
        return 1000 * self.busy / self.run.requests

    @property
    def share(self) -> float:
        """The share of its core that was busy: well below 1, something else was the limit."""
        return self.busy / self.run.seconds


@dataclass(frozen=True)
class Goal:
    """Something to reach, and how far it is reached.

    Attributes:
        text: what is to be reached.
        measured: what was.
        reached: whether that is enough.
    """

    text: str
    measured: str
    reached: bool


class Meter:
    """Measures servers over one upstream, and knows the right answers.

    These are what the first server answers, which is the gateway. The others' data must equal them.

    Args:
        upstream: what is behind the servers.
        pace: how long is measured.
    """

    def __init__(self, upstream: Upstream, pace: Pace) -> None:
        self.upstream = upstream
        self.pace = pace
        self._right: dict[str, Any] = {}

    def measure(
        self,
        process: Process,
        operation: Operation,
        *,
        connections: int = 16,
        headers: Mapping[str, str] | None = None,
    ) -> Measured:
        """Check that a server answers rightly, warm it up, and measure it.

        Raises:
            SystemExit: a reply is not right.
        """
        bodies = operation.bodies
        some = (bodies[0], bodies[len(bodies) // 2], bodies[-1])
        sizes = [self.check(process, body, operation.records, headers) for body in some]

        load = Load(
            bodies=bodies,
            connections=connections,
            headers=headers or {},
            # Records differ in length. A reply that lacks some is far below.
            shortest=min(sizes) * 3 // 4,
        )
        url = f"{process.origin}/graphql"
        if self.pace.warm_up:
            drive(url, load, self.pace.warm_up)
        calls = self._calm()
        for body in some:
            self.check(process, body, operation.records, headers)
        calls = self.upstream.calls() - calls
        busy = process.seconds()
        run = drive(url, load, self.pace.seconds)
        busy = process.seconds() - busy
        if not run.requests:
            raise SystemExit(f"{operation.name}: no answer in {self.pace.seconds} s. Give it more.")
        return Measured(run, busy, process.megabytes(), calls / len(some))

    def _calm(self) -> int:
        """Wait until the requests that the generator left are over, and return the calls so far."""
        before, calls = -1, self.upstream.calls()
        while calls != before:
            time.sleep(0.2)
            before, calls = calls, self.upstream.calls()
        return calls

    def check(
        self,
        process: Process,
        body: str,
        records: int,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Send one request, and return how many bytes its reply has.

        Args:
            process: the server.
            body: the request's.
            records: how many usage records the reply must hold.
            headers: what the request carries beside the type of its body.

        Raises:
            SystemExit: the reply is not right.
        """
        sent = {"Content-Type": "application/json"} | dict(headers or {})
        url = f"{process.origin}/graphql"
        reply = httpx.post(url, content=body, headers=sent, timeout=60, trust_env=False)
        told = f"{process.origin} does not answer rightly: {reply.status_code} {reply.text[:500]}"
        if reply.status_code != 200 or "errors" in reply.json():
            raise SystemExit(told)
        if reply.text.count('"usageDetailId"') != records:
            raise SystemExit(told)
        data = reply.json()["data"]
        if self._right.setdefault(body, data) != data:
            raise SystemExit(f"Other data than the gateway's. {told}")
        return len(reply.content)
