r"""Lone surrogates: escapes such as `\ud83d` that stand for half a character.

JSON's grammar allows them (RFC 8259, section 8.2), and a program that cuts text by length writes
them. No text can hold one, and msgspec refuses a body that has one anywhere. Here each is marked,
so that the rest of the body can be read, and what is handed on can be restored to the byte.
"""

import re
import secrets

# A pair, a lone half, or any other escape: whichever begins first, so that a backslash which is
# escaped itself begins none.
_ESCAPES = re.compile(
    rb"\\(?:"
    rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|u(?P<lone>[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|.)",
    re.DOTALL,
)


class Marked:
    """A body in which each lone surrogate is marked by text that stands nowhere else in it.

    Args:
        body: JSON.

    Attributes:
        body: the same with marks in place of lone surrogates.
    """

    def __init__(self, body: bytes) -> None:
        # Nobody can guess it. It begins with a letter: outside of a text it is no JSON.
        self._mark = b"lone0000" + secrets.token_hex(16).encode()
        self.body = _ESCAPES.sub(self._marked, body) if b"\\" in body else body
        self._marks_nothing = self.body == body

    def holds(self, part: bytes | memoryview) -> bool:
        """Whether a part of the marked body holds a lone surrogate."""
        return not self._marks_nothing and self._mark in bytes(part)

    def restored(self, part: bytes | memoryview) -> bytes:
        """Return a part of the marked body as it stood in the original."""
        return bytes(part).replace(self._mark, b"\\u")

    def _marked(self, escape: re.Match[bytes]) -> bytes:
        lone = escape["lone"]
        return escape[0] if lone is None else self._mark + lone


def replaced(body: bytes) -> bytes:
    """Return a body in which U+FFFD, the sign for what cannot be shown, replaces each of them."""
    return _ESCAPES.sub(lambda escape: rb"\ufffd" if escape["lone"] else escape[0], body)
