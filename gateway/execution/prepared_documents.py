"""Documents: a request's text, parsed and validated once, and kept."""

import sys
from collections.abc import Callable, Sequence
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

from gateway.execution.executable import Executable, asks_for_the_schema_only
from gateway.execution.plan import Plan
from gateway.execution.variables import OperationVariables
from gateway.limits.cost_model import CostModel
from gateway.limits.definitions import operations_of
from gateway.limits.introspection import introspection_of
from gateway.limits.parsing import parse_document
from gateway.limits.validation import find_errors
from gateway.limits.violations import oversizes
from gateway.settings.limits import LimitSettings
from resolvers.errors import ErrorCode
from schema.scopes import ScopeTable

_TELLS_THE_SCHEMA: Final = frozenset({"__schema", "__type", "_service"})
# Bytes of memory that a token takes, with its share of the nodes that are made of them: 270 to 830
# (measured with CPython 3.11 and graphql-core 3.3). The text is kept by itself and in the nodes.
_EACH_TOKEN: Final = 720
_EACH_TEXT: Final = 2
_LARGEST_SHARE: Final = 8
# Units of work, of every document and of each token (measured: 37 to 48, and 3 ms for the rules).
_UNITS: Final = 3000
_UNITS_OF_A_TOKEN: Final = 40
# What the shortest document counts for, so that its plan has room as well.
_LEAST_WEIGHT: Final = 512


class NotExecutedError(Exception):
    """An operation is not executed: its document, its variables or its caller forbid it."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


@dataclass(slots=True, eq=False)
class Document:
    """A document, valid if it has no errors.

    Attributes:
        key: its text, and whether it may ask for the schema.
        node: the document as graphql-core parsed it.
        operations: its operations.
        bytes: the bytes of memory that it takes, as far as they were taken in.
        units: the units of work that it takes to read it, and to work out one of its operations.
        errors: why it does not fit the schema.
        warnings: what `extensions.warnings` tells of it: the deprecated things it uses.
        executables: those of its operations that were asked for, by their places.
    """

    key: tuple[str, bool] = field(repr=False)
    node: DocumentNode = field(repr=False)
    operations: Sequence[OperationDefinitionNode] = field(repr=False)
    bytes: int
    units: int = 0
    errors: Sequence[GraphQLError] = field(default=(), repr=False)
    warnings: Sequence[dict[str, Any]] = ()
    executables: dict[int, Executable] = field(default_factory=dict, repr=False)

    def place(self, name: str | None) -> int:
        """Return the place of the operation of this name, or of the only one.

        Raises:
            NotExecutedError: there is none, or there are several and none is named.
        """
        if not self.operations:
            raise not_executed("The document has no operation.", self.node.definitions[0])
        places = [
            place
            for place, node in enumerate(self.operations)
            if name is None or (node.name is not None and node.name.value == name)
        ]
        if len(places) > 1:
            raise not_executed(
                "The document has several operations: name one by operationName.",
                *self.operations[:2],
            )
        if not places:
            raise not_executed("The document has no operation of the operationName.")
        return places[0]


class ClosedIntrospectionRule(ASTValidationRule):
    """Refuses what tells of the schema: `__schema`, `__type` and the subgraph's `_service`."""

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Refuse one field."""
        if node.name.value in _TELLS_THE_SCHEMA:
            self.report_error(
                GraphQLError(
                    "Introspection is not open to this caller (GATEWAY_INTROSPECTION).",
                    node,
                    extensions={"code": ErrorCode.INTROSPECTION_DISABLED.value},
                )
            )


class Documents:
    """Reads documents, and keeps them: most clients send the same few, be they valid or not.

    Args:
        schema: what they must fit.
        limits: how large they may be.
        capacity: bytes of memory that the kept documents take at most, with what is worked out of
            their operations. One that takes more than an eighth of it is not kept, lest a few of
            them turn out all others.
        plan: makes the plan of an operation, given its document and what that counts for; None
            if graphql-core alone answers.

    Attributes:
        scopes: the scopes of the schema's fields.
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
        self.scopes = ScopeTable(schema)
        self._costs = CostModel(schema)
        self._kept: LRUCache[tuple[str, bool], Document] = LRUCache(
            capacity, getsizeof=lambda document: document.bytes
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
        document = self.kept(text, introspection=introspection)
        if document is None:
            document = self._read(text, introspection=introspection)
            self._keep(document)
        return document

    def kept(self, text: str, *, introspection: bool) -> Document | None:
        """Return the document of a text, unless it would have to be read."""
        return self._kept.get((text, introspection))

    def executable(self, document: Document, place: int) -> Executable:
        """Return an operation of a valid document, which is worked out when it is first asked for.

        Args:
            document: the document.
            place: the place of the operation in it.
        """
        ready = document.executables.get(place)
        if ready is None:
            ready = self._executable(document, document.operations[place])
            document.executables[place] = ready
        return ready

    def weigh(self, document: Document, ready: Executable) -> None:
        """Take in what a request has added to an operation of a document."""
        if ready.bytes != ready.weighed:
            document.bytes += ready.bytes - ready.weighed
            ready.weighed = ready.bytes
            self._keep(document)

    @property
    def bytes(self) -> int:
        """The bytes of memory that the kept documents take."""
        return int(self._kept.currsize)

    def _keep(self, document: Document) -> None:
        self._kept.pop(document.key, None)
        if document.bytes <= self._capacity // _LARGEST_SHARE:
            self._kept[document.key] = document

    def _read(self, text: str, *, introspection: bool) -> Document:
        if exceeded := oversizes(text, self._limits):
            raise NotExecutedError(*exceeded)
        try:
            node = parse_document(text)
        except GraphQLError as error:
            raise NotExecutedError(error) from None
        operations = operations_of(node)
        key, tokens = (text, introspection), _tokens(node)
        size = _EACH_TEXT * sys.getsizeof(text) + _EACH_TOKEN * tokens
        units = _UNITS + _UNITS_OF_A_TOKEN * tokens
        errors = find_errors(
            self._schema,
            node,
            rules=specified_rules if introspection else (*specified_rules, ClosedIntrospectionRule),
            hide_suggestions=not introspection,
        )
        if errors:
            size += sum(sys.getsizeof(error.message) for error in errors)
            return Document(key, node, operations, size, units, errors)
        warnings = [
            {"type": "DEPRECATION", "message": warning.message}
            for warning in validate(self._schema, node, [NoDeprecatedCustomRule])
        ]
        return Document(key, node, operations, size, units, warnings=warnings)

    def _executable(self, document: Document, operation: OperationDefinitionNode) -> Executable:
        node = document.node
        return Executable(
            operation,
            operation.name.value if operation.name else None,
            self.scopes.requirements(node, operation),
            self._costs.read(node, operation),
            asks_for_the_schema_only(operation),
            OperationVariables(self._schema, operation),
            introspection_of(self._schema, node, operation),
            self._plan(node, operation, max(len(document.key[0]), _LEAST_WEIGHT))
            if self._plan
            else None,
        )


def is_query(operation: OperationDefinitionNode) -> bool:
    """Whether an operation is a query, as all of this schema's are."""
    return operation.operation is OperationType.QUERY


def not_executed(message: str, *at: Node) -> NotExecutedError:
    """Return the refusal of an operation for one reason, with its places in the text."""
    return NotExecutedError(GraphQLError(message, list(at)))


def _tokens(document: DocumentNode) -> int:
    tokens, token = 1, document.loc and document.loc.start_token
    while token := token and token.next:
        tokens += 1
    return tokens
