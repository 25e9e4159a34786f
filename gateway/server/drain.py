"""Draining: after the stop signal, the process is unready but serves for some seconds more.

Load balancers need the time to notice. Meanwhile each answer closes its connection, so that clients
reconnect elsewhere and no request meets a closing one.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from gateway.server.health import Readiness

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def draining(readiness: Readiness, delay: float) -> Iterator[None]:
    """Run the drain before the server's own handling of stop signals.

    Args:
        readiness: turns unready at the first signal.
        delay: seconds from the first signal to the server's stop. A second signal ends them.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals reach the main thread only: whoever serves from another one stops it otherwise.
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def drain(number: int, frame: FrameType | None) -> None:
        stop: Callable[[int, FrameType | None], Any] | Any = before[signal.Signals(number)]
        if not callable(stop):
            return
        if readiness.draining or not delay:
            readiness.drain()
            stop(number, frame)
            return
        readiness.drain()
        logger.info("Draining for %s seconds (GATEWAY_SHUTDOWN_DELAY).", delay)
        loop.call_soon_threadsafe(loop.call_later, delay, stop, number, None)

    for number in _SIGNALS:
        signal.signal(number, drain)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
