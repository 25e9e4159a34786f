"""Heads of requests as they are read again, and of the answer to what is no request."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Final

import httptools

from gateway.http.refusals import Refusal

Field = tuple[bytes, bytes]

NO_REQUEST: Final = Refusal(
    HTTPStatus.BAD_REQUEST,
    "What came is no request of HTTP/1.1. Check what sends it; the connection is closed.",
)


_CODED: Final = Refusal(
    HTTPStatus.NOT_IMPLEMENTED,
    "The request has a transfer coding other than chunked. Send it with Transfer-Encoding: chunked "
    "or with Content-Length; the connection is closed.",
)


def check_codings(fields: Iterable[Field]) -> None:
    """Look at how a request's body is sent.

    Raises:
        Refusal: it has a transfer coding other than chunked, which nothing here takes off again.
    """
    for name, value in fields:
        if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
            raise _CODED


def at_target(url: bytes, fields: Sequence[Field]) -> Sequence[Field]:
    """Return a head's fields with the host of a target in absolute form as `Host`.

    RFC 9112, section 3.2.2, has it so. A head with several `Host` fields stays as it is.
    """
    target = httptools.parse_url(url)
    others = [field for field in fields if field[0] != b"host"]
    if not target.host or len(others) < len(fields) - 1:
        return fields
    host = b"[%b]" % target.host if b":" in target.host else target.host
    port = b":%d" % target.port if target.port else b""
    return [(b"host", host + port), *others]


def without_upgrade(method: bytes, url: bytes, version: bytes, fields: Iterable[Field]) -> bytes:
    """Return the head of a request, without its wish for another protocol."""
    lines = [b"%b %b HTTP/%b" % (method, url, version)]
    lines += [b"%b: %b" % field for field in fields if field[0] != b"upgrade"]
    return b"\r\n".join([*lines, b"", b""])


def answer(refusal: Refusal, fields: Iterable[Field]) -> bytes:
    """Return the whole answer of a server that closes the connection with it.

    Args:
        refusal: what it says.
        fields: what the heads of all answers have.
    """
    response = refusal.response()
    lines = [b"HTTP/1.1 %d %b" % (refusal.status, refusal.status.phrase.encode())]
    lines += [b"%b: %b" % field for field in [*fields, *response.raw_headers]]
    return b"\r\n".join([*lines, b"connection: close", b"", bytes(response.body)])
