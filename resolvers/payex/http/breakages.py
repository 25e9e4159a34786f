"""Why a connection failed or broke, in words for the operator's log.

The words follow from classes and error numbers. Messages of exceptions may quote a URL.
"""

import enum
import errno
import os
import socket
from collections.abc import Mapping

from resolvers.payex.http.handshake import failure


class Breakage(enum.StrEnum):
    """What happened, as a sentence."""

    NO_ADDRESS = "The host has no address."
    NOBODY = "Nothing listens at the host and port."
    CLOSED = "The other end closed the connection without an answer."
    CUT = "The other end closed the connection within the answer."
    NO_HTTP = "The answer is not HTTP that the gateway can read."
    NO_BODY = "The answer is all headers, interim answers or framing, and hardly any body."
    GIVEN_UP = "The HTTP client abandoned the call."
    LATE = "No answer came in time."
    NO_PROXY = "The proxy cannot be reached."
    NO_TUNNEL = "The proxy refused a tunnel to PayEx."
    CUT_TUNNEL = "The proxy closed the connection without opening a tunnel to PayEx."
    NO_PROXY_HTTP = "The proxy's answer is not HTTP that the gateway can read."
    SILENT_TUNNEL = "PayEx, or the proxy before it, was silent."
    LEFT_TUNNEL = "PayEx, or the proxy before it, closed the connection during the TLS handshake."
    OTHER = "The connection failed."


_BY_NUMBER = {
    errno.ECONNABORTED: Breakage.CLOSED,
    errno.ECONNREFUSED: Breakage.NOBODY,
    errno.ECONNRESET: Breakage.CLOSED,
    errno.EPIPE: Breakage.CLOSED,
}


def breakage_of(error: BaseException | None, known: Mapping[type[BaseException], str]) -> str:
    """Return why a connection failed: the first known class on the way to the first cause.

    Args:
        error: the HTTP client's exception.
        known: the meaning of the HTTP client's own classes.

    Returns:
        A sentence: a `Breakage`, a TLS failure, or the operating system's reason.
    """
    if words := failure(error):
        return words
    cause = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            # Its numbers are of another kind.
            return Breakage.NO_ADDRESS
        if isinstance(cause, OSError) and cause.errno:
            found = _BY_NUMBER.get(cause.errno)
            return found or f"{Breakage.OTHER} The system says: {os.strerror(cause.errno)}."
        for kind, breakage in known.items():
            if isinstance(cause, kind):
                return breakage
        cause = cause.__cause__ or cause.__context__
    return Breakage.OTHER
