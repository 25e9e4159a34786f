"""What the dearest requests cost the gateway under its default limits, with a token and without.

Each is sent a few times to a gateway in a process of its own that keeps no answer, over nginx. The
exit status is 1 if one that is accepted costs more CPU than `ACCEPTED`, or one that is refused more
than `REFUSED` for each 10 KB of it.
"""

import argparse
import json
import socket
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks import invoices, machine, overhead
from benchmarks.attacks import MOST, TRIED, USED, Attack
from benchmarks.process import Process
from benchmarks.servers import GATEWAY
from benchmarks.table import number, table
from benchmarks.upstream import Upstream, serving

ACCEPTED: Final = 500.0
"""Milliseconds of CPU that a request may cost which is executed."""
REFUSED: Final = 5.0
"""Milliseconds of CPU that a request may cost for each 10 KB of it, if it is not executed."""

_PATIENCE: Final = 120


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        size: its bytes, with the head.
        status: the HTTP status; 0 if the connection was closed without an answer.
        executed: whether it has data, or errors in place of data.
        codes: the codes of its errors.
        units: the units of work that were spent on it, if it tells.
    """

    size: int
    status: int
    executed: bool
    codes: frozenset[str]
    units: int | None


@dataclass(frozen=True)
class Cost:
    """What an attack cost.

    Attributes:
        attack: what was sent.
        size: bytes of one request.
        cpu: milliseconds of the server's CPU for one: the lowest.
        calls: the calls to PayEx for one.
        reply: the last reply.
    """

    attack: Attack
    size: int
    cpu: float
    calls: float
    reply: Reply

    @property
    def bound(self) -> float:
        """The milliseconds of CPU that it may cost."""
        return ACCEPTED if self.reply.executed else REFUSED * max(1.0, self.size / 10_000)

    @property
    def row(self) -> list[str]:
        """The row of the table."""
        reply = self.reply
        return [
            self.attack.name,
            f"{self.size:,}",
            number(self.cpu),
            "" if reply.units is None else f"{reply.units:,}",
            f"{self.calls:.0f}",
            f"{reply.size:,}",
            f"{reply.status} {', '.join(sorted(reply.codes)[:3])}".strip(),
            "yes" if self.cpu <= self.bound else "no",
        ]


def request(origin: str, attack: Attack, body: bytes, token: str) -> bytes:
    """Return a request as it goes over the wire."""
    lines = [
        "POST /graphql HTTP/1.1",
        f"Host: {urlsplit(origin).netloc}",
        "Content-Type: application/json",
        "Accept: application/graphql-response+json",
        "Connection: close",
        f"Content-Length: {len(body)}",
        *([f"Authorization: {token}"] if attack.token else []),
        *attack.lines,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def exchange(origin: str, sent: bytes) -> Reply:
    """Send a request on a connection of its own, and return what comes back until it is closed."""
    address = urlsplit(origin)
    received = bytearray()
    with socket.create_connection(
        (address.hostname, address.port), timeout=_PATIENCE
    ) as connection:
        # A server may answer and close before it has read all.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        with suppress(ConnectionResetError):
            while chunk := connection.recv(1 << 20):
                received += chunk
    return read(bytes(received))


def read(received: bytes) -> Reply:
    """Read a reply."""
    head, _, body = received.partition(b"\r\n\r\n")
    if not head:
        return Reply(0, 0, executed=False, codes=frozenset(), units=None)
    told = json.loads(body) if body.startswith(b"{") else {}
    codes = {
        error["extensions"]["code"] for error in told.get("errors", ()) if "extensions" in error
    }
    units = told.get("extensions", {}).get("cost", {}).get("spent")
    return Reply(len(received), int(head.split()[1]), "data" in told, frozenset(codes), units)


def measure(attack: Attack, server: Process, upstream: Upstream, token: str, times: int) -> Cost:
    """Send an attack a few times, and return what it cost."""
    for body in attack.primed:
        exchange(server.origin, request(server.origin, attack, body, token))
    requests = [request(server.origin, attack, body, token) for body in attack.bodies[:times]]
    spent, replies = [], []
    calls = upstream.calls()
    for sent in requests:
        before = server.nanoseconds()
        replies.append(exchange(server.origin, sent))
        spent.append((server.nanoseconds() - before) / 1e6)
    calls = upstream.calls() - calls
    # What else the machine does only adds to it.
    return Cost(attack, len(requests[0]), min(spent), calls / len(spent), replies[-1])


def chosen(only: str) -> Iterable[Attack]:
    """Return the attacks whose names hold a text."""
    return [attack for attack in (*USED, *TRIED) if only in attack.name]


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--only", default="", help="a part of the names of what is sent")
    parser.add_argument("--times", type=int, default=3, help="how often each is sent, 5 at most")
    options = parser.parse_args()
    print(machine.described([GATEWAY]), flush=True)
    costs = []
    with serving() as upstream, tempfile.TemporaryDirectory() as folder:
        invoices.write_invoice(upstream.folder, MOST, invoices.SUBSCRIPTIONS[:1], 100_000)
        server, headers = overhead.full(Path(folder), upstream.origin)
        with server.over(upstream.origin) as process:
            token = headers["Authorization"]
            for attack in chosen(options.only):
                costs.append(measure(attack, process, upstream, token, options.times))
                print(f"{costs[-1].row}", file=sys.stderr, flush=True)
            print(f"memory at the end: {process.megabytes():.0f} MB", file=sys.stderr)
    columns = (
        "request",
        "bytes in",
        "CPU ms",
        "units",
        "calls",
        "bytes out",
        "answer",
        "in bounds",
    )
    print(f"\n{table(columns, [cost.row for cost in costs])}")
    return int(any(cost.cpu > cost.bound for cost in costs))


if __name__ == "__main__":
    sys.exit(main())
