"""The server process: it listens before it starts, so that a taken port is told in plain words."""

import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.lifespan.on import LifespanOn
from uvicorn.supervisors import Multiprocess

from gateway.environment import SettingsError, tell
from gateway.http_protocol import HttpProtocol
from resolvers.payex.credentials import CredentialsError

logger = logging.getLogger(__name__)

_ADDRESS: Final = "GATEWAY_HOST and GATEWAY_PORT or by --host and --port"
_METRICS: Final = "GATEWAY_METRICS_HOST and GATEWAY_METRICS_PORT"

CANNOT_START: Final = 2
"""The exit status of a command that cannot start."""
_GLANCE: Final = 0.5
"""Seconds within which a process tells whether it serves, unless it is still being loaded."""


def serve(
    app: ASGIApp | str,
    *,
    host: str,
    port: int,
    workers: int = 1,
    metrics: tuple[str, int] | None = None,
    **options: Any,
) -> None:
    """Serve until a signal ends it.

    Args:
        app: the app, or with several workers the import path of its factory.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        workers: how many processes share the port.
        metrics: address and port of a second listener, if there is to be one; the app tells by the
            port which of the two a request came to.
        options: further options of `uvicorn.Config`.

    Raises:
        SettingsError: the address cannot be listened on, or a process cannot start.
    """
    config = ServerConfig(app, host=host, port=port, workers=workers, **options)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listening(host, port, config.backlog))
        listeners = [listener]
        if metrics:
            second = _listening(*metrics, config.backlog, _METRICS)
            listeners.append(stack.enter_context(second))
        stack.enter_context(_quiet_end())
        shown = f"[{host}]" if ":" in host else host
        scheme, bound = "https" if config.is_ssl else "http", listener.getsockname()[1]
        logger.info("Serving on %s://%s:%s (Ctrl-C stops it).", scheme, shown, bound)
        if workers > 1:
            processes = ServerProcesses(config, listeners)
            processes.run()
            failed = processes.failed
        else:
            failed = _run(uvicorn.Server(config), listeners)
    if failed:
        raise SettingsError("The gateway could not start, for the reason that is told above.")


class ServerConfig(uvicorn.Config):
    """Tells in a server process why the app or HTTPS cannot be made, in place of a traceback.

    The command has made both before. Files may have changed since.

    Args:
        app: the app, its factory, or the import path of either.
        http: the protocol of a connection.
        options: further options of `uvicorn.Config`.
    """

    def __init__(
        self,
        app: Callable[..., Any] | str,
        *,
        http: type[HttpProtocol] = HttpProtocol,
        **options: Any,
    ) -> None:
        # WebSockets are none of what is spoken here, and uvicorn's lines on them have the address.
        super().__init__(app, http=http, ws="none", **options)

    def load(self) -> None:
        """Make them, or end the process."""
        try:
            super().load()
        except (SettingsError, CredentialsError) as error:
            tell(error)
            sys.exit(CANNOT_START)
        if self.lifespan != "off":
            self.lifespan_class = _Lifespan
        # The schema and all modules are there to stay: 96,000 objects that the collector would look
        # through every few hundred operations, for 59 ms each time (measured).
        gc.collect()
        gc.freeze()


class _Lifespan(LifespanOn):
    """Tells why an app that was made does not start, where it knows, in place of a traceback."""

    async def send(self, message: Any) -> None:
        """Take what the app says of its start and its end."""
        error = sys.exception()
        if isinstance(error, (SettingsError, CredentialsError)):
            tell(error)
            message = {**message, "message": ""}
        await super().send(message)


class ServerProcesses(Multiprocess):
    """Server processes of which each is replaced that dies, once all of them have served.

    Before, whatever ends one would end the next one as well: `failed` says that it was so.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self.failed = False
        self._have_served = False

    def keep_subprocess_alive(self) -> None:
        """Look at the processes once."""
        if self.should_exit.is_set() or self.signal_queue:
            return
        if self._have_served:
            super().keep_subprocess_alive()
        elif any(process.exitcode is not None for process in self.processes):
            self.should_exit.set()
        else:
            self._have_served = all(process.is_ready(_GLANCE) for process in self.processes)
            if self._have_served:
                logger.info("All %s server processes serve.", len(self.processes))
        # A signal would have set it before.
        self.failed = self.should_exit.is_set()

    def terminate_all(self) -> None:
        """Tell the processes to stop."""
        super().terminate_all()
        # As long as this process listened as well, connections would be taken that nobody answers.
        for listener in self.sockets:
            listener.close()


def _run(server: uvicorn.Server, listeners: list[socket.socket]) -> bool:
    """Run in this process, and return whether it failed to start."""
    try:
        server.run(sockets=listeners)
    except SystemExit:
        return True
    return False


@contextlib.contextmanager
def _quiet_end() -> Iterator[None]:
    """Leave the exit status 0 to a stop that was asked for.

    When all is done, uvicorn raises the signal that ended it once more, for its caller's handler.
    """
    endings = (signal.SIGTERM, signal.SIGINT)
    before = {ending: signal.signal(ending, lambda *_: None) for ending in endings}
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)


@contextlib.contextmanager
def _listening(
    host: str, port: int, backlog: int, settings: str = _ADDRESS
) -> Iterator[socket.socket]:
    stack = contextlib.ExitStack()
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )
        stack.enter_context(listener := socket.socket(family, kind, protocol))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Two can bind at the same time, but only one can listen.
        listener.listen(backlog)
    except (OSError, ValueError) as error:
        stack.close()
        reason = getattr(error, "strerror", None) or "is not an address"
        raise SettingsError(
            f"{host}:{port} cannot be listened on: {reason}. Choose another address or "
            f"port, by {settings}."
        ) from None
    listener.set_inheritable(True)
    with stack:
        yield listener
