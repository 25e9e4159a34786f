"""What is wrong with a value of a request: the type and the field, and never the value.

graphql-core finds bad values and says where they are, but its messages quote them. Errors are kept
where requests are not, by routers and by services that collect errors of browsers, and a value may
be a person's number or name.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from graphql import (
    EnumValueNode,
    GraphQLInputType,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from graphql.pyutils import did_you_mean, suggestion_list

_SCALARS: Final = {
    "Boolean": "A Boolean is true or false.",
    "Float": "A Float is a number.",
    "ID": "An ID is text or an integer.",
    "Int": "An Int is an integer of at most 32 bits.",
    "String": "A String is text.",
}
_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


class ValueErrors:
    """Describes the errors that graphql-core finds in one value.

    Args:
        type_: the type that the value should have.
        value: the value, as a literal or as it came in JSON.
        hide_suggestions: whether to leave out names that are like a wrong one.
    """

    def __init__(self, type_: GraphQLInputType, value: Any, *, hide_suggestions: bool) -> None:
        self._type = type_
        self._value = value
        self._hide_suggestions = hide_suggestions
        self._found: dict[tuple[str | int, ...], Iterator[str]] = {}

    def next_at(self, path: Sequence[str | int]) -> str:
        """Return the message of the next error at a path: an object may have several."""
        key = tuple(path)
        if key not in self._found:
            self._found[key] = self._messages(*_at(self._type, self._value, path))
        return next(self._found[key], f"The value does not match its type, '{self._type}'.")

    def _messages(self, type_: Any, value: Any) -> Iterator[str]:
        if is_non_null_type(type_) and value is Undefined:
            return iter([f"Expected a value of non-null type '{type_}' to be provided."])
        if is_non_null_type(type_) and _is_null(value):
            return iter([f"Expected value of non-null type '{type_}' not to be null."])
        type_ = get_named_type(type_)
        if not is_input_object_type(type_):
            return iter([self._leaf(type_, value)])
        fields = _fields(value)
        if fields is None:
            return iter([f"Expected value of type '{type_}' to be an object."])
        return chain(
            (
                f"Expected value of type '{type_}' to include required field '{name}'."
                for name, field in type_.fields.items()
                if name not in fields and is_required_input_field(field)
            ),
            (self._unknown(name, type_) for name in fields if name not in type_.fields),
        )

    def _unknown(self, name: str, type_: Any) -> str:
        words = f"Expected value of type '{type_}' not to include unknown field"
        # A key in a variable is any text. One that is a name is nearly always a misspelt field.
        if not _NAME.fullmatch(name):
            return f"{words}."
        return f"{words} '{name}'.{self._like(name, type_.fields)}"

    def _leaf(self, type_: Any, value: Any) -> str:
        if not is_enum_type(type_):
            return _SCALARS.get(type_.name, f"Expected value of type '{type_}'.")
        name = value.value if isinstance(value, EnumValueNode) else value
        near = self._like(name, type_.values) if isinstance(name, str) else ""
        return f"The value does not exist in '{type_}' enum.{near}"

    def _like(self, name: str, names: Collection[str]) -> str:
        return "" if self._hide_suggestions else did_you_mean(suggestion_list(name, list(names)))


def _at(type_: Any, value: Any, path: Sequence[str | int]) -> tuple[Any, Any]:
    """Return the type and the value at a path."""
    for step in path:
        if isinstance(step, int):
            type_ = get_nullable_type(type_).of_type
            value = (_items(value) or ())[step]
        else:
            # A value that is no list stands for a list of one.
            type_ = get_named_type(type_).fields[step].type
            value = (_fields(value) or {})[step]
    while not _is_null(value) and _items(value) is None and is_list_type(get_nullable_type(type_)):
        type_ = get_nullable_type(type_).of_type
    return type_, value


def _items(value: Any) -> Sequence[Any] | None:
    if isinstance(value, ListValueNode):
        return value.values
    return value if isinstance(value, list) else None


def _fields(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, ObjectValueNode):
        return {field.name.value: field.value for field in value.fields}
    return value if isinstance(value, dict) else None


def _is_null(value: Any) -> bool:
    return value is None or value is Undefined or isinstance(value, NullValueNode)
