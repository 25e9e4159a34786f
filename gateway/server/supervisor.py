"""Several server processes: started together, replaced one by one, stopped together."""

import logging
import socket
from collections.abc import Iterable
from functools import cached_property
from multiprocessing import get_context
from signal import SIGINT, SIGTERM
from typing import Final

from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from gateway.server.process import Server, ServerConfig
from gateway.server.reception import Reception
from gateway.server.workload import Workload

logger = logging.getLogger(__name__)

_GLANCE: Final = 0.5
"""Seconds within which a process tells whether it serves, unless it is still being loaded."""

_START: Final = 60.0
"""Seconds within which a new process has to serve, to take the place of one that does."""
_SPARE: Final = 2
"""Seats for processes that are being replaced."""


class ServerProcess(Process):
    """One of several processes, which is handed its connections."""

    config: ServerConfig

    @cached_property
    def server(self) -> Server:
        """The server in it."""
        return Server(self.config)


class ServerProcesses(Multiprocess):
    """Server processes. One that dies is replaced, once all of them have served.

    Before that, the next one would die as well: `failed` says so.

    Args:
        config: how each of them serves.
        listeners: the listening sockets, which none of them inherits.
        asked: the signals that asked for a stop before it takes them.
    """

    config: ServerConfig

    def __init__(
        self, config: ServerConfig, listeners: list[socket.socket], asked: Iterable[int] = ()
    ) -> None:
        seats = seats_for(config.workers)
        shared = get_context("spawn").RawArray("q", Workload.cells_for(seats))
        config.workload = Workload(seats, shared)
        self.reception = Reception(listeners, config.workload, self._stopping)
        super().__init__(config, [self.reception.desk])
        self.signal_queue.extend(asked)
        self.failed = False
        self._have_served = False

    def run(self) -> None:
        """Serve until a signal ends it."""
        self.reception.start()
        try:
            super().run()
        finally:
            self.reception.close()

    def init_processes(self) -> None:
        """Start all of them."""
        self.processes = [self._started() for _ in range(self.processes_num)]

    def keep_subprocess_alive(self) -> None:
        """Check the processes once."""
        if self.should_exit.is_set() or self.signal_queue:
            return
        if self._have_served:
            self._replace_the_dead()
        elif any(process.exitcode is not None for process in self.processes):
            self.should_exit.set()
        else:
            self._have_served = all(process.is_ready(_GLANCE) for process in self.processes)
            if self._have_served:
                logger.info("All %s server processes serve.", len(self.processes))
        # A signal would have set it before.
        self.failed = self.should_exit.is_set()

    def restart_all(self) -> None:
        """Replace each process, one after the other, once the new one serves."""
        for place, former in enumerate(self.processes):
            process = self._started()
            if not process.wait_until_ready(_START, self.should_exit):
                process.kill()
                process.join()
                logger.error("The server processes stay: a new one did not serve in %s s.", _START)
                return
            former.terminate()
            former.join()
            self.processes[place] = process

    def handle_ttin(self) -> None:
        """Start one more."""
        if self.processes_num < seats_for(self.config.workers) - _SPARE:
            self.processes_num += 1
            self.processes.append(self._started())

    def _replace_the_dead(self) -> None:
        for place, process in enumerate(self.processes):
            if process.is_alive(self.config.timeout_worker_healthcheck):
                continue
            process.kill()
            process.join()
            if process.exitcode == STARTUP_FAILURE:
                logger.error("A new server process could not start.")
                self.should_exit.set()
                return
            logger.info("The server process %s died, and is replaced.", process.pid)
            self.processes[place] = self._started()

    def _started(self) -> ServerProcess:
        process = ServerProcess(self.config, self.sockets)
        process.start()
        return process

    def _stopping(self) -> bool:
        return self.should_exit.is_set() or bool({SIGINT, SIGTERM}.intersection(self.signal_queue))


def seats_for(workers: int) -> int:
    """Return how many rows the processes need: while some are replaced, there are more of them."""
    return 2 * workers + 14
