"""Two gateways that share a Redis, behind nginx and Hive Gateway."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from gateway.sandbox import TOKENS
from tests.deploy.rollout import QUERY, QUESTIONS, Answered, Instance, Payex, program
from tests.deploy.shipped import DEPLOY, compose_gateway, document_of, text_of
from tests.deploy.shipped import compose as deployed
from tests.gateway.service import ROOT, SECONDS
from tests.supergraph.composing import Subgraph, compose
from tests.supergraph.programs import free_port, node, running
from tests.supergraph.upstream import served

STOPPING = {
    name: value
    for name, value in compose_gateway()["environment"].items()
    if name.startswith("GATEWAY_SHUTDOWN_")
}
WATCHER = re.compile("//.*@")
HIVE = ROOT / "tests" / "supergraph" / "hive"


def changed(text: str, changes: Mapping[str, str]) -> str:
    """Return a shipped text with what differs on this machine. Each change is one place."""
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False


@dataclass(frozen=True)
class Site:
    """What deploy/ describes, on one machine.

    Attributes:
        payex: the upstream.
        instances: the gateways.
        urls: where GraphQL is served, by who serves it: nginx, and Hive Gateway, which asks nginx.
        answers: questions and their right answers.
        cache: the Redis that the gateways share.
    """

    payex: Payex
    instances: list[Instance]
    urls: dict[str, str]
    answers: list[Answered]
    cache: redis.Redis

    @contextmanager
    def stores_an_answer(self) -> Iterator[None]:
        """Wait until what is asked within the block is in the cache: nobody else waits for it."""
        before = self._stored
        yield
        deadline = time.monotonic() + SECONDS
        while not self._stored - before:
            assert time.monotonic() < deadline, "nothing is stored"
            time.sleep(0.01)

    @property
    def _stored(self) -> set[Any]:
        keys: Any = self.cache.keys("payex-usage:*")
        return set(keys)


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a line also where a test passes: operators read it."""

    def write(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")

    return write


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run all of it."""
    node(HIVE, "supergraph")
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        payex = Payex()
        cache = stack.enter_context(_redis(folder))
        settings = {
            **STOPPING,
            "GATEWAY_UPSTREAM_ORIGIN": stack.enter_context(served(payex)),
            "GATEWAY_LEDGER_TOKENS": json.dumps({"1234": TOKENS["1234"]}),
            "GATEWAY_INSECURE": "1",
            # A busy machine does not make Redis look gone.
            "GATEWAY_CACHE_TIMEOUT": "5",
            **cache,
        }
        instances = [Instance(name, free_port(), folder, settings) for name in ("a", "b")]
        for instance in instances:
            stack.callback(instance.close)
            instance.start()
        nginx = stack.enter_context(_nginx(folder, instances))
        hive = stack.enter_context(_hive(folder, nginx))
        bodies = [{"query": QUERY, "variables": question} for question in QUESTIONS]
        answers = [Answered(body, instances[0].ask(body)["data"]) for body in bodies]
        watcher = redis.Redis.from_url(WATCHER.sub("//watcher:@", cache["GATEWAY_CACHE_URL"]))
        stack.callback(watcher.close)
        yield Site(payex, instances, {"nginx": nginx, "Hive Gateway": hive}, answers, watcher)


@contextmanager
def _redis(folder: Path) -> Iterator[dict[str, str]]:
    port = free_port()
    (folder / "make-secrets.sh").write_bytes((DEPLOY / "make-secrets.sh").read_bytes())
    subprocess.run(["/bin/sh", folder / "make-secrets.sh"], check=True)  # noqa: S603 - our own
    secrets = folder / "secrets"
    with (secrets / "redis" / "redis.acl").open("a") as users:
        users.write("user watcher on nopass ~payex-usage:* +keys\n")
    text = text_of("redis.conf")
    shipped = {"port 6379": f"port {port}", "/run/secrets/redis": str(secrets / "redis")}
    (folder / "redis.conf").write_text(changed(text, shipped))
    command = [program("redis-server"), "redis.conf", "--bind", "127.0.0.1"]
    with running(command, folder / "redis.log", cwd=folder) as server:
        server.until(lambda: listens(port))
        url = changed(
            compose_gateway()["environment"]["GATEWAY_CACHE_URL"],
            {"redis:6379": f"127.0.0.1:{port}"},
        )
        yield {
            "GATEWAY_CACHE_URL": url,
            "GATEWAY_CACHE_PASSWORD_FILE": str(secrets / "gateway" / "redis.password"),
        }


@contextmanager
def _nginx(folder: Path, instances: list[Instance]) -> Iterator[str]:
    port = free_port()
    shipped = {
        "server gateway-1:8000": f"server {instances[0].address}",
        "server gateway-2:8000": f"server {instances[1].address}",
        "listen 8080": f"listen 127.0.0.1:{port}",
    }
    text = text_of("nginx.conf")
    (folder / "nginx.conf").write_text(changed(text, shipped))
    command = [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with running(command, folder / "nginx.log", cwd=folder) as nginx:
        nginx.until(lambda: listens(port))
        yield f"http://127.0.0.1:{port}/graphql"


@contextmanager
def _hive(folder: Path, subgraph: str) -> Iterator[str]:
    port = free_port()
    recipe = document_of("supergraph.yaml")
    subgraphs = {
        name: Subgraph(subgraph, (DEPLOY / one["schema"]["file"]).read_text("utf-8"))
        for name, one in recipe["subgraphs"].items()
    }
    composed = compose("guild", subgraphs)
    assert composed.supergraph, composed
    (folder / "supergraph.graphql").write_text(composed.supergraph)
    (folder / "node_modules").symlink_to(HIVE / "node_modules")
    config = "hive-gateway.config.ts"
    (folder / config).write_bytes((ROOT / "docs" / "routers" / config).read_bytes())
    gateway = str(HIVE / "node_modules/@graphql-hive/gateway/dist/bin.js")
    told = deployed()["services"]["hive"]["command"]
    where = ["--host", "127.0.0.1", "--port", str(port)]
    command = [node(HIVE, "supergraph"), gateway, *told, *where]
    with running(command, folder / "hive.log", cwd=folder) as hive:
        url = f"http://127.0.0.1:{port}/graphql"
        hive.until(lambda: _answers(url))
        yield url


def _answers(url: str) -> bool:
    try:
        body = {"query": "{ __typename }"}
        reply = httpx.post(url, json=body, timeout=SECONDS, trust_env=False)
        return bool(reply.json() == {"data": {"__typename": "Query"}})
    except (httpx.HTTPError, ValueError):
        return False
