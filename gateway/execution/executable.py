"""Executables: the operations of valid documents, prepared once for all requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import FieldNode, OperationDefinitionNode

from gateway.execution.plan import Plan
from gateway.execution.variables import OperationVariables
from gateway.limits.cost import OperationCost
from gateway.limits.introspection import Introspection
from schema.scopes import ScopeRequirement

_ABOUT_THE_SCHEMA: Final = frozenset({"__schema", "__type", "__typename"})

# Bytes of memory that each of these takes (measured with CPython 3.11 and graphql-core 3.3).
_EACH_REQUIREMENT: Final = 150
_EACH_PRICE: Final = 600
_EACH_VARIABLE: Final = 250
_EACH_FIELD: Final = 800
_EACH_ANSWERED: Final = 240
_ITSELF: Final = 4000


@dataclass(slots=True, eq=False)
class Executable:
    """An operation of a valid document, with all that does not depend on its variables.

    Attributes:
        node: the operation.
        name: its name.
        requirements: the scopes that its caller needs.
        cost: its cost, given its variables.
        constant: whether its answer never changes: introspection without variables.
        variables: coerces the variables of its requests.
        introspection: its introspection; None if it has none.
        plan: answers its requests; None if only graphql-core can.
        answer: the constant answer, after the first request.
        answered: the number of fields of that answer.
        weighed: the number of its bytes that its document has counted.
    """

    node: OperationDefinitionNode = field(repr=False)
    name: str | None
    requirements: Sequence[ScopeRequirement]
    cost: OperationCost
    constant: bool
    variables: OperationVariables
    introspection: Introspection | None
    plan: Plan | None
    answer: Any = field(default=None, repr=False)
    answered: int = 0
    weighed: int = 0

    @property
    def bytes(self) -> int:
        """The bytes of memory that it takes now, without its document."""
        kept = self.plan.projections.fields if self.plan else 0
        return (
            _ITSELF
            + _EACH_REQUIREMENT * len(self.requirements)
            + _EACH_PRICE * self.cost.fields
            + _EACH_VARIABLE * len(self.node.variable_definitions or ())
            + _EACH_FIELD * kept
            + _EACH_ANSWERED * self.answered
        )

    def keep(self, answer: Any) -> None:
        """Keep the constant answer."""
        self.answer = answer
        self.answered = _fields(answer)


def asks_for_the_schema_only(operation: OperationDefinitionNode) -> bool:
    """Return whether an operation's answer never changes: introspection without variables."""
    return not operation.variable_definitions and all(
        isinstance(node, FieldNode) and node.name.value in _ABOUT_THE_SCHEMA
        for node in operation.selection_set.selections
    )


def _fields(answer: Any) -> int:
    if isinstance(answer, dict):
        return len(answer) + sum(map(_fields, answer.values()))
    return sum(map(_fields, answer)) if isinstance(answer, list) else 0
