"""The house: imports run downwards only, files stay small, names say what is inside."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("gateway", "schema", "resolvers")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in FILES
}
# From the bottom of the house to its top; a room may use what stands before it.
FLOORS = (
    "resolvers.payex.api",
    "resolvers.payex.credentials",
    "resolvers.payex.http",
    "resolvers.payex.resilience",
    "resolvers.payex.cache",
    "resolvers.payex",
    "resolvers",
    "schema",
    "gateway.sandbox",
    "gateway.http",
    "gateway.graphiql",
    "gateway.settings",
    "gateway.payex",
    "gateway.limits",
    "gateway.identity",
    "gateway.documents",
    "gateway.server",
    "gateway.execution",
    "gateway.observability",
    "gateway.endpoint",
    "gateway.app",
    "gateway.contract",
    "gateway.check_config",
    "gateway.cli",
    "gateway.__main__",
)
# What stands beside the house: the version.
BESIDE = "gateway"


@cache
def imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            deeper = {f"{module}.{alias.name}" for alias in node.names}
            found.update(name if name in MODULES else module for name in deeper)
    return frozenset(found)


def floor(module: str) -> int | None:
    return next(
        (n for n, name in enumerate(FLOORS) if module == name or module.startswith(f"{name}.")),
        None,
    )


def test_imports_run_downwards() -> None:
    for module, path in MODULES.items():
        if module == BESIDE:
            continue
        own = floor(module)
        assert own is not None, module
        for imported in imports(path):
            below = floor(imported)
            assert below is None or below <= own, f"{module} imports {imported}"


@pytest.mark.parametrize(
    ("package", "strangers"),
    [
        ("resolvers.payex", {"graphql", "strawberry", "starlette", "aiodataloader"}),
        ("resolvers", {"strawberry", "starlette"}),
        ("schema", {"httpx", "starlette", "uvicorn"}),
        ("gateway.sandbox", {"resolvers", "schema", "graphql", "strawberry", "httpx"}),
    ],
)
def test_a_package_does_not_know(package: str, strangers: set[str]) -> None:
    """PayEx's client knows no GraphQL, the schema no HTTP, the sandbox nothing of the gateway."""
    for module, path in MODULES.items():
        if module == package or module.startswith(f"{package}."):
            assert strangers.isdisjoint(name.split(".")[0] for name in imports(path)), module


def test_the_sandbox_is_independent_of_the_rest_of_the_gateway() -> None:
    for module, path in MODULES.items():
        if module.startswith("gateway.sandbox"):
            for imported in imports(path):
                assert not imported.startswith("gateway") or imported.startswith("gateway.sandbox")


def test_no_two_files_import_each_other_in_a_circle() -> None:
    graph = {
        module: {name for name in imports(path) if name in MODULES and name != module}
        for module, path in MODULES.items()
    }
    while leaves := [module for module, below in graph.items() if not below & graph.keys()]:
        for module in leaves:
            del graph[module]

    assert not graph


def test_a_file_is_one_noun_and_fits_a_reader() -> None:
    forbidden = {"utils", "util", "helpers", "common", "manager", "base", "misc"}

    assert {path for path in FILES if path.stem in forbidden} == set()
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {path: count for path, count in lines.items() if count > 300} == {}


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("*.lock")))
def test_python_locks_have_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")

    assert "://" not in text
    assert len(re.findall(r"^\S+==", text, re.MULTILINE)) <= text.count("--hash=sha256:")


@pytest.mark.parametrize(
    "folder",
    [
        "benchmarks/peers",
        "gateway/graphiql",
        "tests/audit",
        "tests/supergraph",
        "tests/supergraph/hive",
    ],
)
def test_npm_locks_have_hashes_and_no_address(folder: str) -> None:
    lock = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))
    packages = [package for name, package in lock["packages"].items() if name]

    assert all("integrity" in package for package in packages)
    assert not any("resolved" in package for package in packages)


def test_the_page_shows_every_room_in_the_order_of_the_floors() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    shown = re.findall(r"^ *([a-z_]+)/? {2,}", page.split("```")[1], re.MULTILINE)
    floors = [name.split(".")[-1] for name in reversed(FLOORS) if name != "gateway.__main__"]

    assert [name for name in shown if name != "client"] == floors


def test_no_test_imports_the_module_of_another_test() -> None:
    """What several tests share has a file of its own, which pytest does not collect."""
    for path in (ROOT / "tests").rglob("*.py"):
        shared = re.findall(
            r"^\s*(?:from|import) (tests\S*\.test_\w+)", path.read_text("utf-8"), re.MULTILINE
        )

        assert shared == [], path
