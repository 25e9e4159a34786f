"""What is told of an exception: its type and the places it came through, and none of its text.

The text of an exception may quote anything: a URL, a number, a token.
"""

import re
import traceback
from typing import Final

_MOST_CAUSES: Final = 5
_PLACE: Final = re.compile(
    r'^  File ".*", line \d+.*$|^[\w.]*(?:Error|Exception|Group|Fault|Exit|Interrupt)(?=:|$)',
    re.MULTILINE,
)


def places(error: BaseException) -> list[str]:
    """Return an exception as lines: its type, then each place with its line of code.

    What caused it follows in the same way, and what a group holds, up to five exceptions.
    """
    lines: list[str] = []
    seen: list[BaseException] = []
    queue: list[BaseException | None] = [error]
    while queue and len(seen) < _MOST_CAUSES:
        one = queue.pop(0)
        if one is None or any(one is other for other in seen):
            continue
        seen.append(one)
        lines.append(f"{'caused by ' if lines else ''}{type(one).__qualname__}")
        lines += "".join(traceback.format_tb(one.__traceback__)).splitlines()
        queue.append(one.__cause__ or (None if one.__suppress_context__ else one.__context__))
        if isinstance(one, BaseExceptionGroup):
            queue += one.exceptions
    return lines


def places_in(text: str) -> list[str]:
    """Return the places and types of exceptions that somebody else has printed."""
    return _PLACE.findall(text)
