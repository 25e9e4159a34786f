"""Processes on cores of their own, and what they take: time of the core, and memory."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = str(CORES[0])
"""The core of the server that is measured. It has this one for itself."""
OTHER_CORES = ",".join(str(core) for core in CORES[1:]) or SERVER_CORE
"""The cores of whatever sends it requests and answers its calls."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 60


class Process:
    """A running command, with all that it starts.

    Args:
        process: it, which leads a session.
        port: where it listens.
        log: what it prints.

    Raises:
        SystemExit: it does not listen. The text is what it printed.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self._process = process
        self.origin = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + _PATIENCE
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{process.args!r} does not serve:\n{log.read_text()}")
            time.sleep(0.05)

    def seconds(self) -> float:
        """Return how long it has kept cores busy, in its own code and in the kernel's."""
        # The times of the process itself, and of the children that it has waited for.
        return sum(sum(map(int, fields[11:15])) for fields in self._stats()) / _TICKS

    def nanoseconds(self) -> int:
        """Return the same more exactly, of the process and the threads that it has now."""
        paths = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(path.read_text().split()[0]) for path in paths)

    def megabytes(self) -> float:
        """Return how much memory it holds now."""
        pages = sum(int(fields[21]) for fields in self._stats())
        return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000

    def peak(self) -> float:
        """Return the most megabytes that the process has held since `forget_peak`."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1_000_000

    def forget_peak(self) -> None:
        """Begin anew with what it holds at most."""
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")

    def _stats(self) -> Iterator[list[str]]:
        """Yield the fields of `/proc/PID/stat` behind the name, for each process of the session."""
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) == self._process.pid:
                yield fields


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    *,
    cores: str = SERVER_CORE,
    cwd: Path = ROOT,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """Run a command for as long as the block lasts, once it listens.

    Args:
        command: its name and arguments.
        port: where it will listen.
        cores: the cores that it may use, separated by commas.
        cwd: where it runs.
        variables: what its environment holds beside ours, of which the gateway's settings are left
            out.

    Raises:
        SystemExit: it does not listen. The text is what it printed.
    """
    environment = {key: text for key, text in os.environ.items() if not key.startswith("GATEWAY_")}
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        started = subprocess.Popen(
            pinned(cores, command),
            cwd=cwd,
            env=environment | dict(variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield Process(started, port, Path(log.name))
        finally:
            _stop(started)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for ending in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, ending)
            process.wait(5)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def pinned(cores: str, command: Sequence[str]) -> list[str]:
    """Return a command that keeps to these cores, separated by commas."""
    return [shutil.which("taskset") or "taskset", "-c", cores, *command]


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
