"""One element read member by member: a member that cannot be read costs its own field alone."""

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar, get_args

import msgspec

from resolvers.payex.api.amounts import UNREADABLE, code, number
from resolvers.payex.api.dynamic_values import is_dynamic
from resolvers.payex.api.records import (
    ELEMENT,
    Code,
    Day,
    Item,
    Member,
    Moment,
)
from resolvers.payex.api.surrogates import Marked
from resolvers.payex.api.times import moment

T = TypeVar("T", bound=Item)

_Read = Callable[[msgspec.Raw], Any]

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str | None)


class Members(Generic[T]):
    """Reads elements of one type, each by itself.

    Args:
        type_: the type; its fields have the members' names.
        fields: the gateway's names of the fields, by those in Python.
    """

    def __init__(self, type_: type[T], fields: Mapping[str, str]) -> None:
        self._type = type_
        own = [field for field in msgspec.structs.fields(type_) if field.name in fields]
        self._members = [
            (field.name, Member(fields[field.name], field.encode_name), _reader(field.type))
            for field in own
        ]
        self._codes = {field.name for field in own if Code in get_args(field.type)}

    def read(self, element: msgspec.Raw, marked: Marked, unreadable: Counter[Member]) -> T:
        """Return an element.

        Args:
            element: its JSON, from a body whose lone surrogates are marked.
            marked: says where they are.
            unreadable: counts what cannot be read.
        """
        try:
            given = _OBJECT.decode(element)
        except msgspec.ValidationError:
            unreadable[ELEMENT] += 1
            return self._type()
        values = {}
        for name, member, read in self._members:
            raw = given.get(member.name)
            if raw is None:
                continue
            try:
                if marked.holds(raw):
                    raise ValueError("Expected whole characters")  # noqa: TRY301
                values[name] = read(raw)
            except ValueError:
                unreadable[member] += 1
                if name in self._codes:
                    values[name] = UNREADABLE
        return self._type(**values)


def _reader(type_: Any) -> _Read:
    types = get_args(type_)
    if Moment in types:
        return lambda raw: _of_text(raw, moment)
    if Day in types:
        return lambda raw: _of_text(raw, Day.parse)
    if type_ is msgspec.Raw:
        return _dynamic
    if Code in types:
        return lambda raw: _of_text(raw, code)
    if Decimal in types:
        return _number
    return msgspec.json.Decoder(type_).decode


def _of_text(raw: msgspec.Raw, read: Callable[[str], Any]) -> Any:
    text = _TEXT.decode(raw)
    return None if text is None else read(text)


def _dynamic(raw: msgspec.Raw) -> msgspec.Raw:
    if not is_dynamic(raw):
        raise ValueError("Expected a path")
    return raw


def _number(raw: msgspec.Raw) -> Decimal | None:
    text = bytes(raw).decode()
    if text == "null":
        return None
    return number(msgspec.json.decode(raw, type=str) if text.startswith('"') else text)
