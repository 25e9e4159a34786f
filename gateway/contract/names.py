"""Which names out of a body may be shown.

Names of members and codes of problems are the contract; but a body may also be keyed by somebody's
number, or carry a sentence where a code belongs.
"""

import re

_NAME = re.compile(r"[@$]?[^\W\d][\w.-]{0,39}")
_NUMBER = re.compile(r"\d{4}")
_CODE = re.compile(r"[a-z]{1,20}(?:-[a-z]{1,20}){0,5}")


def is_name(text: str) -> bool:
    """Whether a text looks like the name of a member, and not like anybody's number or words."""
    return bool(_NAME.fullmatch(text)) and not _NUMBER.search(text)


def shown_name(text: str) -> str:
    """Return a member's name, or what can be said of it where it may be more than a name."""
    return text if is_name(text) else f"(a name of {len(text)} characters that is not shown)"


def shown_code(problem_type: str) -> str:
    """Return the last segment of a problem's type, if it looks like a code."""
    code = re.split(r"[/.#]", problem_type.strip(" /"))[-1].replace(" ", "-").casefold()
    return code if _CODE.fullmatch(code) else "(a type that is not shown)"
