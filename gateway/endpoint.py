"""GraphQL over HTTP: one path, GET and POST, JSON in and JSON out."""

import uuid
from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from typing import Any

import msgspec
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.federation import Schema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.disconnect import while_listening
from gateway.errors import MASKED, format_errors, log_unexpected
from gateway.refusals import Refusal
from resolvers.errors import ErrorCode
from resolvers.operation import Operation
from resolvers.payex.deadline import parse_budget

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
DEADLINE_HEADER = "payex-usage-deadline"


class GraphQLEndpoint:
    """The ASGI app behind `/graphql`.

    A reply to `application/graphql-response+json` has the status of what happened; one to plain
    `application/json` is 200 wherever there is a GraphQL reply, as older clients expect.

    Args:
        schema: what is executed.
        new_operation: makes the context of one operation, given its seconds.
        deadline: seconds that an operation may take, unless its request grants fewer.
        max_body: bytes that a request's body may have.
        show_cost: whether replies tell in `extensions.upstream` what the operation cost.
    """

    def __init__(
        self,
        schema: Schema,
        new_operation: Callable[[float], Operation],
        *,
        deadline: float,
        max_body: int,
        show_cost: bool,
    ) -> None:
        self._schema = schema
        self._new_operation = new_operation
        self._deadline = deadline
        self._max_body = max_body
        self._show_cost = show_cost

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._respond(Request(scope, receive))
        except Refusal as error:
            response = error.response()
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the server would log the text of anything
            support_id = str(uuid.uuid4())
            log_unexpected(error, support_id)
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            response = Refusal(status, MASKED, support_id=support_id).response()
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method not in {HTTPMethod.GET, HTTPMethod.POST}:
            raise Refusal(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "GraphQL is asked by GET or POST.",
                {"Allow": "GET, POST"},
            )
        media_type = _negotiated(request.headers.get("accept", ""))
        if request.method == HTTPMethod.GET:
            parameters = _from_query(request)
        else:
            parameters = await self._from_body(request)
        async with self._new_operation(self._granted(request)) as operation:
            work = self._execute(parameters, operation, request.method)
            result = await while_listening(request.receive, work)
            reply, status = self._reply(result, operation)
        if media_type == JSON:
            status = HTTPStatus.OK
        return Response(
            msgspec.json.encode(reply),
            status,
            {"Vary": "Accept", "Cache-Control": "private, no-store"},
            media_type=f"{media_type}; charset=utf-8",
        )

    async def _execute(
        self, parameters: dict[str, Any], operation: Operation, method: str
    ) -> ExecutionResult:
        # GET forms leave the name empty where there is none.
        name = parameters.get("operationName") or None
        try:
            return await self._schema.execute(
                parameters["query"],
                variable_values=parameters.get("variables"),
                operation_name=name,
                context_value=operation,
                allowed_operation_types=[OperationType.QUERY],
            )
        except CannotGetOperationTypeError:
            message = f"The document has no operation{' of the operationName' if name else ''}."
        except InvalidOperationTypeError:
            if method == HTTPMethod.GET:
                raise Refusal(
                    HTTPStatus.METHOD_NOT_ALLOWED, "GET is for queries.", {"Allow": HTTPMethod.POST}
                ) from None
            message = "The schema has queries only."
        return ExecutionResult(data=None, errors=[GraphQLError(message)])

    def _reply(
        self, result: ExecutionResult, operation: Operation
    ) -> tuple[dict[str, Any], HTTPStatus]:
        # An error of a field has a path; one of the document or its variables has none, and an
        # operation that was not executed has no `data`, not even null.
        executed = result.data is not None or any(error.path for error in result.errors or ())
        status = HTTPStatus.OK if executed else HTTPStatus.BAD_REQUEST
        reply: dict[str, Any] = {}
        if result.errors:
            errors = format_errors(result.errors, operation.support_id, executed=executed)
            reply["errors"] = errors
            codes = {error["extensions"]["code"] for error in errors}
            if not executed and ErrorCode.INTERNAL_SERVER_ERROR in codes:
                status = HTTPStatus.INTERNAL_SERVER_ERROR
        if executed:
            reply["data"] = result.data
        if self._show_cost:
            reply["extensions"] = {"upstream": operation.tally.report()}
        return reply, status

    def _granted(self, request: Request) -> float:
        given = request.headers.get(DEADLINE_HEADER)
        if given is None:
            return self._deadline
        seconds = parse_budget(given, self._deadline)
        if seconds is None:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, f"{DEADLINE_HEADER} must be seconds, such as 2.5."
            )
        return seconds

    async def _from_body(self, request: Request) -> dict[str, Any]:
        content_type = request.headers.get("content-type", "").lower().replace('"', "")
        media_type, *given = (part.strip() for part in content_type.split(";"))
        charsets = {part for part in given if part.startswith("charset=")}
        if media_type != JSON or charsets - {"charset=utf-8"}:
            raise Refusal(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "Send the request as application/json in UTF-8.",
                {"Accept-Post": JSON},
            )
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._max_body:
                raise Refusal(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"The request's body is larger than {self._max_body} bytes "
                    "(GATEWAY_MAX_REQUEST_BODY).",
                )
        return _well_formed(_decoded(bytes(body), "The request's body"))


def _negotiated(accept: str) -> str:
    """Return the media type of the reply: the acceptable one of the highest quality.

    Plain JSON wins a tie unless the client names the GraphQL type: routers that accept anything
    read the body of a 200 only.
    """
    offers: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(accept.lower().split(",") if accept.strip() else ["*/*"]):
        name, *parameters = (text.strip() for text in part.split(";"))
        quality = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        if "charset=utf-8" in parameters or not any(p.startswith("charset=") for p in parameters):
            offers.setdefault(name, (quality, -place))
    anything = offers.get("application/*", offers.get("*/*", (0.0, 0)))
    plain = offers.get(JSON, anything)
    graphql = offers.get(GRAPHQL_JSON, (0.0, 0))
    if max(plain, graphql)[0] <= 0:
        raise Refusal(HTTPStatus.NOT_ACCEPTABLE, f"Replies are {GRAPHQL_JSON} or {JSON} in UTF-8.")
    return GRAPHQL_JSON if graphql > plain else JSON


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _from_query(request: Request) -> dict[str, Any]:
    parameters: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if parameters.get(name):
            parameters[name] = _decoded(parameters[name].encode(), f"The parameter {name}")
        else:
            parameters.pop(name, None)
    return _well_formed(parameters)


def _decoded(text: bytes, what: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(HTTPStatus.BAD_REQUEST, f"{what} is not JSON.") from None


_SHAPE: dict[str, type] = {
    "query": str,
    "variables": dict,
    "operationName": str,
    "extensions": dict,
}


def _well_formed(parameters: Any) -> dict[str, Any]:
    """Check the members that GraphQL over HTTP defines, and let others be."""
    if not isinstance(parameters, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, "The request is not one JSON object.")
    if not parameters.get("query"):
        raise Refusal(HTTPStatus.BAD_REQUEST, "The request has no query.")
    for name, type_ in _SHAPE.items():
        value = parameters.get(name)
        if value is not None and not isinstance(value, type_):
            kind = "text" if type_ is str else "a JSON object"
            raise Refusal(HTTPStatus.BAD_REQUEST, f"{name} must be {kind}.")
    return parameters
