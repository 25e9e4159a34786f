"""Requests: the parameters of GraphQL over HTTP, from a query string or a body."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPMethod, HTTPStatus
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from gateway.http.header_fields import elements, listed, remembered
from gateway.http.http_limits import HttpLimits
from gateway.http.json_texts import UnreadableJSONError, read_json
from gateway.http.media_types import JSON, is_utf_8
from gateway.http.refusals import Refusal

# A request that carries one of these is never sent by a browser across origins without its asking
# first (a CORS preflight), and so is one of a JSON body.
PREFLIGHTED: Final = (
    "graphql-require-preflight",
    "apollo-require-preflight",
    "x-apollo-operation-name",
)

CLAIMS_EXTENSION: Final = "jwt"
"""The member of `extensions` with the claims that a router forwards: it is read strictly."""

# More digits than a length has that fits 64 bits.
_DIGITS: Final = 20
_SHAPE: Final[dict[str, type]] = {
    "query": str,
    "variables": dict,
    "operationName": str,
    "extensions": dict,
    "documentId": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRules:
    """The limits and rules of a request.

    Attributes:
        max_body: bytes of a body.
        body_timeout: seconds for a body.
        preflight: whether GET needs a header that triggers a CORS preflight.
        ill_formed: the status of a request that is JSON, but no GraphQL request.
    """

    max_body: int
    body_timeout: float
    preflight: bool
    ill_formed: HTTPStatus


async def read_parameters(
    request: Request, rules: RequestRules, came: Callable[[int], None]
) -> dict[str, Any]:
    """Return the parameters of a request, checked for their types. Unknown members are ignored.

    Args:
        request: the request.
        rules: its limits.
        came: takes the number of bytes of the body that have come.

    Raises:
        Refusal: it is no GraphQL request, or exceeds a limit.
    """
    if request.method == HTTPMethod.GET:
        return _well_formed(_of_query_string(request, rules), rules)
    return _well_formed(_decoded(await _body(request, rules, came), "The request's body"), rules)


def _of_query_string(request: Request, rules: RequestRules) -> dict[str, Any]:
    given = len(request.scope["query_string"])
    most = HttpLimits.max_query_string
    if given > most:
        raise Refusal(
            HTTPStatus.REQUEST_URI_TOO_LONG,
            f"The query string has {given} bytes; at most {most} are taken. "
            "Send the request by POST.",
        )
    has_type = "content-type" in request.headers
    if has_type and not _is_json(listed(request.headers, "content-type")):
        # An odd type on a GET is how a browser could be made to send a header without asking.
        raise _unsupported()
    if (
        rules.preflight
        and not has_type
        and not any(listed(request.headers, name) for name in PREFLIGHTED)
    ):
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            f"GET needs the header {PREFLIGHTED[0]}, with any value, so that no foreign page can "
            "make a browser send it (GATEWAY_CSRF_PREVENTION).",
        )
    for name in _SHAPE:
        if (times := len(request.query_params.getlist(name))) > 1:
            # Two readers might take another one each, and one may hold a caller's claims.
            raise Refusal(
                HTTPStatus.BAD_REQUEST, f"The query string has {name} {times} times. Send it once."
            )
    parameters: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if parameters.get(name):
            parameters[name] = _decoded(parameters[name].encode(), f"The parameter {name}")
        else:
            parameters.pop(name, None)
    return parameters


async def _body(request: Request, rules: RequestRules, came: Callable[[int], None]) -> bytes:
    if not _is_json(listed(request.headers, "content-type")):
        raise _unsupported()
    if {coding.lower() for coding in request.headers.getlist("content-encoding")} - {"identity"}:
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The request's body has a content coding. Send it without Content-Encoding.",
            {"Accept-Encoding": "identity"},
        )
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:_DIGITS]) > rules.max_body:
        raise _too_large(request, rules)
    body = bytearray()
    try:
        async with asyncio.timeout(rules.body_timeout):
            more = True
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                part = message.get("body", b"")
                body += part
                more = message.get("more_body", False)
                if len(body) > rules.max_body:
                    raise _too_large(request, rules)
                came(len(part))
    except TimeoutError:
        raise Refusal(
            HTTPStatus.REQUEST_TIMEOUT,
            f"The request's body did not come within {rules.body_timeout:g} seconds "
            f"(GATEWAY_BODY_TIMEOUT); {len(body)} bytes did.",
            {"Connection": "close"},
        ) from None
    return bytes(body)


def _too_large(request: Request, rules: RequestRules) -> Refusal:
    # Who asks before sending need not send it, so that the next request could be taken for it.
    asks = "expect" in request.headers
    return Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"The request's body is larger than {rules.max_body} bytes (GATEWAY_MAX_REQUEST_BODY).",
        {"Connection": "close"} if asks else None,
    )


@remembered
def _is_json(content_type: str) -> bool:
    given = elements(content_type)
    return len(given) == 1 and given[0].name == JSON and is_utf_8(given[0])


def _unsupported() -> Refusal:
    return Refusal(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Send the request as application/json in UTF-8.",
        {"Accept-Post": JSON},
    )


def _decoded(text: bytes, what: str) -> Any:
    try:
        value = read_json(text, exactly=True)
        if _has_claims(value):
            read_json(text, strictly=True)
    except UnreadableJSONError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"{what} {error}.") from None
    return value


def _has_claims(value: Any) -> bool:
    """Whether a body, or the extensions of a query string, may hold a caller's claims."""
    if not isinstance(value, dict):
        return False
    extensions = value.get("extensions")
    return CLAIMS_EXTENSION in value or (
        isinstance(extensions, dict) and CLAIMS_EXTENSION in extensions
    )


def _well_formed(parameters: Any, rules: RequestRules) -> dict[str, Any]:
    if isinstance(parameters, list):
        raise Refusal(rules.ill_formed, "The request is a list: batches are not taken.")
    if not isinstance(parameters, dict):
        raise Refusal(rules.ill_formed, "The request is not one JSON object.")
    for name, type_ in _SHAPE.items():
        value = parameters.get(name)
        if value is not None and not isinstance(value, type_):
            kind = "text" if type_ is str else "a JSON object"
            raise Refusal(rules.ill_formed, f"{name} must be {kind}.")
    return parameters
