"""What broke a connection is told in sentences that hold nothing of the call."""

import errno
import socket
import ssl

import pytest

from resolvers.payex.http.breakages import Breakage, breakage_of


class MadeUpError(Exception):
    """A class of some HTTP client."""


class FurtherError(MadeUpError):
    """One that is known with it."""


def after(cause: BaseException, *, hidden: bool = False) -> BaseException:
    """Return an error that another led to."""
    error = RuntimeError("of host 070")
    if hidden:
        error.__context__ = cause
    else:
        error.__cause__ = cause
    return error


ALERT = ssl.SSLError(1, "of host 070")
ALERT.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "070"), "The host has no address."),
        (ConnectionRefusedError(errno.ECONNREFUSED, "070"), Breakage.NOBODY),
        (ConnectionResetError(errno.ECONNRESET, "070"), Breakage.CLOSED),
        (BrokenPipeError(errno.EPIPE, "070"), Breakage.CLOSED),
        (
            OSError(errno.ENETUNREACH, "070"),
            "The connection failed. The system says: Network is unreachable.",
        ),
        (
            OSError(errno.EMFILE, "070"),
            "The connection failed. The system says: Too many open files.",
        ),
        (OSError("070"), "The connection failed."),
        (FurtherError("070"), Breakage.CUT),
        (after(FurtherError("070")), Breakage.CUT),
        (after(after(ConnectionResetError(errno.ECONNRESET, "070"), hidden=True)), Breakage.CLOSED),
        (after(ALERT), "The server wants a client certificate, and was shown none."),
        (ValueError("070"), Breakage.OTHER),
        (None, Breakage.OTHER),
    ],
    ids=repr,
)
def test_each_is_told_by_what_is_known_of_it_first(error: BaseException | None, words: str) -> None:
    assert breakage_of(error, {MadeUpError: Breakage.CUT}) == words


@pytest.mark.parametrize("breakage", Breakage)
def test_each_is_a_sentence(breakage: Breakage) -> None:
    assert breakage.value[0].isupper()
    assert breakage.value.endswith(".")
    assert " " in breakage.value
