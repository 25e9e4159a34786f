"""Where a large body can be cut into slices of whole elements, each of which is JSON by itself.

To decode 33 MB of JSON at once keeps the event loop for hundreds of milliseconds.

A cut is guessed, and the slice before it is decoded as an array. If that succeeds, the cut was
right: a slice that begins with an element and is a sequence of whole elements ends neither within a
text nor within an element, so that a comma behind it separates elements, and a bracket ends the
list. If it fails, the brackets are counted.
"""

import re
from collections.abc import Generator, Iterator
from itertools import islice
from typing import Final, NamedTuple, TypeVar

T = TypeVar("T")

SLICE: Final = 128 * 1024
"""Bytes in a slice. Its records are decoded in 1.5 milliseconds, and member by member in 15."""
AT_ONCE: Final = 2 * 1024 * 1024
"""Bytes that are decoded at once at most, where they cannot be cut: an element, or a whole body. It
takes 20 milliseconds."""

# PayEx's lists begin with their elements. Whoever puts a lot before them gets no slices.
_FARTHEST: Final = 64 * 1024
_MOST_BEGINNINGS: Final = 4
_ITEMS: Final = re.compile(rb'"items"[ \t\r\n]*:[ \t\r\n]*\[')
_BETWEEN: Final = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*\{")
_MOST_GUESSES: Final = 4
# Up to the next bracket, or comma, that stands in no text. All runs are possessive: none is tried
# twice, whatever the body holds.
_TEXT: Final = rb'"(?:[^"\\]++|\\.)*+"'
_OF_LIST: Final = re.compile(rb'(?:[^"\[\]{},]++|%b)*+[\[\]{},]' % _TEXT, re.DOTALL)
_OF_ELEMENT: Final = re.compile(rb'(?:[^"\[\]{}]++|%b)*+[\[\]{}]' % _TEXT, re.DOTALL)
_OPENING: Final = frozenset(b"[{")
_COMMA: Final = ord(",")
# Brackets and commas that are counted between two turns of the event loop, in 4 milliseconds.
_AT_A_TIME: Final = 5000
_UNITS_OF_A_SIGN: Final = 0.8
_UNITS_OF_A_QUOTE: Final = 0.03
# Less is no step of its own: the end of the last slice is found by its brackets.
_FEW: Final = 1000
# Elements of a slice: each may have to be read by itself. Usual ones are 400.
_MOST_ELEMENTS: Final = 1000


class DecodingStep(NamedTuple):
    """What a step of decoding took, as `Intake.decode` takes it in."""

    size: int
    items: int
    units: float


DecodingSteps = Generator[DecodingStep, None, T]


def beginnings(body: bytes) -> Iterator[int]:
    """Yield where the elements of a page may begin, which is behind a bracket."""
    found = _ITEMS.finditer(body, 0, _FARTHEST)
    return (match.end() for match in islice(found, _MOST_BEGINNINGS))


def likely_end(body: bytes, start: int, size: int) -> int | None:
    """Return the place of a comma that may well separate two elements, to cut a body there.

    Args:
        body: a page.
        start: where an element begins.
        size: bytes of the slice, at most.

    Returns:
        None if there is no such comma, or the list may end before it.
    """
    end = start + size
    if end >= len(body):
        return None
    if (closing := body.count(b"}", start, end)) > _MOST_ELEMENTS:
        end = start + size * _MOST_ELEMENTS // closing
    for _ in range(_MOST_GUESSES):
        end = body.rfind(b"}", start, end)
        if end < 0:
            break
        if _BETWEEN.match(body, end):
            return body.index(b",", end)
    return None


def exact_end(body: bytes, start: int, size: int) -> DecodingSteps[int | None]:
    """Return the place of a comma that separates two elements, or of the bracket behind the last.

    Args:
        body: a page.
        start: where an element begins.
        size: bytes of the slice, at least, unless the list ends before or has many elements.

    Returns:
        None if the list has no end, or an element is larger than `AT_ONCE`.
    """
    depth, at, seen, elements = 0, start, 0, 0
    end = None
    while found := (_OF_ELEMENT if depth else _OF_LIST).match(body, at, start + size + AT_ONCE):
        at = found.end()
        sign = body[at - 1]
        seen += 1
        if not seen % _AT_A_TIME:
            yield DecodingStep(0, 0, _AT_A_TIME * _UNITS_OF_A_SIGN)
        if sign in _OPENING:
            depth += 1
        elif sign != _COMMA and depth:
            depth -= 1
        elif sign != _COMMA or at - start > size or (elements := elements + 1) >= _MOST_ELEMENTS:
            end = at - 1
            break
    units = _UNITS_OF_A_QUOTE * body.count(b'"', start, at)
    if (rest := seen % _AT_A_TIME) > _FEW:
        units += rest * _UNITS_OF_A_SIGN
    if units > _FEW:
        yield DecodingStep(0, 0, units)
    return end
