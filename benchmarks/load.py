"""Overload, recovery and a stop under load, measured on a gateway of its own over the sandbox.

It finds the gateway's capacity, drives it at twice that with arrivals that do not wait for answers,
sends single requests after the storm, and then stops the gateway under moderate load, as a load
balancer would meet it: it looks at `/health/ready`, and sends nothing more once that is false.

The exit status is 1 if an accepted request was never answered, if anything failed otherwise than by
a 503 with `Retry-After`, or if the first request after the storm was refused.
"""

import argparse
import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]


class Load:
    """Requests to one gateway, each on a connection of its own, and how they ended."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._numbers = iter(range(10**9))
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.AsyncClient(limits=limits, trust_env=False, timeout=30)
        self.ends: Counter[str] = Counter()

    async def request(self) -> str:
        """Ask for an invoice that nobody has asked for, and return how it ended."""
        number = next(self._numbers)
        field = f'invoice(invoiceNo: "{number}") {{ __typename }}'
        query = f'{{ owner(ownerNo: "1234") {{ {field} }} }}'
        try:
            reply = await self._client.post(f"{self._origin}/graphql", json={"query": query})
        except httpx.ConnectError:
            end = "not accepted"
        except httpx.HTTPError:
            end = "lost"
        else:
            if reply.status_code == 503 and "retry-after" in reply.headers:
                end = "shed"
            else:
                good = reply.status_code == 200 and "errors" not in reply.json()
                end = "answered" if good else "failed"
        self.ends[end] += 1
        return end

    async def ready(self) -> bool:
        """Return whether the gateway says that it should be sent requests."""
        try:
            reply = await self._client.get(f"{self._origin}/health/ready")
        except httpx.HTTPError:
            return False
        return reply.status_code == 200

    async def capacity(self, clients: int, seconds: float) -> float:
        """Return the answers a second to clients that each wait for theirs."""
        until = time.monotonic() + seconds

        async def client() -> int:
            count = 0
            while time.monotonic() < until:
                count += await self.request() == "answered"
            return count

        return sum(await asyncio.gather(*(client() for _ in range(clients)))) / seconds

    async def arrivals(self, rate: float, seconds: float, *, heed: bool) -> list[bool]:
        """Send requests at a rate, whatever becomes of them, and return how readiness went.

        Args:
            rate: requests a second.
            seconds: for how long.
            heed: whether to stop as soon as the gateway is not ready.
        """
        started = time.monotonic()
        tasks: list[asyncio.Task[str]] = []
        seen = [await self.ready()]
        looked = 0.0
        while (now := time.monotonic() - started) < seconds:
            due = int(now * rate) - len(tasks)
            tasks += [asyncio.create_task(self.request()) for _ in range(due)]
            if now - looked > 0.05:
                looked = now
                if (ready := await self.ready()) != seen[-1]:
                    seen.append(ready)
                if heed and not ready:
                    break
            await asyncio.sleep(0.002)
        await asyncio.gather(*tasks)
        return seen


async def measure(options: argparse.Namespace, gateway: subprocess.Popen[bytes], port: int) -> int:
    """Run the phases, print the table, and return the exit status."""
    load = Load(f"http://127.0.0.1:{port}")
    while not await load.ready():
        await asyncio.sleep(0.05)
    capacity = await load.capacity(options.operations, options.seconds)
    rows = [("capacity", load.ends, f"{capacity:.0f} a second")]

    load.ends = Counter()
    seen = await load.arrivals(2 * capacity, options.seconds, heed=False)
    rows.append(("twice the capacity", load.ends, "ready: " + " ".join(map(str, seen))))

    load.ends = Counter()
    started = time.monotonic()
    first = await load.request()
    milliseconds = (time.monotonic() - started) * 1000
    for _ in range(20):
        await load.request()
    rows.append(("after the storm", load.ends, f"first {first} in {milliseconds:.0f} ms"))

    load.ends = Counter()
    stop = asyncio.get_running_loop().call_later(
        options.seconds / 2, gateway.send_signal, signal.SIGTERM
    )
    await load.arrivals(capacity / 4, 2 * options.seconds, heed=True)
    stop.cancel()
    status = await asyncio.to_thread(gateway.wait, 60)
    rows.append(("a stop under load", load.ends, f"exit status {status}"))

    columns = ("answered", "shed", "failed", "lost", "not accepted")
    print(f"{'phase':20}{'requests':>10}", *(f"{column:>13}" for column in columns), " ", sep="")
    for phase, ends, remark in rows:
        counts = "".join(f"{ends[column]:13}" for column in columns)
        print(f"{phase:20}{ends.total():10}{counts}  {remark}")
    bad = sum(ends["failed"] + ends["lost"] + ends["not accepted"] for _, ends, _ in rows)
    return int(bool(bad) or first != "answered" or status != 0)


def main() -> int:
    """Start a gateway, measure it, and stop it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--operations", type=int, default=20, help="GATEWAY_MAX_OPERATIONS")
    parser.add_argument("--latency", default="0.05", help="seconds that the sandbox takes")
    parser.add_argument("--seconds", type=float, default=4.0, help="the length of each phase")
    options = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {key: text for key, text in os.environ.items() if not key.startswith("GATEWAY_")}
    environment |= {
        "GATEWAY_PORT": str(port),
        "GATEWAY_MAX_OPERATIONS": str(options.operations),
        "GATEWAY_SANDBOX_LATENCY": options.latency,
        "GATEWAY_SHUTDOWN_DELAY": "1",
        "GATEWAY_CACHE_BILLED_TTL": "0",
    }
    command = [sys.executable, "-m", "gateway", "serve"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as gateway:
        try:
            return asyncio.run(measure(options, gateway, port))
        finally:
            gateway.kill()


if __name__ == "__main__":
    sys.exit(main())
