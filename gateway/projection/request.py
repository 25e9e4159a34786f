"""One request that a plan answers: resolvers called, what they return completed, calls awaited."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from types import CoroutineType
from typing import Any, NamedTuple

from graphql import GraphQLObjectType, GraphQLSchema, Undefined
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.values import VariableValues
from strawberry.execution import optimized_is_awaitable as is_awaitable

from gateway.projection.links import Link
from gateway.projection.projections import Selected
from gateway.projection.shapes import Shape
from gateway.projection.source import NotPlainError, admit

Select = Callable[[GraphQLObjectType, FieldDetailsList], Selected]
"""Returns what field nodes select of an object type."""


class _Slot(NamedTuple):
    """A place in the answer, what is waited for to fill it, and what that has to be like."""

    answer: Any
    place: Any
    awaitable: Awaitable[Any]
    shape: Shape
    nodes: FieldDetailsList


class PlannedRequest:
    """Makes the answer of one request.

    Args:
        schema: the schema.
        select: returns what field nodes select of an object type, with its links.
        context: what resolvers find in their info.
        variables: the coerced variables.
    """

    __slots__ = ("_finished", "_running", "_waiting", "context", "schema", "select", "variables")

    _finished: asyncio.Future[None]

    def __init__(
        self, schema: GraphQLSchema, select: Select, context: Any, variables: VariableValues
    ) -> None:
        self.schema = schema
        self.select = select
        self.context = context
        self.variables = variables
        self._waiting: list[_Slot] = []
        self._running: dict[asyncio.Future[Any], _Slot] = {}

    async def answer(self, top: Selected) -> dict[str, Any]:
        """Return the whole answer.

        Args:
            top: what is selected of the query type.

        Raises:
            Exception: there is none without an error.
        """
        try:
            answer = self._object(top, None)
            while len(self._waiting) == 1:
                # What is alone needs no task.
                slot = self._waiting.pop()
                self._fill(slot, await slot.awaitable)
            if self._waiting:
                self._finished = asyncio.get_running_loop().create_future()
                self._start()
                await self._finished
            return answer
        finally:
            if self._waiting or self._running:
                await self._abandon()

    def _start(self) -> None:
        for slot in self._waiting:
            task = asyncio.ensure_future(slot.awaitable)
            self._running[task] = slot
            task.add_done_callback(self._arrived)
        self._waiting.clear()

    def _arrived(self, task: asyncio.Future[Any]) -> None:
        slot = self._running.pop(task)
        if self._finished.done():
            # asyncio would log an exception that nobody looks at.
            if not task.cancelled():
                task.exception()
            return
        try:
            self._fill(slot, task.result())
            self._start()
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - whatever it is, it is no answer
            self._finished.set_exception(NotPlainError())
        else:
            if not self._running:
                self._finished.set_result(None)

    async def _abandon(self) -> None:
        for slot in self._waiting:
            _close(slot.awaitable)
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _fill(self, slot: _Slot, value: Any) -> None:
        slot.answer[slot.place] = self._completed(slot.shape, slot.nodes, value)

    def _object(self, selected: Selected, source: Any) -> dict[str, Any]:
        project = selected.project
        fields = selected.collected.grouped_field_set
        answer: dict[str, Any] = project(source) if project else dict.fromkeys(fields)
        for link in selected.links or ():
            value = link.fill(source, Asked(self, link), self.variables)
            if is_awaitable(value):
                self._waiting.append(_Slot(answer, link.key, value, link.shape, link.nodes))
            else:
                answer[link.key] = self._completed(link.shape, link.nodes, value)
        return answer

    def _list(self, of: Shape, nodes: FieldDetailsList, values: Any) -> list[Any]:
        if type(values) is not list and type(values) is not tuple:
            raise NotPlainError
        answer: list[Any] = [None] * len(values)
        # First what is to come: should one of the others be no answer, none of it is forgotten.
        there = []
        for place, value in enumerate(values):
            if is_awaitable(value):
                self._waiting.append(_Slot(answer, place, value, of, nodes))
            else:
                there.append((place, value))
        for place, value in there:
            answer[place] = self._completed(of, nodes, value)
        return answer

    def _completed(self, shape: Shape, nodes: FieldDetailsList, value: Any) -> Any:
        """Return a value's part of the answer."""
        if value is None:
            if shape.nullable:
                return None
            raise NotPlainError
        if shape.items is not None:
            return self._list(shape.items, nodes, value)
        admit(value)
        if shape.coerce is not None:
            coerced = shape.coerce(value)
            if coerced is None or coerced is Undefined:
                raise NotPlainError
            return coerced
        for type_, is_type_of in shape.types:
            # Without the info that predicates take and ours do not look at.
            if is_type_of is None or is_type_of(value, None) is True:
                return self._object(self.select(type_, nodes), value)
        raise NotPlainError


class Asked:
    """What a resolver is told of its field in one request: its info, and the look-ahead below it.

    Args:
        request: the request.
        link: the field.

    Attributes:
        context: the context of the request.
    """

    __slots__ = ("_link", "_request", "context")

    def __init__(self, request: PlannedRequest, link: Link) -> None:
        self._request = request
        self._link = link
        self.context = request.context

    @property
    def name(self) -> str:
        """The field's name in the schema."""
        return self._link.name

    @property
    def below(self) -> "Asked":
        """Looks below the field."""
        return self

    def arguments(self) -> Mapping[str, Any]:
        """Return the arguments by their names in the schema, coerced."""
        return self._link.arguments(self._request.variables)

    def fields(self, type_name: str) -> Iterator["Asked"]:
        """Yield the fields with resolvers that are selected if the field answers with this type."""
        type_ = self._request.schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)  # noqa: S101 - our own type names
        for link in self._request.select(type_, self._link.nodes).links or ():
            yield Asked(self._request, link)


def _close(awaitable: Awaitable[Any]) -> None:
    """See to it that Python does not complain of a coroutine that nobody awaits."""
    if isinstance(awaitable, CoroutineType):
        awaitable.close()
