"""The header `traceparent`, which names the trace of a request.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Headers = Iterable[tuple[bytes, bytes]]
"""A request's headers as in ASGI: names in lower case, and values."""

_HEADER: Final = b"traceparent"
# A later version may add fields behind these, which keep their meaning.
_FORM: Final = re.compile(
    rb"(?P<version>(?!ff)[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})"
    rb"-(?P<span>(?!0{16})[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)


@dataclass(frozen=True, slots=True)
class TraceParent:
    """The span that caused a request.

    Attributes:
        trace_id: its trace, in 32 hexadecimal digits.
        span_id: its id, in 16 hexadecimal digits.
        flags: one byte; its lowest bit says whether the trace is sampled.
    """

    trace_id: str
    span_id: str
    flags: int


def trace_parent(headers: Headers) -> TraceParent | None:
    """Return the trace parent of a request, or None if it has none, several, or a malformed one."""
    given = [value for name, value in headers if name == _HEADER]
    if len(given) != 1:
        return None
    match = _FORM.fullmatch(given[0].strip(b" \t"))
    if match is None or (match["version"] == b"00" and match["more"]):
        return None
    return TraceParent(match["trace"].decode(), match["span"].decode(), int(match["flags"], 16))
