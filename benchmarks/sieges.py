"""The dearest that is more than one request: on many connections, or one behind the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Final

from benchmarks.attacks import TRIFLE, Sent, Target
from benchmarks.wire import NONE, connected, exchange, request

_LARGE: Final = b'{"query":"{ __schema { types { name description fields { name } } } }"}'
"""What has an answer of 100 KB, at little cost."""
# Seconds without room for another byte, after which the server is thought to read no more.
_STUCK: Final = 2.0


@dataclass(frozen=True)
class Crowd:
    """Many requests at the same time, each on a connection of its own.

    Attributes:
        name: what the table calls it.
        count: how many there are.
        make: returns one of them, by its number.
        without_keys: whether the issuer hangs meanwhile.
        times: how often it is sent.
    """

    name: str
    count: int
    make: Callable[[Target, int], bytes] = field(repr=False)
    without_keys: bool = False
    times: int = 1

    def prime(self, target: Target) -> None:
        """Send nothing before."""

    def send(self, target: Target, turn: int) -> Sent:  # noqa: ARG002 - there is one
        """Send all of them."""
        requests = [self.make(target, number) for number in range(self.count)]
        with (
            target.issuer.hanging() if self.without_keys else nullcontext(),
            ThreadPoolExecutor(self.count) as pool,
        ):
            replies = list(pool.map(lambda sent: exchange(target.origin, sent), requests))
        return Sent(sum(map(len, requests)), replies)


@dataclass(frozen=True)
class Pipeline:
    """Requests without end on one connection, of which no answer is ever read.

    Attributes:
        name: what the table calls it.
        body: the body of each.
        most: bytes of them, unless the server reads no more before.
        times: how often it is sent.
    """

    name: str
    body: bytes = field(repr=False)
    most: int
    times: int = 1

    def prime(self, target: Target) -> None:
        """Send nothing before."""

    def send(self, target: Target, turn: int) -> Sent:  # noqa: ARG002 - there is one
        """Send as much as the server takes."""
        authorization = f"Authorization: {target.issuer.token()}"
        one = request(target.origin, self.body, [authorization])
        piece = one * 100
        size = 0
        with connected(target.origin) as connection:
            connection.settimeout(_STUCK)
            # It reads no more, or closes the connection.
            with suppress(OSError):
                while size < self.most:
                    size += connection.send(piece[size % len(piece) :])
        return Sent(size, [NONE] * (size // len(one)))


def _slow(target: Target, _: int) -> bytes:
    """Return a request without the last byte of its body."""
    return request(target.origin, TRIFLE, _closing(target.issuer.token()))[:-1]


def _of_unknown_key(target: Target, number: int) -> bytes:
    return request(target.origin, TRIFLE, _closing(target.issuer.token(kid=f"none {number}")))


def _closing(token: str) -> list[str]:
    return ["Connection: close", f"Authorization: {token}"]


SIEGES: Final = (
    Pipeline("a pipeline of small requests, no answer read", TRIFLE, 28_000_000),
    Pipeline("a pipeline of large answers, none read", _LARGE, 28_000_000),
    Crowd("100 slow bodies of one caller", 100, _slow),
    Crowd(
        "100 tokens of unknown keys, while the JWKS hangs", 100, _of_unknown_key, without_keys=True
    ),
)
"""What attackers tried."""
