"""The errors of null variables that execution finds where an argument needs a value."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    ListValueNode,
    Node,
    ObjectFieldNode,
    TypeInfo,
    VariableNode,
)

from gateway.http.errors import without_numbers
from resolvers.errors import ErrorCode
from resolvers.payex.api.argument_errors import ArgumentErrorCode


def name_arguments(
    errors: Iterable[GraphQLError], schema: GraphQLSchema, document: DocumentNode
) -> None:
    """Give the errors of null variables a code, the argument and words of our own, in place.

    graphql-core points at the variable and names the argument in its message alone. To make another
    error would locate it again, in the time of the whole text.

    Args:
        errors: as graphql-core or the plan collected them.
        schema: the schema.
        document: the valid document, with locations, that was executed.
    """
    for error in errors:
        cause = error.original_error or error
        match error.nodes:
            case [VariableNode() as variable] if isinstance(cause, GraphQLError):
                _name_argument(error, variable, schema, document)


def _name_argument(
    error: GraphQLError, variable: VariableNode, schema: GraphQLSchema, document: DocumentNode
) -> None:
    way = list(_way(document, _start(variable)))
    types = TypeInfo(schema)
    for node in way:
        types.enter(node)
    argument = _path(way)
    name = without_numbers(variable.name.value)
    error.message = (
        f"Argument '{argument}' needs a value of type '{types.get_input_type()}', and the variable "
        f"'${name}' is null or has no value."
    )
    error.original_error = None
    error.extensions = {
        "code": ErrorCode.BAD_USER_INPUT.value,
        "reason": ArgumentErrorCode.BLANK.value,
        "argument": argument,
    }


def _way(node: Node | None, position: int) -> Iterator[Node]:
    """Yield the nodes from the document down to the one at a position of its text."""
    while node:
        yield node
        node = next(_below(node, position), None)


def _below(node: Node, position: int) -> Iterator[Node]:
    for key in node.keys:
        value = getattr(node, key, None)
        nodes: tuple[Any, ...] = value if isinstance(value, tuple) else (value,)
        if nodes and isinstance(nodes[0], Node):
            nearest = nodes[max(bisect_right(nodes, position, key=_start) - 1, 0)]
            if nearest.loc.start <= position < nearest.loc.end:
                yield nearest


def _start(node: Any) -> int:
    return int(node.loc.start)


def _path(way: list[Node]) -> str:
    """Return the path of the argument at the way's end, such as `orderBy.direction`."""
    path = ""
    for node, below in pairwise(way):
        match node:
            case ArgumentNode():
                path = node.name.value
            case ObjectFieldNode():
                path += f".{node.name.value}"
            case ListValueNode():
                path += f"[{[value is below for value in node.values].index(True)}]"
    return path
