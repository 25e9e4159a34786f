"""The engine: from the members of a request to the result of its operation.

What depends on the document alone is done once for each text; the rest for each request, and all
of it before the first upstream call.
"""

import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from graphql import ExecutionResult, GraphQLError, execute
from strawberry.federation import Schema

from gateway.documents.source import DocumentSource, Requested
from gateway.execution.argument_errors import name_arguments
from gateway.execution.executable import Executable
from gateway.execution.guarded_executor import GuardedExecutor
from gateway.execution.paced_executor import PacedExecutor
from gateway.execution.plan import Fall, FallReason
from gateway.execution.prepared_documents import (
    Document,
    Documents,
    NotExecutedError,
    is_query,
    not_executed,
)
from gateway.execution.unreadable import warnings
from gateway.http.errors import log_unexpected, reported_errors
from gateway.http.refusals import Refusal
from gateway.limits.variables import oversized_variables
from gateway.settings.limits import LimitSettings
from resolvers.operation import Operation
from resolvers.payex.api.work import Work
from schema.internals import optimized_is_awaitable
from schema.scopes import missing
from schema.subgraph import executable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A request.

    Attributes:
        parameters: its members.
        by_get: whether it came by GET.
        introspection: whether its caller may see the schema.
    """

    parameters: Mapping[str, Any] = field(repr=False)
    by_get: bool
    introspection: bool


@dataclass(frozen=True, slots=True)
class ExecutionOutcome:
    """What became of a request.

    Attributes:
        executed: whether its operation was executed.
        data: the answer; may be None although it was executed.
        errors: what went wrong.
        extensions: what the reply tells beside them.
        fall: why graphql-core executed it and not its plan; None if it did not have to.
    """

    executed: bool
    data: Any = field(default=None, repr=False)
    errors: Sequence[GraphQLError] = field(default=(), repr=False)
    extensions: Mapping[str, Any] = field(default_factory=dict)
    fall: FallReason | None = None


class Engine:
    """Executes operations of one schema.

    Args:
        schema: the schema.
        source: where documents come from.
        documents: reads and keeps documents.
        limits: how large an operation may be.
    """

    def __init__(
        self, schema: Schema, source: DocumentSource, documents: Documents, limits: LimitSettings
    ) -> None:
        self._core = executable(schema)
        self._source = source
        self._documents = documents
        self._limits = limits

    async def run(self, request: GraphQLRequest, operation: Operation) -> ExecutionOutcome:
        """Return what became of a request.

        Raises:
            Refusal: 405, an operation that is no query came by GET, or the request names its
                document wrongly.
        """
        try:
            requested = await self._source.text(request.parameters)
        except GraphQLError as error:
            return ExecutionOutcome(executed=False, errors=[error])
        operation.name = requested.name
        try:
            return await self._run(requested, request, operation)
        except NotExecutedError as error:
            return ExecutionOutcome(executed=False, errors=error.errors)

    async def _run(
        self, requested: Requested, request: GraphQLRequest, operation: Operation
    ) -> ExecutionOutcome:
        parameters = request.parameters
        document = await self._read(requested.text, request, operation)
        # GET forms leave the name empty where there is none.
        place = document.place(parameters.get("operationName") or None)
        operation.at = document.operations[place]
        if not is_query(operation.at):
            if request.by_get:
                raise Refusal(
                    HTTPStatus.METHOD_NOT_ALLOWED, "GET is for queries.", {"Allow": "POST"}
                )
            raise not_executed("The schema has queries only.", operation.at)
        if document.errors:
            raise NotExecutedError(*document.errors)
        self._source.learned(requested)
        is_new = place not in document.executables
        if is_new:
            await operation.pace.rest()
        ready = self._documents.executable(document, place)
        variables = parameters.get("variables")
        try:
            self._check(ready, variables)
            if is_new:
                # It was done before it was known that the operation may be executed.
                operation.budget.spend(Work.DOCUMENT, document.units)
            return await self._execute(document, ready, variables, operation, request)
        finally:
            self._documents.weigh(document, ready)

    async def _read(self, text: str, request: GraphQLRequest, operation: Operation) -> Document:
        document = self._documents.kept(text, introspection=request.introspection)
        if document is None:
            # The longest takes some fifty milliseconds, and many may have arrived at once.
            await operation.pace.rest()
            document = self._documents.read(text, introspection=request.introspection)
        return document

    def _check(self, ready: Executable, variables: Mapping[str, Any] | None) -> None:
        if exceeded := oversized_variables(ready.node, variables, self._limits):
            raise NotExecutedError(*exceeded)
        if exceeded := ready.cost.refusals(variables, self._limits):
            raise NotExecutedError(*exceeded)

    async def _execute(
        self,
        document: Document,
        ready: Executable,
        variables: dict[str, Any] | None,
        operation: Operation,
        request: GraphQLRequest,
    ) -> ExecutionOutcome:
        if ready.answer is not None:
            return ExecutionOutcome(executed=True, data=ready.answer)
        coerced = ready.variables.coerced(
            variables or {}, hide_suggestions=not request.introspection
        )
        if isinstance(coerced, list):
            raise NotExecutedError(*coerced)
        if ready.introspection and (exceeded := ready.introspection.refusals(coerced)):
            raise NotExecutedError(*exceeded)
        if not ready.constant:
            operation.cost["requested"] = ready.cost.requested(variables)
            operation.cost["limit"] = self._limits.max_cost
        if missing(ready.requirements, operation.rights):
            operation.withheld = self._documents.scopes.withheld(operation.rights)
        plan = None if operation.withheld else ready.plan
        result = await plan.answer(operation, coerced) if plan else None
        fall = _log_fall(result, operation) if isinstance(result, Fall) else None
        if not isinstance(result, ExecutionResult):
            result = await self._by_core(document, ready, variables, operation, request)
            errors = result.errors or ()
            result.errors = reported_errors(errors, len(errors), operation.bounds.max_errors)
        name_arguments(result.errors or (), self._core, document.node)
        if ready.constant and not result.errors:
            ready.keep(result.data)
            return ExecutionOutcome(executed=True, data=result.data, fall=fall)
        operation.cost["actual"] = ready.cost.actual(result.data, variables)
        extensions: dict[str, Any] = {}
        unreadable = operation.stats.unreadable
        if document.warnings or unreadable:
            extensions["warnings"] = [*document.warnings, *warnings(unreadable)]
        return ExecutionOutcome(True, result.data, result.errors or (), extensions, fall)

    async def _by_core(
        self,
        document: Document,
        ready: Executable,
        variables: dict[str, Any] | None,
        operation: Operation,
        request: GraphQLRequest,
    ) -> ExecutionResult:
        result: ExecutionResult | Awaitable[ExecutionResult] = execute(
            self._core,
            document.node,
            context_value=operation,
            variable_values=variables,
            operation_name=ready.name,
            hide_suggestions=not request.introspection,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            executor_class=GuardedExecutor if operation.withheld else PacedExecutor,
        )
        return result if isinstance(result, ExecutionResult) else await result


def _log_fall(fall: Fall, operation: Operation) -> FallReason:
    """Make ready for the second execution of a request, log why it is, and return the reason."""
    operation.stats.begin_anew()
    if fall.error is not None:
        log_unexpected(fall.error, operation.support_id)
    logger.debug(
        "executed by graphql-core, since the plan fell: %s",
        fall.reason,
        extra={"support_id": operation.support_id, "operation": operation.name},
    )
    return fall.reason
