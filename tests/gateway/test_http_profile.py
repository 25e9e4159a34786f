"""The two readings of GraphQL over HTTP: the audit's, and that of the draft of August 2026."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

Serve = Callable[..., Awaitable[httpx.AsyncClient]]

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
GOOD = {"query": "{ __typename }"}
PARTIAL = {"query": '{ a: __typename b: owner(ownerNo: "") { ownerNo } }'}
UNPARSABLE = {"query": "{"}
INVALID = {"query": "{ nothing }"}
COERCION = {"query": "query ($o: ID!) { owner(ownerNo: $o) { ownerNo } }", "variables": {"o": []}}
UNKNOWN = {"query": "query A { __typename }", "operationName": "B"}
ILL_FORMED: dict[str, object] = {"variables": {}}

AUDIT = [
    (GOOD, GRAPHQL_JSON, 200),
    (PARTIAL, GRAPHQL_JSON, 200),
    (UNPARSABLE, GRAPHQL_JSON, 400),
    (INVALID, GRAPHQL_JSON, 400),
    (COERCION, GRAPHQL_JSON, 400),
    (UNKNOWN, GRAPHQL_JSON, 400),
    (GOOD, JSON, 200),
    (PARTIAL, JSON, 200),
    (UNPARSABLE, JSON, 200),
    (INVALID, JSON, 200),
    (COERCION, JSON, 200),
    (UNPARSABLE, "*/*", 200),
    (INVALID, "*/*", 200),
]
DRAFT = [
    (GOOD, GRAPHQL_JSON, 200),
    (PARTIAL, GRAPHQL_JSON, 294),
    (UNPARSABLE, GRAPHQL_JSON, 400),
    (INVALID, GRAPHQL_JSON, 422),
    (COERCION, GRAPHQL_JSON, 422),
    (UNKNOWN, GRAPHQL_JSON, 422),
    (GOOD, JSON, 200),
    (PARTIAL, JSON, 200),
    (UNPARSABLE, JSON, 400),
    (INVALID, JSON, 422),
    (COERCION, JSON, 422),
    # A router that takes anything reads no body but that of a 200.
    (UNPARSABLE, "*/*", 200),
    (INVALID, "*/*", 200),
]


async def status(gateway: httpx.AsyncClient, body: object, accept: str) -> httpx.Response:
    return await gateway.post("/graphql", json=body, headers={"accept": accept})


@pytest.mark.parametrize(("body", "accept", "expected"), AUDIT)
async def test_the_audits_statuses_are_the_default(
    serve: Serve, body: object, accept: str, expected: int
) -> None:
    reply = await status(await serve(), body, accept)

    chosen = GRAPHQL_JSON if accept == GRAPHQL_JSON else JSON
    assert (reply.status_code, reply.headers["content-type"]) == (
        expected,
        f"{chosen}; charset=utf-8",
    )


@pytest.mark.parametrize(("body", "accept", "expected"), DRAFT)
async def test_the_drafts_statuses_are_a_setting(
    serve: Serve, body: object, accept: str, expected: int
) -> None:
    """A refusal goes out as the GraphQL type also to whom named plain JSON, as the draft has it."""
    reply = await status(await serve({"GATEWAY_HTTP_PROFILE": "draft"}), body, accept)

    chosen = GRAPHQL_JSON if accept == GRAPHQL_JSON or expected >= 400 else JSON
    assert (reply.status_code, reply.headers["content-type"]) == (
        expected,
        f"{chosen}; charset=utf-8",
    )


@pytest.mark.parametrize(("profile", "expected"), [("audit", 400), ("draft", 422)])
async def test_json_that_is_no_graphql_request_is_a_problem_document(
    serve: Serve, profile: str, expected: int
) -> None:
    reply = await status(await serve({"GATEWAY_HTTP_PROFILE": profile}), ILL_FORMED, GRAPHQL_JSON)

    assert (reply.status_code, reply.headers["content-type"]) == (
        expected,
        "application/problem+json",
    )
