"""Serving: it listens before anything starts, so that a port in use is reported in words."""

import contextlib
import logging
import signal
import socket
from collections.abc import Iterator
from typing import Any, Final

from starlette.types import ASGIApp

from gateway.server.process import Server, ServerConfig
from gateway.server.supervisor import ServerProcesses
from gateway.settings.load import SettingsError

logger = logging.getLogger(__name__)

_ADDRESS: Final = "GATEWAY_HOST and GATEWAY_PORT or by --host and --port"
_METRICS: Final = "GATEWAY_METRICS_HOST and GATEWAY_METRICS_PORT"


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
        app: the app or, with several workers, the import path of its factory.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        workers: how many processes share the port.
        metrics: address and port of a second listener, if any. The app knows by the port to which
            of the two a request came.
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
        asked = stack.enter_context(_quiet_end())
        shown = f"[{host}]" if ":" in host else host
        scheme, bound = "https" if config.is_ssl else "http", listener.getsockname()[1]
        logger.info("Serving on %s://%s:%s (Ctrl-C stops it).", scheme, shown, bound)
        if workers > 1:
            processes = ServerProcesses(config, listeners, asked)
            processes.run()
            failed = processes.failed
        else:
            failed = _run(Server(config, asked), listeners)
    if failed:
        raise SettingsError("The gateway could not start, for the reason that is told above.")


def _run(server: Server, listeners: list[socket.socket]) -> bool:
    """Run in this process; return whether it failed to start."""
    try:
        server.run(sockets=listeners)
    except SystemExit:
        return True
    return False


@contextlib.contextmanager
def _quiet_end() -> Iterator[list[int]]:
    """Leave the exit status 0 to a stop that was asked for. Yield the signals that asked for it.

    They may come before uvicorn handles them. And at its end, uvicorn raises once more the signal
    that stopped it, for its caller's handler.
    """
    asked: list[int] = []
    endings = (signal.SIGTERM, signal.SIGINT)
    before = {
        ending: signal.signal(ending, lambda number, _: asked.append(number)) for ending in endings
    }
    try:
        yield asked
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
