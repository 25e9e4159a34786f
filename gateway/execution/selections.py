"""What is kept of an operation between its requests: its selections and their projections."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLObjectType,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    VariableDefinitionNode,
    VariableValues,
)

from gateway.execution.codegen import Projection, compile_projection
from gateway.execution.lists import ListProjection, is_list_of_plain
from gateway.execution.plain_fields import Collect, PlainField, plain_fields
from schema.internals import CollectedFields, FieldDetailsList, GroupedFieldSet

if TYPE_CHECKING:
    from gateway.execution.resolver_fields import ResolverField

# A field that is kept takes 800 bytes (measured with graphql-core 3.3). Spelt out, a field takes
# more than this many characters of a document; only fragments that are spread time and again, or
# many outcomes of conditions, can make more of them.
_CHARACTERS_PER_FIELD: Final = 4
# Of the longest documents a few outcomes are all that is kept.
_MOST_FIELDS: Final = 5000
# A page that switches its parts on and off has a few outcomes that come time and again. Any number
# of them is what an attacker sends, or somebody who would be served as well without a plan.
_MOST_OUTCOMES: Final = 16

# Microseconds (measured): to compile a function, and each field in it.
_FUNCTION: Final = 150
_FIELD: Final = 75

_NOTHING: Final = CollectedFields({}, [], [])


class Selected:
    """The selections of field nodes on an object type.

    Args:
        type_: the object type.
        nodes: the field nodes.
        collected: the selections, as graphql-core collected them; nothing if it could not.
        error: why it could not, such as a condition that is null. It holds for every object.

    Attributes:
        collected: the same.
        error: the same, without the traceback, which would keep the first request in memory.
        project: makes an object's part of the answer, in which the fields of `rest` are None. It
            raises an exception for an object that graphql-core has to complete. None if no field
            is plain.
        rest: the other fields, by their response names; None until it is known.
        lists: the plain ones of them: lists of objects, which may be long.
        links: the resolver fields of a plan; None until there is one.
    """

    __slots__ = ("collected", "error", "links", "lists", "nodes", "project", "rest", "type")

    def __init__(
        self,
        type_: GraphQLObjectType,
        nodes: FieldDetailsList,
        collected: CollectedFields = _NOTHING,
        error: GraphQLError | None = None,
    ) -> None:
        self.type = type_
        # They are known by their identity, which must not pass to others.
        self.nodes = nodes
        self.collected = collected
        self.error = error and error.with_traceback(None)
        self.project: Projection | None = None
        self.rest: GroupedFieldSet | None = None
        self.lists: Mapping[str, ListProjection] = {}
        self.links: list[ResolverField] | None = None

    def check(self) -> None:
        """Raise the error, if there is one.

        Raises:
            GraphQLError: a copy, because a raised error keeps its request in memory.
        """
        if self.error:
            raise GraphQLError(self.error.message, self.error.nodes)

    def compile(self, collect: Collect, spend: Callable[[float], object]) -> GroupedFieldSet:
        """Prepare `project`, `rest` and `lists`, and return `rest`.

        Args:
            collect: returns the selections below a field.
            spend: pays for the work.
        """
        fields = self.collected.grouped_field_set
        plain = plain_fields(self.type, fields, collect)
        if plain:
            spend(_FUNCTION + _fields(plain) * _FIELD)
            single = {key: field for key, field in plain.items() if not is_list_of_plain(field)}
            self.project = compile_projection(self.type, fields, single)
            self.lists = {
                key: ListProjection(field) for key, field in plain.items() if key not in single
            }
        self.rest = {
            key: nodes for key, nodes in fields.items() if key in self.lists or key not in plain
        }
        return self.rest


def _fields(plain: Mapping[str, PlainField]) -> int:
    return sum(1 + _fields(field.below) for field in plain.values())


class Selections:
    """The selections of an operation under one outcome of its conditions.

    Attributes:
        conditions: the values of the Boolean variables.
        root: the root fields.
        below: the selections below them, by the object type and the identity of the field nodes.
            `Selected` holds the nodes, so that no others can have that identity.
        fields: the number of these fields.
        kept: whether the next request will find it.
        plannable: whether a plan may answer the requests, as far as is known.
        top: the root fields of a plan; None until there is one.
    """

    __slots__ = ("below", "conditions", "fields", "kept", "plannable", "root", "top")

    def __init__(self, conditions: VariableValues, root: GroupedFieldSet) -> None:
        self.conditions = conditions
        self.root = root
        self.below: dict[tuple[GraphQLObjectType, int], Selected] = {}
        self.fields = 0
        self.kept = False
        self.plannable = True
        self.top: Selected | None = None

    def find(self, type_: GraphQLObjectType, nodes: FieldDetailsList) -> Selected | None:
        """Return the kept selections of field nodes on a type, or None."""
        return self.below.get((type_, id(nodes)))


class Projections:
    """The kept `Selections` of one operation, for each outcome of its conditions.

    `@skip` and `@include` depend on Boolean variables only, and nothing else in a request changes
    what an operation selects.

    Args:
        operation: the operation, of a valid document without fragment arguments.
        weight: the characters that the document counts for. They bound what is kept.

    Attributes:
        fields: the number of fields that are kept.
    """

    def __init__(self, operation: OperationDefinitionNode, weight: int) -> None:
        self.fields = 0
        self._conditions = tuple(
            node.variable.name.value
            for node in operation.variable_definitions or ()
            if _is_boolean(node)
        )
        self._capacity = min(weight // _CHARACTERS_PER_FIELD, _MOST_FIELDS)
        # The outcome that was asked for last stands last.
        self._kept: OrderedDict[tuple[Any, ...], Selections] = OrderedDict()

    def selections(
        self, variables: Mapping[str, Any], root: Callable[[VariableValues], GroupedFieldSet]
    ) -> Selections:
        """Return the selections for an outcome.

        Args:
            variables: the coerced variables.
            root: collects the root fields for an outcome that is not kept.

        Raises:
            GraphQLError: a condition is null.
        """
        outcome = tuple(map(variables.get, self._conditions))
        found = self._kept.get(outcome)
        if found is not None:
            self._kept.move_to_end(outcome)
            return found
        # Nothing else that a request brings is kept: its variables hold people's numbers.
        given = {name: variables[name] for name in self._conditions if name in variables}
        conditions = VariableValues(sources={}, coerced=given)
        found = Selections(conditions, root(conditions))
        if len(found.root) <= self._capacity:
            self._kept[outcome] = found
            found.kept = True
            self.make_room(found, len(found.root))
            if len(self._kept) > _MOST_OUTCOMES:
                self._drop_oldest()
        return found

    def keep(self, selections: Selections, selected: Selected) -> bool:
        """Keep the selections of an outcome, and return whether there was room."""
        # An error takes room as well.
        fields = 1 if selected.error else len(selected.collected.grouped_field_set)
        if not self.make_room(selections, fields):
            return False
        selections.below[selected.type, id(selected.nodes)] = selected
        return True

    def make_room(self, selections: Selections, fields: int) -> bool:
        """Return whether this many further fields of an outcome may be kept, and count them.

        The least recently used outcomes make room. Each kept field is dropped once, so many
        outcomes take no longer than one.
        """
        if selections.fields + fields > self._capacity:
            return False
        selections.fields += fields
        if selections.kept:
            self.fields += fields
            while self.fields > self._capacity:
                self._drop_oldest(but=selections)
        return True

    def _drop_oldest(self, but: Selections | None = None) -> None:
        outcome = next(outcome for outcome, kept in self._kept.items() if kept is not but)
        dropped = self._kept.pop(outcome)
        dropped.kept = False
        self.fields -= dropped.fields


def _is_boolean(node: VariableDefinitionNode) -> bool:
    type_ = node.type.type if isinstance(node.type, NonNullTypeNode) else node.type
    return isinstance(type_, NamedTypeNode) and type_.name.value == GraphQLBoolean.name
