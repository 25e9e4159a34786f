"""Gateways that are stopped, killed and started anew, and the load that must not notice."""

import asyncio
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from gateway.sandbox import create_sandbox
from tests.gateway.service import SECONDS, Service, running

LATENCY = 0.05
WHO = "x-instance"
QUERY = """
query ($invoice: ID!, $subscription: ID!) { owner(ownerNo: "1234") {
  invoice(invoiceNo: $invoice) { ... on Invoice {
    invoiceNo subscriptions { ... on UsageSubscriptionConnection { totalCount } } } }
  customer(customerNo: "9999") { ... on Customer { subscription(subscriptionNo: $subscription) {
    ... on UsageSubscription { subscriptionNo usageTotals { ... on UsageTotals {
      recordCount groups { usageType amount { amount currencyCode } } } } }
  } } } } }
"""
# Billed usage is kept by the caches, unbilled usage by none: each request is a call at least.
QUESTIONS = [
    {"invoice": str(invoice), "subscription": subscription}
    for invoice in range(123444, 123457)
    for subscription in ("12345680", "46701740605", "46701740606")
]


def program(name: str) -> str:
    """Return a program's path."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{name} is missing")
    return path


class Payex:
    """The sandbox, which takes its time, and counts who calls it.

    Attributes:
        calls: how often each instance has called.
        in_flight: how many calls of each are under way.
    """

    def __init__(self) -> None:
        self._sandbox = create_sandbox(latency=LATENCY)
        self.calls: Counter[str] = Counter()
        self.in_flight: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call."""
        who = Headers(scope=scope)[WHO]
        self.calls[who] += 1
        self.in_flight[who] += 1
        try:
            await self._sandbox(scope, receive, send)
        finally:
            self.in_flight[who] -= 1


class Instance:
    """A gateway on a port of its own, process after process.

    Args:
        name: what PayEx counts its calls under.
        port: its port.
        folder: where it logs.
        variables: its settings, beside host, port and name.
    """

    def __init__(self, name: str, port: int, folder: Path, variables: Mapping[str, str]) -> None:
        self.name = name
        self.address = f"127.0.0.1:{port}"
        self._variables = {**variables, "GATEWAY_UPSTREAM_HEADERS": f'{{"{WHO}": "{name}"}}'}
        self._port = port
        self._logs = (folder / f"{name}-{number}.log" for number in count())
        self._stack = ExitStack()
        self._service: Service | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self._service = self._stack.enter_context(
            running(next(self._logs), "serve", "--port", str(self._port), **self._variables)
        )
        assert self._service.request("GET", "/health/ready").status_code == 200

    def stop(self) -> None:
        """Stop it as service managers do, and wait until it is gone."""
        assert self._service
        assert self._service.stop() == 0, self._service.printed

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._service
        os.kill(self._service.pid, signal.SIGKILL)
        self._service.wait()

    def close(self) -> None:
        """End it with the test: nobody waits for the drain."""
        if self._service is not None:
            self.kill()
        self._stack.close()

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask this instance itself."""
        assert self._service
        answer: dict[str, Any] = self._service.request("POST", "/graphql", json=body).json()
        return answer


def replace_one_by_one(instances: Sequence[Instance]) -> None:
    """Stop each and start it anew, when the one before is ready again."""
    for instance in instances:
        instance.stop()
        instance.start()


@dataclass(frozen=True)
class Answered:
    """A question, and what it is rightly answered."""

    body: dict[str, Any]
    data: Any


@dataclass(frozen=True)
class Lost:
    """A request that was not answered as it should.

    Attributes:
        began: when it was sent, in seconds.
        why: a status, or an error's class.
    """

    began: float
    why: str


class Load:
    """Requests without a pause, by clients that each keep their connection.

    Args:
        url: where they are sent.
        answers: the questions, each with its right answer.

    Attributes:
        sent: how many have ended.
        waiting: how many are under way.
        lost: those that were not answered as they should.
    """

    def __init__(self, url: str, answers: Sequence[Answered]) -> None:
        self._url = url
        self._questions = cycle(answers)
        self._ended = False
        self.sent = 0
        self.waiting = 0
        self.lost: list[Lost] = []

    @asynccontextmanager
    async def running(self, clients: int) -> AsyncIterator[None]:
        """Ask for as long as the block lasts, and then until all is answered."""
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(self._client())
            try:
                yield
            finally:
                self._ended = True

    async def until(self, condition: Callable[[], bool]) -> None:
        """Go on until something is so."""
        async with asyncio.timeout(SECONDS):
            while not condition():  # noqa: ASYNC110 - processes set no event
                await asyncio.sleep(0.002)

    async def more(self, requests: int) -> None:
        """Go on for so many further requests."""
        enough = self.sent + requests
        await self.until(lambda: self.sent >= enough)

    async def _client(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
            while not self._ended:
                question = next(self._questions)
                began = time.monotonic()
                self.waiting += 1
                why = await self._why_lost(client, question)
                self.waiting -= 1
                self.sent += 1
                if why is not None:
                    self.lost.append(Lost(began, why))

    async def _why_lost(self, client: httpx.AsyncClient, question: Answered) -> str | None:
        try:
            reply = await client.post(self._url, json=question.body)
        except httpx.HTTPError as error:
            return type(error).__name__
        if reply.status_code != 200:
            return str(reply.status_code)
        answer = reply.json()
        if "errors" in answer or answer["data"] != question.data:
            return f"another answer: {reply.text}"
        return None
