"""Framing: the parts of an answer beside its body, and their limit.

aiohttp reads heads, interim answers (such as 103), sizes and extensions of chunks, and trailers
without an end, and keeps the event loop busy meanwhile. A compressed body that decompresses to
nothing has the same effect. An ordinary answer has at most a page of framing, or a part of its
body's size.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from aiohttp import EMPTY_PAYLOAD, StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError

MOST_INTERIM: Final = 100
"""Interim answers before the answer. Servers send one or two, or one every few seconds."""
MOST_FRAMING: Final = 320 * 1024
"""Bytes that an answer may have beside its body, and beside what the body makes up for.

A read of 256 KiB may wait for its turn to be parsed, and so counts before what it brings.
"""

# Bytes for each byte of a body: a chunk that brings less than 8 for each around it is smaller than
# any record.
_FOR_EACH_BYTE: Final = 9 / 8
# Bytes that are read at a time. aiohttp reads all that it is given, however many heads that is.
_PIECE: Final = 16 * 1024


class FramingError(HttpProcessingError):
    """An answer has too much framing."""


class _BoundedHandler(ResponseHandler):
    """aiohttp's protocol of a connection, which closes it when an answer has too much framing."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._came = 0
        self._interim = 0
        self._body: StreamReader = EMPTY_PAYLOAD

    def set_response_params(self, **parameters: Any) -> None:
        """Start the count for a new request."""
        self._came = self._interim = 0
        self._body = EMPTY_PAYLOAD
        super().set_response_params(**parameters)

    def data_received(self, data: bytes) -> None:
        """Read the data that has arrived."""
        if len(data) <= _PIECE:
            self._read(data)
            return
        for start in range(0, len(data), _PIECE):
            if self.connected:
                self._read(data[start : start + _PIECE])

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Accept an answer whose head has been read."""
        message, self._body = data
        self._interim += message.code < HTTPStatus.OK
        if self._interim > MOST_INTERIM:
            self._end()
        else:
            super().feed_data(data, size)

    def _read(self, piece: bytes) -> None:
        super().data_received(piece)
        self._came += len(piece)
        if self._came > MOST_FRAMING + _FOR_EACH_BYTE * self._body.total_bytes:
            self._end()

    def _end(self) -> None:
        error = FramingError()
        self.close()
        self.set_exception(error)
        self._body.set_exception(error)


def bounded_handlers() -> partial[ResponseHandler]:
    """Return the factory of aiohttp's protocols, for the running event loop."""
    handler: type[ResponseHandler] = _BoundedHandler
    return partial(handler, asyncio.get_running_loop())
