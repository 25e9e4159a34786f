"""One request that a plan answers: calls resolvers, completes their values, awaits calls.

An expected error (a fault, a refused argument, a null variable) becomes an entry in the errors with
a null in its place, as in graphql-core. Any other unusual case makes the plan give up.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from functools import partial
from types import CoroutineType
from typing import Any, Final, NamedTuple

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, Undefined, VariableValues

from gateway.execution.answer_places import Failures, NulledError, Place
from gateway.execution.codegen import NotPlainError, UnexpectedNullError, admit
from gateway.execution.lists import ListProjection
from gateway.execution.planned_info import PlannedInfo, Select
from gateway.execution.selections import Selected
from gateway.execution.shapes import Shape
from resolvers.errors import RequestError
from resolvers.operation import Operation
from resolvers.payex.api.faults import Fault
from resolvers.payex.api.turns import SLICE, done
from resolvers.payex.api.work import Work
from schema.internals import optimized_is_awaitable as is_awaitable

_EXPECTED: Final = (Fault, RequestError, GraphQLError)
_CANCELLED: Final = object()
# A list that is there already: nothing is left to be done to it.
_WRITTEN: Final = Shape(nullable=False, coerce=lambda written: written)
# Objects of a list that are completed without a turn of the event loop.
_AT_ONCE: Final = 50

# Microseconds (measured): an object with links, each link, and what is awaited for it, without what
# it finds out.
_OBJECT: Final = 5
_LINK: Final = 10
_AWAITED: Final = 50


class _Slot(NamedTuple):
    """A place in the answer, and the awaitable that fills it."""

    place: Place
    awaitable: Awaitable[Any]


class PlannedRequest:
    """Makes the answer of one request.

    It completes values one after the other, as they arrive, and gives the event loop turns between
    them.

    Args:
        schema: the schema.
        select: returns the selections of field nodes on an object type, with its resolver fields.
        context: the operation, which is the context in the resolvers' info.
        variables: the coerced variables.
    """

    __slots__ = (
        "_arrived",
        "_failures",
        "_news",
        "_running",
        "_waiting",
        "context",
        "schema",
        "select",
        "variables",
    )

    def __init__(
        self, schema: GraphQLSchema, select: Select, context: Operation, variables: VariableValues
    ) -> None:
        self.schema = schema
        self.select = select
        self.context = context
        self.variables = variables
        self._failures = Failures(context)
        self._waiting: list[_Slot] = []
        self._running: dict[asyncio.Future[Any], Place] = {}
        self._arrived: deque[tuple[Place, Any]] = deque()
        self._news: asyncio.Future[None] | None = None

    async def answer(self, top: Selected) -> ExecutionResult:
        """Return the whole answer.

        Args:
            top: the selections on the query type.

        Raises:
            NotPlainError: a value is not of its field's type.
            Exception: an unexpected error.
        """
        try:
            data = await self._data(top)
            errors = self._failures.errors
            return ExecutionResult(None if self._failures.cover(None) else data, errors or None)
        finally:
            if self._waiting or self._running:
                await self._abandon()

    async def _data(self, top: Selected) -> dict[str, Any] | None:
        try:
            data = self._object(top, None, None)
        except NulledError:
            return None
        while not self._failures.cover(None):
            if len(self._waiting) == 1 and not self._running and not self._arrived:
                # What is alone needs no task.
                place, awaitable = self._waiting.pop()
                self._arrived.append((place, await _outcome(awaitable)))
            self._start()
            if self._arrived:
                place, value = self._arrived.popleft()
                if not self._failures.cover(place):
                    fault = await self._turn()
                    if value is _CANCELLED:
                        raise asyncio.CancelledError
                    self._fill(place, fault or value)
            elif self._running:
                self._news = asyncio.get_running_loop().create_future()
                await self._news
            else:
                break
        return data

    def _start(self) -> None:
        if not self._waiting:
            return
        work = self.context.stats.work
        self.context.budget.spend(Work.WRITTEN, _AWAITED * len(self._waiting))
        for place, awaitable in self._waiting:
            if isinstance(awaitable, CoroutineType):
                awaitable = work.of(awaitable)  # noqa: PLW2901
            task = asyncio.ensure_future(awaitable)
            self._running[task] = place
            task.add_done_callback(self._take)
        self._waiting.clear()

    def _take(self, task: asyncio.Future[Any]) -> None:
        """Queue a result that has arrived."""
        place = self._running.pop(task)
        value = _CANCELLED if task.cancelled() else task.exception() or task.result()
        self._arrived.append((place, value))
        if self._news and not self._news.done():
            self._news.set_result(None)

    async def _turn(self) -> Fault | None:
        """Give the event loop a turn if one is due; return the fault if the deadline has passed."""
        try:
            await self.context.pace.turn()
        except Fault as fault:
            return fault
        return None

    async def _abandon(self) -> None:
        self._drop(None)
        await asyncio.gather(*self._running, return_exceptions=True)

    def _drop(self, nulled: Place | None) -> None:
        """Stop waiting for anything within a place."""
        waiting = self._waiting.copy()
        self._waiting.clear()
        for slot in waiting:
            if slot.place.within(nulled):
                _close(slot.awaitable)
            else:
                self._waiting.append(slot)
        for task, place in self._running.items():
            if place.within(nulled):
                task.cancel()

    def _fill(self, place: Place, value: Any) -> None:
        try:
            place.answer[place.key] = self._completed(place, value)
        except NulledError as error:
            nulled = error.place
            if nulled is not None:
                nulled.answer[nulled.key] = None
            self._drop(nulled)

    def _object(self, selected: Selected, source: Any, above: Place | None) -> dict[str, Any]:
        project = selected.project
        fields = selected.collected.grouped_field_set
        links = selected.links or ()
        self.context.budget.spend(Work.WRITTEN, _OBJECT + len(links) * _LINK)
        answer = project(source) if project else dict.fromkeys(fields)
        for key, listed in selected.lists.items():
            place = Place(answer, key, _WRITTEN, fields[key], above)
            self._write(place, listed, listed.objects(source))
        for link in links:
            try:
                value = link.fill(source, PlannedInfo(self, link), self.variables)
            except Exception as error:  # noqa: BLE001 - as if it had been returned
                value = error
            place = Place(answer, link.key, link.shape, link.nodes, above)
            if is_awaitable(value):
                self._waiting.append(_Slot(place, value))
            else:
                answer[link.key] = self._guarded(place, value)
        return answer

    def _list(self, above: Place, of: Shape, values: Any) -> list[Any]:
        if type(values) is not list and type(values) is not tuple:
            raise NotPlainError
        answer: list[Any] = [None] * len(values)
        # First what is to come: should one of the others be no answer, none of it is forgotten.
        there = []
        for key, value in enumerate(values):
            place = Place(answer, key, of, above.nodes, above)
            if is_awaitable(value):
                self._waiting.append(_Slot(place, value))
            else:
                there.append((place, value))
        if len(there) > _AT_ONCE:
            self._arrived.extend(there)
            return answer
        for place, value in there:
            answer[place.key] = self._guarded(place, value)  # type: ignore[index]
        return answer

    def _write(self, place: Place, listed: ListProjection, objects: Sequence[Any]) -> None:
        """Write a list into its place, now or when there is time for it."""
        context = self.context
        spend = partial(context.budget.spend, Work.WRITTEN)
        steps = listed.write(objects, context.hold)
        if len(objects) <= SLICE and not context.pace.is_due():
            try:
                place.answer[place.key] = done(steps, spend)
            except Fault as fault:
                place.answer[place.key] = self._guarded(place, fault)
        else:
            self._waiting.append(_Slot(place, context.pace.do(steps, spend)))

    def _guarded(self, place: Place, value: Any) -> Any:
        """Return a value's part of the answer; null if something below requires that."""
        try:
            return self._completed(place, value)
        except NulledError as error:
            if error.place is not place:
                raise
            self._drop(place)
            return None

    def _completed(self, place: Place, value: Any) -> Any:
        """Return a value's part of the answer.

        Raises:
            NulledError: it is an error, or something below is, and a place further up is null.
        """
        shape = place.shape
        if value is None:
            if shape.nullable:
                return None
            raise UnexpectedNullError
        if isinstance(value, Exception):
            return self._failed(place, value)
        if shape.items is not None:
            return self._list(place, shape.items, value)
        admit(value)
        if shape.coerce is not None:
            coerced = shape.coerce(value)
            if coerced is None or coerced is Undefined:
                raise NotPlainError
            return coerced
        for type_, is_type_of in shape.types:
            # Without the info that predicates take and ours do not look at.
            if is_type_of is None or is_type_of(value, None) is True:
                selected = self.select(type_, place.nodes)
                if selected.error:
                    return self._failed(place, selected.error)
                return self._object(selected, value, place)
        raise NotPlainError

    def _failed(self, place: Place, error: Exception) -> None:
        """Record an error of a place, which becomes null, or the place above it."""
        if not isinstance(error, _EXPECTED):
            raise error
        nulled = self._failures.add(error, place)
        if nulled is not place:
            raise NulledError(nulled)


async def _outcome(awaitable: Awaitable[Any]) -> Any:
    """Return a result, or the exception as a value."""
    try:
        return await awaitable
    except Exception as error:  # noqa: BLE001 - see above
        return error


def _close(awaitable: Awaitable[Any]) -> None:
    """Close a coroutine that nobody awaits, so that Python does not warn."""
    if isinstance(awaitable, CoroutineType):
        awaitable.close()
