"""Header fields of a request: lines, lists, parameters, weights and entity tags (RFC 9110).

A list may stand on several lines, and its elements may hold quoted text. Blanks around a value do
not belong to it: servers differ in whether they remove them.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple, TypeVar

from starlette.datastructures import Headers

R = TypeVar("R")

_BLANKS: Final = " \t"
# The parts of a list, or of an element: whatever stands between two separators that are not quoted.
_ELEMENTS: Final = re.compile(r'(?:[^",]+|"(?:[^"\\]|\\.)*"?)+', re.DOTALL)
_PARAMETERS: Final = re.compile(r'(?:[^";]+|"(?:[^"\\]|\\.)*"?)+', re.DOTALL)
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_DECIMAL: Final = re.compile(r"[0-9]++\.?[0-9]*+|\.[0-9]++")
# In a tag a backslash stands for itself (RFC 9110, 8.8.3).
_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')
_TAGS: Final = re.compile(r'[ \t,]*(?:(?:W/)?"[^"]*"[ \t]*(?:,[ \t,]*|$))+')

# No client that means it has more. Whoever has them read need not have a token yet.
_MOST: Final = 100

# Clients send the same few values time and again. Longer ones, and more of them, are read each
# time, so that no client can fill the memory.
_REMEMBERED: Final = 32
_LONGEST: Final = 256


class Element(NamedTuple):
    """An element of a list.

    Attributes:
        name: the part before the parameters, in lower case.
        parameters: their names in lower case, and their values without quotes.
        weight: the `q`, from 0 to 1: 1 if it is absent, and 0 if it is malformed.
    """

    name: str
    parameters: tuple[tuple[str, str], ...]
    weight: float


def lines(headers: Headers, name: str) -> list[str]:
    """Return the value of each line of a header, without the blanks around it.

    Args:
        headers: the request's.
        name: the header's, in lower case.
    """
    key = name.encode("latin-1")
    return [value.decode("latin-1").strip(_BLANKS) for each, value in headers.raw if each == key]


def listed(headers: Headers, name: str) -> str:
    """Return a header's list as if it stood on one line; empty if it is absent."""
    return ",".join(lines(headers, name))


def elements(text: str) -> list[Element]:
    """Return the elements of a list, without empty ones.

    A list of more than 100 has none, and an element with 100 parameters or more has no name: a
    server may disregard preferences (RFC 9110, section 12.1).
    """
    return [_element(part) for part in _parts(_ELEMENTS, text)]


def matches_tag(text: str, tag: str) -> bool:
    """Whether an `If-None-Match` lists this entity tag, by weak comparison.

    Args:
        text: the list; a malformed one lists none.
        tag: the tag, weak or strong.
    """
    if text == "*":
        return True
    return bool(_TAGS.fullmatch(text)) and tag.removeprefix("W/") in _TAG.findall(text)


def remembered(read: Callable[[str], R]) -> Callable[[str], R]:
    """Return a function of a header's text that caches results for a few short texts."""
    cached = lru_cache(maxsize=_REMEMBERED)(read)

    def look_up(text: str) -> R:
        return cached(text) if len(text) <= _LONGEST else read(text)

    return look_up


def _parts(pattern: re.Pattern[str], text: str) -> list[str]:
    found = list(islice(pattern.finditer(text), _MOST + 1))
    if len(found) > _MOST:
        return []
    return [part for each in found if (part := each[0].strip(_BLANKS))]


def _element(text: str) -> Element:
    name, *rest = _parts(_PARAMETERS, text) or [""]
    parameters = tuple(_parameter(part) for part in rest)
    weights = (_weight(value) for name, value in parameters if name == "q")
    return Element(name.lower(), parameters, next(weights, 1.0))


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = (part.strip(_BLANKS) for part in text.partition("="))
    if _QUOTED.fullmatch(value):
        value = _ESCAPED.sub(r"\1", value[1:-1])
    return name.lower(), value


def _weight(text: str) -> float:
    weight = float(text) if _DECIMAL.fullmatch(text) else 0.0
    return weight if weight <= 1 else 0.0
