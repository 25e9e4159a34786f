"""The server process: it binds before it starts, so that a taken port is told in plain words."""

import contextlib
import logging
import signal
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from gateway.environment import SettingsError

logger = logging.getLogger(__name__)


def serve(app: ASGIApp | str, *, host: str, port: int, workers: int = 1, **options: Any) -> None:
    """Serve until a signal ends it.

    Args:
        app: the app, or with several workers the import path of its factory.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        workers: how many processes share the port.
        options: further options of `uvicorn.Config`.

    Raises:
        SettingsError: the address cannot be bound.
    """
    config = uvicorn.Config(app, host=host, port=port, workers=workers, **options)
    with _bound(host, port) as listener, _quiet_end():
        shown = f"[{host}]" if ":" in host else host
        scheme, bound = "https" if config.is_ssl else "http", listener.getsockname()[1]
        logger.info("Serving on %s://%s:%s (Ctrl-C stops it).", scheme, shown, bound)
        if workers > 1:  # pragma: no cover - in processes of their own, which the tests start
            Multiprocess(config, sockets=[listener]).run()
        else:
            uvicorn.Server(config).run(sockets=[listener])


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
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    stack = contextlib.ExitStack()
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )
        stack.enter_context(listener := socket.socket(family, kind, protocol))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        stack.close()
        raise SettingsError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Choose another address or "
            "port, by GATEWAY_HOST and GATEWAY_PORT or by --host and --port."
        ) from None
    listener.set_inheritable(True)
    with stack:
        yield listener
