"""A supergraph of the gateway and a CRM, behind each router in turn."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.sandbox import TOKENS
from tests.gateway import service
from tests.gateway.service import ROOT
from tests.supergraph.composing import (
    CRM,
    FOLDER,
    USAGE,
    WITHOUT_AUTH,
    Subgraph,
    compose,
)
from tests.supergraph.programs import Program, free_port, node, running
from tests.supergraph.upstream import CountingPayex, FrontDoor, served

EXAMPLES = ROOT / "docs" / "routers"
SECRET = "the-secret-of-a-router-that-opens-nothing"  # noqa: S105
# The months of a family and a company: 109 subscriptions.
INVOICES = ["123456", *(str(number) for number in range(123444, 123456)), "880044"]
CUSTOMERS = ["9999", "404", *(str(7000 + number) for number in range(58))]
IDS = """
query ($invoices: [ID!]!) { owner(ownerNo: "1234") { invoices(invoiceNos: $invoices) {
  ... on Invoice { subscriptions { ... on UsageSubscriptionConnection { nodes { id } } } } } } }
"""


@dataclass(frozen=True)
class Subgraphs:
    """The gateway with its PayEx, and the CRM."""

    payex: CountingPayex
    door: FrontDoor
    crm: Program
    schemas: dict[str, Subgraph]

    @property
    def crm_headers(self) -> list[dict[str, str]]:
        """The headers of each request that the CRM was sent so far."""
        lines = self.crm.printed.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@dataclass(frozen=True)
class Router:
    """A router that serves the supergraph."""

    name: str
    url: str
    program: Program

    def ask(self, query: str, **headers: str) -> dict[str, Any]:
        """Ask it, and return its reply."""
        reply = httpx.post(
            self.url, json={"query": query}, headers=headers, timeout=60, trust_env=False
        )
        body: dict[str, Any] = reply.json()
        return body


def _orders(origin: str) -> list[dict[str, Any]]:
    """Return what was ordered: a hundred orders, and one of a ledger that nobody knows."""
    variables = {"invoices": INVOICES}
    asked = {"query": IDS, "variables": variables}
    reply = httpx.post(f"{origin}graphql", json=asked, timeout=60, trust_env=False).json()
    invoices = reply["data"]["owner"]["invoices"]
    ids = [node["id"] for invoice in invoices for node in invoice["subscriptions"]["nodes"]]
    orders = [
        _order(str(number), "1234", CUSTOMERS[number % 60], INVOICES[number % 14], id_)
        for number, id_ in enumerate(ids[:100])
    ]
    return [*orders, _order("stray", "1", "9999", "123456", ids[0])]


def _order(id_: str, owner: str, customer: str, invoice: str, subscription: str) -> dict[str, Any]:
    return {
        "id": id_,
        "customer": {"ownerNo": owner, "customerNo": customer},
        "invoice": {"ownerNo": owner, "invoiceNo": invoice},
        "subscriptions": [{"id": subscription}],
    }


@pytest.fixture(scope="session")
def all_subgraphs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subgraphs]:
    """Run the gateway over a PayEx that counts, and the CRM."""
    program = node(FOLDER, "supergraph")
    folder = tmp_path_factory.mktemp("subgraphs")
    with ExitStack() as stack:
        payex = CountingPayex()
        process = stack.enter_context(
            service.running(
                folder / "gateway.log",
                "serve",
                "--port",
                "0",
                GATEWAY_UPSTREAM_ORIGIN=stack.enter_context(served(payex)),
                GATEWAY_LEDGER_TOKENS=json.dumps({"1234": TOKENS["1234"]}),
                GATEWAY_INSECURE="1",
                # These count calls: nothing is kept between two questions, nothing tried twice.
                GATEWAY_CACHE_BILLED_TTL="0",
                GATEWAY_CACHE_PROBLEM_TTL="0",
                GATEWAY_RETRY_ATTEMPTS="1",
            )
        )
        gateway = str(process.request("GET", "/health/live").url.join("/"))
        door = FrontDoor(gateway)
        usage = stack.enter_context(served(door))
        sold = {
            "customers": [
                {"ownerNo": "1234", "customerNo": "9999", "name": "Berg", "segment": "PRIVATE"}
            ],
            "orders": _orders(gateway),
        }
        (folder / "sold.json").write_text(json.dumps(sold))
        crm = stack.enter_context(
            running([program, "crm.mjs", str(folder / "sold.json")], folder / "crm.log", cwd=FOLDER)
        )
        schemas = {
            "usage": Subgraph(f"{usage}/graphql", USAGE),
            "crm": Subgraph(crm.told(r"Serving on (\S+)"), CRM),
        }
        yield Subgraphs(payex, door, crm, schemas)


@pytest.fixture
def subgraphs(all_subgraphs: Subgraphs) -> Subgraphs:
    """Return the subgraphs, with nothing counted yet."""
    all_subgraphs.payex.reset()
    all_subgraphs.door.reset()
    return all_subgraphs


def _apollo(folder: Path, program: str, _: int) -> list[str]:
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    return [program, _example(folder, "apollo-gateway.mjs")]


def _hive(folder: Path, program: str, port: int, *options: str) -> list[str]:
    node(FOLDER / "hive", "supergraph")
    packages = FOLDER / "hive" / "node_modules"
    (folder / "node_modules").symlink_to(packages)
    config = _example(folder, "hive-gateway.config.ts")
    command = [str(packages / "@graphql-hive/gateway/dist/bin.js"), "supergraph", *options]
    where = ["--config-path", config, "--host", "127.0.0.1", "--port", str(port)]
    return [program, *command, *where]


def _hive_with_rust(folder: Path, program: str, port: int) -> list[str]:
    return _hive(folder, program, port, "--hive-router-runtime")


def _example(folder: Path, name: str) -> str:
    (folder / name).write_bytes((EXAMPLES / name).read_bytes())
    return name


# Each router with the composer of its house.
ROUTERS: dict[str, tuple[str, Callable[[Path, str, int], list[str]]]] = {
    "Apollo Gateway": ("apollo", _apollo),
    "Hive Gateway": ("guild", _hive),
    "Hive Gateway, Rust planner": ("guild", _hive_with_rust),
}
# Loads no supergraph with the directives of authorization.
STRIPPED = "Apollo Gateway"


@pytest.fixture(scope="session", params=ROUTERS)
def router(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    all_subgraphs: Subgraphs,
) -> Iterator[Router]:
    """Run a router, as its example in the documentation configures it."""
    name: str = request.param
    composer, command_of = ROUTERS[name]
    folder = tmp_path_factory.mktemp("router")
    schemas = all_subgraphs.schemas
    if name == STRIPPED:
        usage = replace(schemas["usage"], sdl=WITHOUT_AUTH)
        schemas = {**schemas, "usage": usage}
    composed = compose(composer, schemas)
    assert composed.supergraph, composed
    (folder / "supergraph.graphql").write_text(composed.supergraph)
    port = free_port()
    program = node(FOLDER, "supergraph")
    variables = {
        "PORT": str(port),
        "PAYEX_USAGE_ROUTER_SECRET": SECRET,
        "NODE_OPTIONS": f"--import={(FOLDER / 'loopback.mjs').as_uri()}",
    }
    command = command_of(folder, program, port)
    with running(command, folder / "router.log", cwd=folder, **variables) as process:
        started = Router(name, f"http://127.0.0.1:{port}/graphql", process)
        process.until(lambda: _serves(started))
        yield started


def _serves(router: Router) -> bool:
    try:
        return router.ask("{ __typename }") == {"data": {"__typename": "Query"}}
    except (httpx.HTTPError, ValueError):
        return False
