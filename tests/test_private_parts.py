"""Parts of libraries that are not documented are still there, and each is imported in one place.

`docs/architecture.md` says why. A release in which they may be gone is kept away by an upper bound
in `pyproject.toml`, which rises once these tests have passed with that release.
"""

import logging
import tomllib
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FILES = [path for top in ("gateway", "resolvers", "schema") for path in (ROOT / top).rglob("*.py")]


class Part(NamedTuple):
    """What one file uses of a module that is not documented."""

    package: str
    module: str
    names: tuple[str, ...]
    file: str


PARTS = [
    Part(
        "prometheus-client",
        "prometheus_client.openmetrics.exposition",
        ("ALLOWUTF8", "CONTENT_TYPE_LATEST", "generate_latest"),
        "gateway/observability/metrics/formats.py",
    ),
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.package)
def test_a_part_that_is_not_documented_is_still_there(part: Part) -> None:
    module = import_module(part.module)
    missing = [name for name in part.names if not hasattr(module, name)]

    assert not missing, f"{part.package} no longer has {missing} in {part.module}: see {part.file}"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.package)
def test_one_file_imports_it(part: Part) -> None:
    importing = [path for path in FILES if f"from {part.module} import" in path.read_text("utf-8")]

    assert [str(path.relative_to(ROOT)) for path in importing] == [part.file]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.package)
def test_the_package_has_an_upper_bound_and_the_page_names_the_file(part: Part) -> None:
    extras = PROJECT["optional-dependencies"].values()
    needed = [*PROJECT["dependencies"], *(one for extra in extras for one in extra)]
    (requirement,) = (one for one in needed if one.startswith(part.package))

    assert "<" in requirement
    assert f"`{part.file}`" in (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_opentelemetry_still_logs_by_the_names_that_the_gateway_silences() -> None:
    """Under other names, its lines would reach the log, and they quote headers."""
    for module in (
        "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        "opentelemetry.sdk.trace.export",
        "opentelemetry.util.re",
    ):
        import_module(module)
        assert module in logging.root.manager.loggerDict, (
            f"see otlp.py: no logger is named {module}"
        )
