"""The configuration of a server, as its connections read it."""

import uvicorn

from gateway.http.http_limits import HttpLimits
from gateway.server.flow import Unsent


class ConnectionConfig(uvicorn.Config):
    """uvicorn's configuration, with the bounds of connections.

    Attributes:
        limits: the limits of each connection.
        unsent: the bound on what the clients of all connections have not taken.
    """

    limits: HttpLimits
    unsent: Unsent
