"""Cost: what an operation asks for at most, before it is executed, and what its answer held."""

from collections.abc import Mapping
from typing import Any

from graphql import Node

from gateway.limits.prices import Price, Selection, Variables
from gateway.limits.violations import LARGEST, LimitCode, LimitExceeded
from gateway.settings.limits import LimitSettings


class OperationCost:
    """The cost of one operation of a document, whatever its variables. Made by `CostModel`.

    Args:
        root: what the operation selects.
        defaults: the values of variables that are not given.
        at: the operation.
        fields: how many fields were read for it.
    """

    def __init__(
        self,
        root: Selection,
        defaults: Mapping[str, Any],
        at: Node | None = None,
        fields: int = 0,
    ) -> None:
        self._root = root
        self._defaults = defaults
        self._at = at
        self.fields = fields

    def requested(self, variables: Variables | None) -> int:
        """Return what the operation costs at most, given its variables, coerced or not."""
        return min(self._price(variables).cost, LARGEST)

    def nodes(self, variables: Variables | None) -> int:
        """Return how many elements its pages and lists may hold, as far as arguments tell."""
        return min(self._price(variables).nodes, LARGEST)

    def actual(self, data: Mapping[str, Any] | None, variables: Variables | None) -> int:
        """Return what an answer's data held.

        Exact, but for one thing: elements whose selection has no lists or unions are not looked
        at one by one, so that an object that is null within them counts as if it were there.
        """
        return self._root.actual(data, self._complete(variables)) if data else 0

    def refusals(self, variables: Variables | None, limits: LimitSettings) -> list[LimitExceeded]:
        """Return why the operation is not executed: its nodes, and its cost if that is enforced."""
        cost, nodes = self._price(variables)
        found = []
        if nodes > limits.max_nodes:
            share = max(self._root.shares(self._complete(variables), 1, ()))
            found.append(
                LimitExceeded(
                    LimitCode.MAX_NODES_LIMIT,
                    limits.max_nodes,
                    nodes,
                    self._at,
                    share=min(share.nodes, LARGEST),
                    path=".".join(share.path),
                )
            )
        if cost > limits.max_cost and limits.cost_mode == "enforce":
            found.append(LimitExceeded(LimitCode.MAX_COST_LIMIT, limits.max_cost, cost, self._at))
        return found

    def _price(self, variables: Variables | None) -> Price:
        return self._root.price(self._complete(variables))

    def _complete(self, variables: Variables | None) -> Variables:
        return {**self._defaults, **(variables or {})} if self._defaults else variables or {}
