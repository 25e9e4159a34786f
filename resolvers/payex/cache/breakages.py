"""Why the shared cache fails, in words for the log. Errors' own texts may quote the address."""

from typing import Any

from resolvers.payex.http.breakages import Breakage, breakage_of

# By the classes of redis-py, which tell the codes of Redis apart.
_REFUSALS = {
    "NoPermissionError": "its user may not give it",
    "OutOfMemoryError": "its memory is full",
    "ReadOnlyError": "it is a replica, which is only read",
}


def why_gone(error: Exception, redis: Any) -> str:
    """Return a sentence on why the cache does not answer.

    Args:
        error: what redis-py raised.
        redis: redis-py.
    """
    known = {
        redis.AuthenticationError: "The password is refused.",
        redis.TimeoutError: Breakage.LATE,
        TimeoutError: Breakage.LATE,
    }
    words, more, _ = breakage_of(error, known).partition("; see GATEWAY_UPSTREAM_CA_FILE")
    return f"{words}." if more else words


def why_refused(error: Exception) -> str:
    """Return why the cache does not carry out a command."""
    return _REFUSALS.get(type(error).__name__, "for a reason of its own")
