"""One operation, executed by the gateway's engine and by the reference, graphql-core alone."""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    execute,
    get_variable_values,
    parse,
)
from strawberry.federation import Schema

from gateway.documents.source import DocumentSource
from gateway.execution.argument_errors import name_arguments
from gateway.execution.engine import Engine, GraphQLRequest
from gateway.execution.plan import FallReason, Plan
from gateway.execution.prepared_documents import Documents
from gateway.http.errors import format_errors
from gateway.limits.written_json import Written
from gateway.settings.limits import LimitSettings
from resolvers.bounds import Bounds
from resolvers.budget import Budget
from resolvers.operation import Operation
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.turns import Pace, Turns
from resolvers.payex.client import Payex
from resolvers.rights import EVERYTHING
from schema.internals import optimized_is_awaitable
from schema.subgraph import build_schema, executable

SCHEMA = build_schema()
CORE = executable(SCHEMA)
UNLIMITED = LimitSettings.model_construct().model_copy(
    update={
        name: 10**12
        for name, field in LimitSettings.model_fields.items()
        if name.startswith("max_") and field.annotation is int
    }
)
_ROOM = 10**9
_TURNS = 30


def plan_of(document: DocumentNode, weight: int = 100_000) -> Plan:
    """Return the plan of a document's operation."""
    return Plan(SCHEMA, document, _operation_of(document), weight)


def _operation_of(document: DocumentNode) -> OperationDefinitionNode:
    (operation,) = (
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    return operation


class Gateway:
    """The engine, which keeps what it prepares for an operation, as a process does.

    Args:
        weight: what the document counts for.
        plan: the class of plans.
    """

    def __init__(self, weight: int = 100_000, plan: type[Plan] = Plan) -> None:
        self.falls: list[FallReason | None] = []
        documents = Documents(
            CORE, UNLIMITED, _ROOM, lambda document, of, _: plan(SCHEMA, document, of, weight)
        )
        self._engine = Engine(SCHEMA, DocumentSource(), documents, UNLIMITED)

    async def reply(self, text: str, variables: Mapping[str, Any], payex: Payex) -> bytes:
        """Return the reply of an operation, to the byte, and what else its errors say."""
        members = {"query": text, "variables": dict(variables)}
        request = GraphQLRequest(members, by_get=False, introspection=True)
        async with Operation(payex, Bounds(), rights=EVERYTHING) as operation:
            outcome = await self._engine.run(request, operation)
            self.falls.append(outcome.fall)
            await _end()
        return _bytes(outcome.data, outcome.errors)


async def reference(
    text: str, variables: Mapping[str, Any], payex: Payex, schema: Schema = SCHEMA
) -> bytes:
    """Return the reply of graphql-core alone."""
    async with Operation(payex, Bounds(), rights=EVERYTHING) as operation:
        result = execute(
            executable(schema),
            parse(text),
            context_value=operation,
            variable_values=dict(variables),
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            executor_class=schema.execution_context_class,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        await _end()
    errors = result.errors or ()
    name_arguments(errors, CORE, parse(text))
    return _bytes(result.data, errors)


async def _end() -> None:
    """Let fields whose answers an error has made useless come to their end."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _bytes(data: Any, errors: Sequence[GraphQLError]) -> bytes:
    within = [{**error.formatted, "cause": repr(error.original_error)} for error in errors]
    formatted = format_errors(errors, "one id for all", executed=True)
    encoded = msgspec.json.encode(data, enc_hook=_encoded)
    return b"\n".join((encoded, json.dumps(formatted).encode(), json.dumps(within).encode()))


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
