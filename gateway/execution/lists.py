"""Lists of plain objects: projected and written slice by slice, because they may be long."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from graphql import (
    GraphQLError,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from gateway.execution.codegen import AS_THEY_ARE, NotPlainError, UnexpectedNullError, compile_list
from gateway.execution.plain_fields import PlainField
from gateway.limits.written_json import ENCODER, Written
from resolvers.payex.api.turns import SLICE, Steps, slices

# Microseconds (measured): an element, and each field of it, by what it holds. A cursor takes a
# digest of the element.
_ELEMENT: Final = 0.4
_TEXT: Final = 0.2
_SCALAR: Final = 0.8
_OBJECT: Final = 1.0
_CURSOR: Final = 10.0
# A byte of JSON, where texts are long: the prices above have those of usual ones.
_BYTE: Final = 0.006
# Microseconds of a slice at most, whatever is selected of its objects.
_STEP: Final = 5000
# Elements of a list within an object of a list, at most.
_LONGEST_WITHIN: Final = 50
# Bytes of a slice that nobody counts.
_FEW_BYTES: Final = 16 * 1024


class ListProjection:
    """Makes the JSON of one field, a list of plain objects.

    Args:
        field: the field; see `is_list_of_plain`.

    Attributes:
        price: microseconds for an object of the list, with all below it.
    """

    __slots__ = ("_attribute", "_counted", "_nested", "_project", "price")

    def __init__(self, field: PlainField) -> None:
        self.price = _ELEMENT + sum(map(_price, field.below.values()))
        self._attribute = field.attribute or ""
        self._counted = tuple(
            key for key, below in field.below.items() if is_list_type(get_nullable_type(below.type))
        )
        self._nested: dict[str, float] = {}
        for key in self._counted:
            below = field.below[key]
            attribute = below.attribute or ""
            self._nested[attribute] = self._nested.get(attribute, 0.0) + _object_price(below)
        self._project = compile_list(field, self._counted)

    def objects(self, source: Any) -> Sequence[Any]:
        """Return the objects of the list of a source.

        Raises:
            NotPlainError: its value is not a list.
        """
        values = getattr(source, self._attribute)
        if type(values) is list or type(values) is tuple:
            found: Sequence[Any] = values
            return found
        raise UnexpectedNullError if values is None else NotPlainError

    def write(
        self, objects: Sequence[Any], hold: Callable[[int], object], size: int = SLICE
    ) -> Steps[Written]:
        """Write the list of these objects.

        Args:
            objects: the objects.
            hold: gets the number of further bytes of JSON.
            size: the most objects in a slice.

        Raises:
            Fault: as `hold` does.
            Exception: the JSON of an object cannot be written, because of a null in a non-null
                place or a value that is not of its field's type.
        """
        parts = []
        counts = [0] * len(self._counted)
        owed = 0.0
        for part in slices(objects, min(size, max(1, int(_STEP / self.price)))):
            price = len(part) * self.price + self._within(part)
            yield price + owed
            try:
                json = ENCODER.encode(self._project(part, counts))
            except GraphQLError as error:
                # It is of one field, and must not be taken for one of the list.
                raise NotPlainError from error
            if len(json) > _FEW_BYTES:
                hold(len(json))
            owed = max(0.0, len(json) * _BYTE - price)
            parts.append(json[1:-1])
        if owed:
            yield owed
        json = b"[%b]" % b",".join(parts)
        return Written(json, len(objects), dict(zip(self._counted, counts, strict=True)))

    def _within(self, objects: Sequence[Any]) -> float:
        """Return the price of the lists within objects.

        Raises:
            NotPlainError: one of them is so long that it needs slices of its own.
        """
        price = 0.0
        for attribute, each in self._nested.items():
            lengths = [len(getattr(one, attribute) or ()) for one in objects]
            if max(lengths, default=0) > _LONGEST_WITHIN:
                raise NotPlainError
            price += sum(lengths) * each
        return price


def is_list_of_plain(field: PlainField) -> bool:
    """Return whether a field is a list of non-null objects without lists within lists."""
    return (
        is_non_null_type(field.type)
        and _is_list_of_objects(field)
        and all(map(_is_shallow, field.below.values()))
    )


def _is_list_of_objects(field: PlainField) -> bool:
    of = get_nullable_type(field.type)
    return (
        is_list_type(of)
        and is_non_null_type(of.of_type)
        and is_object_type(get_nullable_type(of.of_type))
    )


def _is_shallow(field: PlainField) -> bool:
    """Return whether a field holds no lists; a list of such objects is shallow too."""
    if is_list_type(get_nullable_type(field.type)):
        return _is_list_of_objects(field) and _is_without_lists(field.below)
    return _is_without_lists(field.below)


def _is_without_lists(fields: Mapping[str, PlainField]) -> bool:
    return not any(
        is_list_type(get_nullable_type(field.type)) or not _is_without_lists(field.below)
        for field in fields.values()
    )


def _price(field: PlainField) -> float:
    """Return the price of a field, with all below it."""
    if is_list_type(get_nullable_type(field.type)):
        return _OBJECT
    if field.below:
        return _object_price(field)
    if field.attribute == "cursor":
        return _CURSOR
    return _TEXT if get_nullable_type(field.type) in AS_THEY_ARE else _SCALAR


def _object_price(field: PlainField) -> float:
    """Return the price of one object of a field, with all below it."""
    return _OBJECT + sum(map(_price, field.below.values()))
