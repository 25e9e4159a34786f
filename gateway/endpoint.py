"""GraphQL over HTTP: one path, GET and POST, JSON in and JSON out."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPMethod, HTTPStatus
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.documents.source import STEPS
from gateway.execution.engine import Engine, ExecutionOutcome, GraphQLRequest
from gateway.http.compression import codings
from gateway.http.disconnect import while_listening
from gateway.http.errors import MASKED, budget_error, format_errors, log_unexpected
from gateway.http.header_fields import lines, listed, matches_tag
from gateway.http.http_profile import HttpProfile
from gateway.http.media_types import Accepted, accepted
from gateway.http.refusals import Refusal
from gateway.http.requests import RequestRules, read_parameters
from gateway.identity.callers import Visitor
from gateway.limits.written_json import ENCODER
from gateway.observability.reports import Observer, Report, RequestResult
from gateway.observability.traces.tracing import NO_TRACING, RequestTrace, Tracing
from gateway.server.visits import Shed, Visit, Visits
from resolvers.budget import BudgetError
from resolvers.errors import ErrorCode
from resolvers.operation import Operation
from resolvers.payex.api.deadline import DEADLINE_HEADER, DEADLINE_SETTING, parse_budget
from resolvers.payex.api.tracing import Trace
from resolvers.payex.api.turns import Pace
from resolvers.payex.api.work import Work
from resolvers.rights import Rights

# What a reply depends on beside the URL and its coding. The second caller at one browser must not
# meet the first one's reply.
_VARY: Final = "Accept, Authorization, payex-usage-claims"

# Microseconds for a byte of a reply (measured): to copy and send, compress and digest it.
_SEND: Final = 0.001
_COMPRESS: Final = 0.006
_DIGEST: Final = 0.002
# Bytes that are digested at once, in about 1 millisecond.
_BYTES: Final = 500_000

_STATUS: Final[dict[str, HTTPStatus]] = {
    ErrorCode.INTERNAL_SERVER_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.GRAPHQL_PARSE_FAILED: HTTPStatus.BAD_REQUEST,
    **dict.fromkeys(STEPS, HTTPStatus.OK),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRules:
    """How requests are answered.

    Attributes:
        deadline: seconds that an operation may take, unless its request grants fewer.
        requests: the limits and rules of a request.
        profile: chooses the status of a reply.
        show_upstream: whether replies report their upstream cost in `extensions.upstream`.
        may_introspect: whether a caller may see the schema.
    """

    deadline: float
    requests: RequestRules
    profile: HttpProfile
    show_upstream: bool
    may_introspect: Callable[[Rights], bool]


class GraphQLEndpoint:
    """The ASGI app behind `/graphql`.

    Args:
        engine: executes operations.
        visits: lets requests in.
        new_operation: makes the context of one operation from its seconds, when they began, what
            its caller may see, and the trace of its calls.
        rules: how requests are answered.
        observe: gets the result of each request, unless it was shed.
        tracing: traces each request.
    """

    def __init__(
        self,
        engine: Engine,
        visits: Visits,
        new_operation: Callable[[float, float, Rights, Trace], Operation],
        rules: EndpointRules,
        observe: Observer,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._engine = engine
        self._observe = observe
        self._tracing = tracing
        self._new_operation = new_operation
        self._rules = rules
        self._visits = visits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and report it."""
        report = Report()
        trace = self._tracing.begin(scope["method"], scope["headers"])
        report.trace_id, report.kept_trace_id = trace.trace_id, trace.kept_trace_id
        visit = self._visits.begin(scope)
        try:
            await report.work.of(self._serve(Request(scope, receive), send, report, trace, visit))
        except ClientDisconnect:
            report.ending = RequestResult.LEFT
        finally:
            report.close()
            if not report.is_shed:
                trace.end(report)
                self._observe(report)

    async def _serve(
        self, request: Request, send: Send, report: Report, trace: RequestTrace, visit: Visit
    ) -> None:
        response = await self._answer(request, report, trace, visit)
        report.status = response.status_code
        await response(request.scope, request.receive, send)

    async def _answer(
        self, request: Request, report: Report, trace: RequestTrace, visit: Visit
    ) -> Response:
        try:
            return await self._respond(request, report, trace, visit)
        except Shed as error:
            report.is_shed = True
            return error.response()
        except Refusal as error:
            report.ending, report.codes = RequestResult.REFUSED, (error.code,)
            return error.response()
        except asyncio.CancelledError:
            shed = visit.dismissed()
            if shed is None:
                raise
            report.is_shed = True
            return shed.response()
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the server would log the text of anything
            report.support_id = report.support_id or str(uuid.uuid4())
            log_unexpected(error, report.support_id)
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            refusal = Refusal(status, MASKED, support_id=report.support_id)
            report.ending, report.codes = RequestResult.FAILED, (refusal.code,)
            return refusal.response()
        finally:
            # Before the reply goes: who has it may ask another process at once.
            visit.end()

    async def _respond(
        self, request: Request, report: Report, trace: RequestTrace, visit: Visit
    ) -> Response:
        if request.method not in {HTTPMethod.GET, HTTPMethod.POST}:
            allow = {"Allow": "GET, POST"}
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Ask by GET or POST.", allow)
        wanted = accepted(listed(request.headers, "accept"))
        if not any(codings(request.headers)):
            raise Refusal(
                HTTPStatus.NOT_ACCEPTABLE, "Replies go as they are (identity), or in gzip."
            )
        seconds, granted_by = self._granted(request)
        until = report.started + seconds
        granted = f"the {seconds:g} seconds of {granted_by}"
        visitor, parameters = await self._read(request, visit, until, granted)
        caller = visitor.caller(parameters.get("extensions"))
        report.caller = caller.pseudonym
        await visit.take_place(caller.pseudonym, until, request.receive)
        asked = GraphQLRequest(
            parameters,
            by_get=request.method == HTTPMethod.GET,
            introspection=self._rules.may_introspect(caller.rights),
        )
        new = self._new_operation(seconds, report.started, caller.rights, trace)
        async with new as operation:
            operation.caller = caller.pseudonym
            operation.granted_by = granted_by
            report.support_id, report.stats = operation.support_id, operation.stats
            report.cost, report.budget = operation.cost, operation.budget
            try:
                with operation.budget:
                    work = self._engine.run(asked, operation)
                    outcome = await while_listening(request.receive, work)
                    return await self._reply(outcome, operation, report, wanted, request)
            except BudgetError as error:
                # It may have been used up by the reply, too: this one is short.
                spent = budget_error(error.budget, operation.at)
                ended = ExecutionOutcome(executed=True, errors=[spent])
                return await self._reply(ended, operation, report, wanted, request)
            finally:
                report.name = operation.name

    async def _read(
        self, request: Request, visit: Visit, until: float, granted: str
    ) -> tuple[Visitor, dict[str, Any]]:
        """Return who asks and what, unless reading takes longer than the operation has."""
        status, what = HTTPStatus.SERVICE_UNAVAILABLE, "The token could not be checked"
        try:
            async with asyncio.timeout_at(until):
                visitor = await visit.come_in(request)
                status, what = HTTPStatus.REQUEST_TIMEOUT, "The request's body did not come"
                return visitor, await read_parameters(request, self._rules.requests, visit.grow)
        except TimeoutError:
            raise Refusal(status, f"{what} within {granted}.", {"Connection": "close"}) from None

    async def _reply(
        self,
        outcome: ExecutionOutcome,
        operation: Operation,
        report: Report,
        wanted: Accepted,
        request: Request,
    ) -> Response:
        report.fall = outcome.fall
        errors = format_errors(outcome.errors, operation.support_id, executed=outcome.executed)
        report.codes = [error["extensions"]["code"] for error in errors]
        if not outcome.executed:
            report.ending = RequestResult.REFUSED
            return self._refusal(errors, self._extensions(outcome, operation), wanted)
        report.ending = RequestResult.ERRORS if errors else RequestResult.OK
        reply: dict[str, Any] = {"errors": errors} if errors else {}
        encoded = ENCODER.encode(outcome.data)
        reply["data"] = msgspec.Raw(encoded)
        by_get = request.method == HTTPMethod.GET
        if outcome.data is not None:
            by_byte = _SEND + _COMPRESS * codings(request.headers).gzip + _DIGEST * by_get
            operation.budget.spend(Work.REPLY, len(encoded) * by_byte)
        status = self._rules.profile.executed(wanted, partial=bool(errors))
        headers = {"Cache-Control": "no-store"}
        if not errors:
            fresh = int(operation.stats.fresh_for or 0)
            headers["Cache-Control"] = f"private, max-age={fresh}" if fresh else "private, no-cache"
            if by_get:
                # It is weak, since `extensions` may tell of other times for the same data.
                tag = f'W/"{await _digest(encoded, operation.pace)}"'
                headers["ETag"] = tag
                if matches_tag(listed(request.headers, "if-none-match"), tag):
                    headers["Vary"] = _VARY
                    return Response(None, HTTPStatus.NOT_MODIFIED, headers)
        reply.update(self._extensions(outcome, operation))
        return _response(reply, status, wanted.media_type, headers)

    def _refusal(
        self, errors: list[dict[str, Any]], extensions: dict[str, Any], wanted: Accepted
    ) -> Response:
        """Return the reply of an operation that was not executed: it has no `data`."""
        codes = {error["extensions"]["code"] for error in errors}
        statuses = {_STATUS.get(code, self._rules.profile.ill_formed) for code in codes}
        status, media_type = self._rules.profile.refused(wanted, max(statuses))
        return _response({"errors": errors, **extensions}, status, media_type)

    def _extensions(self, outcome: ExecutionOutcome, operation: Operation) -> dict[str, Any]:
        extensions = dict(outcome.extensions)
        if cost := operation.cost:
            budget = operation.budget
            extensions["cost"] = {**cost, "spent": round(budget.shown), "budget": budget.limit}
        if self._rules.show_upstream:
            extensions["upstream"] = operation.stats.report()
        return {"extensions": extensions} if extensions else {}

    def _granted(self, request: Request) -> tuple[float, str]:
        """Return the seconds that the operation has, and what set them."""
        longest = self._rules.deadline
        given = lines(request.headers, DEADLINE_HEADER)
        seconds = parse_budget(given[0], longest) if len(given) == 1 else None
        if given and seconds is None:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, f"{DEADLINE_HEADER} must be seconds, such as 2.5, once."
            )
        if seconds is None or seconds >= longest:
            return longest, DEADLINE_SETTING
        return seconds, DEADLINE_HEADER


async def _digest(encoded: bytes, pace: Pace) -> str:
    digest = blake2b(digest_size=16)
    for start in range(0, len(encoded), _BYTES):
        await pace.rest()
        digest.update(encoded[start : start + _BYTES])
    return digest.hexdigest()


def _response(
    reply: dict[str, Any], status: int, media_type: str, headers: dict[str, str] | None = None
) -> Response:
    return Response(
        msgspec.json.encode(reply),
        status,
        {"Cache-Control": "no-store", "Vary": _VARY, **(headers or {})},
        media_type=f"{media_type}; charset=utf-8",
    )
