"""The words of graphql-core, without what they quote of a request's values.

They tell a client what is wrong with its document or its variables. But errors are kept where
requests are not, by routers and by those who collect errors of browsers, and a value may be
somebody's number or name. What is left names the type, the variable and the place.
"""

import re
from typing import Final

# An enum has no such value. It may hold whatever the others look for, and comes first.
_VALUE: Final = re.compile(r"\bValue '")
_NO_ENUM_VALUE: Final = "' does not exist in '"
# The keys of an object in a variable are any text. One that is a name of GraphQL is told, since it
# is nearly always a misspelt field. The words before it are graphql-core's: none is a client's.
_UNKNOWN_FIELD: Final = re.compile(
    r"""
    \A ((?: Variable\ '\$\w+'\ has\ invalid\ (?:default\ )?value (?:\ at\ [\w.\[\]]+)? :\  )?
        Expected\ value\ of\ type\ '\w+'\ not\ to\ include\ unknown\ field)
    (?: (\ '[_A-Za-z][_0-9A-Za-z]*')
        (?: ,\ found:\  | \. (\ Did\ you\ mean\ [\w',\ ]+\?)\ Found:\  )
    )?
    .*
    """,
    re.VERBOSE | re.DOTALL,
)
# Behind "Int cannot represent non-integer value", and behind "found", stands the whole value. An
# error that is encountered has Python's own words.
_AT_THE_END: Final = re.compile(
    r"(?:( cannot represent [^:]{0,60}): |, but encountered error |[,;.?] found: ).*",
    re.IGNORECASE | re.DOTALL,
)
# Without the value, graphql-core's words do not say what is wrong with it.
_NO_ID: Final = re.compile(
    r"\bID cannot represent (?:value|a non-string and non-integer value)\.\Z"
)
_WITHIN: Final = (
    # What the parser came across.
    (
        re.compile(r"\b((?:found|Unexpected) (?:Int|Float|String|BlockString)) '.*'", re.DOTALL),
        r"\1",
    ),
    # GraphQL has null.
    (re.compile(r"(?<= not to be )None\b"), "null"),
    # Names are the document's, but they may have been made of numbers.
    (re.compile(r"\d{5,}"), "..."),
)


# graphql-core tells nowhere else which argument it blames.
_ARGUMENT: Final = re.compile(r"Argument '(\w+)' has invalid value(?: at ([\w.\[\]]+))?:")


def blamed_argument(words: str) -> str | None:
    """Return the path of the argument that an error blames, such as `orderBy.direction`."""
    found = _ARGUMENT.match(words)
    return found and f"{found[1]}{found[2] or ''}"


def without_values(words: str) -> str:
    """Return an error's words without the values that they quote."""
    # One expression for both ends would look for the second from each of the first, and a client
    # may send a million of them.
    end = words.rfind(_NO_ENUM_VALUE)
    if (begin := _VALUE.search(words, 0, max(end, 0))) is not None:
        words = words[: begin.start()] + "Value" + words[end + 1 :]
    if unknown := _UNKNOWN_FIELD.match(words):
        words = f"{unknown[1]}{unknown[2] or ''}.{unknown[3] or ''}"
    words = _AT_THE_END.sub(r"\1.", words)
    words = _NO_ID.sub("An ID is text or an integer.", words)
    for quoted, left in _WITHIN:
        words = quoted.sub(left, words)
    return words
