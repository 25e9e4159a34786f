"""The names in a body that may be shown.

Names of members and codes of problems are part of the contract. But PayEx could also use somebody's
number as a member's name, or send a sentence in place of a code.
"""

import re

_NAME = re.compile(r"[@$]?[^\W\d][\w.-]{0,39}")
_NUMBER = re.compile(r"\d{4}")
_CODE = re.compile(r"[a-z]{1,20}(?:-[a-z]{1,20}){0,5}")


def is_name(text: str) -> bool:
    """Return whether a text looks like a member's name, and not like a number or a sentence."""
    return bool(_NAME.fullmatch(text)) and not _NUMBER.search(text)


def shown_name(text: str) -> str:
    """Return a member's name, or its length if it may be more than a name."""
    return text if is_name(text) else f"(a hidden name of {len(text)} characters)"


def shown_code(problem_type: str) -> str:
    """Return the last segment of a problem's type, if it looks like a code."""
    code = re.split(r"[/.#]", problem_type.strip(" /"))[-1].replace(" ", "-").casefold()
    return code if _CODE.fullmatch(code) else "(a hidden type)"
