"""What comes back from one GET, and the bounds that it is held to."""

from codecs import BOM_UTF8
from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from multidict import CIMultiDict

from resolvers.payex.api.faults import Fault, FaultCode


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """The bounds of one call; each is named in the fault it causes.

    Attributes:
        timeout: seconds from when a call may begin to the last byte of its answer. Silence needs no
            bound of its own: a long list takes PayEx as long before its first byte.
        connect_timeout: seconds until a connection is there, from the look-up of the host to TLS.
        max_body: bytes of one body, after decompression.
    """

    timeout: float = 10.0
    connect_timeout: float = 3.0
    max_body: int = 32 * 1024 * 1024

    def expired(self) -> Fault:
        """Return the fault of a call that took too long in all."""
        return Fault(FaultCode.UPSTREAM_TIMEOUT, limit={"GATEWAY_UPSTREAM_TIMEOUT": self.timeout})

    def not_connected(self) -> Fault:
        """Return the fault of a connection that did not come about in time."""
        limit = {"GATEWAY_UPSTREAM_CONNECT_TIMEOUT": self.connect_timeout}
        return Fault(FaultCode.UPSTREAM_TIMEOUT, limit=limit)

    def too_large(self) -> Fault:
        """Return the fault of a body that is too large."""
        limit = {"GATEWAY_UPSTREAM_MAX_BODY": self.max_body}
        return Fault(FaultCode.UPSTREAM_BODY_TOO_LARGE, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete HTTP answer, of whatever status. The names of headers know no case."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=CIMultiDict, repr=False, compare=False)

    @property
    def retry_after(self) -> str | None:
        """The header `Retry-After` as it came: seconds, or a date."""
        return self.headers.get("retry-after")


Arrive = Callable[[int], None]
"""Is told how many bytes of a body have arrived. It raises the fault of what may not be read on."""


def all_may_arrive(_size: int) -> None:
    """Let any body arrive."""


async def whole(chunks: AsyncIterable[bytes], limits: CallLimits, arrive: Arrive) -> bytes:
    """Return a body from its parts, which are decompressed already.

    Raises:
        Fault: `UPSTREAM_BODY_TOO_LARGE`, as soon as it is, or that of `arrive`.
    """
    parts = []
    size = 0
    async for part in chunks:
        size += len(part)
        if size > limits.max_body:
            raise limits.too_large()
        arrive(len(part))
        parts.append(part)
    # A byte-order mark is no part of JSON. RFC 8259 lets its readers pass over one.
    return b"".join(parts).removeprefix(BOM_UTF8)


def broken_compression() -> Fault:
    """Return the fault of a body that cannot be decompressed."""
    return Fault(FaultCode.UPSTREAM_MALFORMED, hint="The body's compression is broken.")


Heard = Callable[[int], None]
"""Is told the status when the head of an answer is there."""


def nobody_hears(_status: int) -> None:
    """Tell nobody."""


class Client(Protocol):
    """An HTTP client of one upstream."""

    async def get(
        self, path: str, headers: Mapping[str, str], heard: Heard, arrive: Arrive
    ) -> Response:
        """Send one GET and read the whole answer, without following it anywhere.

        Args:
            path: path and query, encoded.
            headers: what this call alone carries.
            heard: is told the status when the head of the answer is there.
            arrive: is told of each part of the body.

        Raises:
            Fault: that of `arrive`, or any but that of the time of the whole call.
        """

    async def aclose(self) -> None:
        """Close the connections."""
