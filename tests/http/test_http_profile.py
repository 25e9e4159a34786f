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


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (f"{JSON};q=0.1, {JSON};charset=utf-8, {GRAPHQL_JSON};q=0.5", JSON),
        (f"{JSON}, {JSON};charset=utf-8;q=0.1, {GRAPHQL_JSON};q=0.5", GRAPHQL_JSON),
    ],
)
async def test_of_two_ranges_of_one_type_the_one_that_says_more_counts(
    serve: Serve, accept: str, chosen: str
) -> None:
    reply = await status(await serve(), GOOD, accept)

    assert reply.headers["content-type"] == f"{chosen}; charset=utf-8"


@pytest.mark.parametrize("anything", ["*/*", "application/*"])
async def test_who_takes_plain_json_and_names_no_graphql_type_gets_none(
    serve: Serve, anything: str
) -> None:
    """However little it likes plain JSON: it may know no other type."""
    gateway = await serve()
    less = await status(gateway, GOOD, f"{anything}, {JSON};q=0.5")
    never = await status(gateway, GOOD, f"{anything}, {JSON};q=0")

    assert less.headers["content-type"] == f"{JSON}; charset=utf-8"
    assert never.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"
