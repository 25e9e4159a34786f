"""The response to one GET, and the limits of a call."""

from codecs import BOM_UTF8
from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from multidict import CIMultiDict

from resolvers.payex.api.faults import Fault, FaultCode


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """The limits of one call. A fault names the limit that caused it.

    Attributes:
        timeout: seconds from when a call may begin to the last byte of its answer. Silence has no
            limit of its own, because PayEx may need that long for the first byte of a long list.
        connect_timeout: seconds for a connection, from the look-up of the host to the end of TLS.
        max_body: bytes of one body, after decompression.
    """

    timeout: float = 10.0
    connect_timeout: float = 3.0
    max_body: int = 32 * 1024 * 1024

    def expired(self) -> Fault:
        """Return the fault of a call that took too long."""
        return Fault(FaultCode.UPSTREAM_TIMEOUT, limit={"GATEWAY_UPSTREAM_TIMEOUT": self.timeout})

    def not_connected(self) -> Fault:
        """Return the fault of a connection that took too long."""
        limit = {"GATEWAY_UPSTREAM_CONNECT_TIMEOUT": self.connect_timeout}
        return Fault(FaultCode.UPSTREAM_TIMEOUT, limit=limit)

    def too_large(self) -> Fault:
        """Return the fault of a body that is too large."""
        limit = {"GATEWAY_UPSTREAM_MAX_BODY": self.max_body}
        return Fault(FaultCode.UPSTREAM_BODY_TOO_LARGE, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete HTTP answer with any status. Names of headers ignore case."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=CIMultiDict, repr=False, compare=False)

    @property
    def retry_after(self) -> str | None:
        """The header `Retry-After` as received: seconds, or a date."""
        return self.headers.get("retry-after")


Arrive = Callable[[int], None]
"""Gets the number of bytes of a body that have arrived. Raises a fault to stop reading."""


def all_may_arrive(_size: int) -> None:
    """Accept any body."""


async def whole(chunks: AsyncIterable[bytes], limits: CallLimits, arrive: Arrive) -> bytes:
    """Return a body from its decompressed parts.

    Raises:
        Fault: `UPSTREAM_BODY_TOO_LARGE` at the first byte too many, or that of `arrive`.
    """
    parts = []
    size = 0
    async for part in chunks:
        size += len(part)
        if size > limits.max_body:
            raise limits.too_large()
        arrive(len(part))
        parts.append(part)
    # A byte-order mark is not JSON, but RFC 8259 lets readers ignore one.
    return b"".join(parts).removeprefix(BOM_UTF8)


def broken_compression() -> Fault:
    """Return the fault of a body that cannot be decompressed."""
    return Fault(FaultCode.UPSTREAM_MALFORMED, hint="The body's compression is broken.")


Heard = Callable[[int], None]
"""Gets the status when the head of an answer has arrived."""


def nobody_hears(_status: int) -> None:
    """Ignore the status."""


class Client(Protocol):
    """An HTTP client of one upstream."""

    async def get(
        self, path: str, headers: Mapping[str, str], heard: Heard, arrive: Arrive
    ) -> Response:
        """Send one GET and read the whole answer, without following redirects.

        Args:
            path: path and query, encoded.
            headers: further headers of this call.
            heard: gets the status when the head of the answer has arrived.
            arrive: gets the size of each part of the body.

        Raises:
            Fault: that of `arrive`, or any but that of the whole call's timeout.
        """

    async def aclose(self) -> None:
        """Close the connections."""
