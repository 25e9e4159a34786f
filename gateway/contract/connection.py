"""Connections that failed: the reason in plain words, and what to do."""

from dataclasses import dataclass

from resolvers.payex.api.faults import Fault
from resolvers.payex.http.breakages import Breakage
from resolvers.payex.http.handshake import NO_TLS


@dataclass(frozen=True, slots=True)
class Connection:
    """A failed connection.

    Attributes:
        words: what happened.
        advice: what to do.
        tls: the state of TLS, in words; empty if unknown.
    """

    words: str
    advice: str
    tls: str = "not reached"


_CERTIFICATE = "docs/connect.md says how to configure it."
_NO_HOST = Connection(
    "The host of GATEWAY_UPSTREAM_ORIGIN has no address.",
    "Check the spelling of GATEWAY_UPSTREAM_ORIGIN, and this machine's DNS.",
)
_REFUSED = Connection(
    "Nothing listens at the host and port of GATEWAY_UPSTREAM_ORIGIN.",
    "Check GATEWAY_UPSTREAM_ORIGIN, and whether a firewall refuses outgoing connections.",
)
_BROKEN = Connection(
    "The other end closed the connection without an answer.",
    "Over https, check the client certificate: many servers do this if it is missing, expired or "
    f"of the other system (production or test). {_CERTIFICATE} Over http, check the scheme of "
    "GATEWAY_UPSTREAM_ORIGIN: the port may expect https.",
    "closed by the other end",
)
_CUT = Connection(
    "The other end closed the connection within the answer.",
    "Check again. If it happens again, something between here and PayEx may cut answers short: ask "
    "PayEx.",
    "",
)
_NO_HTTP = Connection(
    "The answer is not HTTP that the gateway can read.",
    "Check the scheme, the host and the port of GATEWAY_UPSTREAM_ORIGIN.",
    "",
)
_NO_BODY = Connection(
    Breakage.NO_BODY,
    "Check again. If it happens again, something between here and PayEx may answer in its place: "
    "ask PayEx.",
    "",
)
_PROXY = "Check GATEWAY_UPSTREAM_PROXY, HTTPS_PROXY and NO_PROXY, and ask the proxy's operator."
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
        "The port may expect plain http, or something between here and PayEx answers in its place. "
        "Correct the scheme, the host or the port in GATEWAY_UPSTREAM_ORIGIN.",
        "failed: the other end does not use it",
    ),
}
_OUT = "Check GATEWAY_UPSTREAM_ORIGIN, and whether the network lets this machine connect to PayEx."
_NOT_TRUSTED = (
    "Check that GATEWAY_UPSTREAM_ORIGIN names PayEx's own host, and whether a proxy opens TLS. If "
    "it does so on purpose, name its authority in GATEWAY_UPSTREAM_CA_FILE."
)
_NOT_ACCEPTED = (
    "Use the client certificate that PayEx issued for this system, production or test. "
    f"{_CERTIFICATE}"
)


def unreachable(fault: Fault) -> Connection:
    """Return the meaning of a fault `UPSTREAM_UNREACHABLE`."""
    for breakage, connection in _CONNECTIONS.items():
        if fault.hint == breakage:
            return connection
    if fault.hint.startswith(_BY_PROXY):
        return Connection(fault.hint, _PROXY)
    if fault.hint.startswith((Breakage.OTHER, Breakage.GIVEN_UP)):
        return Connection(f"PayEx cannot be reached. {fault.hint}", _OUT)
    # All other hints are about TLS.
    untrusted = fault.hint.startswith("The server's certificate")
    advice = _NOT_TRUSTED if untrusted else _NOT_ACCEPTED
    return Connection(fault.hint, advice, f"failed. {fault.hint}")


def timed_out(fault: Fault) -> Connection:
    """Return the meaning of a fault `UPSTREAM_TIMEOUT`."""
    limits = ", ".join(f"{name} ({value:g} seconds)" for name, value in fault.limit.items())
    if fault.hint:
        return Connection(f"No answer came within {limits}. {fault.hint}", _PROXY)
    return Connection(
        f"No answer came within {limits}.",
        "Check whether a firewall drops outgoing packets. If other routes answer, this one is "
        "slow: raise the limit.",
        "",
    )
