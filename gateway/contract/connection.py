"""Why no answer came, in plain words, and what to do about it."""

from dataclasses import dataclass

from resolvers.payex.api.faults import Fault
from resolvers.payex.http.breakages import Breakage
from resolvers.payex.http.handshake import NO_TLS


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


_CERTIFICATE = "docs/connect.md says how the gateway is given its client certificate."
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
    f"or test) is often refused like this. {_CERTIFICATE} Over http the port may be one for "
    "https: look at the scheme of GATEWAY_UPSTREAM_ORIGIN.",
    "broken off by the other end",
)
_CUT = Connection(
    "The other end closed the connection within the answer.",
    "Check again. If it stays, something between here and PayEx may cut answers short: ask PayEx.",
    "",
)
_NO_HTTP = Connection(
    "What answered speaks no HTTP that the gateway can read.",
    "Look at the scheme, the host and the port of GATEWAY_UPSTREAM_ORIGIN.",
    "",
)
_NO_BODY = Connection(
    Breakage.NO_BODY,
    "Check again. If it stays, something between here and PayEx may answer in its place: ask "
    "PayEx.",
    "",
)
_PROXY = "Look at GATEWAY_UPSTREAM_PROXY, HTTPS_PROXY and NO_PROXY, and ask who runs the proxy."
_BY_PROXY = tuple(breakage for breakage in Breakage if "proxy" in breakage)
_CONNECTIONS = {
    Breakage.NO_ADDRESS: _NO_HOST,
    Breakage.NOBODY: _REFUSED,
    Breakage.CLOSED: _BROKEN,
    Breakage.CUT: _CUT,
    Breakage.NO_HTTP: _NO_HTTP,
    Breakage.NO_BODY: _NO_BODY,
    NO_TLS: Connection(
        NO_TLS,
        "Over https the port may be one for plain http, or something between answers in PayEx's "
        "place. Correct the scheme, the host or the port in GATEWAY_UPSTREAM_ORIGIN.",
        "failed. There was none.",
    ),
}
_OUT = "Look at GATEWAY_UPSTREAM_ORIGIN, and whether the network lets this machine out."
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
    for breakage, connection in _CONNECTIONS.items():
        if fault.hint == breakage:
            return connection
    if fault.hint.startswith(_BY_PROXY):
        return Connection(fault.hint, _PROXY)
    if fault.hint.startswith((Breakage.OTHER, Breakage.GIVEN_UP)):
        return Connection(f"PayEx cannot be reached. {fault.hint}", _OUT)
    # What is left is TLS.
    untrusted = fault.hint.startswith("The server's certificate")
    advice = _NOT_TRUSTED if untrusted else _NOT_ACCEPTED
    return Connection(fault.hint, advice, f"failed. {fault.hint}")


def timed_out(fault: Fault) -> Connection:
    """Return what a fault `UPSTREAM_TIMEOUT` tells."""
    limits = ", ".join(f"{name} ({value:g} seconds)" for name, value in fault.limit.items())
    if fault.hint:
        return Connection(f"No answer came within {limits}. {fault.hint}", _PROXY)
    return Connection(
        f"No answer came within {limits}.",
        "A firewall may drop the way out without a word. If other routes answer, this one is "
        "slow: raise the limit.",
        "",
    )
