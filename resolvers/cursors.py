"""Cursors: what names an element of a list to a client, and tells nothing of either.

A cursor is built from what every caller with `usage:read` sees of the element, so that what only
`raw` has, a member or another spelling, neither shows in it nor ends it. Its digests are keyed:
whoever holds a cursor cannot find out what it stands for by trying. The key comes from the ledger's
token, which all instances have. With the next token, the cursors of the last one are of no use.
"""

import base64
import struct
from collections.abc import Hashable
from functools import cached_property
from hashlib import blake2b
from typing import Final, NamedTuple, Self

import msgspec

from resolvers.payex.api.amounts import currency_code, written
from resolvers.payex.api.records import Item, Usage, UsageRecord

# What a cursor is made of: a digest of the token, one of the list, one of the element, how many
# equal elements stand before it, and where it stood, which is only where the search begins.
_LAYOUT: Final = struct.Struct(">3s8s8sII")
_CHARACTERS: Final = _LAYOUT.size * 4 // 3
_TOKEN_BYTES: Final = 3
_BYTES: Final = 8
_KEY_BYTES: Final = 32


class Cursor(NamedTuple):
    """The element that a cursor names.

    Attributes:
        token: a digest of the ledger's token.
        list: a digest of the list.
        element: a digest of what callers see of the element.
        twin: how many elements of which they see the same stand before it.
        position: where it stood in PayEx's list.
    """

    token: bytes
    list: bytes
    element: bytes
    twin: int
    position: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return what a client's text names; None if it is no cursor."""
        # Whatever else is decoded first may be a megabyte, once for each alias.
        if len(text) != _CHARACTERS:
            return None
        try:
            packed = base64.urlsafe_b64decode(text)
            return cls(*_LAYOUT.unpack(packed))
        except (ValueError, struct.error):
            return None

    @property
    def text(self) -> str:
        """The cursor as clients get it."""
        return base64.urlsafe_b64encode(_LAYOUT.pack(*self)).decode()


class Cursors:
    """The cursors of one list.

    Args:
        key: the ledger's, which all its gateways have, and nobody else.
        numbers: what names the list.
        across: whether it holds the usage of several subscriptions.
    """

    def __init__(self, key: bytes, *numbers: str, across: bool = False) -> None:
        self._key = key
        self._numbers = numbers
        self._across = across

    @cached_property
    def token(self) -> bytes:
        """What stands for the ledger's token."""
        return blake2b(key=self._key, digest_size=_TOKEN_BYTES).digest()

    @property
    def list(self) -> bytes:
        """What stands for the list."""
        return self._keys[:_BYTES]

    def identity(self, item: Item) -> Hashable:
        """Return what clients see of an element of this list. Others may look like it."""
        if self._across and isinstance(item, Usage):
            return item.subscription_no, item.identity
        return item.identity

    def element(self, item: Item) -> bytes:
        """Return what stands for an element, and for all that look like it."""
        seen = _seen(item)
        if self._across and isinstance(item, Usage):
            seen = (item.subscription_no, seen)
        encoded = msgspec.json.encode(seen)
        return blake2b(encoded, key=self._keys[_BYTES:], digest_size=_BYTES).digest()

    def behind(self, item: Item, twin: int) -> str:
        """Return the cursor behind an element."""
        return Cursor(self.token, self.list, self.element(item), twin, item.position).text

    @cached_property
    def _keys(self) -> bytes:
        # With a key for each list, equal elements of two lists have nothing in common.
        name = "\x00".join(self._numbers).encode("utf-8", "surrogatepass")
        return blake2b(name, key=self._key, digest_size=_BYTES + _KEY_BYTES).digest()


def _seen(item: Item) -> object:
    """Return what clients see of an element by fields other than `raw`, however PayEx spells it."""
    if not isinstance(item, UsageRecord):
        return item.identity
    number, group, code = item.usage_detail_id, item.product_group_id, item.destination_code
    charged, total = item.charged_volume, item.total_volume
    price, amount = item.unit_price, item.amount
    values = (item.quantity, charged, total, price, amount, item.vat_rate)
    # An f-string, or `format`, takes four times as long (measured).
    numbers = "%s %s %s %s %s %s" % values  # noqa: UP031
    if "E" in numbers or "-0" in numbers:
        numbers = " ".join("None" if value is None else written(value) for value in values)
    return (
        str(number) if isinstance(number, int) else number,
        item.start_time,
        item.usage_type,
        str(group) if isinstance(group, int) else group,
        item.detail_info,
        item.destination,
        str(code) if isinstance(code, int) else code,
        None if charged is None and total is None else item.volume_code or None,
        None if price is None and amount is None else currency_code(item.currency),
        numbers,
    )
