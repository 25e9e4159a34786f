"""Faults and latency: what they look like to a client, and how they are written."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from gateway.sandbox import TOKENS, SandboxFault, create_sandbox
from gateway.sandbox.faults import KINDS, ROUTES

Connect = Callable[..., httpx.AsyncClient]
INVOICE = "/billing/usage/v1/1234/invoices/55"
DETAILS = f"{INVOICE}/subscriptions/70/usage-details"


class Clock:
    """Lets time pass at once and remembers how much."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Return at once."""
        self.slept.append(seconds)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 501])
async def test_a_status_comes_with_a_problem(connect: Connect, status: int) -> None:
    answer = await connect(faults=[SandboxFault("*", str(status))]).get(INVOICE)
    assert (answer.status_code, answer.json()["Status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_429_says_when_to_come_back(connect: Connect) -> None:
    answer = await connect(faults=[SandboxFault("*", "429")]).get(INVOICE)
    assert answer.headers["retry-after"] == "1"


async def test_502_is_a_page_of_the_ingress(connect: Connect) -> None:
    answer = await connect(faults=[SandboxFault("*", "502-html")]).get(INVOICE)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


async def test_503_has_neither_body_nor_type(connect: Connect) -> None:
    answer = await connect(faults=[SandboxFault("*", "503-empty")]).get(INVOICE)
    assert (answer.status_code, answer.content) == (503, b"")
    assert "content-type" not in answer.headers


async def test_a_truncated_body_breaks_off(connect: Connect, payex: httpx.AsyncClient) -> None:
    whole = (await payex.get(DETAILS)).content
    answer = await connect(faults=[SandboxFault("*", "truncated")]).get(DETAILS)
    assert answer.status_code == 200
    assert answer.content == whole[: len(whole) // 2]
    assert answer.headers["content-length"] == str(len(answer.content))
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_a_wrong_shape_is_valid_json(connect: Connect) -> None:
    answer = await connect(faults=[SandboxFault("*", "wrong-shape")]).get(INVOICE)
    assert (answer.status_code, answer.json()) == (200, [1, 2, 3])


async def test_a_dropped_connection_is_an_error_of_the_transport(connect: Connect) -> None:
    with pytest.raises(ConnectionResetError):
        await connect(faults=[SandboxFault("*", "drop")]).get(INVOICE)


async def test_a_dropped_connection_has_no_body() -> None:
    """A server that has seen the first message can only close the connection."""
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    app = create_sandbox(faults=[SandboxFault("*", "drop")])
    with pytest.raises(ConnectionResetError):
        await app(get_scope(), receive, send)
    assert sent == ["http.response.start"]


def get_scope() -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": INVOICE,
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {TOKENS['1234']}".encode())],
    }


async def test_a_stalled_answer_ends_when_the_client_leaves() -> None:
    received = iter([{"type": "http.request"}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message)

    await create_sandbox(faults=[SandboxFault("*", "stall")])(get_scope(), receive, send)
    assert sent == []


async def test_a_stalled_answer_ends_when_it_is_cancelled(connect: Connect) -> None:
    waiting = asyncio.Event()

    async def receive() -> dict[str, Any]:
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        raise AssertionError(message)

    app = create_sandbox(faults=[SandboxFault("*", "stall")])
    async with asyncio.TaskGroup() as tasks:
        stalled = tasks.create_task(_call(app, receive, send))
        await waiting.wait()
        stalled.cancel()
    assert stalled.cancelled()
    assert (await connect().get(INVOICE)).status_code == 200


async def _call(app: Any, receive: Any, send: Any) -> None:
    await app(get_scope(), receive, send)


async def test_latency_passes_before_every_answer(connect: Connect) -> None:
    clock = Clock()
    payex = connect(latency=0.05, sleep=clock.sleep)
    assert (await payex.get(INVOICE)).status_code == 200
    assert (await payex.get("/elsewhere")).status_code == 404
    assert clock.slept == [0.05, 0.05]


async def test_without_latency_nothing_sleeps(connect: Connect) -> None:
    clock = Clock()
    await connect(sleep=clock.sleep).get(INVOICE)
    assert clock.slept == []


async def test_slow_adds_to_latency_and_to_other_faults(connect: Connect) -> None:
    clock = Clock()
    faults = [
        SandboxFault("*", "slow:250"),
        SandboxFault("resource", "500"),
        SandboxFault("*", "403"),
    ]
    answer = await connect(latency=0.5, faults=faults, sleep=clock.sleep).get(INVOICE)
    assert answer.status_code == 500
    assert clock.slept == [0.75]


async def test_a_fault_keeps_to_its_route(connect: Connect) -> None:
    payex = connect(faults=[SandboxFault("usage-details", "500")])
    statuses = [
        (await payex.get(path)).status_code
        for path in (
            INVOICE,
            f"{INVOICE}/subscriptions",
            f"{INVOICE}/subscriptions/70",
            DETAILS,
            f"{INVOICE}/subscriptions/70/usage-summaries",
        )
    ]
    assert statuses == [200, 200, 200, 500, 200]


async def test_a_path_that_is_no_route_meets_no_fault(connect: Connect) -> None:
    assert (await connect(faults=[SandboxFault("*", "500")]).get("/")).status_code == 404


@pytest.mark.parametrize(
    ("share", "statuses"),
    [
        ("0", [200] * 10),
        ("0.1", [200] * 9 + [500]),
        ("0.5", [200, 500] * 5),
        ("0.7", [200, 500, 500, 200, 500, 500, 200, 500, 500, 500]),
        ("1", [500] * 10),
    ],
)
async def test_a_share_is_spread_evenly(connect: Connect, share: str, statuses: list[int]) -> None:
    payex = connect(faults=[SandboxFault.parse(f"resource=500@{share}")])
    assert [(await payex.get(INVOICE)).status_code for _ in range(10)] == statuses


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", [*KINDS[:-1], "slow:250"])
def test_every_route_and_kind_can_be_written(route: str, kind: str) -> None:
    assert SandboxFault.parse(f"{route}={kind}") == SandboxFault(route, kind, Decimal(1))
    assert SandboxFault.parse(f"{route}={kind}@0.25") == SandboxFault(route, kind, Decimal("0.25"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("500", "A fault is written ROUTE=KIND or ROUTE=KIND@SHARE"),
        ("usage=500", "No fault has the route 'usage'."),
        ("usage-detail=500", "Did you mean usage-details?"),
        ("*=teapot", "A kind is one of 401, 403, 429"),
        ("*=503", "Did you mean 503-empty?"),
        ("=500", "No fault has the route ''."),
        ("*=slow", "Did you mean slow:<ms>?"),
        ("*=slow:soon", "No fault has the kind 'slow:soon'."),
        ("*=slow:<ms>", "No fault has the kind 'slow:<ms>'."),
        ("*=slow:-5", "No fault has the kind 'slow:-5'."),
        ("*=500@often", "from 0 to 1, not 'often'."),
        ("*=500@", "from 0 to 1, not ''."),
        ("*=500@1.5", "from 0 to 1, not 1.5."),
        ("*=500@-0.5", "from 0 to 1, not -0.5."),
        ("*=500@nan", "from 0 to 1, not NaN."),
    ],
)
def test_a_wrong_text_is_explained(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^(A|No|The) ") as caught:
        SandboxFault.parse(text)
    assert sentence in str(caught.value)


def test_nothing_near_is_no_suggestion() -> None:
    with pytest.raises(ValueError, match=r"No fault has the route 'xyz'\. A route is one of"):
        SandboxFault.parse("xyz=500")
