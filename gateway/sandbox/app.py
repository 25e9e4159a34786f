"""The imitation of PayEx as an ASGI application."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.sandbox.bodies import Bodies
from gateway.sandbox.faults import FaultPlan, SandboxFault
from gateway.sandbox.ledgers import TOKENS, UNCONFIGURED
from gateway.sandbox.problems import (
    FORBIDDEN,
    METHOD_NOT_ALLOWED,
    NO_SUCH_ROUTE,
    NOT_CONFIGURED,
    SERVER_ERROR,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    ProblemStyle,
    SandboxProblem,
)
from gateway.sandbox.routes import Address, find_address, split_path

Sleep = Callable[[float], Awaitable[None]]

_LEDGER_OF = {token: ledger for ledger, token in TOKENS.items()}
_FAULTY_PROBLEMS = {
    "401": UNAUTHORIZED,
    "403": FORBIDDEN,
    "429": TOO_MANY_REQUESTS,
    "500": SERVER_ERROR,
    "501": NOT_CONFIGURED,
}
_JSON = b"application/json"
_BAD_GATEWAY = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


def create_sandbox(
    *,
    subdomain: str = "usage",
    latency: float = 0.0,
    faults: Sequence[SandboxFault] = (),
    problem_style: ProblemStyle = ProblemStyle.PLAIN,
    seed: int = 1,
    sleep: Sleep = asyncio.sleep,
) -> ASGIApp:
    """Create an imitation of the PayEx Billing Usage API.

    It keeps the bodies that it has built, and nothing else is shared between two of them.

    Args:
        subdomain: The segment after `/billing`; every request line that PayEx shows has `usage`.
        latency: The seconds that pass before every answer.
        faults: What goes wrong; without any, everything is answered as documented.
        problem_style: How the types of problems are written.
        seed: Another seed makes other usage on the same ledgers, accounts and subscriptions.
        sleep: Lets the seconds pass.
    """
    return _Sandbox(subdomain, latency, FaultPlan(faults), problem_style, Bodies(seed), sleep)


@dataclass(frozen=True, slots=True)
class _Sandbox:
    subdomain: str
    latency: float
    plan: FaultPlan
    style: ProblemStyle
    bodies: Bodies
    sleep: Sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw_path = scope.get("raw_path")
        # A server may leave the raw path out; an encoded slash is then lost.
        segments = split_path(raw_path) if raw_path else scope["path"].split("/")
        address = find_address(segments, self.subdomain)
        delay, fault = (0.0, None) if address is None else self.plan.next(address.route)
        if self.latency + delay > 0:
            await self.sleep(self.latency + delay)
        match fault:
            case None:
                answer = self._answer(scope, self._find(scope, address))
            case "stall":
                await _disconnection(receive)
                return
            case "drop":
                await _drop(send)
            case "502-html":
                answer = _Answer(502, b"text/html", _BAD_GATEWAY)
            case "503-empty":
                answer = _Answer(503, b"", b"")
            case "wrong-shape":
                answer = _Answer(200, _JSON, b"[1,2,3]")
            case "truncated":
                whole = self._answer(scope, self._find(scope, address))
                answer = replace(whole, body=whole.body[: len(whole.body) // 2])
            case _:
                answer = self._answer(scope, _FAULTY_PROBLEMS[fault])
        await _send(answer, send)

    def _find(self, scope: Scope, address: Address | None) -> bytes | SandboxProblem:
        if address is None:
            return NO_SUCH_ROUTE
        if scope["method"] != "GET":
            return METHOD_NOT_ALLOWED
        if _ledger_of_token(scope) != address.ledger:
            return UNAUTHORIZED
        if address.ledger == UNCONFIGURED:
            return NOT_CONFIGURED
        query = parse_qs(scope["query_string"].decode("latin-1"))
        return self.bodies.find(address, query.get("page", ["1"])[0])

    def _answer(self, scope: Scope, found: bytes | SandboxProblem) -> _Answer:
        if isinstance(found, bytes):
            return _Answer(200, _JSON, found)
        body = found.encode(self.style, scope["path"])
        return _Answer(found.status, b"application/problem+json", body, found.headers)


def _ledger_of_token(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return _LEDGER_OF.get(token) if scheme.lower() == "bearer" else None
    return None


async def _send(answer: _Answer, send: Send) -> None:
    headers = [(b"content-length", str(len(answer.body)).encode()), *answer.headers]
    if answer.content_type:
        headers.append((b"content-type", answer.content_type))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _drop(send: Send) -> NoReturn:
    # Servers turn an error before the first message into a 500. After it they can only do what
    # is asked for: close the connection.
    headers = [(b"content-type", _JSON), (b"content-length", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    raise ConnectionResetError("The sandbox was told to drop this connection.")


async def _disconnection(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _live(receive: Receive, send: Send) -> None:
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
