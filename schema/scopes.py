"""Which scopes an operation needs, read from the directives that `schema.graphql` shows.

A router of a supergraph may hold callers to the same scopes; this gateway does not rely on it. It
checks an operation as a whole, before anything is executed. Only if something is missing, each
field is looked up: what its caller may not read is null, and asks PayEx for nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)
from strawberry.federation.schema_directives import RequiresScopes

from resolvers.rights import Rights


@dataclass(frozen=True, slots=True)
class ScopeRequirement:
    """A field of the operation that scopes guard.

    Attributes:
        field: the type and the field as the operation selects it: `Invoice.raw`.
        scopes: sets of scopes. A caller needs all of one set, whichever.
    """

    field: str
    scopes: Sequence[frozenset[str]]

    def met(self, rights: Rights) -> bool:
        """Whether the caller may read the field."""
        return any(all(map(rights.allows, one)) for one in self.scopes)


def missing(requirements: Iterable[ScopeRequirement], rights: Rights) -> list[ScopeRequirement]:
    """Return what the caller may not read, in the order of the document."""
    return [one for one in requirements if not one.met(rights)]


class ScopeTable:
    """The scopes of every field of a schema.

    A field of an interface needs what it needs on each of the interface's types: scopes stand on
    the fields of objects alone, and composers read an interface so as well.

    Args:
        schema: the executable schema, as Strawberry made it.

    Attributes:
        by_field: what each field needs, by the names of its type and of itself.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.by_field: dict[tuple[str, str], Sequence[ScopeRequirement]] = {}
        for type_ in schema.type_map.values():
            for name in type_.fields if isinstance(type_, _WITH_FIELDS) else ():
                scopes = dict.fromkeys(_scopes(_objects(schema, type_), name))
                self.by_field[type_.name, name] = [
                    ScopeRequirement(f"{type_.name}.{name}", one) for one in scopes
                ]

    def withheld(self, rights: Rights) -> Mapping[tuple[str, str], ScopeRequirement]:
        """Return what the caller may not read of objects, by the names of type and field."""
        return {
            (type_, field): requirement
            for (type_, field), requirements in self.by_field.items()
            if isinstance(self._schema.type_map[type_], GraphQLObjectType)
            for requirement in missing(requirements, rights)
        }

    def requirements(
        self, document: DocumentNode, operation: OperationDefinitionNode
    ) -> tuple[ScopeRequirement, ...]:
        """Return what an operation of a valid document needs.

        Fields under `@skip` and `@include` count whatever the variables say: the result holds for
        every request of the operation, and can be kept with the document. A fragment is read once,
        however often it is spread.
        """
        fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        reader = _Reader(self._schema, self.by_field)
        reader.read(operation)
        for name in reader.spread:  # It grows while fragments are read.
            reader.read(fragments[name])
        return tuple(reader.found)


_WITH_FIELDS = (GraphQLObjectType, GraphQLInterfaceType)


class _Reader(Visitor):
    """Collects the requirements of definitions, and the names of the fragments that they spread."""

    def __init__(
        self, schema: GraphQLSchema, requirements: dict[tuple[str, str], Sequence[ScopeRequirement]]
    ) -> None:
        super().__init__()
        self.found: dict[ScopeRequirement, None] = {}
        self.spread: list[str] = []
        self._seen: set[str] = set()
        self._types = TypeInfo(schema)
        self._requirements = requirements

    def read(self, definition: ExecutableDefinitionNode) -> None:
        visit(definition, TypeInfoVisitor(self._types, self))

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self._types.get_parent_type()
        key = (parent.name if parent else "", node.name.value)
        for need in self._requirements.get(key, ()):
            self.found[need] = None

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        name = node.name.value
        if name not in self._seen:
            self._seen.add(name)
            self.spread.append(name)


def _objects(schema: GraphQLSchema, type_: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
    if isinstance(type_, GraphQLInterfaceType):
        return schema.get_implementations(type_).objects
    return [type_] if isinstance(type_, GraphQLObjectType) else []


def _scopes(
    objects: Sequence[GraphQLObjectType], field: str
) -> Iterator[tuple[frozenset[str], ...]]:
    for type_ in objects:
        declared = type_.fields[field].extensions.get("strawberry-definition")
        for directive in getattr(declared, "directives", ()):
            if isinstance(directive, RequiresScopes):
                yield tuple(map(frozenset, directive.scopes))
