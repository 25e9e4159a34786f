"""Tokens: what a document is written in, told apart without reading it.

graphql-core takes ten microseconds for a token, and thirty more to validate what it says. To find
that there are too many, or that they say too much, takes about one.
"""

import re
from itertools import islice
from typing import Final

# Blanks, commas and what no token begins with are passed over. Nothing that was matched is given
# back, so that a string without an end is looked through once.
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
    """Return the tokens of a text, without its comments; graphql-core's, if it is GraphQL."""
    return [token for token in _TOKEN.findall(text) if token[0] != _COMMENT]


def is_name(token: str) -> bool:
    """Whether a token is a name, or a word of the language."""
    return token[:1].isalpha() or token[:1] == "_"


def start_of(text: str, number: int) -> int:
    """Return how many characters stand in a text before a token, given how many tokens do."""
    tokens = (match for match in _TOKEN.finditer(text) if match[0][0] != _COMMENT)
    return next(islice(tokens, number, None)).start()


def lines_of(text: str) -> int:
    """Return how many line ends a text has, and so how many comments at most, but for one."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def start_of_line(text: str, number: int) -> int:
    """Return how many characters stand in a text before a line, given how many line ends do."""
    return next(islice(_LINE_END.finditer(text), number - 1, None)).end()
