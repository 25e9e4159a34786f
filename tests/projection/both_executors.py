"""One operation, executed by the reference and by what is to be told from it."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import DocumentNode, ExecutionResult, OperationDefinitionNode, execute
from strawberry.execution import optimized_is_awaitable

from gateway.errors import format_errors
from gateway.projection.executor import ProjectingExecutor
from gateway.projection.projections import Projections
from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.client import Payex
from resolvers.rights import EVERYTHING
from schema.subgraph import build_schema, executable

SCHEMA = build_schema()
CORE = executable(SCHEMA)
_TURNS = 30


def projections_of(
    document: DocumentNode, weight: int = 100_000, of: type[Projections] = Projections
) -> Projections:
    """Return what is kept of a document's operation."""
    (operation,) = (
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    return of(operation, weight)


async def reply(
    document: DocumentNode,
    variables: Mapping[str, Any],
    payex: Payex,
    projections: Projections | None = None,
    executor: type[ProjectingExecutor] = ProjectingExecutor,
) -> bytes:
    """Return the reply of an operation, to the byte, and what else its errors tell.

    The reference executes it, unless there are projections.
    """
    chosen: dict[str, Any] = {"executor_class": SCHEMA.execution_context_class}
    if projections is not None:
        chosen = {"executor_class": executor, "projections": projections}
    async with Operation(payex, Bounds(), rights=EVERYTHING) as operation:
        result = execute(
            CORE,
            document,
            context_value=operation,
            variable_values=dict(variables),
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            **chosen,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        # Fields whose answers an error has made useless come to their end.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
    errors = result.errors or []
    within = [{**error.formatted, "cause": repr(error.original_error)} for error in errors]
    told = format_errors(errors, "one id for all", executed=True)
    data = msgspec.json.encode(result.data, enc_hook=repr)
    return b"\n".join((data, json.dumps(told).encode(), json.dumps(within).encode()))


def run(awaitable: Any) -> Any:
    """Run to the end, in a loop of its own."""
    with asyncio.Runner() as runner:
        return runner.run(awaitable)
