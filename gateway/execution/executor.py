"""The executor that projects plain data by compiled functions, and leaves the rest to graphql-core.

Its answers are those of the reference: the executor that it is derived from. A compiled function
gives a whole and faultless part of an answer, or none. If anything about an object is unusual (a
null where none may be, an exception, an awaitable, a value of another class), it gives up, and
graphql-core completes the object from the start. That may be done since plain data have no side
effects: reading them again tells the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    DeferUsage,
    FieldDetailsList,
    GroupedFieldSet,
)
from graphql.pyutils import Path

from gateway.execution.paced import PacedExecutor
from gateway.execution.selections import Projections, Selected, Selections
from gateway.limits.written import Written
from resolvers.payex.api.faults import Fault
from resolvers.payex.api.turns import SLICE, Steps, done
from resolvers.payex.api.work import Work

if TYPE_CHECKING:
    from gateway.execution.lists import ListProjection


class ProjectingExecutor(PacedExecutor):
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
        # By the identity of the field nodes, which a `Selected` holds.
        self._lists: dict[int, ListProjection] = {}

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
            spend = partial(self.context_value.budget.spend, Work.DOCUMENT)
            rest = selected.compile(self._fields, spend)
        answer = _projected(selected, result)
        if answer is None:
            return super().collect_and_execute_subfields(
                return_type, field_details_list, path, result, position_context
            )
        if not rest:
            return answer
        for key, listed in selected.lists.items():
            self._lists[id(rest[key])] = listed
        others = self.execute_fields(return_type, result, path, rest, position_context)
        if isinstance(others, dict):
            answer.update(others)
            return answer
        return _completed(answer, others)

    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Return a list's part of the answer, or an awaitable of it."""
        by_core = partial(
            super().complete_list_value,
            return_type,
            field_details_list,
            info,
            path,
            result,
            position_context,
        )
        listed = self._lists.get(id(field_details_list))
        if listed is None or not isinstance(result, list | tuple):
            return by_core()
        steps = listed.write(result, self.context_value.hold)
        if len(result) > SLICE or self.context_value.pace.is_due():
            return self._written(steps, by_core)
        try:
            return done(steps, self._spend)
        except Fault:
            raise
        except Exception:  # noqa: BLE001 - graphql-core finds out what it is, and tells where
            return by_core()

    async def _written(self, steps: Steps[Written], by_core: Callable[[], Any]) -> Any:
        try:
            return await self.context_value.pace.do(steps, self._spend)
        except Fault:
            raise
        except Exception:  # noqa: BLE001 - graphql-core finds out what it is, and tells where
            found = by_core()
            return await found if self.is_awaitable(found) else found

    def _spend(self, units: float) -> None:
        self.context_value.budget.spend(Work.WRITTEN, units)

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
