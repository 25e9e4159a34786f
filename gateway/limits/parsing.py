"""Parsing: from a text to a document, within the limits of what is read at all."""

from graphql import DocumentNode, GraphQLSyntaxError, parse

from gateway.limit_settings import LimitSettings
from gateway.limits.excess import NESTING, LimitCode, LimitExceeded


def parse_document(text: str, limits: LimitSettings) -> DocumentNode:
    """Return the document of a text.

    However long and deep the text is, reading stops at a limit, before Python's own.

    Raises:
        LimitExceeded: the text is larger than is read.
        GraphQLSyntaxError: the text is no GraphQL.
    """
    if len(text) > limits.max_document:
        raise LimitExceeded(LimitCode.MAX_DOCUMENT_LIMIT, limits.max_document, len(text))
    # To say where in the text something is wrong takes as long as it has lines before that.
    if text.count("\n") + text.count("\r") - text.count("\r\n") > limits.max_tokens:
        raise LimitExceeded(LimitCode.MAX_TOKENS_LIMIT, limits.max_tokens, limits.max_tokens + 1)
    try:
        return parse(text, max_lexical_tokens=limits.max_tokens, max_comments=limits.max_tokens)
    except GraphQLSyntaxError as error:
        raise _exceeded(error, limits) or error from None


def _exceeded(error: GraphQLSyntaxError, limits: LimitSettings) -> LimitExceeded | None:
    """Return the limit behind an error of the parser, which tells them apart by words alone.

    The words are compared as a whole, since those of other errors quote the text.
    """
    tokens = limits.max_tokens
    match error.message.removeprefix("Syntax Error: ").removesuffix(" Parsing aborted."):
        case "Document is nested too deeply.":
            return LimitExceeded(LimitCode.MAX_NESTING_LIMIT, NESTING, NESTING + 1, error)
        case words if words in {
            f"Document contains more than {tokens} {what}." for what in ("tokens", "comments")
        }:
            return LimitExceeded(LimitCode.MAX_TOKENS_LIMIT, tokens, tokens + 1, error)
        case _:
            return None
