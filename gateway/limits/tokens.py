"""The tokens of a document, found without parsing it.

graphql-core takes ten microseconds to parse a token, and thirty more to validate it. Finding the
tokens, so that too many can be refused, takes about one.
"""

import re
from itertools import islice
from typing import Final

# Blanks, commas and characters that begin no token are skipped. The groups are possessive, so that
# a string without an end is searched once.
_TOKEN: Final = re.compile(
    r"""
      [A-Za-z_][A-Za-z0-9_]*+
    | [!$&()*:=@[\]{|}]
    | \.\.\.
    | "{3} (?: [^"\\] | \\"{3} | \\ | "(?!"") )*+ (?: "{3} )?+
    | " (?: [^"\\\n\r] | \\. )*+ "?+
    | -?[0-9]++ (?: \.[0-9]++ )?+ (?: [eE][+-]?[0-9]++ )?+
    | \#[^\n\r]*+
    """,
    re.VERBOSE,
)
_COMMENT: Final = "#"
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a text without comments. For valid GraphQL they are graphql-core's."""
    return [token for token in _TOKEN.findall(text) if token[0] != _COMMENT]


def is_name(token: str) -> bool:
    """Return whether a token is a name or a keyword."""
    return token[:1].isalpha() or token[:1] == "_"


def start_of(text: str, number: int) -> int:
    """Return the position in a text of a token, by its number from 0."""
    tokens = (match for match in _TOKEN.finditer(text) if match[0][0] != _COMMENT)
    return next(islice(tokens, number, None)).start()


def lines_of(text: str) -> int:
    """Return the number of line ends of a text, which is one less than the most comments."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def start_of_line(text: str, number: int) -> int:
    """Return the position in a text of a line, by the number of line ends before it."""
    return next(islice(_LINE_END.finditer(text), number - 1, None)).end()
