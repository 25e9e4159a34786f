"""Requests as they go over the wire, and what comes back."""

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_PATIENCE: Final = 120


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        size: its bytes, with the head.
        status: the HTTP status; 0 if the connection was closed without an answer.
        executed: whether it has data, or errors in place of data.
        codes: the codes of its errors.
        units: the units of work that were spent on it, if it tells.
    """

    size: int
    status: int
    executed: bool
    codes: frozenset[str]
    units: int | None

    def __str__(self) -> str:
        return f"{self.status or 'no answer'} {', '.join(sorted(self.codes)[:3])}".strip()


NONE: Final = Reply(0, 0, executed=False, codes=frozenset(), units=None)
"""There was no answer, or nobody read it."""


def request(
    origin: str,
    body: bytes,
    lines: Sequence[str] = (),
    trailers: Sequence[str] = (),
) -> bytes:
    """Return a request as it goes over the wire.

    Args:
        origin: where it goes.
        body: its body.
        lines: the lines of its head beside the ordinary ones.
        trailers: the lines behind its body, which is then one chunk.
    """
    head = [
        "POST /graphql HTTP/1.1",
        f"Host: {urlsplit(origin).netloc}",
        "Content-Type: application/json",
        "Accept: application/graphql-response+json",
        *lines,
        "Transfer-Encoding: chunked" if trailers else f"Content-Length: {len(body)}",
    ]
    sent = _block(head) + body
    return (
        b"%b%x\r\n%b\r\n0\r\n%b" % (_block(head), len(body), body, _block(trailers))
        if trailers
        else sent
    )


def _block(lines: Sequence[str]) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def connected(origin: str) -> Iterator[socket.socket]:
    """Connect to a server for as long as the block lasts."""
    address = urlsplit(origin)
    place = (address.hostname, address.port)
    with socket.create_connection(place, timeout=_PATIENCE) as connection:
        yield connection


def exchange(origin: str, sent: bytes) -> Reply:
    """Send something on a connection of its own, and return what comes back until it is closed."""
    received = bytearray()
    with connected(origin) as connection:
        # A server may answer and close before it has read all.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        with suppress(ConnectionResetError):
            while chunk := connection.recv(1 << 20):
                received += chunk
    return read(bytes(received))


def read(received: bytes) -> Reply:
    """Read a reply."""
    head, _, body = received.partition(b"\r\n\r\n")
    if not head:
        return NONE
    told = json.loads(body) if body.startswith(b"{") else {}
    codes = {
        error["extensions"]["code"] for error in told.get("errors", ()) if "extensions" in error
    }
    units = told.get("extensions", {}).get("cost", {}).get("spent")
    return Reply(len(received), int(head.split()[1]), "data" in told, frozenset(codes), units)
