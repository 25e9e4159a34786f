"""The words of graphql-core, without what they quote of a request's values.

They tell a client what is wrong with its document or its variables. But errors are kept where
requests are not, by routers and by those who collect errors of browsers, and a value may be
somebody's number or name. What is left names the type, the variable and the place.
"""

import re
from typing import Final

# Behind "Int cannot represent non-integer value", and behind "found", stands the whole value.
_AT_THE_END: Final = re.compile(
    r"(?:( cannot represent [^:]*)|[,;.?] found): .*", re.IGNORECASE | re.DOTALL
)
_WITHIN: Final = (
    # An enum has no such value.
    (re.compile(r"\bValue '.*'(?= does not exist in ')", re.DOTALL), "Value"),
    # The keys of an object in a variable are any text.
    (re.compile(r"(?<= unknown field) '.*'(?=[,.])", re.DOTALL), ""),
    # What the parser came across.
    (
        re.compile(r"\b((?:found|Unexpected) (?:Int|Float|String|BlockString)) '.*'", re.DOTALL),
        r"\1",
    ),
    # Names are the document's, but they may have been made of numbers.
    (re.compile(r"\d{5,}"), "..."),
)


def without_values(words: str) -> str:
    """Return an error's words without the values that they quote."""
    words = _AT_THE_END.sub(r"\1.", words)
    for quoted, left in _WITHIN:
        words = quoted.sub(left, words)
    return words
