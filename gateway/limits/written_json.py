"""A list of an answer that is already JSON."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec


class Written:
    """A list of objects of an answer, as JSON.

    A long list is written slice by slice, so that its objects are never all in memory.

    Args:
        json: the list.
        count: the number of its objects.
        within: the number of elements of the lists within its objects, by response names.
    """

    __slots__ = ("count", "json", "within")

    def __init__(self, json: bytes, count: int, within: Mapping[str, int]) -> None:
        self.json = msgspec.Raw(json)
        self.count = count
        self.within = within


def _json_of(value: Any) -> Any:
    if isinstance(value, Written):
        return value.json
    raise NotImplementedError


ENCODER: Final = msgspec.json.Encoder(enc_hook=_json_of)
"""Encodes answers and what is within them."""
