"""The findings of a comparison: members that are found, missing, of another type, or unmapped."""

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.contract.bodies import Object, json_type
from gateway.contract.shapes import BodyShape, Mark, Member


class Standing(enum.StrEnum):
    """How a member compares with what is expected."""

    FOUND = "found"
    MISSING = "missing"
    OTHER_TYPE = "another type"
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One member, in all objects of one kind.

    Attributes:
        name: its name in PayEx's body. It may have to be masked before it is shown.
        standing: how it compares with what is expected.
        mark: whether it is documented or assumed; None for an unexpected member.
        expects: the expected type in words; empty for an unexpected member.
        field: the gateway's field that it feeds; empty if no field map has it.
        optional: whether it may be missing everywhere.
        types: the JSON types found, null included, each with its count.
        amiss: what is wrong with values, in words, each with its count.
        of: the number of objects.
    """

    name: str
    standing: Standing
    mark: Mark | None
    expects: str
    field: str
    optional: bool
    types: Mapping[str, int]
    amiss: Mapping[str, int]
    of: int

    @property
    def differs(self) -> bool:
        """Whether it differs from what is expected. Unmapped members do not: PayEx may add some."""
        return self.standing is Standing.OTHER_TYPE or (
            self.standing is Standing.MISSING and not self.optional
        )

    @property
    def unfit(self) -> int:
        """The number of objects in which its value is wrong."""
        return sum(self.amiss.values())

    @property
    def filled(self) -> int:
        """The number of objects that have it, and not as null."""
        return sum(self.types.values()) - self.types.get("null", 0)

    @property
    def absent(self) -> int:
        """The number of objects that lack it."""
        return self.of - sum(self.types.values())


def compare(shape: BodyShape, objects: Sequence[Object]) -> list[Finding]:
    """Compare objects with the shape that all of them are expected to have.

    A member may be null or absent in some of them; it is missing if all of them lack it.

    Returns:
        The expected members in their order, then the unexpected ones; nothing without objects.
    """
    if not objects:
        return []
    names = {member.name for member in shape.members}
    unexpected = dict.fromkeys(name for item in objects for name in item if name not in names)
    return [
        *(_expected(shape.mark, member, objects) for member in shape.members),
        *(
            Finding(
                name=name,
                standing=Standing.UNMAPPED,
                mark=None,
                expects="",
                field="",
                optional=True,
                types=_types(name, objects),
                amiss={},
                of=len(objects),
            )
            for name in unexpected
        ),
    ]


def _expected(mark: Mark, member: Member, objects: Sequence[Object]) -> Finding:
    types = _types(member.name, objects)
    values = [item[member.name] for item in objects if member.name in item]
    amiss = Counter(filter(None, map(member.amiss, values)))
    if member.everywhere and len(values) < len(objects):
        amiss["absent"] = len(objects) - len(values)
    standing = Standing.OTHER_TYPE if amiss else Standing.FOUND
    return Finding(
        name=member.name,
        standing=standing if values else Standing.MISSING,
        mark=mark,
        expects=member.expects,
        field=member.field,
        optional=member.optional,
        types=types,
        amiss=amiss,
        of=len(objects),
    )


def _types(name: str, objects: Sequence[Object]) -> dict[str, int]:
    return dict(Counter(json_type(item[name]) for item in objects if name in item))
