"""Places in an answer: where values go, and which places are null because of an error."""

from typing import Any

from graphql import GraphQLError, located_error

from gateway.execution.shapes import Shape
from gateway.http.errors import ERROR, UNREPORTED_ERROR, reported_errors
from resolvers.operation import Operation
from resolvers.payex.api.work import Work
from schema.internals import FieldDetailsList


class Place:
    """A place in the answer: a field of an object, or an item of a list.

    Args:
        answer: the object or the list.
        key: the response name, or the index.
        shape: the shape of the value.
        nodes: the field nodes that select it.
        above: the place of the object or the list; None at the root.
    """

    __slots__ = ("above", "answer", "key", "nodes", "shape")

    def __init__(
        self,
        answer: Any,
        key: str | int,
        shape: Shape,
        nodes: FieldDetailsList,
        above: "Place|None",
    ) -> None:
        self.answer = answer
        self.key = key
        self.shape = shape
        self.nodes = nodes
        self.above = above

    @property
    def path(self) -> list[str | int]:
        """The response names and indices from the root."""
        return [*(self.above.path if self.above else ()), self.key]

    @property
    def nullable(self) -> "Place | None":
        """The place that becomes null if this one has no value; None for the whole answer."""
        if self.shape.nullable:
            return self
        return self.above.nullable if self.above else None

    def within(self, other: "Place | None") -> bool:
        """Return whether it is another place or within it. None stands for the whole answer."""
        place: Place | None = self
        while place is not None and place is not other:
            place = place.above
        return place is other


class NulledError(Exception):
    """A non-null place has no value.

    Args:
        place: the place further up that is null instead; None for the whole answer.
    """

    def __init__(self, place: Place | None) -> None:
        super().__init__()
        self.place = place


class Failures:
    """The errors of one answer.

    Args:
        operation: pays for them, and limits how many the reply reports.
    """

    __slots__ = ("_budget", "_count", "_located", "_most", "_nulled")

    def __init__(self, operation: Operation) -> None:
        self._budget = operation.budget
        self._most = operation.bounds.max_errors
        self._count = 0
        self._located: list[GraphQLError] = []
        self._nulled: set[Place | None] = set()

    @property
    def errors(self) -> list[GraphQLError]:
        """The errors of the reply, in the order in which they happened."""
        return reported_errors(self._located, self._count, self._most)

    def add(self, error: Exception, place: Place) -> Place | None:
        """Record an error, unless it happened within a place that is already null.

        Args:
            error: the error.
            place: where it happened.

        Returns:
            The place that becomes null; None for the whole answer.
        """
        nulled = place.nullable
        self._nulled.add(nulled)
        self._count += 1
        # To locate an error takes longer than to answer with a record. There may be one for each.
        if len(self._located) >= self._most:
            self._budget.spend(Work.ERRORS, UNREPORTED_ERROR)
        else:
            self._budget.spend(Work.ERRORS, ERROR)
            nodes = [details.node for details in place.nodes]
            self._located.append(located_error(error, nodes, place.path))
        return nulled

    def cover(self, place: Place | None) -> bool:
        """Return whether a place is null because of an error, or within one that is."""
        if not self._nulled:
            return False
        while place is not None and place not in self._nulled:
            place = place.above
        return place in self._nulled
