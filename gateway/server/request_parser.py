"""The parser of requests: httptools', with bounds.

httptools keeps incomplete headers and chunk extensions however long they get, and reads all that it
is given, however many requests that is. So it is given little at a time, and nothing once a limit
is exceeded or while a request waits for its answer.
"""

from typing import Final, Protocol

import httptools

from gateway.http.http_limits import HttpLimits, head_size

_PIECE: Final = 2048
"""Bytes that are read at a time. All requests that end in them are begun, to wait in a line."""
_LINE: Final = len("  HTTP/1.1\r\n\r\n")
"""Bytes of a head beside its method, its target and its headers."""


class Reader(Protocol):
    """Gets what is read, by httptools' methods and these."""

    url: bytes
    headers: list[tuple[bytes, bytes]]

    @property
    def busy(self) -> bool:
        """Whether nothing more should be read at present."""

    @property
    def in_head(self) -> bool:
        """Whether a head has begun and has not ended."""

    def head(self) -> bytes:
        """Return the last head, without its request for another protocol."""


class RequestParser:
    """httptools' parser, which reads the body of each request even if its head asks for an upgrade.

    After such a head, httptools' parser cannot be made to read the body. A new parser reads the
    head again without the upgrade, and then the rest.

    Args:
        reader: gets what is read.
        limits: of a head, and of what is neither head nor body: the sizes and extensions of chunks,
            and trailers, in proportion to the body.
    """

    def __init__(self, reader: Reader, limits: HttpLimits) -> None:
        self._reader = reader
        self._limits = limits
        self._room = limits.max_head
        self._renew()

    def _renew(self) -> None:
        parser = httptools.HttpRequestParser(self._reader)
        # As uvicorn has it: what follows a request that closes its connection is passed over.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._feed = parser.feed_data
        self.get_http_version = parser.get_http_version
        self.get_method = parser.get_method
        self.should_keep_alive = parser.should_keep_alive
        self.should_upgrade = parser.should_upgrade

    def read(self, data: bytes) -> bytes:
        """Read data; return what is left of it once the reader is busy.

        Raises:
            httptools.HttpParserError: it is not HTTP/1, or the reader raised an exception.
            Refusal: a limit is exceeded.
        """
        if self._reader.busy:
            return data
        if len(data) <= _PIECE:
            self._take(data)
            return b""
        rest = memoryview(data)
        while rest and not self._reader.busy:
            self._take(rest[:_PIECE])
            rest = rest[_PIECE:]
        return bytes(rest)

    def check(self) -> None:
        """Check a complete head.

        Raises:
            Refusal: a limit is exceeded.
        """
        limits, reader = self._limits, self._reader
        size = limits.max_head - self._room
        if size > limits.max_head:
            # What was read with its end is no part of it.
            line = _LINE + len(self.get_method()) + len(reader.url)
            size = head_size(line, reader.headers)
        limits.check(size, reader.url, reader.headers)

    def took(self, body: int) -> None:
        """Note that so many bytes were part of a body."""
        self._room = min(self._room + 2 * body, self._limits.max_head)

    def begin(self) -> None:
        """Note that another request begins."""
        self._room = self._limits.max_head

    def _take(self, piece: bytes | memoryview) -> None:
        self._room -= len(piece)
        rest = piece
        while True:
            try:
                self._feed(rest)
                break
            except httptools.HttpParserUpgrade as end_of_head:
                head = self._reader.head()
                self._renew()
                self._feed(head)
                rest = memoryview(rest)[end_of_head.args[0] :]
        if self._reader.in_head:
            size = self._limits.max_head - self._room
            self._limits.check(size, self._reader.url, self._reader.headers)
        elif self._room < 0:
            raise self._limits.too_large(self._limits.max_head - self._room)
