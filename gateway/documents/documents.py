"""Documents: a request's text, parsed and validated once, and kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cachetools import LRUCache
from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    OperationType,
    specified_rules,
    validate,
)

from gateway.limit_settings import LimitSettings
from gateway.limits.cost import OperationCost
from gateway.limits.cost_model import CostModel
from gateway.limits.excess import oversizes
from gateway.limits.parsing import parse_document
from gateway.limits.validation import find_errors
from gateway.projection.plan import Plan
from gateway.projection.variables import Variables
from resolvers.errors import ErrorCode
from schema.scopes import Need, ScopeTable

_ABOUT_THE_SCHEMA: Final = frozenset({"__schema", "__type"})
# What the shortest document counts for, so that the number of kept ones is bounded as well.
_LEAST_WEIGHT: Final = 512


class NotExecutedError(Exception):
    """An operation is not executed: its document, its variables or its caller forbid it."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


@dataclass(slots=True, eq=False)
class Executable:
    """An operation of a valid document, with all that does not depend on its variables.

    Attributes:
        node: the operation.
        name: its name.
        needs: the scopes that its caller needs, with the first field node that needs each.
        cost: what it costs, given its variables.
        constant: whether its answer never changes: it asks for the schema, without variables.
        variables: coerces the variables of its requests.
        plan: answers its requests; None if graphql-core alone does.
        answer: that answer, once it was given.
    """

    node: OperationDefinitionNode = field(repr=False)
    name: str | None
    needs: Mapping[Need, FieldNode]
    cost: OperationCost
    constant: bool
    variables: Variables
    plan: Plan | None
    answer: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A document, valid if it has no errors.

    Attributes:
        node: the document as graphql-core parsed it.
        operations: its operations.
        executables: the same, ready to be executed; none unless it is valid.
        weight: the characters of its text, or the least that a document counts for.
        errors: why it does not fit the schema.
        warnings: what `extensions.warnings` tells of it: the deprecated things it uses.
    """

    node: DocumentNode = field(repr=False)
    operations: Sequence[OperationDefinitionNode] = field(repr=False)
    weight: int
    executables: Sequence[Executable] = ()
    errors: Sequence[GraphQLError] = field(default=(), repr=False)
    warnings: Sequence[dict[str, Any]] = ()

    def place(self, name: str | None) -> int:
        """Return the place of the operation of this name, or of the only one.

        Raises:
            NotExecutedError: there is none, or there are several and none is named.
        """
        places = [
            place
            for place, node in enumerate(self.operations)
            if name is None or (node.name is not None and node.name.value == name)
        ]
        if len(places) > 1:
            raise refused(
                "The document has several operations: name one by operationName.", *self.operations
            )
        if not places:
            of_the_name = " of the operationName" if name else ""
            raise refused(f"The document has no operation{of_the_name}.")
        return places[0]


class ClosedIntrospectionRule(ASTValidationRule):
    """Refuses what tells of the schema: `__schema`, `__type` and the subgraph's `_service`."""

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Refuse one field."""
        if node.name.value in {*_ABOUT_THE_SCHEMA, "_service"}:
            self.report_error(
                GraphQLError(
                    "Introspection is not open to this caller (GATEWAY_INTROSPECTION).",
                    node,
                    extensions={"code": ErrorCode.INTROSPECTION_DISABLED.value},
                )
            )


class Documents:
    """Reads documents, and keeps those that are valid: most clients send the same few.

    Args:
        schema: what they must fit.
        limits: how large they may be.
        capacity: characters of text that the kept documents have at most. Parsed, a character
            takes 40 to 260 bytes (measured with graphql-core 3.3).
        plan: makes the plan of an operation, given its document and what that counts for; None
            if graphql-core alone answers.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: LimitSettings,
        capacity: int,
        plan: Callable[[DocumentNode, OperationDefinitionNode, int], Plan] | None = None,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._capacity = capacity
        self._plan = plan
        self._scopes = ScopeTable(schema)
        self._costs = CostModel(schema)
        self._kept: LRUCache[tuple[str, bool], Document] = LRUCache(
            capacity, getsizeof=lambda document: document.weight
        )

    def read(self, text: str, *, introspection: bool) -> Document:
        """Return the document of a text.

        Args:
            text: the GraphQL.
            introspection: whether the caller may see the schema: ask for it, and be told of names
                that are like the unknown ones it used.

        Raises:
            NotExecutedError: it is no GraphQL, or larger than a limit.
        """
        key = (text, introspection)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._read(text, introspection=introspection)
            if not kept.errors and kept.weight <= self._capacity:
                self._kept[key] = kept
        return kept

    def _read(self, text: str, *, introspection: bool) -> Document:
        try:
            node = parse_document(text, self._limits)
        except GraphQLError as error:
            raise NotExecutedError(error) from None
        if exceeded := oversizes(node, self._limits):
            raise NotExecutedError(*exceeded)
        operations = [
            item for item in node.definitions if isinstance(item, OperationDefinitionNode)
        ]
        weight = max(len(text), _LEAST_WEIGHT)
        errors = find_errors(
            self._schema,
            node,
            self._limits,
            rules=specified_rules if introspection else (*specified_rules, ClosedIntrospectionRule),
            hide_suggestions=not introspection,
        )
        if errors:
            return Document(node, operations, weight, errors=errors)
        return Document(
            node,
            operations,
            weight,
            [self._executable(node, operation, weight) for operation in operations],
            warnings=[
                {"type": "DEPRECATION", "message": warning.message}
                for warning in validate(self._schema, node, [NoDeprecatedCustomRule])
            ],
        )

    def _executable(
        self, document: DocumentNode, operation: OperationDefinitionNode, weight: int
    ) -> Executable:
        return Executable(
            operation,
            operation.name.value if operation.name else None,
            self._scopes.needs(document, operation),
            self._costs.read(document, operation),
            asks_for_the_schema_only(operation),
            Variables(self._schema, operation),
            self._plan(document, operation, weight) if self._plan else None,
        )


def is_query(operation: OperationDefinitionNode) -> bool:
    """Whether an operation is a query, as all of this schema's are."""
    return operation.operation is OperationType.QUERY


def asks_for_the_schema_only(operation: OperationDefinitionNode) -> bool:
    """Whether an operation's answer never changes: it asks for the schema, without variables."""
    return not operation.variable_definitions and all(
        isinstance(node, FieldNode) and node.name.value in {*_ABOUT_THE_SCHEMA, "__typename"}
        for node in operation.selection_set.selections
    )


def refused(message: str, *at: Node) -> NotExecutedError:
    """Return the refusal of an operation for one reason, with its places in the text."""
    return NotExecutedError(GraphQLError(message, list(at)))
