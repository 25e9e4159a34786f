"""GraphQL over HTTP: what is accepted, what is refused, and with which status and media type."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message, Scope

from gateway.documents.source import DocumentSource
from gateway.endpoint import EndpointRules, GraphQLEndpoint
from gateway.execution.engine import Engine
from gateway.execution.prepared_documents import Documents
from gateway.http.http_profile import HttpProfile
from gateway.http.requests import RequestRules
from gateway.identity.callers import Caller, Identity, Visitor
from gateway.identity.configuration import identity_of
from gateway.observability.reports import Observer, RequestResult
from gateway.payex.upstream import Upstream
from gateway.server.admission import Admission
from gateway.server.intake import Intake
from gateway.server.visits import Visits
from gateway.settings.settings import Settings
from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.api.routes import Billing, Holder
from resolvers.payex.api.tracing import Trace
from resolvers.rights import EVERYTHING, Rights
from schema.subgraph import build_schema, executable

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
PROBLEM_JSON = "application/problem+json"
PRIVATE = "Elsa Andersson 46701740605"
PREFLIGHT = {"graphql-require-preflight": "1"}
TYPENAME = {"query": "{ __typename }"}


@pytest.fixture
async def gateway(serve: Callable[..., Awaitable[httpx.AsyncClient]]) -> httpx.AsyncClient:
    """Return a client of a gateway over the sandbox, with a small bound for bodies."""
    client = await serve({"GATEWAY_MAX_REQUEST_BODY": "1024"})
    # httpx would ask for anything by itself: each test says what it accepts.
    del client.headers["accept"]
    return client


async def post(
    gateway: httpx.AsyncClient, body: object, accept: str = GRAPHQL_JSON
) -> httpx.Response:
    return await gateway.post("/graphql", json=body, headers={"accept": accept})


def assert_problem(reply: httpx.Response, status: int, detail: str) -> None:
    """Assert that a reply is a problem document of this status, and no GraphQL."""
    assert reply.status_code == status
    assert reply.headers["content-type"] == PROBLEM_JSON
    assert reply.json()["status"] == status
    assert reply.json()["detail"] == detail


def code(reply: httpx.Response) -> str:
    """Return the code of the one error."""
    (error,) = reply.json()["errors"]
    found: str = error["extensions"]["code"]
    return found


async def test_a_query_may_be_posted_as_json(gateway: httpx.AsyncClient) -> None:
    reply = await post(gateway, TYPENAME)

    assert reply.status_code == 200
    assert reply.json()["data"] == {"__typename": "Query"}


async def test_a_query_may_be_asked_by_get(gateway: httpx.AsyncClient) -> None:
    query = "query A($o: ID!) { owner(ownerNo: $o) { ownerNo } } query B { __typename }"
    parameters = {
        "query": query,
        "operationName": "A",
        "variables": '{"o": "1234"}',
        "extensions": "{}",
    }

    reply = await gateway.get("/graphql", params=parameters, headers=PREFLIGHT)

    assert reply.json()["data"] == {"owner": {"ownerNo": "1234"}}


async def test_get_parameters_may_be_empty(gateway: httpx.AsyncClient) -> None:
    """Forms leave them so."""
    reply = await gateway.get(
        "/graphql?query=query+A{__typename}&operationName=&variables=&extensions=",
        headers=PREFLIGHT,
    )

    assert reply.json()["data"] == {"__typename": "Query"}


async def test_members_of_a_request_may_be_null(gateway: httpx.AsyncClient) -> None:
    reply = await post(
        gateway, {**TYPENAME, "variables": None, "operationName": None, "extensions": None}
    )

    assert reply.json()["data"] == {"__typename": "Query"}


async def test_members_that_are_not_known_are_let_be(gateway: httpx.AsyncClient) -> None:
    reply = await post(gateway, {**TYPENAME, "id": 5, "extensions": {"a": 1}})

    assert reply.json()["data"] == {"__typename": "Query"}


async def test_variables_are_given_to_the_operation(gateway: httpx.AsyncClient) -> None:
    reply = await post(
        gateway,
        {
            "query": "query ($o: ID!) { owner(ownerNo: $o) { ownerNo } }",
            "variables": {"o": "1234"},
        },
    )

    assert reply.json()["data"] == {"owner": {"ownerNo": "1234"}}


@pytest.mark.parametrize(
    "content_type",
    [
        JSON,
        "Application/JSON",
        f"{JSON}; charset=utf-8",
        f'{JSON};charset="UTF-8"',
        f"{JSON}; charset=utf-8; x=y",
        f"{JSON}\t;\tCharset=utf-8 ; ",
        f'{JSON}; x="a;charset=latin-1"',
    ],
)
async def test_a_body_is_json_in_utf_8(gateway: httpx.AsyncClient, content_type: str) -> None:
    reply = await gateway.post(
        "/graphql", content=json.dumps(TYPENAME), headers={"content-type": content_type}
    )

    assert reply.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        f"{JSON}; charset=latin-1",
        f"{JSON}; charset=utf-8; charset=utf-16",
        f'{JSON}; charset="utf-16"',
        f"{JSON}, text/plain",
    ],
)
async def test_any_other_body_is_refused_as_an_unsupported_type(
    gateway: httpx.AsyncClient, content_type: str
) -> None:
    reply = await gateway.post(
        "/graphql", content=json.dumps(TYPENAME), headers={"content-type": content_type}
    )

    assert_problem(reply, 415, "Send the request as application/json in UTF-8.")
    assert reply.headers["accept-post"] == JSON


@pytest.mark.parametrize("accept", ["", "*/*", "application/*", JSON, f"{JSON}, text/html;q=0.9"])
async def test_plain_json_is_the_reply_to_who_does_not_name_the_graphql_type(
    gateway: httpx.AsyncClient, accept: str
) -> None:
    reply = await post(gateway, TYPENAME, accept)

    assert reply.headers["content-type"] == f"{JSON}; charset=utf-8"


async def test_plain_json_is_the_reply_without_an_accept_header(gateway: httpx.AsyncClient) -> None:
    reply = await gateway.post("/graphql", json={"query": "{"})

    assert "accept" not in reply.request.headers
    assert reply.headers["content-type"] == f"{JSON}; charset=utf-8"
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (GRAPHQL_JSON.upper(), GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}; charset=utf-8", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, {JSON}", GRAPHQL_JSON),
        (f"{JSON}, {GRAPHQL_JSON}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL_JSON}, */*;q=0.1", GRAPHQL_JSON),
        (f"{JSON};q=0, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"*/*, {GRAPHQL_JSON};q=0", JSON),
        (f"{JSON}; charset=latin-1, {GRAPHQL_JSON};q=0.1", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=nonsense, {JSON};q=0.1", JSON),
        (f"{GRAPHQL_JSON};q=nan, {JSON};q=0.1", JSON),
        (f'{GRAPHQL_JSON}; charset="utf-8"', GRAPHQL_JSON),
        (f'{GRAPHQL_JSON};Q=0.5, {JSON};charset="UTF-8"', JSON),
        (f'text/html;x=", {JSON}", {GRAPHQL_JSON}', GRAPHQL_JSON),
        (f"{JSON};q=0, */*;q=0.1", GRAPHQL_JSON),
        (f"{JSON};q=0, application/*", GRAPHQL_JSON),
        (f"{JSON};q=0.1, {GRAPHQL_JSON};q=0.5, {JSON};charset=utf-8", JSON),
        (",", JSON),
    ],
)
async def test_the_reply_has_the_type_that_the_client_likes_best(
    gateway: httpx.AsyncClient, accept: str, chosen: str
) -> None:
    reply = await post(gateway, TYPENAME, accept)

    assert reply.headers["content-type"] == f"{chosen}; charset=utf-8"


@pytest.mark.parametrize(
    "accept", ["image/png", "text/html", f"{JSON};q=0", "*/*;q=0", f"{JSON}; charset=latin-1"]
)
async def test_a_client_that_accepts_neither_type_is_refused(
    gateway: httpx.AsyncClient, accept: str
) -> None:
    reply = await post(gateway, TYPENAME, accept)

    assert_problem(reply, 406, f"Replies are {GRAPHQL_JSON} or {JSON} in UTF-8.")


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        ("text/html", GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{JSON};q=0.1", f"{GRAPHQL_JSON};q=0.2", GRAPHQL_JSON),
        (f"{JSON};q=0", "*/*", GRAPHQL_JSON),
        ("", JSON, JSON),
    ],
)
async def test_two_accept_lines_are_one_list(
    gateway: httpx.AsyncClient, first: str, second: str, chosen: str
) -> None:
    reply = await gateway.post(
        "/graphql", json=TYPENAME, headers=[("accept", first), ("accept", second)]
    )

    assert reply.headers["content-type"] == f"{chosen}; charset=utf-8"


async def test_two_content_types_are_none(gateway: httpx.AsyncClient) -> None:
    lines = [("content-type", JSON), ("content-type", JSON)]
    reply = await gateway.post("/graphql", content=json.dumps(TYPENAME), headers=lines)

    assert_problem(reply, 415, "Send the request as application/json in UTF-8.")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_are_refused_and_told_which_are_allowed(
    gateway: httpx.AsyncClient, method: str
) -> None:
    reply = await gateway.request(method, "/graphql")

    assert reply.status_code == 405
    assert reply.headers["allow"] == "GET, POST"
    assert reply.headers["content-type"] == PROBLEM_JSON


@pytest.mark.parametrize("operation", ["mutation", "subscription"])
async def test_get_is_for_queries(gateway: httpx.AsyncClient, operation: str) -> None:
    query = f"{operation} {{ x }}"
    reply = await gateway.get("/graphql", params={"query": query}, headers=PREFLIGHT)

    assert_problem(reply, 405, "GET is for queries.")
    assert reply.headers["allow"] == "POST"


@pytest.mark.parametrize("operation", ["mutation", "subscription"])
async def test_an_operation_that_is_no_query_is_a_validation_error(
    gateway: httpx.AsyncClient, operation: str
) -> None:
    reply = await post(gateway, {"query": f"{operation} {{ x }}"})

    assert (reply.status_code, code(reply)) == (400, "GRAPHQL_VALIDATION_FAILED")
    assert reply.json()["errors"][0]["message"] == "The schema has queries only."


async def test_a_body_at_the_bound_is_read(gateway: httpx.AsyncClient) -> None:
    body = json.dumps(TYPENAME).ljust(1024)

    reply = await gateway.post("/graphql", content=body, headers={"content-type": JSON})

    assert reply.status_code == 200


async def test_a_body_beyond_the_bound_is_refused_and_the_bound_named(
    gateway: httpx.AsyncClient,
) -> None:
    body = json.dumps(TYPENAME).ljust(1025)

    reply = await gateway.post("/graphql", content=body, headers={"content-type": JSON})

    assert_problem(
        reply,
        413,
        "The request's body is larger than 1024 bytes (GATEWAY_MAX_REQUEST_BODY).",
    )


async def test_a_body_that_tells_no_length_is_bounded_while_it_is_read() -> None:
    """What stands behind the bound is never received."""
    endpoint = endpoint_of(no_operation)
    chunks = iter([b"x" * 600, b"x" * 600])

    sent = await exchange(endpoint, lambda: next(chunks))

    assert sent[0]["status"] == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"', b'{"a": "\\ud800\xff"}'],
    ids=["empty", "broken", "not UTF-8", "NaN", "half a text", "both"],
)
async def test_a_body_that_is_not_json_is_refused(gateway: httpx.AsyncClient, body: bytes) -> None:
    reply = await gateway.post("/graphql", content=body, headers={"content-type": JSON})

    assert_problem(reply, 400, "The request's body is not JSON.")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"[" * 50_000 + b"]" * 50_000, "nests lists or objects too deeply"),
        (
            b"[" * 60_001,
            "has 60001 commas and opening brackets; at most 50000 are read",
        ),
        (
            b'{"variables": {"r": [%s1.5]}}' % (b"1.5," * 150_000),
            "has 150003 commas and opening brackets; at most 50000 are read",
        ),
        (b'{"a": -%s}' % (b"1" * 4400), "has an integer of more than 4300 digits"),
        (b'{"query": "\\ud800"}', "has half a character (a lone surrogate)"),
        (b'{"query": "\\udc00\\ud800x"}', "has half a character (a lone surrogate)"),
        (b'["\\ud800", %s]' % (b"1" * 4400), "has half a character (a lone surrogate)"),
    ],
    ids=["nested", "no end", "numbers", "number", "half a character", "two halves", "both"],
)
async def test_json_that_cannot_be_read_is_refused_for_what_it_is(
    serve: Callable[..., Awaitable[httpx.AsyncClient]], body: bytes, wrong: str
) -> None:
    gateway = await serve()
    reply = await gateway.post("/graphql", content=body, headers={"content-type": JSON})

    assert_problem(reply, 400, f"The request's body {wrong}.")


async def test_a_byte_order_mark_before_a_body_is_passed_over(gateway: httpx.AsyncClient) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(TYPENAME).encode()
    reply = await gateway.post("/graphql", content=body, headers={"content-type": JSON})

    assert reply.status_code == 200


@pytest.mark.parametrize("body", ["query", 5, True])
async def test_a_body_that_is_no_object_is_refused(
    gateway: httpx.AsyncClient, body: object
) -> None:
    assert_problem(await post(gateway, body), 400, "The request is not one JSON object.")


@pytest.mark.parametrize("body", [[], [TYPENAME], [TYPENAME] * 10])
async def test_a_batch_of_requests_is_refused(gateway: httpx.AsyncClient, body: object) -> None:
    reply = await post(gateway, body)

    assert_problem(reply, 400, "The request is a list: batches are not taken.")


@pytest.mark.parametrize("body", [{}, {"query": ""}, {"query": None}, {"operationName": "A"}])
async def test_a_request_without_a_query_is_refused(
    gateway: httpx.AsyncClient, body: object
) -> None:
    assert_problem(await post(gateway, body), 400, "The request has no query.")


@pytest.mark.parametrize(
    ("members", "detail"),
    [
        ({"query": 5}, "query must be text."),
        ({"variables": []}, "variables must be a JSON object."),
        ({"variables": "{}"}, "variables must be a JSON object."),
        ({"operationName": 5}, "operationName must be text."),
        ({"extensions": 5}, "extensions must be a JSON object."),
        ({"documentId": 5}, "documentId must be text."),
    ],
)
async def test_a_member_of_the_wrong_type_is_refused_by_its_name(
    gateway: httpx.AsyncClient, members: dict[str, Any], detail: str
) -> None:
    assert_problem(await post(gateway, {**TYPENAME, **members}), 400, detail)


@pytest.mark.parametrize("name", ["variables", "extensions"])
async def test_a_get_parameter_that_is_not_json_is_refused_by_its_name(
    gateway: httpx.AsyncClient, name: str
) -> None:
    parameters = {"query": "{ __typename }", name: "{"}
    reply = await gateway.get("/graphql", params=parameters, headers=PREFLIGHT)

    assert_problem(reply, 400, f"The parameter {name} is not JSON.")


REQUEST_ERRORS = [
    ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    ({"query": " "}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{ a " * 500 + "}" * 500}, "MAX_NESTING_LIMIT"),
    ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "fragment F on Query { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
    (
        {"query": "query A { __typename }", "operationName": "B"},
        "GRAPHQL_VALIDATION_FAILED",
    ),
    (
        {"query": "query ($o: ID!) { owner(ownerNo: $o) { ownerNo } }"},
        "GRAPHQL_VALIDATION_FAILED",
    ),
    (
        {
            "query": "query ($o: ID!) { owner(ownerNo: $o) { ownerNo } }",
            "variables": {"o": [1]},
        },
        "GRAPHQL_VALIDATION_FAILED",
    ),
]
IDS = [
    "broken",
    "blank",
    "nested",
    "unknown field",
    "no operation",
    "unknown operation",
    "missing variable",
    "wrong variable",
]


@pytest.fixture
async def roomy(serve: Callable[..., Awaitable[httpx.AsyncClient]]) -> httpx.AsyncClient:
    """Return a client of a gateway over the sandbox with the bounds it has by default."""
    return await serve()


@pytest.mark.parametrize(("body", "expected"), REQUEST_ERRORS, ids=IDS)
async def test_a_request_that_cannot_be_executed_has_400_a_code_and_no_data(
    roomy: httpx.AsyncClient, body: dict[str, Any], expected: str
) -> None:
    reply = await post(roomy, body)

    assert (reply.status_code, code(reply)) == (400, expected)
    assert reply.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"
    assert "data" not in reply.json()
    assert reply.json()["errors"][0]["message"]


@pytest.mark.parametrize(("body", "expected"), REQUEST_ERRORS, ids=IDS)
async def test_to_plain_json_the_same_is_200(
    roomy: httpx.AsyncClient, body: dict[str, Any], expected: str
) -> None:
    """Clients that know no other type take any other status for a failure of the network."""
    reply = await post(roomy, body, JSON)

    assert (reply.status_code, code(reply)) == (200, expected)
    assert "data" not in reply.json()


async def test_an_unknown_operation_name_is_told_of_and_not_repeated(
    gateway: httpx.AsyncClient,
) -> None:
    reply = await post(gateway, {"query": "query A { __typename }", "operationName": "B-SECRET"})

    assert reply.json()["errors"][0]["message"] == (
        "The document has no operation of the operationName."
    )
    assert "SECRET" not in reply.text


async def test_an_error_of_a_field_leaves_the_status_200_and_the_data(
    gateway: httpx.AsyncClient,
) -> None:
    reply = await post(
        gateway,
        {"query": '{ a: owner(ownerNo: "1234") { ownerNo } b: owner(ownerNo: "") { ownerNo } }'},
    )

    assert (reply.status_code, code(reply)) == (200, "BAD_USER_INPUT")
    assert reply.json()["data"] == {"a": {"ownerNo": "1234"}, "b": None}


async def test_a_variable_that_turns_out_null_while_executing_is_bad_input(
    gateway: httpx.AsyncClient,
) -> None:
    """Its default makes the document valid; the field that needs it is null, and nothing else."""
    body = {
        "query": 'query ($o: ID = "1") { __typename owner(ownerNo: $o) { ownerNo } }',
        "variables": {"o": None},
    }

    reply = await post(gateway, body)

    assert (reply.status_code, code(reply)) == (200, "BAD_USER_INPUT")
    assert reply.json()["data"] == {"__typename": "Query", "owner": None}


def no_operation(_seconds: float, _started: float, _rights: Rights, _trace: Trace) -> Operation:
    """Stand in for a context that cannot be made."""
    raise RuntimeError(PRIVATE)


class Somebody(Identity):
    """Takes everyone for one and the same."""

    def __init__(self) -> None:
        """Need nothing."""

    async def visitor(self, request: Request) -> Visitor:  # noqa: ARG002 - whoever it is
        """Return who it is."""
        caller = Caller(rights=EVERYTHING, pseudonym="0123456789abcdef")
        return Visitor(self, caller, _is_router=False)


def endpoint_of(
    new_operation: Callable[[float, float, Rights, Trace], Operation],
    identity: Identity | None = None,
    observe: Observer = lambda _: None,
    admission: Admission | None = None,
) -> GraphQLEndpoint:
    """Return an endpoint without an app around it."""
    schema, settings = build_schema(), Settings()
    documents = Documents(executable(schema), settings, 1000)
    return GraphQLEndpoint(
        Engine(schema, DocumentSource(), documents, settings),
        Visits(
            identity or identity_of(settings),
            admission or Admission(1),
            Intake(pending=10, size=1024),
        ),
        new_operation,
        EndpointRules(
            deadline=30,
            requests=RequestRules(
                max_body=1024,
                body_timeout=10,
                preflight=True,
                ill_formed=HTTPStatus.BAD_REQUEST,
            ),
            profile=HttpProfile.AUDIT,
            show_upstream=False,
            may_introspect=lambda _: True,
        ),
        observe,
    )


def posted(headers: Mapping[bytes, bytes] | None = None) -> Scope:
    """Return the scope of a request that posts JSON."""
    given = {b"content-type": JSON.encode(), **(headers or {})}
    return {"type": "http", "method": "POST", "path": "/graphql", "headers": [*given.items()]}


async def exchange(endpoint: GraphQLEndpoint, read: Callable[[], bytes | None]) -> list[Message]:
    """Post what `read` returns, a chunk a time; None is a client that hangs up."""
    sent: list[Message] = []

    async def receive() -> Message:
        chunk = read()
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    await endpoint(posted(), receive, send)
    return sent


async def test_a_body_that_gives_up_for_another_one_is_told_so_and_not_reported() -> None:
    """Reports of all that an overload refuses would be one more load. A counter tells."""
    reported: list[RequestResult] = []
    endpoint = endpoint_of(no_operation, observe=lambda report: reported.append(report.ending))
    large = asyncio.Event()

    async def hang() -> Message:
        if large.is_set():
            await asyncio.Event().wait()
        large.set()
        return {"type": "http.request", "body": b" " * 900, "more_body": True}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    slow = asyncio.create_task(endpoint(posted(), hang, send))
    await large.wait()
    chunks = iter([b" " * 200, None])
    await exchange(endpoint, lambda: next(chunks))
    await slow

    assert (sent[0]["status"], b"GATEWAY_MAX_REQUEST_BODY" in sent[1]["body"]) == (503, True)
    assert reported == [RequestResult.LEFT]


async def test_an_operation_gives_its_place_back_before_its_reply_is_sent() -> None:
    """Whoever has the reply may ask another process at once, which must find the room."""
    admission = Admission(1)
    endpoint = endpoint_of(no_operation, admission=admission)
    chunks = iter([json.dumps(TYPENAME).encode(), b""])
    in_flight: list[int] = []

    async def receive() -> Message:
        in_flight.append(admission.in_flight)
        chunk = next(chunks)
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    async def send(_: Message) -> None:
        in_flight.append(admission.in_flight)

    await endpoint(posted(), receive, send)

    assert in_flight == [0, 0, 0, 0]


async def test_a_request_that_the_server_cancels_is_cancelled() -> None:
    endpoint = endpoint_of(no_operation)
    begun = asyncio.Event()

    async def hang() -> Message:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(_: Message) -> None:
        """Take nothing."""
        raise AssertionError

    task = asyncio.create_task(endpoint(posted(), hang, send))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_client_that_hangs_up_while_it_sends_gets_nothing_and_breaks_nothing() -> None:
    endpoint = endpoint_of(no_operation)
    chunks = iter([b'{"query": ', None])

    assert await exchange(endpoint, lambda: next(chunks)) == []


@pytest.mark.parametrize(
    ("waits_for", "status", "said"),
    [
        ("keys", 503, b"The token could not be checked within the 0.05 seconds of payex-usage-"),
        ("body", 408, b"The request's body did not come within the 0.05 seconds of payex-usage-"),
    ],
)
async def test_neither_keys_nor_a_body_are_waited_for_beyond_the_time_of_the_operation(
    waits_for: str, status: int, said: bytes
) -> None:
    class Slow(Somebody):
        async def visitor(self, request: Request) -> Visitor:
            if waits_for == "keys":
                await asyncio.Event().wait()
            return await super().visitor(request)

    async def hang() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = posted({b"payex-usage-deadline": b"0.05"})
    await endpoint_of(no_operation, Slow())(scope, hang, send)

    assert sent[0]["status"] == status
    assert (b"connection", b"close") in sent[0]["headers"]
    assert said in sent[1]["body"]


async def test_the_time_of_an_operation_begins_when_its_request_comes() -> None:
    """Not when its body is there, or the keys that its token is checked with."""
    moments: list[float] = []

    async def body() -> AsyncIterator[bytes]:
        moments.append(time.monotonic())
        yield b'{"query": "{ __typename }"}'

    def new_operation(_seconds: float, started: float, _rights: Rights, _trace: Trace) -> Operation:
        moments.append(started)
        raise RuntimeError

    transport = httpx.ASGITransport(endpoint_of(new_operation))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.post("/", content=body(), headers={"content-type": JSON})

    asked_for_the_body, started = moments
    assert started <= asked_for_the_body


async def test_calls_for_payex_take_the_turns_of_their_caller() -> None:
    """The queue knows callers as the log does."""
    made: list[Operation] = []

    def new_operation(_seconds: float, _started: float, rights: Rights, _trace: Trace) -> Operation:
        made.append(Operation(Upstream(Settings()).payex, Bounds(), rights=rights))
        return made[0]

    transport = httpx.ASGITransport(endpoint_of(new_operation, Somebody()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.post("/", json={"query": "{ __typename }"})

    holder = Holder("1234", Billing.BILLED, "55")
    assert made[0].context(holder).caller == "0123456789abcdef"


async def test_a_failure_of_the_gateway_is_a_problem_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log has the exception's type and place under the same support id, and no more."""
    endpoint = endpoint_of(no_operation)
    transport = httpx.ASGITransport(endpoint)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        reply = await client.get(f"/?query={quote('{ __typename }')}", headers=PREFLIGHT)

    assert_problem(reply, 500, "The gateway failed. Its operators can find why by the support id.")
    record = next(record for record in caplog.records if record.name == "gateway.http.errors")
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("unexpected RuntimeError\n")
    assert "in no_operation" in record.getMessage()
    assert vars(record)["support_id"] == reply.json()["supportId"]
    assert PRIVATE not in reply.text + caplog.text


async def test_the_cost_is_shown_where_it_is_asked_for(gateway: httpx.AsyncClient) -> None:
    reply = await post(gateway, {"query": "{ nothing }"})

    assert reply.json()["extensions"]["upstream"]["calls"] == 0
