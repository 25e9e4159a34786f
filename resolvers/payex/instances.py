"""PayEx's ids of single problems and faults, by which its support finds them."""

import re
from typing import Final

_UUID: Final = re.compile(r"(urn:uuid:)?[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}")


def harmless(instance: str | None) -> str | None:
    """Return an `Instance` that may stand in a log or an error, and None in place of any other.

    PayEx documents no form; its examples are UUIDs. Systems of its kind often send the path of the
    request instead, with people's numbers.
    """
    return instance if instance and _UUID.fullmatch(instance) else None
