"""One operation, executed by the reference and by what is to be told from it."""

import asyncio
import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    OperationDefinitionNode,
    execute,
    get_variable_values,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.federation import Schema

from gateway.execution.executor import ProjectingExecutor
from gateway.execution.plan import Plan
from gateway.execution.selections import Projections
from gateway.http.errors import format_errors
from gateway.limits.written import Written
from resolvers.bounds import Bounds
from resolvers.budget import Budget
from resolvers.operation import Operation
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.turns import Pace, Turns
from resolvers.payex.client import Payex
from resolvers.rights import EVERYTHING
from schema.subgraph import build_schema, executable

SCHEMA = build_schema()
CORE = executable(SCHEMA)
_TURNS = 30


def plan_of(document: DocumentNode, weight: int = 100_000) -> Plan:
    """Return the plan of a document's operation."""
    return Plan(SCHEMA, document, _operation_of(document), weight)


def projections_of(
    document: DocumentNode, weight: int = 100_000, of: type[Projections] = Projections
) -> Projections:
    """Return what is kept of a document's operation."""
    return of(_operation_of(document), weight)


def _operation_of(document: DocumentNode) -> OperationDefinitionNode:
    (operation,) = (
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    return operation


async def reply(  # noqa: PLR0913 - one reply, by any of the ways
    document: DocumentNode,
    variables: Mapping[str, Any],
    payex: Payex,
    projections: Projections | None = None,
    executor: type[ProjectingExecutor] = ProjectingExecutor,
    *,
    plan: Plan | None = None,
    schema: Schema = SCHEMA,
) -> bytes:
    """Return the reply of an operation, to the byte, and what else its errors tell.

    The reference executes it, unless there are projections, or a plan and its projections.
    """
    chosen: dict[str, Any] = {"executor_class": schema.execution_context_class}
    if plan is not None:
        projections = plan.projections
    if projections is not None:
        chosen = {"executor_class": executor, "projections": projections}
    async with Operation(payex, Bounds(), rights=EVERYTHING) as operation:
        result: Any = None
        if plan is not None:
            result = await planned(plan, document, variables, operation)
        if result is None:
            result = execute(
                executable(schema),
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
    data = msgspec.json.encode(result.data, enc_hook=_encoded)
    return b"\n".join((data, json.dumps(told).encode(), json.dumps(within).encode()))


def _encoded(value: Any) -> Any:
    return value.json if isinstance(value, Written) else repr(value)


def shown(data: Any) -> Any:
    """Return data with the lists that are written already read again."""
    match data:
        case dict():
            return {key: shown(value) for key, value in data.items()}
        case list():
            return list(map(shown, data))
        case Written():
            return json.loads(bytes(data.json))
        case _:
            return data


def unhurried() -> dict[str, Any]:
    """Return what an operation has for work that nothing ends."""
    pace = Pace(Turns(), Deadline(math.inf), TimeoutError)
    return {"budget": Budget(), "pace": pace, "hold": lambda _size: None}


async def planned(
    plan: Plan, document: DocumentNode, variables: Mapping[str, Any], operation: Operation
) -> ExecutionResult | None:
    """Return the result that a plan gives; None if it gives up, or the variables are wrong."""
    definitions = _operation_of(document).variable_definitions or ()
    coerced = get_variable_values(CORE, definitions, dict(variables))
    if isinstance(coerced, list):
        return None
    result = await plan.answer(operation, coerced)
    return result if isinstance(result, ExecutionResult) else None


def run(awaitable: Any) -> Any:
    """Run to the end, in a loop of its own."""
    with asyncio.Runner() as runner:
        return runner.run(awaitable)
