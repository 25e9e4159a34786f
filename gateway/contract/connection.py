"""Why no answer came, in plain words, and what to do about it.

Of the exceptions under a fault only the classes are read: their messages may quote addresses.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from resolvers.payex.faults import Fault


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of a connection that failed.

    Attributes:
        words: what happened.
        advice: what to do.
        tls: the state of TLS, in words; empty where nothing is known.
    """

    words: str
    advice: str
    tls: str = "not reached"


# The classes of aiohttp for a connection that ends before or within the answer, or that brings
# something else.
_BROKEN_OFF = {
    "ClientConnectionResetError",
    "ClientOSError",
    "ClientPayloadError",
    "ClientResponseError",
    "ServerDisconnectedError",
}
_CERTIFICATE = "docs/credentials.md says how the gateway is given its client certificate."
_NO_HOST = Connection(
    "The host of GATEWAY_UPSTREAM_ORIGIN has no address.",
    "Look at the spelling of GATEWAY_UPSTREAM_ORIGIN, and at the DNS of this machine.",
)
_REFUSED = Connection(
    "Nothing listens at the host and port of GATEWAY_UPSTREAM_ORIGIN.",
    "Look at GATEWAY_UPSTREAM_ORIGIN. A firewall may refuse the way out.",
)
_BROKEN = Connection(
    "The other end closed the connection without an answer.",
    "Over https a client certificate that is missing, expired or of the other system (production "
    f"or test) is often refused like this. {_CERTIFICATE}",
    "broken off by the other end",
)
_UNKNOWN = Connection(
    "PayEx cannot be reached.",
    "Look at GATEWAY_UPSTREAM_ORIGIN, and whether the network lets this machine out.",
)
_NOT_TRUSTED = (
    "Look whether GATEWAY_UPSTREAM_ORIGIN names PayEx's own host, and whether something between "
    "opens TLS; if that is meant to be, name its authority in GATEWAY_UPSTREAM_CA_FILE."
)
_NOT_ACCEPTED = (
    "The client certificate has to be the one that PayEx issued for this system, production or "
    f"test. {_CERTIFICATE}"
)


def unreachable(fault: Fault) -> Connection:
    """Return what a fault `UPSTREAM_UNREACHABLE` tells."""
    # Where TLS failed, the hint is a sentence on why; otherwise the name of a class.
    if " " in fault.hint:
        untrusted = fault.hint.startswith("The server's certificate")
        advice = _NOT_TRUSTED if untrusted else _NOT_ACCEPTED
        return Connection(fault.hint, advice, f"failed. {fault.hint}")
    for cause in _causes(fault):
        if isinstance(cause, socket.gaierror):
            return _NO_HOST
        if isinstance(cause, ConnectionRefusedError):
            return _REFUSED
    return _BROKEN if fault.hint in _BROKEN_OFF else _UNKNOWN


def timed_out(fault: Fault) -> Connection:
    """Return what a fault `UPSTREAM_TIMEOUT` tells."""
    limits = ", ".join(f"{name} ({value:g} seconds)" for name, value in fault.limit.items())
    return Connection(
        f"No answer came within {limits}.",
        "A firewall may drop the way out without a word. If other routes answer, this one is "
        "slow: raise the limit.",
        "",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what led to an exception, also where it hides that."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
