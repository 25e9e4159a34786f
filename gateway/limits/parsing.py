"""Parsing: from a text to a document, or what is wrong with the text in words of our own.

graphql-core's messages quote the text, which may hold a person's number or name.
"""

import re
from typing import Final

from graphql import DocumentNode, GraphQLSyntaxError, Lexer, Source, Token, TokenKind, parse

from gateway.limits.violations import NESTING, LimitCode, LimitExceeded, Place

_NESTS: Final = {
    TokenKind.BRACE_L: 1,
    TokenKind.BRACKET_L: 1,
    TokenKind.BRACE_R: -1,
    TokenKind.BRACKET_R: -1,
}
_IGNORED: Final = re.compile(r"(?:[ \t\n\r,\ufeff]|#[^\n\r]*)*")


def parse_document(text: str) -> DocumentNode:
    """Return the document of a text, whose `oversizes` were looked at.

    However deep it is, reading stops at a limit, before Python's own.

    Raises:
        LimitExceeded: the text nests deeper than is read.
        GraphQLSyntaxError: the text is no GraphQL. The message names kinds of tokens and names.
    """
    try:
        return parse(text)
    except GraphQLSyntaxError as error:
        (start,) = error.positions or (0,)
    raise _error(text, start)


def _error(text: str, start: int) -> GraphQLSyntaxError | LimitExceeded:
    """Return the error of a text that the parser refused at a position."""
    source = Source(text)
    lexer = Lexer(source)
    nesting = 0
    try:
        while lexer.advance().start < start:
            nesting += _NESTS.get(lexer.token.kind, 0)
    except GraphQLSyntaxError:
        kind = _kind(text[_IGNORED.match(text, lexer.token.end).end() :])  # type: ignore[union-attr]
        return GraphQLSyntaxError(source, start, f"Invalid {kind}{_after(lexer.token)}.")
    # The parser points at the bracket, or behind it within a type.
    if nesting + max(_NESTS.get(lexer.token.kind, 0), 0) > NESTING:
        return LimitExceeded(LimitCode.MAX_NESTING_LIMIT, NESTING, NESTING + 1, Place(text, start))
    words = f"Unexpected {_name(lexer.token)}{_after(lexer.last_token)}."
    return GraphQLSyntaxError(source, start, words)


def _kind(rest: str) -> str:
    """Return what the text seems to be meant as that begins with what is no token."""
    if rest.startswith('"'):
        return "or unterminated string"
    return "number" if rest[:1].isdigit() or rest.startswith("-") else "character"


def _after(token: Token) -> str:
    return "" if token.kind is TokenKind.SOF else f" after {_name(token)}"


def _name(token: Token) -> str:
    kind = token.kind.value
    if token.kind is TokenKind.NAME:
        return f"{kind} '{token.value}'"
    return kind if kind[-1].isalpha() or kind[-1] == ">" else f"'{kind}'"
