"""Parsing: from a text to a document."""

from typing import Final

from graphql import DocumentNode, GraphQLSyntaxError, parse

from gateway.limits.violations import NESTING, LimitCode, LimitExceeded, Place

# The parser tells its limit from other errors by words alone. They are compared as a whole, since
# those of others quote the text.
_TOO_DEEP: Final = "Syntax Error: Document is nested too deeply. Parsing aborted."


def parse_document(text: str) -> DocumentNode:
    """Return the document of a text, whose `oversizes` were looked at.

    However deep it is, reading stops at a limit, before Python's own.

    Raises:
        LimitExceeded: the text nests deeper than is read.
        GraphQLSyntaxError: the text is no GraphQL.
    """
    try:
        return parse(text)
    except GraphQLSyntaxError as error:
        if error.message != _TOO_DEEP:
            raise
        (start,) = error.positions or (0,)
        place = Place(text, start)
        raise LimitExceeded(LimitCode.MAX_NESTING_LIMIT, NESTING, NESTING + 1, place) from None
