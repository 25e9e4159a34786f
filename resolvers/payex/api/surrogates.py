r"""Lone surrogates: escapes such as `\ud83d` that stand for half a character.

JSON's grammar allows them (RFC 8259, section 8.2), and a program that cuts text by length writes
them. No text can hold one, and msgspec refuses a body that has one anywhere. Here each is marked,
so that the rest of the body can be read, and what is handed on can be restored to the byte.
"""

import re
import secrets
from typing import Final

from resolvers.payex.api.faults import Fault, FaultCode

_FIRST: Final = rb"[dD][89abAB][0-9a-fA-F]{2}"
_SECOND: Final = rb"[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF: Final = rb"[dD][89a-fA-F][0-9a-fA-F]{2}"
_PAIR: Final = rb"%b\\u%b" % (_FIRST, _SECOND)
# A run of other escapes, pairs among them, or one of lone halves: whichever begins first, so that a
# backslash which is escaped itself begins none.
_ESCAPES: Final = re.compile(
    rb"(?:\\(?:[^u]|u(?:%b|(?!%b)))[^\\]*+)++|(?P<lone>(?:\\u(?!%b)%b)++)"
    % (_PAIR, _HALF, _PAIR, _HALF)
)
# Runs that are replaced, and bytes that marks add: 10 milliseconds of work. No slice of a list that
# could be real has as many.
_MOST: Final = 10_000
_MOST_BYTES: Final = 1024 * 1024


class Marked:
    """A body in which each lone surrogate is marked by text that stands nowhere else in it.

    Args:
        body: JSON.

    Raises:
        Fault: `UPSTREAM_MALFORMED`: it has more of them than are marked at once.

    Attributes:
        body: the same with marks in place of lone surrogates.
    """

    def __init__(self, body: bytes) -> None:
        # Nobody can guess it. It begins with a letter: outside of a text it is no JSON.
        self._mark = b"lone0000" + secrets.token_hex(16).encode()
        self.body, runs = _ESCAPES.subn(self._marked, body, _MOST) if b"\\" in body else (body, 0)
        if runs == _MOST or len(self.body) - len(body) > _MOST_BYTES:
            hint = "The body has too many lone surrogates."
            raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=hint)
        self._marks_nothing = self.body == body

    def holds(self, part: bytes | memoryview) -> bool:
        """Whether a part of the marked body holds a lone surrogate."""
        return not self._marks_nothing and self._mark in bytes(part)

    def restored(self, part: bytes | memoryview) -> bytes:
        """Return a part of the marked body as it stood in the original."""
        return bytes(part).replace(self._mark, b"\\u")

    def _marked(self, escape: re.Match[bytes]) -> bytes:
        lone = escape["lone"]
        return escape[0] if lone is None else lone.replace(b"\\u", self._mark)


def replaced(body: bytes) -> bytes:
    """Return a body in which U+FFFD replaces lone surrogates; of very many, only the first."""
    return _ESCAPES.sub(_shown, body, _MOST)


def _shown(escape: re.Match[bytes]) -> bytes:
    lone = escape["lone"]
    return escape[0] if lone is None else rb"\ufffd" * lone.count(b"\\")
