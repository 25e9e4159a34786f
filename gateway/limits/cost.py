"""Cost: the most that an operation may return, before it is executed, and what its answer held."""

from collections.abc import Mapping
from typing import Any

from graphql import Node

from gateway.limits.prices import Price, Selection, Variables
from gateway.limits.violations import LARGEST, LimitCode, LimitExceeded
from gateway.settings.limits import LimitSettings


class OperationCost:
    """The cost of one operation of a document, for any variables. Made by `CostModel`.

    Args:
        root: the selections of the operation.
        defaults: the default values of variables.
        at: the operation.
        fields: the number of fields that were read for it.
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
        """Return the highest possible cost, given the variables, coerced or not."""
        return min(self._price(variables).cost, LARGEST)

    def nodes(self, variables: Variables | None) -> int:
        """Return the most elements of its pages and lists, as far as arguments say."""
        return min(self._price(variables).nodes, LARGEST)

    def actual(self, data: Mapping[str, Any] | None, variables: Variables | None) -> int:
        """Return the cost of an answer's data.

        It is exact with one exception: elements whose selection has no lists or unions are not
        visited one by one, so an object that is null within them counts as present.
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
