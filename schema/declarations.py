"""How the schema's types are declared over the resolvers' objects.

The resolvers hand out their own objects (decoded records, nodes, problems), and the types read
them as they are: nothing is copied into GraphQL objects. Each type that a union or an interface
can hold says by `is_type_of` which objects are its own.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, TypeVar

import strawberry
from strawberry.types import get_object_definition

from resolvers.look_ahead import DocumentLookAhead, LookAhead
from resolvers.operation import Operation
from schema.directives import CALL, ON_OBJECTS_ALONE, READ, SemanticNonNull

C = TypeVar("C")
T = TypeVar("T")
E = TypeVar("E", bound=type[enum.Enum])


class Info(strawberry.Info[Operation, None]):
    """What resolvers are told beside their object and arguments: the operation, and what is below.

    They use nothing else of it, so that whoever calls them without graphql-core need not tell more.
    """

    @property
    def below(self) -> LookAhead:
        """What the query selects below the field."""
        return DocumentLookAhead(self._raw_info, withheld=self.context.withheld)


def reads(predicate: Callable[[Any], bool]) -> Callable[[type[C]], type[C]]:
    """Say which of the resolvers' objects a type of a union or interface stands for.

    Apply it below `@strawberry.type`.
    """

    def mark(cls: type[C]) -> type[C]:
        cls.is_type_of = staticmethod(lambda obj, _info: predicate(obj))  # type: ignore[attr-defined]
        return cls

    return mark


def shared(cls: type[C]) -> type[C]:
    """Take off an interface's own fields what composers refuse there (`ON_OBJECTS_ALONE`).

    The types that implement it keep all of it. Apply it above `@strawberry.interface`.
    """
    definition = get_object_definition(cls, strict=True)
    fields = [copy(field) for field in definition.fields]
    for field in fields:
        field.directives = [
            one for one in field.directives if not isinstance(one, ON_OBJECTS_ALONE)
        ]
    definition.fields = fields
    return cls


def told(**descriptions: str) -> Callable[[type[C]], type[C]]:
    """Describe fields of an interface for one of the types that implement it.

    Apply it above `@strawberry.type`.

    Args:
        descriptions: by the fields' names in Python.
    """

    def describe(cls: type[C]) -> type[C]:
        definition = get_object_definition(cls, strict=True)
        fields = {field.python_name: field for field in definition.fields}
        for name, description in descriptions.items():
            fields[name] = copy(fields[name])
            fields[name].description = description
        definition.fields = list(fields.values())
        return cls

    return describe


def resolved(
    resolver: Callable[..., Any],
    description: str,
    *,
    levels: tuple[int, ...] | None = (0,),
    directives: Sequence[object] = (READ, CALL),
    deprecated: str | None = None,
) -> Any:
    """Declare a field that a resolver fills and that may call PayEx.

    Args:
        resolver: the function behind the field.
        description: what the field tells, for a reader who does not know PayEx.
        levels: the list levels that are null only together with an error; None if null says more.
        directives: who may read the field, and what it costs.
        deprecated: what to use in place of the field, and until when it stays.
    """
    null = [] if levels is None else [SemanticNonNull(levels=list(levels))]
    return strawberry.field(
        resolver=resolver,
        description=description,
        directives=[*directives, *null],
        deprecation_reason=deprecated,
    )


def described(name: str, cls: E, description: str, values: Mapping[str, str]) -> E:
    """Declare a resolvers' enum as a GraphQL enum, every value with its description.

    The resolvers' own enum is what the schema declares, so that no value is ever converted.

    Raises:
        KeyError: a value has no description.
    """
    declared = strawberry.enum(cls, name=name, description=description)
    for value in declared.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values[value.name]
    return declared


def given(argument: T | None) -> T | None:
    """Return an optional argument's value, None if it was omitted.

    The default `UNSET` keeps a spurious `= null` out of the SDL.
    """
    return None if argument is strawberry.UNSET else argument
