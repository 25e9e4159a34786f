"""Variables: the size of their values."""

from collections.abc import Mapping
from typing import Any

from graphql import OperationDefinitionNode

from gateway.limits.violations import VARIABLE_DEPTH, LimitCode, LimitExceeded
from gateway.settings.limits import LimitSettings


def oversized_variables(
    operation: OperationDefinitionNode, variables: Mapping[str, Any] | None, limits: LimitSettings
) -> list[LimitExceeded]:
    """Return every limit that the variables of an operation exceed, before they are coerced.

    Values that the operation does not declare are ignored here and everywhere else.

    Args:
        operation: declares the variables.
        variables: their values as JSON, of any depth.
        limits: the limits.
    """
    if not variables:
        return []
    deepest = longest = (0, "")
    definitions = {
        definition.variable.name.value: definition
        for definition in operation.variable_definitions or ()
    }
    for name in definitions:
        depth, length = _extent(variables.get(name), VARIABLE_DEPTH)
        deepest = max(deepest, (depth, name))
        longest = max(longest, (length, name))
    figures = (
        (LimitCode.MAX_VARIABLE_DEPTH_LIMIT, VARIABLE_DEPTH, *deepest),
        (LimitCode.MAX_LIST_INPUT_LIMIT, limits.max_list_input, *longest),
    )
    return [
        LimitExceeded(code, limit, measured, definitions[name], variable=name)
        for code, limit, measured, name in figures
        if measured > limit
    ]


def _extent(value: Any, deepest: int) -> tuple[int, int]:
    """Return the depth, counted to the first level too many, and the largest length."""
    depth = longest = 0
    level = [value] if isinstance(value, list | dict) else []
    while level and depth <= deepest:
        depth += 1
        longest = max(longest, *map(len, level))
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, list | dict)
        ]
    return depth, longest
