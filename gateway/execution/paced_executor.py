"""graphql-core's executor, with turns for the event loop and paid from the operation's budget."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from graphql import GraphQLOutputType, is_non_null_type
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.http.errors import ERROR, UNREPORTED_ERROR
from resolvers.operation import Operation
from resolvers.payex.api.turns import Pace
from resolvers.payex.api.work import Work
from schema.internals import FieldDetailsList

# Microseconds (measured): an object, and each field, without what its resolver does.
_OBJECT: Final = 10
_FIELD: Final = 5
# Objects of a list that are completed at once: 50 of 15 fields take about 5 milliseconds.
_AT_ONCE: Final = 50


class PacedExecutor(StrawberryGraphQLCoreExecutionContext):
    """Executes one request of an operation, which is its context.

    It is graphql-core's `executor_class`.
    """

    context_value: Operation

    def execute_fields(self, *args: Any) -> Any:
        """Execute fields of an object after they are paid for."""
        fields = args[3]
        self.context_value.budget.spend(Work.WRITTEN, _OBJECT + len(fields) * _FIELD)
        return super().execute_fields(*args)

    def complete_list_value(self, *args: Any) -> Any:
        """Complete a list. A long one gives the event loop its turns."""
        *before, items, position_context = args
        if isinstance(items, list | tuple) and len(items) > _AT_ONCE:
            items = _Paced(items, self.context_value.pace)
        return super().complete_list_value(*before, items, position_context)  # type: ignore[call-arg]

    def handle_field_error(
        self,
        raw_error: Exception,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        path: Path,
    ) -> None:
        """Record an error. One that no reply reports is only counted, and needs no location."""
        errors, operation = self.collected_errors.errors, self.context_value
        if len(errors) < operation.bounds.max_errors or is_non_null_type(return_type):
            operation.budget.spend(Work.ERRORS, ERROR)
            super().handle_field_error(raw_error, return_type, field_details_list, path)
        else:
            operation.budget.spend(Work.ERRORS, UNREPORTED_ERROR)
            self.collected_errors.add(errors[-1], path)


class _Paced(AsyncIterator[Any]):
    """Yields the items of a list, and gives the event loop the turns that are due."""

    def __init__(self, items: Sequence[Any], pace: Pace) -> None:
        self._items = enumerate(items)
        self._pace = pace

    async def __anext__(self) -> Any:
        for place, item in self._items:
            if not place % _AT_ONCE:
                await self._pace.turn()
            return item
        raise StopAsyncIteration
