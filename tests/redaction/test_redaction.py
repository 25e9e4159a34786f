"""Nothing of anybody's, and no secret, is seen by others than who asks: whatever PayEx answers."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from gateway.graphiql.page import ready_tabs
from gateway.sandbox import TOKENS, SandboxFault, create_sandbox
from gateway.sandbox.faults import KINDS, ROUTES
from schema.subgraph import build_schema, executable
from tests.journeys.every_field import EveryField, Path, Target
from tests.redaction.known import KNOWN, NUMBERS, SECRETS, texts
from tests.redaction.surfaces import Surfaces, gateway
from tests.redaction.talkative_payex import (
    ANSWERS,
    CONNECTED,
    QUERY,
    VARIABLES,
    TalkativePayex,
    data,
)

# What selects all there is is larger than anybody's query may be.
WIDE = dict.fromkeys(
    (
        "MAX_DOCUMENT",
        "MAX_TOKENS",
        "MAX_SELECTIONS",
        "MAX_ALIASES",
    ),
    "1000000",
) | dict.fromkeys(
    ("MAX_NODES", "MAX_COST", "OPERATION_BUDGET", "DOCUMENT_CACHE_BYTES"), "4000000000"
)
TARGET = Target(
    invoice_no=NUMBERS["invoice number"],
    customer_no=NUMBERS["customer number"],
    subscription_no=NUMBERS["subscription number"],
)
PATHS = list(EveryField(executable(build_schema())).paths())
# One of each kind: what fails does so below the ways in.
KINDS_OF_PATHS = PATHS[::3]


async def ask(served: Surfaces, path: Path, target: Target = TARGET) -> Any:
    return await served.ask(path.query, path.variables(target))


async def test_whatever_payex_answers() -> None:
    """All fields are asked for, by each way into the graph; of what went well the data tell."""
    payex = TalkativePayex()
    found: dict[str, list[tuple[str, str]]] = {}
    text = ""
    async with gateway(payex, **WIDE, **CONNECTED) as served:
        for name, payex.answer in ANSWERS.items():
            served.forget()
            paths = PATHS if payex.answer is data else KINDS_OF_PATHS
            replies = [await ask(served, path) for path in paths]
            if payex.answer is data:
                text = json.dumps([reply["data"] for reply in replies], ensure_ascii=False)
            await served.look()
            found |= {name: leaks} if (leaks := served.leaks()) else {}
            lines = served.shown["lines of the log"]
            assert lines.count('"logger":"gateway.operation_log"') == len(paths)
            assert "usage-details" in served.shown["traces"]

    ways = {path.name.split()[0] for path in KINDS_OF_PATHS}
    assert ways == {"owner", "node", "nodes", "_entities"}
    assert found == {}
    for name in ("invoice number", "subscription number", "called number", "name"):
        assert KNOWN[name] in text


async def test_the_ready_tabs_leave_nothing_of_what_they_show() -> None:
    async with gateway() as served:
        for tab in ready_tabs():
            served.forget()
            variables = json.loads(tab["variables"] or "{}")
            reply = await served.ask(tab["query"], variables)

            known = {text: text for text in [*texts(reply["data"]), *texts(variables)]}
            assert served.leaks(known) == []


class FaultySandbox(httpx.AsyncBaseTransport):
    """The sandbox, with faults that may be set."""

    def __init__(self) -> None:
        self.fault = SandboxFault("*", "500")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        app = create_sandbox(faults=[self.fault])
        return await httpx.ASGITransport(app).handle_async_request(request)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_fault_of_the_sandbox_on_every_route(kind: str) -> None:
    """Also where the other routes bring data."""
    upstream = FaultySandbox()
    variables = {
        "invoice": "123456",
        "customer": "AB/12 & Å-3",
        "subscription": "46701740690",
    }
    known = {**TOKENS, **{name: text for name, text in variables.items() if len(text) > 8}}
    limits = {"BREAKER_REQUESTS": "100000", "RETRY_ATTEMPTS": "1", "CACHE_BILLED_TTL": "0"}
    timeout = "0.05" if kind == "stall" else "10"
    async with gateway(upstream, **limits, UPSTREAM_TIMEOUT=timeout) as served:
        for route in ROUTES:
            upstream.fault = SandboxFault(route, kind.replace("<ms>", "1"))
            reply = await served.ask(QUERY, variables)
            known |= {text: text for text in texts(reply["data"])}

    assert served.leaks(known) == []


async def test_operations_that_share_a_call_and_a_client_that_leaves() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(TalkativePayex):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            begun.set()
            await go_on.wait()
            return await super().handle_async_request(request)

    async with gateway(Slow(), **CONNECTED) as served:
        asked = [asyncio.create_task(served.ask(QUERY, VARIABLES)) for _ in range(3)]
        await begun.wait()
        asked[0].cancel()
        go_on.set()
        await asyncio.gather(*asked, return_exceptions=True)

    assert '"coalesced":' in served.shown["lines of the log"]
    assert served.leaks() == []


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"MAX_CALLS": "1"}, "UPSTREAM_TOO_MANY_CALLS"),
        (
            {"UPSTREAM_MAX_IN_FLIGHT": "1", "UPSTREAM_MAX_QUEUED": "0"},
            "UPSTREAM_OVERLOADED",
        ),
        ({"UPSTREAM_MAX_BODY": "1024"}, "UPSTREAM_BODY_TOO_LARGE"),
        ({"DEADLINE": "0.000001"}, "DEADLINE_EXCEEDED"),
        ({"BREAKER_REQUESTS": "1"}, "UPSTREAM_BREAKER_OPEN"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_past_the_limits_on_calls(variables: Mapping[str, str], code: str) -> None:
    answer = ANSWERS["text with 500" if "BREAKER" in code else "too much"]
    async with gateway(TalkativePayex(answer), **{**CONNECTED, **variables}) as served:
        for _ in range(2):
            await served.ask(QUERY, VARIABLES)

    assert code in served.shown["errors"]
    assert served.leaks() == []


async def test_with_a_shared_cache_that_is_gone() -> None:
    url = f"redis://user:{SECRETS['password of Redis']}@127.0.0.1:1/0"
    variables = {**CONNECTED, "CACHE_BILLED_TTL": "60", "CACHE_URL": url}
    async with gateway(TalkativePayex(), **variables) as served:
        await served.ask(QUERY, VARIABLES)

    assert "The shared cache is gone" in served.shown["lines of the log"]
    assert served.leaks() == []


async def test_overload() -> None:
    async with gateway(TalkativePayex(), **CONNECTED, MAX_OPERATIONS="1") as served:
        await asyncio.gather(*(served.ask(QUERY, VARIABLES) for _ in range(3)))

    assert "GATEWAY_MAX_OPERATIONS" in served.shown["errors"]
    assert served.leaks() == []
