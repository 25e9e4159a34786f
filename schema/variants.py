"""Variants of the schema, for a supergraph in which other subgraphs have the same names."""

import re
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    REMOVE,
    DirectiveNode,
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    StringValueNode,
    Visitor,
    parse,
    print_ast,
    visit,
)
from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import StrawberryEnumDefinition

OF_OTHERS_TOO: Final = frozenset(
    {"Money", "PageInfo", "SortDirection", "ValidationProblem", "Volume"}
)
"""Types of which other subgraphs have their own."""

PREFIX: Final = r"^([A-Za-z][A-Za-z0-9_]{0,39})?$"
"""What a prefix looks like."""

_AUTH: Final = frozenset({"authenticated", "requiresScopes"})
_NODE_FIELDS: Final = {
    "Query": frozenset({"node", "nodes"}),
    # The key of UsageSubscription is its id.
    **dict.fromkeys(("Customer", "Invoice", "Owner", "UsageHolder"), frozenset({"id"})),
}


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant of the schema.

    Attributes:
        without_node: whether the SDL leaves out `node`, `nodes`, `Node` and the ids of the objects
            that have another key. The gateway itself still answers them.
        without_auth: whether the SDL leaves out `@authenticated` and `@requiresScopes`. The gateway
            still checks all of it.
        prefix: what the names of types begin with that others have too (`OF_OTHERS_TOO`).
    """

    without_node: bool = False
    without_auth: bool = False
    prefix: str = ""

    def name(self, type_name: str) -> str:
        """Return the name of a type in this variant."""
        return self.prefix + type_name if type_name in OF_OTHERS_TOO else type_name

    def document(self, text: str) -> str:
        """Return an operation of the plain schema as this variant has it."""
        return re.sub(r"\w+", lambda found: self.name(found[0]), text)

    def sdl(self, text: str) -> str:
        """Return the SDL, given the one with all that this variant may leave out."""
        if not (self.without_node or self.without_auth):
            return text
        return print_ast(visit(parse(text), _Reduced(self))) + "\n"


PLAIN: Final = Variant()
"""The schema as `schema.graphql` has it."""


class Names(NameConverter):
    """Names the types of a variant.

    Args:
        variant: the variant.
    """

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self._variant = variant

    def from_object(self, object_type: StrawberryObjectDefinition) -> str:
        """Return the name of an object, an interface or an input."""
        return self._variant.name(super().from_object(object_type))

    def from_enum(self, enum: StrawberryEnumDefinition) -> str:
        """Return the name of an enum."""
        return self._variant.name(super().from_enum(enum))


class _Reduced(Visitor):
    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self._auth = _AUTH if variant.without_auth else frozenset()
        self._without_node = variant.without_node
        self._fields: frozenset[str] = frozenset()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
        return REMOVE if node.name.value in self._auth else None

    def enter_string_value(self, node: StringValueNode, *_: Any) -> Any:
        """Import no directive that is not used."""
        return REMOVE if node.value[1:] in self._auth else None

    def enter_interface_type_definition(self, node: InterfaceTypeDefinitionNode, *_: Any) -> Any:
        if self._without_node and node.name.value == "Node":
            return REMOVE
        return self.enter_object_type_definition(node)

    def enter_object_type_definition(
        self, node: InterfaceTypeDefinitionNode | ObjectTypeDefinitionNode, *_: Any
    ) -> None:
        if self._without_node:
            self._fields = _NODE_FIELDS.get(node.name.value, frozenset())

    def enter_field_definition(self, node: FieldDefinitionNode, *_: Any) -> Any:
        return REMOVE if node.name.value in self._fields else None

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> Any:
        # Among the interfaces of a type: no other field has it.
        return REMOVE if self._without_node and node.name.value == "Node" else None
