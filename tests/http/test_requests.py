"""Bounds of a request, named with their setting, their value and what was measured."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message

from gateway.http.refusals import Refusal
from gateway.http.requests import RequestRules, read_parameters

Serve = Callable[..., Awaitable[httpx.AsyncClient]]

PREFLIGHT = {"graphql-require-preflight": "1"}


async def test_a_query_string_beyond_the_bound_is_refused_and_post_is_pointed_to(
    serve: Serve,
) -> None:
    gateway = await serve()
    query = "{ __typename }".ljust(17_000)

    reply = await gateway.get("/graphql", params={"query": query}, headers=PREFLIGHT)

    measured = len(reply.request.url.query)
    assert (reply.status_code, reply.headers["content-type"]) == (414, "application/problem+json")
    assert reply.json()["detail"] == (
        f"The query string has {measured} bytes; at most 16384 are taken. Send the request by POST."
    )


@pytest.mark.parametrize("name", ["query", "variables", "operationName", "extensions"])
async def test_a_query_string_names_no_parameter_twice(serve: Serve, name: str) -> None:
    """Two readers might take another one each: `extensions` may hold a caller's claims."""
    gateway = await serve({})
    given = f"?query={{__typename}}&{name}={{}}&{name}={{}}"

    reply = await gateway.get(f"/graphql{given}", headers=PREFLIGHT)

    assert reply.status_code == 400
    assert f"The query string has {name} " in reply.json()["detail"]


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    """A client that sends a byte now and then would hold a place for as long as it likes."""
    rules = RequestRules(
        max_body=1024,
        body_timeout=0.001,
        preflight=True,
        ill_formed=HTTPStatus.BAD_REQUEST,
    )
    parts: list[Message] = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> Message:
        if not parts:
            await asyncio.get_running_loop().create_future()
        return parts.pop()

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers}
    with pytest.raises(Refusal) as refused:
        await read_parameters(Request(scope, receive), rules, lambda _: None)

    assert refused.value.status == HTTPStatus.REQUEST_TIMEOUT
    assert refused.value.headers == {"Connection": "close"}
    assert str(refused.value) == (
        "The request's body did not come within 0.001 seconds (GATEWAY_BODY_TIMEOUT); 1 bytes did."
    )


@pytest.mark.parametrize("expects", [True, False])
async def test_a_declared_length_beyond_the_bound_is_refused_before_the_body_is_asked_for(
    expects: bool,
) -> None:
    """A server sends `100 Continue` when an app asks for the body."""
    rules = RequestRules(
        max_body=1024,
        body_timeout=10,
        preflight=True,
        ill_formed=HTTPStatus.BAD_REQUEST,
    )

    async def receive() -> Message:
        pytest.fail("The body was asked for.")

    headers = [(b"content-type", b"application/json"), (b"content-length", b"1025")]
    headers += [(b"expect", b"100-continue")] if expects else []
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers}
    with pytest.raises(Refusal) as refused:
        await read_parameters(Request(scope, receive), rules, lambda _: None)

    assert refused.value.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    # The body of a client that asks before it sends may never come.
    assert refused.value.headers == ({"Connection": "close"} if expects else {})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"extensions": {"jwt": {"payload": {"sub": "a", "sub": "b"}}}}', True),
        ('{"extensions": {}, "extensions": {"jwt": {}}}', True),
        ('{"extensions": {"jwt": {}, "j\\u0077t": {}}}', True),
        ('{"query": "a", "query": "b"}', False),
        ('{"extensions": {"other": {"a": 1, "a": 2}}}', False),
    ],
)
async def test_a_body_with_claims_names_no_member_twice(
    serve: Serve, body: str, told: bool
) -> None:
    """The router that forwards them may have read the other one."""
    gateway = await serve({})
    reply = await gateway.post(
        "/graphql", content=body, headers={"content-type": "application/json"}
    )
    detail = "The request's body names a member twice in one object."

    assert (reply.json().get("detail") == detail) == told


async def test_claims_in_a_query_string_name_no_member_twice(serve: Serve) -> None:
    gateway = await serve({})
    extensions = '{"jwt": {"payload": {"sub": "a", "sub": "b"}}}'
    reply = await gateway.get(
        "/graphql", params={"query": "{a}", "extensions": extensions}, headers=PREFLIGHT
    )

    assert reply.json()["detail"] == (
        "The parameter extensions names a member twice in one object."
    )


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "foo"])
async def test_a_body_with_a_content_coding_is_refused(serve: Serve, coding: str) -> None:
    gateway = await serve({})
    headers = {"content-encoding": coding}

    reply = await gateway.post("/graphql", json={"query": "{ __typename }"}, headers=headers)

    assert (reply.status_code, reply.headers["accept-encoding"]) == (415, "identity")
    assert "Content-Encoding" in reply.json()["detail"]


async def test_the_content_coding_identity_is_none(serve: Serve) -> None:
    gateway = await serve({})
    headers = {"content-encoding": "Identity"}

    reply = await gateway.post("/graphql", json={"query": "{ __typename }"}, headers=headers)

    assert reply.status_code == 200
