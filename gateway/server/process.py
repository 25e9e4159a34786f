"""One server process: what it makes before it serves, and the order in which it stops."""

import gc
import socket
import sys
import time
from collections.abc import Callable, Collection
from typing import Any, Final, cast

import uvicorn
from uvicorn.lifespan.on import LifespanOn

from gateway.http.http_limits import HttpLimits
from gateway.server.arrivals import Accepted, Arrivals, HandedOver
from gateway.server.connection_config import ConnectionConfig
from gateway.server.flow import Unsent
from gateway.server.http_protocol import HttpProtocol
from gateway.server.workload import MEMBER, Workload
from gateway.settings.load import SettingsError, print_error
from resolvers.payex.credentials.access import CredentialsError

CANNOT_START: Final = 2
"""The exit status of a command that cannot start."""
# New objects after which the collector looks for cycles among them.
_COLLECTED_AFTER: Final = 10_000
# The other loop of Windows tells nobody when a connection can be accepted.
_LOOP: Final = "asyncio:SelectorEventLoop" if sys.platform == "win32" else "auto"


class ServerConfig(ConnectionConfig):
    """uvicorn's configuration, which reports in words why the app or HTTPS cannot be made.

    The command has made both before, but files may have changed since.

    Args:
        app: the app, its factory, or the import path of either.
        http: the protocol of a connection.
        limits: the limits of each connection.
        options: further options of `uvicorn.Config`.

    Attributes:
        protocol: the protocol of a connection.
        workload: what several server processes share; None for a single one.
    """

    def __init__(
        self,
        app: Callable[..., Any] | str,
        *,
        http: type[HttpProtocol] = HttpProtocol,
        limits: HttpLimits | None = None,
        **options: Any,
    ) -> None:
        # WebSockets are none of what is spoken here, and uvicorn's lines on them have the address.
        super().__init__(app, http=http, ws="none", loop=_LOOP, **options)
        self.protocol = http
        self.limits = limits or HttpLimits()
        self.unsent = Unsent(self.limits.max_unsent)
        self.workload: Workload | None = None

    def load(self) -> None:
        """Make both, or end the process."""
        try:
            super().load()
        except (SettingsError, CredentialsError) as error:
            print_error(error)
            sys.exit(CANNOT_START)
        if self.lifespan != "off":
            self.lifespan_class = _Lifespan
        # The schema and all modules are there to stay: 96,000 objects that the collector would look
        # through every few hundred operations, for 59 ms each time (measured).
        gc.collect()
        gc.freeze()
        # An operation of many calls keeps thousands of objects until it ends. By default the
        # collector looks through them for each 700 new ones, a quarter of such an operation's time.
        gc.set_threshold(_COLLECTED_AFTER, *gc.get_threshold()[1:])


class _Lifespan(LifespanOn):
    """Reports in words why an app does not start, if the reason is known."""

    async def send(self, message: Any) -> None:
        """Take what the app says of its start and its end."""
        error = sys.exception()
        if isinstance(error, (SettingsError, CredentialsError)):
            print_error(error)
            message = {**message, "message": ""}
        await super().send(message)


class Server(uvicorn.Server):
    """Serves until it is told to stop, and then what has arrived by then.

    Args:
        config: how it serves.
        asked: the signals that asked for a stop before it takes them.
    """

    config: ServerConfig
    _arrivals: Arrivals

    def __init__(self, config: ServerConfig, asked: Collection[int] = ()) -> None:
        super().__init__(config)
        self._asked = asked

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app, and then take connections.

        Args:
            sockets: the listeners or, with several processes, the desk that hands out connections.
        """
        given = sockets or []
        workload = self.config.workload
        self._arrivals = HandedOver(given[0], workload) if workload else Accepted(given)
        self.lifespan.state[MEMBER] = self._arrivals.member
        await super().startup(sockets=[])
        self._arrivals.open(self._protocol, self.config.ssl)
        self.should_exit = self.should_exit or bool(self._asked)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second, look at the other processes, and whether it is time to stop."""
        self._arrivals.member.compare(time.monotonic())
        if self._arrivals.member.draining:
            for connection in list(self.server_state.connections):
                cast("HttpProtocol", connection).close_soon()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take what has arrived, then nothing more, and answer all of it.

        Args:
            sockets: as of `startup`.
        """
        await self._arrivals.close()
        await super().shutdown(sockets)
        self._arrivals.end()

    def _protocol(self) -> HttpProtocol:
        protocol = self.config.protocol(self.config, self.server_state, self.lifespan.state)
        protocol.member = self._arrivals.member
        return protocol
