"""Processes that are forked from one in which the gateway is imported already.

To start one anew takes a second of CPU, nearly all of it for imports. One that is forked has an
environment, an output and signals of its own, and runs the same command. Tests of how the gateway
is started do without: the commands of `test_start_up.py`, and each of several server processes.
"""

import os
import pkgutil
import signal
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

_FORKS: Final = get_context("forkserver")
_FORKS.set_forkserver_preload(["gateway.cli", "tests.server.crowded"])


class Fork:
    """A process that runs a program, and is spoken to as `subprocess.Popen` is.

    Args:
        program: the import path of what it runs, and of what returns its exit status.
        path: the file that takes what it prints.
        environment: its variables.
        arguments: what the program is given.
    """

    def __init__(
        self, program: str, path: Path, environment: Mapping[str, str], *arguments: Any
    ) -> None:
        # The file is there from the start, for whoever looks for what is printed.
        path.touch()
        self._process = _FORKS.Process(target=_run, args=(program, path, environment, arguments))
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return its exit status, if it has ended."""
        return self._process.exitcode

    def wait(self, seconds: float) -> int:
        """Return its exit status once it has ended, or fail."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, f"It goes on after {seconds} seconds."
        return self._process.exitcode

    def terminate(self) -> None:
        """Stop it as service managers do."""
        os.kill(self.pid, signal.SIGTERM)


def _run(
    program: str, path: Path, environment: Mapping[str, str], arguments: tuple[Any, ...]
) -> None:
    """Be the process."""
    os.environ.clear()
    os.environ.update(environment)
    nothing, output = os.open(os.devnull, os.O_RDONLY), os.open(path, os.O_WRONLY | os.O_TRUNC)
    for descriptor, file in enumerate((nothing, output, output)):
        os.dup2(file, descriptor)
    os.close(nothing)
    os.close(output)
    # Each of several server processes opens it once more, by its number.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - no path, and open to the end
    sys.exit(pkgutil.resolve_name(program)(*arguments))
