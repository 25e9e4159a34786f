"""Global ids: opaque to clients, stable for as long as the numbers in them are."""

import base64
import enum
from collections.abc import Sequence
from typing import Final

import msgspec

# That of the longest numbers, each character escaped, is half as long.
_LONGEST: Final = 1024


class NodeKind(enum.StrEnum):
    """What an id stands for, and how many numbers it takes."""

    OWNER = "o"
    INVOICE = "i"
    CUSTOMER = "c"
    BILLED_SUBSCRIPTION = "b"
    UNBILLED_SUBSCRIPTION = "u"


_PARAMETERS = {
    NodeKind.OWNER: ("ownerNo",),
    NodeKind.INVOICE: ("ownerNo", "invoiceNo"),
    NodeKind.CUSTOMER: ("ownerNo", "customerNo"),
    NodeKind.BILLED_SUBSCRIPTION: ("ownerNo", "invoiceNo", "subscriptionNo"),
    NodeKind.UNBILLED_SUBSCRIPTION: ("ownerNo", "customerNo", "subscriptionNo"),
}


def parameters(kind: NodeKind) -> Sequence[str]:
    """Return PayEx's names of the numbers in an id of this kind, in order."""
    return _PARAMETERS[kind]


def encode(kind: NodeKind, *numbers: str) -> str:
    """Return the id of what has these numbers."""
    return base64.urlsafe_b64encode(msgspec.json.encode((kind, *numbers))).decode().rstrip("=")


def decode(node_id: str) -> tuple[NodeKind, tuple[str, ...]] | None:
    """Return what an id stands for, or None if this gateway never made it."""
    if len(node_id) > _LONGEST:
        return None
    try:
        text = base64.urlsafe_b64decode(node_id + "=" * (-len(node_id) % 4))
        name, *numbers = msgspec.json.decode(text, type=list[str])
        kind = NodeKind(name)
    except (ValueError, RecursionError):
        return None
    # One thing has one id: other spellings of the same bytes are refused.
    if encode(kind, *numbers) != node_id or len(numbers) != len(parameters(kind)):
        return None
    return kind, tuple(numbers)
