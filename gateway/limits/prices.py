"""Prices: the cost of a selection, as a tree that lacks only the variables.

The tree is made once for each operation of a document (`gateway.limits.cost_model`). Parts that do
not depend on variables are summed in advance, so pricing a request visits only the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.limits.written_json import Written

Variables = Mapping[str, Any]
Condition = tuple[tuple[str, bool], ...]
"""Variables of `@skip` and `@include`, and what each must be for the field to be selected."""


class Price(NamedTuple):
    """A cost, and the most list elements by arguments."""

    cost: int = 0
    nodes: int = 0


class Share(NamedTuple):
    """The number of list elements at one place, by response names."""

    nodes: int
    path: tuple[str, ...]


FREE = Price()


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a list, by its arguments.

    Args:
        assumed: the size if no argument says it.
        variables: the variables that the arguments are; at most one of them is given.
        counts: whether a variable is the list itself, not its size.
        sliced: whether there is such an argument.
    """

    assumed: int
    variables: tuple[str, ...] = ()
    counts: bool = False
    sliced: bool = False

    def of(self, variables: Variables) -> int:
        """Return the size. A value of a wrong type, which will be refused, has no effect."""
        given = (variables.get(name) for name in self.variables)
        value = next((one for one in given if one is not None), None)
        if value is None:
            return self.assumed
        if self.counts:
            # GraphQL coerces a single value to a list of one.
            return len(value) if isinstance(value, list | tuple) else 1
        return size_of(value, self.assumed)


def size_of(value: object, assumed: int) -> int:
    """Return the size of a page that an integer requests."""
    if isinstance(value, bool) or not isinstance(value, int) or not abs(value) < 2**31:
        return assumed
    return max(0, value)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the answer.

    Args:
        key: its response name.
        weight: its cost for each element, present or not: a call of PayEx.
        own: the cost of each element that is present.
        size: the number of elements; None if it is not a list.
        below: the selections on it, for each possible object type; empty for a leaf.
        conditions: any of these must hold; () if it is always selected.
    """

    key: str
    weight: int
    own: int
    size: Size | None
    below: tuple["Selection", ...]
    conditions: tuple[Condition, ...]
    constant: Price | None = field(init=False, compare=False)
    flat: bool = field(init=False, compare=False)
    paid: tuple["Selection", ...] = field(init=False, compare=False)
    settled: Price = field(init=False, compare=False)
    varying: tuple["Selection", ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Most object types hold nothing that costs, for example problems.
        object.__setattr__(self, "paid", tuple(one for one in self.below if one.fields))
        settled = [one.constant for one in self.below if one.constant is not None]
        object.__setattr__(self, "settled", _dearest(settled))
        varying = tuple(one for one in self.below if one.constant is None)
        object.__setattr__(self, "varying", varying)
        varies = self.conditions or (self.size and self.size.variables) or varying
        object.__setattr__(self, "constant", None)
        object.__setattr__(self, "constant", None if varies else self.price({}))
        flat = not self.size and all(selection.flat for selection in self.below)
        object.__setattr__(self, "flat", flat and len(self.below) <= 1)

    def price(self, variables: Variables) -> Price:
        """Return the field's highest price."""
        if self.constant is not None:
            return self.constant
        if not self._selected(variables):
            return FREE
        cost, nodes = self.settled
        for selection in self.varying:
            price = selection.price(variables)
            cost, nodes = max(cost, price.cost), max(nodes, price.nodes)
        cost += self.weight + self.own
        if self.size is None:
            return Price(cost, nodes)
        size = self.size.of(variables)
        return Price(size * cost, size * (nodes + self.size.sliced))

    def actual(self, value: Any, variables: Variables) -> int:
        """Return the field's cost, given its value."""
        if self.size is None:
            own = 0 if value is None else self.own + self._within(value, variables)
            return self.weight + own
        if isinstance(value, Written):
            return self._written(value, variables)
        elements = value or ()
        # Comparing each object with None takes ten times as long.
        nulls = 0 if all(elements) else elements.count(None)
        there = len(elements) - nulls
        each = self.own
        if len(self.below) == 1 and self.below[0].flat:
            # All of them cost the same, but for objects that are null within them.
            each += self.below[0].price(variables).cost
            within = 0
        else:
            within = sum(self._within(one, variables) for one in elements if one is not None)
        return len(elements) * self.weight + there * each + within

    def _written(self, list_: Written, variables: Variables) -> int:
        """Return the cost of a list that is already JSON. Only lists vary within its objects."""
        each, within = self.weight + self.own, 0
        for one in self.below[0].fields:
            if one.key in list_.within:
                below = sum(selection.price(variables).cost for selection in one.below)
                within += list_.within[one.key] * (one.weight + one.own + below)
            else:
                each += one.price(variables).cost
        return list_.count * each + within

    def shares(self, variables: Variables, times: int, path: tuple[str, ...]) -> Sequence[Share]:
        """Return the shares of the field and what is below it, given its number of occurrences."""
        if not self._selected(variables):
            return ()
        path = (*path, self.key)
        found: list[Share] = []
        if self.size is not None:
            times *= self.size.of(variables)
            if self.size.sliced:
                found.append(Share(times, path))
        for selection in self.below:
            found.extend(selection.shares(variables, times, path))
        return found

    def _within(self, value: Any, variables: Variables) -> int:
        """Return the cost of an object, whose type is the one with its fields."""
        if len(self.below) == 1:
            return self.below[0].actual(value, variables)
        dearest = 0
        for one in self.paid:
            if value.keys() <= one.keys:
                dearest = max(dearest, one.actual(value, variables))
        return dearest

    def _selected(self, variables: Variables) -> bool:
        return not self.conditions or any(
            all(bool(variables.get(name)) is wanted for name, wanted in condition)
            for condition in self.conditions
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """The selections on one object type.

    Args:
        keys: the response names of all its fields.
        fields: those of them that can cost anything.
    """

    keys: frozenset[str]
    fields: tuple[Field, ...]
    constant: Price | None = field(init=False, compare=False)
    flat: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "constant", None)
        if all(field.constant is not None for field in self.fields):
            object.__setattr__(self, "constant", self.price({}))
        object.__setattr__(self, "flat", all(field.flat for field in self.fields))

    def price(self, variables: Variables) -> Price:
        """Return the highest price."""
        if self.constant is not None:
            return self.constant
        cost = nodes = 0
        for one in self.fields:
            price = one.price(variables)
            cost += price.cost
            nodes += price.nodes
        return Price(cost, nodes)

    def actual(self, value: Mapping[str, Any], variables: Variables) -> int:
        """Return the cost of one object."""
        cost = 0
        for one in self.fields:
            if one.key in value:
                cost += one.actual(value[one.key], variables)
        return cost

    def shares(self, variables: Variables, times: int, path: tuple[str, ...]) -> Sequence[Share]:
        """Return the shares of everything below."""
        return [share for one in self.fields for share in one.shares(variables, times, path)]


def _dearest(prices: Sequence[Price]) -> Price:
    cost = max((price.cost for price in prices), default=0)
    return Price(cost, max((price.nodes for price in prices), default=0))
