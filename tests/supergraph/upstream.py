"""What stands on both sides of the gateway: a PayEx that counts, and an ear on its front door."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.sandbox import create_sandbox

PATIENCE = 5


class CountingPayex:
    """The sandbox, counted.

    Attributes:
        calls: the path of each call, below the ledger's prefix.
        together: how many calls have to be there before the first of them is answered.
        failing: the paths that are answered 500.
        most_in_flight: how many calls were under way at a time.
    """

    def __init__(self) -> None:
        self._sandbox = create_sandbox()
        self.reset()

    def reset(self) -> None:
        """Forget what was, and answer everything at once."""
        self.calls: list[str] = []
        self.together = 0
        self.failing: set[str] = set()
        self.most_in_flight = 0
        self._in_flight = 0
        self._complete = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope["raw_path"].decode().split("/", 5)[5]
        self.calls.append(path)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            await self._completed()
            answer: ASGIApp = Response(status_code=500) if path in self.failing else self._sandbox
            await answer(scope, receive, send)
        finally:
            self._in_flight -= 1

    async def _completed(self) -> None:
        if len(self.calls) >= self.together:
            self._complete.set()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._complete.wait()
        except TimeoutError:
            self._complete.set()


@dataclass(frozen=True)
class Heard:
    """A request to the gateway.

    Attributes:
        headers: its headers.
        query: its document.
        references: the entities that its variables refer to.
    """

    headers: dict[str, str]
    query: str
    references: list[dict[str, Any]] = field(repr=False)


class FrontDoor:
    """Hands each request on to the gateway, and remembers it.

    Args:
        origin: where the gateway is.

    Attributes:
        heard: the requests.
        origin: the gateway that is asked.
        instead: what is answered in place of the gateway.
    """

    def __init__(self, origin: str) -> None:
        self._first = origin
        self.reset()

    def reset(self) -> None:
        """Forget the requests, and hand all of them on."""
        self.heard: list[Heard] = []
        self.origin = self._first
        self.instead: Response | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, and its reply back."""
        request = Request(scope, receive)
        body = await request.body()
        self.heard.append(_heard(request, body))
        reply = self.instead or await self._asked(request, body)
        await reply(scope, receive, send)

    async def _asked(self, request: Request, body: bytes) -> Response:
        own = {"host", "connection", "content-length", "accept-encoding"}
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            reply = await client.request(
                request.method,
                self.origin + request.url.path.removeprefix("/"),
                content=body,
                headers=[pair for pair in request.headers.items() if pair[0] not in own],
            )
        passed = {"content-type": reply.headers["content-type"]}
        return Response(reply.content, reply.status_code, passed)


def _heard(request: Request, body: bytes) -> Heard:
    given = json.loads(body)
    lists = [value for value in (given.get("variables") or {}).values() if isinstance(value, list)]
    return Heard(dict(request.headers), given["query"], [item for items in lists for item in items])


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an app in a thread, and tell its origin."""
    # No connection ends between two requests: a call on one that just ended would be lost, and
    # these calls are counted.
    config = uvicorn.Config(app, lifespan="off", log_config=None, timeout_keep_alive=600)
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
