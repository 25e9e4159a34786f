"""The executor that projects plain data by compiled functions, and leaves the rest to graphql-core.

Its answers are those of the reference: the executor that it is derived from. A compiled function
gives a whole and faultless part of an answer, or none. If anything about an object is unusual (a
null where none may be, an exception, an awaitable, a value of another class), it gives up, and
graphql-core completes the object from the start. That may be done since plain data have no side
effects: reading them again tells the same.
"""

from collections.abc import Awaitable, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLOutputType, is_non_null_type
from graphql.execution.collect_fields import (
    CollectedFields,
    DeferUsage,
    FieldDetailsList,
    GroupedFieldSet,
)
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.errors import ERROR, UNTOLD_ERROR
from gateway.projection.projections import Projections, Selected, Selections
from resolvers.payex.work import Work


class BoundedExecutor(StrawberryGraphQLCoreExecutionContext):
    """The reference, which locates only the errors that a reply tells. Its context pays for them.

    It is graphql-core's `executor_class`.
    """

    def handle_field_error(
        self,
        raw_error: Exception,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        path: Path,
    ) -> None:
        """Take in an error; one that no reply tells is only counted, and need not be located."""
        errors, operation = self.collected_errors.errors, self.context_value
        if len(errors) < operation.bounds.max_errors or is_non_null_type(return_type):
            operation.budget.spend(Work.ERRORS, ERROR)
            super().handle_field_error(raw_error, return_type, field_details_list, path)
        else:
            operation.budget.spend(Work.ERRORS, UNTOLD_ERROR)
            self.collected_errors.add(errors[-1], path)


class ProjectingExecutor(BoundedExecutor):
    """Executes one request of an operation. It takes no middleware.

    Args:
        projections: what is kept of the operation between its requests.
    """

    _selections: Selections

    def __init__(self, *args: Any, projections: Projections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._projections = projections
        # What there is no room for lasts as long as the request.
        self._passing: dict[tuple[GraphQLObjectType, int], Selected] = {}

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> Any:
        """Execute the root fields, by the nodes that are kept."""
        variables = self.variable_values.coerced
        self._selections = self._projections.selections(variables, lambda _: grouped_field_set)
        return super().execute_collected_root_fields(
            root_type, root_value, self._selections.root, serially, new_defer_usages
        )

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        """Return what field nodes select of a type."""
        return self._selected(return_type, field_details_list).collected

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Return an object's part of the answer, or an awaitable of it."""
        selected = self._selected(return_type, field_details_list)
        rest = selected.rest
        if rest is None:
            rest = selected.compile(self._fields)
        answer = _projected(selected, result)
        if answer is None:
            return super().collect_and_execute_subfields(
                return_type, field_details_list, path, result, position_context
            )
        if not rest:
            return answer
        others = self.execute_fields(return_type, result, path, rest, position_context)
        if isinstance(others, dict):
            answer.update(others)
            return answer
        return _completed(answer, others)

    def _selected(self, type_: GraphQLObjectType, nodes: FieldDetailsList) -> Selected:
        key = (type_, id(nodes))
        selected = self._selections.find(type_, nodes) or self._passing.get(key)
        if selected is None:
            selected = self._collected(type_, nodes)
            # Below what passes, nothing is kept: it could not be found again.
            if self._passing or not self._projections.keep(self._selections, selected):
                # Nor is it compiled: that would not be worth it for once.
                selected.rest = selected.collected.grouped_field_set
                self._passing[key] = selected
        selected.check()
        return selected

    def _collected(self, type_: GraphQLObjectType, nodes: FieldDetailsList) -> Selected:
        try:
            return Selected(type_, nodes, super().collect_subfields(type_, nodes))
        except GraphQLError as error:
            return Selected(type_, nodes, error=error)

    def _fields(self, type_: GraphQLObjectType, nodes: FieldDetailsList) -> GroupedFieldSet:
        return self.collect_subfields(type_, nodes).grouped_field_set


def _projected(selected: Selected, source: Any) -> dict[str, Any] | None:
    if selected.project:
        try:
            return selected.project(source)
        except Exception:  # noqa: BLE001, S110 - graphql-core finds out what it is, and tells where
            pass
    return None


async def _completed(answer: dict[str, Any], others: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    answer.update(await others)
    return answer
