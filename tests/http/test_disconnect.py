"""When the client leaves, its operation ends, and with it its calls to PayEx."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from gateway.app import create_app
from gateway.http.disconnect import while_listening
from gateway.settings.load import load_settings

QUERY = {"query": '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }'}


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def gone() -> Message:
    return {"type": "http.disconnect"}


async def test_work_that_ends_is_the_result_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()

    async def work() -> int:
        return 7

    assert await while_listening(never, work()) == 7
    assert asyncio.all_tasks() == before


async def test_work_that_fails_fails_as_it_would_alone() -> None:
    async def work() -> int:
        raise LookupError("x")

    with pytest.raises(LookupError):
        await while_listening(never, work())


async def test_work_whose_client_leaves_is_cancelled() -> None:
    before = asyncio.all_tasks()
    cancelled = asyncio.Event()
    messages: list[Message] = [{"type": "http.disconnect"}, {"type": "http.request", "body": b""}]

    async def receive() -> Message:
        return messages.pop()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(ClientDisconnect):
        await while_listening(receive, work())

    assert cancelled.is_set()
    assert asyncio.all_tasks() == before


async def test_who_is_cancelled_while_working_takes_the_work_along() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    task = asyncio.create_task(while_listening(never, work()))
    await started.wait()
    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()
    assert cancelled.is_set()


async def test_an_operation_whose_client_leaves_cancels_its_upstream_calls(
    connected: dict[str, str],
) -> None:
    """Nothing is sent, and nothing is left running.

    Some calls that PayEx has not begun to answer go on for a while: see `test_payex_black_hole.py`.
    """
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        yield b""

    def upstream(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=endless())

    app = create_app(load_settings(connected), upstream=httpx.MockTransport(upstream))
    body = json.dumps(QUERY).encode()
    sent: list[Any] = []
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asked.wait()
        return await gone()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
        "server": ("gateway.example", 80),
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
    }
    async with app.router.lifespan_context(app):
        before = asyncio.all_tasks()
        await app(scope, receive, send)
        after = asyncio.all_tasks()

    assert cancelled.is_set()
    assert sent == []
    assert after <= before
