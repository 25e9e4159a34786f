"""The limits of HTTP/1.1 on one connection: sizes, and how long a client may take."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from gateway.http.refusals import Refusal

_PATH: Final = 1024
"""Bytes that a request's target may have beside its query string."""
_SEPARATORS: Final = len(": \r\n")


@dataclass(frozen=True, kw_only=True)
class HttpLimits:
    """The limits of a connection. Most are settings, whose descriptions say more.

    Attributes:
        max_head: bytes of a request line and its headers together.
        max_header: bytes of one header, with its name.
        max_headers: headers of a request.
        max_query_string: bytes of a query string.
        head_timeout: seconds for a head.
        body_timeout: seconds for the rest of a body that nobody reads.
        send_timeout: seconds within which a client must take more of an answer.
        max_unsent: bytes of answers that the clients of a process have not taken.
    """

    # Proxies take 8 KB (nginx) to 60 KB (Envoy).
    max_head: int = 64 * 1024
    max_header: int = 16 * 1024
    # As Apache and Envoy; browsers behind two proxies send about 30.
    max_headers: int = 100
    # What is longer, proxies and logs cut off; POST has room.
    max_query_string: int = 16 * 1024
    head_timeout: float = 10.0
    body_timeout: float = 10.0
    send_timeout: float = 30.0
    max_unsent: int = 128 * 1024 * 1024

    def check(self, size: int, target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        """Check a head, or as much of it as has come.

        Args:
            size: its bytes, at least.
            target: the target of the request line.
            headers: those that have come.

        Raises:
            Refusal: a limit is exceeded.
        """
        if len(target) > self.max_query_string + _PATH:
            raise Refusal(
                HTTPStatus.REQUEST_URI_TOO_LONG,
                f"The request's target has {len(target)} bytes or more; a query string of at most "
                f"{self.max_query_string} is taken, and {_PATH} beside it. Send the request by "
                "POST.",
            )
        if len(headers) > self.max_headers:
            raise _too_large(
                f"The request has {len(headers)} headers or more; at most {self.max_headers} are "
                "taken. Send fewer."
            )
        # A head that is no larger holds no larger header.
        longest = max(map(_size, headers), default=0) if size > self.max_header else 0
        if longest > self.max_header:
            raise _too_large(
                f"A header of the request has {longest} bytes; at most {self.max_header} are "
                "taken (GATEWAY_MAX_HEADER). Send a smaller one."
            )
        if size > self.max_head:
            raise self.too_large(size)

    def too_large(self, size: int) -> Refusal:
        """Return the refusal of a head of this size, or of as many bytes beside a body."""
        return _too_large(
            f"The request's head, or what stands around its body, has {size} bytes or more; at "
            f"most {self.max_head} are taken. Send fewer headers, or smaller ones."
        )

    def too_slow(self) -> Refusal:
        """Return the refusal of a head that has not come in time."""
        return Refusal(
            HTTPStatus.REQUEST_TIMEOUT,
            f"The request's head did not come within {self.head_timeout:g} seconds "
            "(GATEWAY_HEAD_TIMEOUT).",
        )


def head_size(line: int, headers: list[tuple[bytes, bytes]]) -> int:
    """Return the bytes of a head.

    Args:
        line: the bytes of its request line.
        headers: its headers.
    """
    return line + sum(map(_size, headers)) + _SEPARATORS * len(headers)


def _size(header: tuple[bytes, bytes]) -> int:
    name, value = header
    return len(name) + len(value)


def _too_large(detail: str) -> Refusal:
    return Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)
