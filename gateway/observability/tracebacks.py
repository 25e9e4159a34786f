"""Stack traces for the log: types of exceptions and places in the code, without any texts.

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

    Its causes and the members of a group follow in the same way, five exceptions at most.
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
    """Return the places and types of exceptions in a printed stack trace."""
    return _PLACE.findall(text)
