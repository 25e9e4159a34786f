"""Segments of paths, and what servers on the way to PayEx may make of them.

A number is percent-encoded once, as one segment. A proxy may decode it once more than it should,
and a server behind it may decode it again, take a backslash for a slash, cut off `;` parameters, or
read UTF-8 and Unicode more generously than their standards allow. So a segment is judged by all
that it can become. What must not come out:

- a dot segment, which leads to another holder, ledger or API;
- a separator before a word of PayEx's routes, so that a customer `1/subscriptions` becomes the list
  of customer 1.

All else stays below its holder's path. PayEx allows `/ & # %` in a customer's number: `A/B` and
`50%` become two segments or none at worst, and PayEx knows no such route.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import unquote_to_bytes

WORDS: Final = frozenset(
    {"invoices", "customers", "subscriptions", "usage-details", "usage-summaries"}
)
"""The words of PayEx's routes."""

# One decoding too many is a fault on the way. What the fourth still changes is no number.
_DECODINGS: Final = 4
_DOTS: Final = frozenset({".", ".."})
# Nearly all segments are made of these, and take no further look.
_PLAIN: Final = re.compile(rb"[A-Za-z0-9_-]*")
_SEPARATOR: Final = re.compile(r"[/\\;?#]")
# Parsers of URLs drop blanks and control characters: some at the ends, some in the middle. What
# nobody sees (Unicode's Default_Ignorable_Code_Point, and its blanks) may be dropped as well.
_DROPPED: Final = re.compile(
    r"[\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    r"\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_OVERLONG: Final = re.compile(
    rb"(?:[\xc0\xc1]|\xe0[\x80\x81]|\xf0\x80[\x80\x81]|\xf8\x80{2}[\x80\x81]|\xfc\x80{3}[\x80\x81])"
    rb"[\x80-\xbf]"
)
_OF_WINDOWS: Final = re.compile(r"%u([0-9A-Fa-f]{4})")
# What NFKC leaves as it is, and tables of best fit do not.
_LOOKALIKES: Final = str.maketrans(
    {"\u2044": "/", "\u2215": "/", "\u29f8": "/", "\u2216": "\\", "\u29f5": "\\", "\u3002": "."}
)


def may_lead_elsewhere(segment: str | bytes) -> bool:
    """Whether a segment, already decoded once, could become another path than its own.

    One that is encoded more often than anyone decodes could be anything, and counts as such.
    """
    octets = segment.encode("utf-8", "ignore") if isinstance(segment, str) else segment
    if _PLAIN.fullmatch(octets):
        return False
    reading = _read(octets)
    for _ in range(_DECODINGS):
        if _leads_elsewhere(reading):
            return True
        decoded = _read(unquote_to_bytes(_OF_WINDOWS.sub(_character, reading)))
        if decoded == reading:
            return False
        reading = decoded
    return True


def _leads_elsewhere(reading: str) -> bool:
    pieces = _SEPARATOR.split(reading)
    if not _DOTS.isdisjoint(pieces):
        return True
    return len(pieces) > 1 and not WORDS.isdisjoint(map(str.casefold, pieces))


def _read(octets: bytes) -> str:
    """Read UTF-8 as generously as anyone does."""
    text = _OVERLONG.sub(_octet, octets).decode("utf-8", "ignore")
    return _DROPPED.sub("", unicodedata.normalize("NFKC", text).translate(_LOOKALIKES))


def _octet(match: re.Match[bytes]) -> bytes:
    """Return the character that a form of UTF-8 stands for which is longer than it needs to be."""
    sequence = match[0]
    return bytes([(sequence[-2] & 1) << 6 | sequence[-1] & 0x3F])


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))
