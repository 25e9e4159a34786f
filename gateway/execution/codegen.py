"""Compiles plain fields into one function, from an object or a list to its part of the answer.

The function is written as Python source. For the nodes of a `UsageRecordConnection`, of which
`{ usageType amount { amount } }` is selected, it reads, but for what is left out here:

    def project(source, counts):
        found = []
        for v1 in source:
            if type(v1) not in plain: admit(v1)
            v2 = v1.usage_type
            if v2 is not None and type(v2) is not str:
                ...
            v3 = v1.charge
            if v3 is not None:
                if type(v3) not in plain: admit(v3)
                v4 = v3.amount
                ...
                v3 = {'amount': v4}
            found.append({'usageType': v2, 'amount': v3})
        return found

Into the text go numbered names, the attribute names of the schema's own classes, and response
names as literals: nothing of a client's document is ever code. Scalars, enums and predicates are
objects among the function's globals.

It is source because closures, a call for each field, took 1.6 times as long (measured).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CoroutineType, GeneratorType
from typing import Any, Final, cast

from graphql import (
    GraphQLBoolean,
    GraphQLID,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.pyutils import UndefinedType

from gateway.execution.plain_fields import PlainField
from schema.internals import CustomGraphQLEnumType

Projection = Callable[[Any], dict[str, Any]]
ProjectionOfList = Callable[[Sequence[Any], list[int]], list[dict[str, Any]]]

_STEP: Final = "    "
AS_THEY_ARE: Final[Mapping[Any, type]] = {
    GraphQLString: str,
    GraphQLID: str,
    GraphQLBoolean: bool,
}
"""Values of these classes are in the answer what they are in the object."""
_NO_VALUES: Final = (UndefinedType, Exception, CoroutineType, GeneratorType)


class NotPlainError(Exception):
    """A value cannot be copied as it is: graphql-core has to complete it."""


class UnexpectedNullError(NotPlainError):
    """A non-null place has no value."""


class _PlainClasses(set[type]):
    """Classes whose instances are values: not null, not errors, and not awaitable.

    They are classes of this program, so there are few.
    """

    def admit(self, value: object) -> None:
        """Add the class of a value.

        Raises:
            NotPlainError: its instances are not values.
            UnexpectedNullError: it is null.
        """
        if value is None:
            raise UnexpectedNullError
        class_ = type(value)
        if issubclass(class_, _NO_VALUES) or hasattr(class_, "__await__"):
            raise NotPlainError
        self.add(class_)


_PLAIN: Final = _PlainClasses()


def admit(value: object) -> None:
    """Accept a value.

    Raises:
        NotPlainError: it is an error or awaitable.
        UnexpectedNullError: it is null.
    """
    if type(value) not in _PLAIN:
        _PLAIN.admit(value)


def compile_projection(
    type_: GraphQLObjectType, keys: Iterable[str], fields: Mapping[str, PlainField]
) -> Projection:
    """Return a function from an object to its part of the answer.

    The function raises an exception of any class if a part of the object would be an error, is
    awaitable, or is not of its field's class.

    Args:
        type_: the object's type.
        keys: the response names, in the order of the answer. Those that are not in `fields` are
            None in it.
        fields: the plain fields, by their response names.
    """
    writer = _Writer()
    writer.line(0, "def project(source):")
    answer = writer.selection(1, type_, keys, fields, "source")
    writer.line(1, f"return {_literal(answer)}")
    return cast("Projection", writer.compiled())


def compile_list(field: PlainField, counted: Sequence[str]) -> ProjectionOfList:
    """Return a function from the objects of a list to their part of the answer.

    It raises exceptions as that of `compile_projection`. Its second argument counts the elements of
    the lists within the objects.

    Args:
        field: the list. None of its objects is null.
        counted: the response names of the lists within an object, in the order of the counts.
    """
    writer = _Writer()
    writer.line(0, "def project(source, counts):")
    writer.list_of_objects(1, field, counted)
    return cast("ProjectionOfList", writer.compiled())


def _literal(members: Mapping[str, str]) -> str:
    """Return the text of a dictionary, given those of its values."""
    return f"{{{', '.join(f'{key!r}: {value}' for key, value in members.items())}}}"


class _Writer:
    """Writes the source of one function. Steps write lines and return the names of results."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._globals: dict[str, Any] = {
            "plain": _PLAIN,
            "admit": _PLAIN.admit,
            "NotPlainError": NotPlainError,
            "Undefined": Undefined,
        }
        self._names = 0

    def compiled(self) -> object:
        code = compile("\n".join(self._lines), "<projection>", "exec")
        exec(code, self._globals)  # noqa: S102 - see the top of this file for what the text holds
        return self._globals["project"]

    def line(self, depth: int, text: str) -> None:
        self._lines.append(_STEP * depth + text)

    def selection(
        self,
        depth: int,
        type_: GraphQLObjectType,
        keys: Iterable[str],
        fields: Mapping[str, PlainField],
        source: str,
    ) -> dict[str, str]:
        """Write code that reads the fields of the object in `source`; return a name for each."""
        members = {}
        for key in keys:
            field = fields.get(key)
            if field is None:
                value = "None"
            elif field.attribute is None:
                value = repr(type_.name)
            else:
                value = self._name()
                self.line(depth, f"{value} = {source}.{field.attribute}")
                self._value(depth, field.type, field, value)
            members[key] = value
        return members

    def list_of_objects(self, depth: int, field: PlainField, counted: Sequence[str]) -> None:
        """Write code that reads the objects in `source` and counts the elements of their lists."""
        item = self._name()
        of = cast("GraphQLObjectType", get_named_type(field.type))
        self.line(depth, "found = []")
        self.line(depth, f"for {item} in source:")
        self.line(depth + 1, f"if type({item}) not in plain: admit({item})")
        self._is_type(depth + 1, of, item)
        members = self.selection(depth + 1, of, field.below, field.below, item)
        for place, key in enumerate(counted):
            self.line(depth + 1, f"counts[{place}] += len({members[key]} or ())")
        self.line(depth + 1, f"found.append({_literal(members)})")
        self.line(depth, "return found")

    def _value(self, depth: int, type_: GraphQLOutputType, field: PlainField, name: str) -> None:
        """Write code that completes the value in `name` as a field of this type."""
        of = get_nullable_type(type_)
        as_it_is = AS_THEY_ARE.get(of)
        conditions = [] if is_non_null_type(type_) else [f"{name} is not None"]
        if as_it_is:
            conditions.append(f"type({name}) is not {as_it_is.__name__}")
        if conditions:
            self.line(depth, f"if {' and '.join(conditions)}:")
            depth += 1
        if is_list_type(of):
            self._list(depth, of.of_type, field, name)
            return
        self.line(depth, f"if type({name}) not in plain: admit({name})")
        if is_leaf_type(of):
            self._leaf(depth, of, name)
        else:
            self._object(depth, cast("GraphQLObjectType", of), field, name)

    def _list(self, depth: int, of: GraphQLOutputType, field: PlainField, name: str) -> None:
        item, items = self._name(), self._name()
        self.line(depth, f"if type({name}) is not list and type({name}) is not tuple:")
        self.line(depth + 1, "raise NotPlainError")
        self.line(depth, f"{items} = []")
        self.line(depth, f"for {item} in {name}:")
        self._value(depth + 1, of, field, item)
        self.line(depth + 1, f"{items}.append({item})")
        self.line(depth, f"{name} = {items}")

    def _object(self, depth: int, type_: GraphQLObjectType, field: PlainField, name: str) -> None:
        self._is_type(depth, type_, name)
        answer = self.selection(depth, type_, field.below, field.below, name)
        self.line(depth, f"{name} = {_literal(answer)}")

    def _is_type(self, depth: int, type_: GraphQLObjectType, name: str) -> None:
        if type_.is_type_of:
            # Without the info that predicates take and ours do not look at.
            predicate = self._global(type_.is_type_of)
            self.line(depth, f"if {predicate}({name}, None) is not True: raise NotPlainError")

    def _leaf(self, depth: int, type_: GraphQLLeafType, name: str) -> None:
        if isinstance(type_, CustomGraphQLEnumType):
            # Strawberry's own conversion looks through all values. An enum's members are there
            # once, and forever: an object with the identity of one is that one.
            members: Iterable[Any] = type_.wrapped_cls
            names = {id(member): type_.coerce_output_value(member) for member in members}
            self.line(depth, f"{name} = {self._global(names)}[id({name})]")
            return
        self.line(depth, f"{name} = {self._global(type_.coerce_output_value)}({name})")
        self.line(depth, f"if {name} is None or {name} is Undefined: raise NotPlainError")

    def _name(self) -> str:
        self._names += 1
        return f"v{self._names}"

    def _global(self, value: object) -> str:
        name = f"g{len(self._globals)}"
        self._globals[name] = value
        return name
