"""A command of the gateway in a process of its own."""

import os
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

import httpx
import pytest

from tests.server.forked import Fork

ROOT = Path(__file__).parents[2]
SECONDS = 60
PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak plain HTTP. To read who is to be trusted costs 30 ms for each of them."""
ELSE = {
    name: value for name, value in os.environ.items() if not name.upper().startswith("GATEWAY_")
}


class Service:
    """A command that runs in a process of its own.

    Args:
        process: the process.
        path: the file that holds what it prints and logs.
    """

    def __init__(self, process: Fork | Popen[bytes], path: Path) -> None:
        self._process = process
        self._path = path

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has taken so far, of all its threads."""
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    @property
    def memory(self) -> int:
        """Bytes of memory that it takes now."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (kilobytes,) = re.findall(r"VmRSS:\s+(\d+)", status)
        return int(kilobytes) * 1024

    @property
    def printed(self) -> str:
        """What it has printed and logged so far."""
        return self._path.read_text("utf-8")

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def origin(self) -> str:
        """Scheme, host and port, as soon as it can be asked."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.printed
            address = re.search(r"[Ss]erving on http://([^\s:]+):(\d+)", self.printed)
            if address:
                # It is bound to its port before it listens.
                with suppress(ConnectionRefusedError):
                    socket.create_connection((address[1], int(address[2]))).close()
                    return f"http://{address[1]}:{address[2]}"
            time.sleep(0.05)
        pytest.fail(f"It does not serve:\n{self.printed}")

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request, as soon as it can be taken."""
        return httpx.request(
            method, self.origin + path, timeout=SECONDS, trust_env=False, verify=PLAIN, **options
        )

    def stop(self) -> int:
        """Stop it as service managers do, and return its exit status."""
        self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Wait until it ends, and return its exit status."""
        return self._process.wait(SECONDS)


@contextmanager
def running(path: Path, *arguments: str, **variables: str) -> Iterator[Service]:
    """Run a command with these variables, and end it at the end.

    Args:
        path: the file that takes what it prints and logs.
        arguments: the command line.
        variables: the environment, apart from what has nothing to do with the gateway.
    """
    process = Fork("gateway.cli:main", path, {**ELSE, **variables}, arguments)
    try:
        yield Service(process, path)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(SECONDS)
