"""Heads of requests, corrected, and the answer to input that is no request."""

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
_FOREIGN: Final = Refusal(
    HTTPStatus.BAD_REQUEST,
    "The request's target has a scheme other than http and https, or names a user. Send the path "
    "alone; the connection is closed.",
)
_SCHEMES: Final = frozenset({b"http", b"https"})


def check_codings(fields: Iterable[Field]) -> None:
    """Check how a request's body is coded.

    Raises:
        Refusal: it has a transfer coding other than chunked, which nothing here decodes.
    """
    for name, value in fields:
        if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
            raise _CODED


def at_target(url: bytes, fields: Sequence[Field]) -> Sequence[Field]:
    """Return a head's fields with the host of an absolute-form target as `Host`.

    See RFC 9112, section 3.2.2. A head with several `Host` fields stays as it is.

    Raises:
        Refusal: the target is no URL of HTTP, or names a user.
    """
    target = httptools.parse_url(url)
    if target.host and (target.userinfo or target.schema.lower() not in _SCHEMES):
        raise _FOREIGN
    others = [field for field in fields if field[0] != b"host"]
    if not target.host or len(others) < len(fields) - 1:
        return fields
    host = b"[%b]" % target.host if b":" in target.host else target.host
    port = b":%d" % target.port if target.port else b""
    return [(b"host", host + port), *others]


def without_upgrade(method: bytes, url: bytes, version: bytes, fields: Iterable[Field]) -> bytes:
    """Return the head of a request without its request for another protocol."""
    lines = [b"%b %b HTTP/%b" % (method, url, version)]
    lines += [b"%b: %b" % field for field in fields if field[0] != b"upgrade"]
    return b"\r\n".join([*lines, b"", b""])


def answer(refusal: Refusal, fields: Iterable[Field]) -> bytes:
    """Return a complete answer, after which the server closes the connection.

    Args:
        refusal: what it says.
        fields: the header fields of all answers.
    """
    response = refusal.response()
    lines = [b"HTTP/1.1 %d %b" % (refusal.status, refusal.status.phrase.encode())]
    lines += [b"%b: %b" % field for field in [*fields, *response.raw_headers]]
    return b"\r\n".join([*lines, b"connection: close", b"", bytes(response.body)])
