"""What of an error answer is safe in a log or an error: PayEx's id of it, and its title."""

import re
from typing import Final

_UUID: Final = re.compile(r"(urn:uuid:)?[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}")


# RFC 9457: a title is the same for all problems of a type. Words without digits and signs of
# addresses hold no one's number.
_TITLE: Final = re.compile(r"[^\W\d_]+(?:[ ,.'-]{1,2}[^\W\d_]+)*[.!]?")
_LONGEST_TITLE: Final = 80


def safe_instance_id(instance: str | None) -> str | None:
    """Return an `Instance` if it is safe in a log or an error, else None.

    PayEx documents no form; its examples are UUIDs. Similar systems often send the request's path,
    with people's numbers in it.
    """
    return instance if instance and _UUID.fullmatch(instance) else None


def harmless_title(title: str | None) -> str | None:
    """Return a title if it is safe in a log or an error, else None."""
    return title if title and len(title) <= _LONGEST_TITLE and _TITLE.fullmatch(title) else None
