"""Tokens, against those of graphql-core."""

import pytest
from graphql import GraphQLSyntaxError, TokenKind
from graphql.language import Lexer, Source
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.limits.tokens import lines_of, start_of, tokens_of

ALPHABET = '{}[]()!$@:=|&."#\\,\n\r\t abquerynf_019-+eE\ufeffé😀'
PIECES = st.one_of(
    st.text(alphabet=ALPHABET, max_size=3),
    st.sampled_from(['"""', '\\"""', '"a\\"b"', '"a\\\\"', "...", "-1.5e-3", "# x\n", "on", '""']),
)


@given(st.lists(PIECES, max_size=20).map("".join))
@example('"""a\\"""b""" c')
@example('"" "" """"""')
@example('"""""" a')
@example('"""a" b""" c')
@example("# x\ra # y\nb")
@example("-1 2E3 -4.5E-6 7e+8")
def test_the_tokens_of_what_can_be_read_are_graphql_cores(text: str) -> None:
    lexer = Lexer(Source(text))
    expected: list[tuple[int, str]] = []
    try:
        while lexer.advance().kind is not TokenKind.EOF:
            pass
    except GraphQLSyntaxError:
        return
    token = lexer.token.prev
    while token and token.prev:
        if token.kind is not TokenKind.COMMENT:
            expected.append((token.start, text[token.start : token.end]))
        token = token.prev

    found = [(start_of(text, number), token) for number, token in enumerate(tokens_of(text))]

    assert found == expected[::-1]


@pytest.mark.parametrize("text", ['"' + '\\"' * 30_000, '"""' + '\\"""' * 30_000])
def test_a_string_without_an_end_is_looked_through_once(text: str) -> None:
    """Each of its quotes could be taken for the beginning of another string."""
    assert tokens_of(text) == [text]


@given(st.text(alphabet="\r\na", max_size=12))
def test_lines_end_as_graphql_has_it(text: str) -> None:
    lexer = Lexer(Source(text + "a"))
    while lexer.advance().kind is not TokenKind.EOF:
        pass

    assert lines_of(text) == lexer.token.line - 1
