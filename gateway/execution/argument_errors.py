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


def with_arguments(
    errors: Iterable[GraphQLError], schema: GraphQLSchema, document: DocumentNode
) -> list[GraphQLError]:
    """Return the errors of an execution; those of null variables name the argument.

    graphql-core points at the variable and names the argument in its message alone.

    Args:
        errors: as graphql-core or the plan collected them.
        schema: the schema.
        document: the valid document, with locations, that was executed.
    """
    return [_with_argument(error, schema, document) for error in errors]


def _with_argument(
    error: GraphQLError, schema: GraphQLSchema, document: DocumentNode
) -> GraphQLError:
    cause = error.original_error or error
    match error.nodes:
        case [VariableNode(loc=location) as variable] if location and isinstance(
            cause, GraphQLError
        ):
            way = list(_way(document, location.start))
        case _:
            return error
    types = TypeInfo(schema)
    for node in way:
        types.enter(node)
    argument = _path(way)
    name = without_numbers(variable.name.value)
    return GraphQLError(
        f"Argument '{argument}' needs a value of type '{types.get_input_type()}', and the variable "
        f"'${name}' is null or has no value.",
        error.nodes,
        path=error.path,
        extensions={
            "code": ErrorCode.BAD_USER_INPUT.value,
            "reason": ArgumentErrorCode.BLANK.value,
            "argument": argument,
        },
    )


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
