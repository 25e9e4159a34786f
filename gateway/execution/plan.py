"""The plan of an operation: prepared by its first request, and used to answer all of them.

A plan reads plain data with compiled functions. It calls the resolvers of all other fields itself,
with arguments and a look-ahead that are prepared from the document. It returns a whole answer with
its expected errors, or none: in any unusual case (a null in a non-null place, a value of another
class) it gives up, and graphql-core executes the request from the start. That makes no new calls to
PayEx, since the dataloaders keep their answers; but it takes twice as long, so each fall is
counted.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    VariableValues,
)
from strawberry.federation import Schema

from gateway.execution.codegen import NotPlainError, UnexpectedNullError
from gateway.execution.resolver_fields import ResolverField
from gateway.execution.run import PlannedRequest
from gateway.execution.selections import Projections, Selected, Selections
from gateway.execution.shapes import UnplannableError
from resolvers.payex.api.work import Work
from schema.internals import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from schema.subgraph import executable

Spend = Callable[[float], object]


class FallReason(enum.StrEnum):
    """Why graphql-core executes a request instead of its plan."""

    UNPLANNABLE = "unplannable"
    """The document has what no plan can fill, such as `__schema`, or there was no room for it."""
    NULL = "null"
    """There was no value where none may be missing."""
    VALUE = "value"
    """A value was not what its field declares."""
    UNEXPECTED = "unexpected"
    """An exception that nobody foresaw."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A request that its plan could not answer; `error` is the unexpected exception."""

    reason: FallReason
    error: Exception | None = None


class Plan:
    """The plan of one operation.

    Args:
        schema: the schema.
        document: the document, valid and without fragment arguments.
        operation: the operation.
        weight: the characters that the document counts for. They bound what is kept.

    Attributes:
        projections: what is kept of the operation between its requests.
    """

    def __init__(
        self,
        schema: Schema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        weight: int,
    ) -> None:
        self.projections = Projections(operation, weight)
        self._schema = schema
        self._core = executable(schema)
        self._query = cast("GraphQLObjectType", self._core.query_type)
        self._operation = operation
        self._fragments = {
            node.name.value: FragmentDetails(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }

    async def answer(self, context: Any, variables: VariableValues) -> ExecutionResult | Fall:
        """Return the result of a request, or why graphql-core has to execute it.

        Args:
            context: the context in the resolvers' info.
            variables: the coerced variables.
        """
        try:
            selections = self.projections.selections(variables.coerced, self._collect_root)
        except GraphQLError as error:
            # A condition at the root is null.
            return ExecutionResult(None, [error])
        if not selections.plannable:
            return Fall(FallReason.UNPLANNABLE)

        spend = partial(context.budget.spend, Work.DOCUMENT)

        def select(type_: GraphQLObjectType, nodes: FieldDetailsList) -> Selected:
            selected = self._kept(selections, type_, nodes)
            if selected.links is None:
                self._link(selections, selected, spend)
            return selected

        request = PlannedRequest(self._core, select, context, variables)
        try:
            return await request.answer(self._top(selections, spend))
        except Exception as error:  # noqa: BLE001 - graphql-core finds out what it is
            selections.plannable = not isinstance(error, UnplannableError)
            return _fall(error)

    def _top(self, selections: Selections, spend: Spend) -> Selected:
        if selections.top is None:
            top = Selected(self._query, [], CollectedFields(selections.root, [], []))
            self._link(selections, top, spend)
            selections.top = top
        return selections.top

    def _kept(
        self, selections: Selections, type_: GraphQLObjectType, nodes: FieldDetailsList
    ) -> Selected:
        selected = selections.find(type_, nodes)
        if selected is None:
            selected = self._collected(selections, type_, nodes)
            if not self.projections.keep(selections, selected):
                raise UnplannableError
        return selected

    def _collected(
        self, selections: Selections, type_: GraphQLObjectType, nodes: FieldDetailsList
    ) -> Selected:
        try:
            collected = collect_subfields(
                self._core, self._fragments, selections.conditions, self._operation, type_, nodes
            )
        except GraphQLError as error:
            return Selected(type_, nodes, error=error)
        return Selected(type_, nodes, collected)

    def _fields(
        self, selections: Selections, type_: GraphQLObjectType, nodes: FieldDetailsList
    ) -> GroupedFieldSet:
        selected = self._kept(selections, type_, nodes)
        selected.check()
        return selected.collected.grouped_field_set

    def _link(self, selections: Selections, selected: Selected, spend: Spend) -> None:
        rest = selected.rest or selected.compile(partial(self._fields, selections), spend)
        type_, schema = selected.type, self._schema
        links = (key for key in rest if key not in selected.lists)
        selected.links = [ResolverField(key, type_, rest[key], schema) for key in links]

    def _collect_root(self, conditions: VariableValues) -> GroupedFieldSet:
        collected = collect_fields(
            self._core, self._fragments, conditions, self._query, self._operation
        )
        return collected.grouped_field_set


def _fall(error: Exception) -> Fall:
    match error:
        case UnplannableError():
            return Fall(FallReason.UNPLANNABLE)
        case UnexpectedNullError():
            return Fall(FallReason.NULL)
        case NotPlainError():
            return Fall(FallReason.VALUE)
        case _:
            return Fall(FallReason.UNEXPECTED, error)
