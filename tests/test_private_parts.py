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
from aiohttp import TCPConnector
from graphql import (
    OverlappingFieldsCanBeMergedRule,
    TypeInfo,
    ValidationContext,
    build_schema,
    parse,
)
from strawberry.types.fields.resolver import StrawberryResolver

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
        "aiohttp", "aiohttp.client_proto", ("ResponseHandler",), "resolvers/payex/http/framing.py"
    ),
    Part(
        "graphql-core",
        "graphql.execution.collect_fields",
        (
            "CollectedFields",
            "FieldDetailsList",
            "FragmentDetails",
            "GroupedFieldSet",
            "collect_fields",
            "collect_subfields",
        ),
        "schema/internals.py",
    ),
    Part(
        "graphql-core",
        "graphql.execution.get_variable_signature",
        ("GraphQLVariableSignature", "get_variable_signature"),
        "gateway/execution/variables.py",
    ),
    Part(
        "graphql-core",
        "graphql.execution.values",
        ("VariableValueSource",),
        "gateway/execution/variables.py",
    ),
    Part(
        "graphql-core",
        "graphql.validation.validate",
        ("ValidationAbortedError",),
        "gateway/limits/validation.py",
    ),
    Part("joserfc", "joserfc.jwa", ("JWSAlgModel",), "gateway/identity/bearer_tokens.py"),
    Part("joserfc", "joserfc.util", ("urlsafe_b64decode",), "gateway/identity/bearer_tokens.py"),
    Part(
        "starlette",
        "starlette.middleware.gzip",
        ("GZipResponder",),
        "gateway/http/compression.py",
    ),
    Part(
        "strawberry-graphql",
        "strawberry.execution",
        ("optimized_is_awaitable",),
        "schema/internals.py",
    ),
    Part(
        "strawberry-graphql",
        "strawberry.schema.schema",
        ("StrawberryGraphQLCoreExecutionContext",),
        "gateway/execution/paced_executor.py",
    ),
    Part(
        "strawberry-graphql",
        "strawberry.schema.schema_converter",
        ("CustomGraphQLEnumType", "GraphQLCoreConverter"),
        "schema/internals.py",
    ),
    Part(
        "strawberry-graphql",
        "strawberry.types.arguments",
        ("convert_arguments",),
        "schema/internals.py",
    ),
    Part(
        "strawberry-graphql",
        "strawberry.types.field",
        ("StrawberryField",),
        "schema/internals.py",
    ),
    Part(
        "strawberry-graphql",
        "strawberry.types.base",
        ("StrawberryObjectDefinition",),
        "schema/variants.py",
    ),
    Part(
        "strawberry-graphql",
        "strawberry.types.enum",
        ("StrawberryEnumDefinition",),
        "schema/variants.py",
    ),
    Part(
        "strawberry-graphql",
        "strawberry.federation.schema",
        ("FederationAny",),
        "schema/subgraph.py",
    ),
    Part("strawberry-graphql", "strawberry.types.lazy_type", ("LazyType",), "schema/internals.py"),
    Part(
        "strawberry-graphql", "strawberry.types.scalar", ("ScalarDefinition",), "schema/scalars.py"
    ),
    Part("uvicorn", "uvicorn.lifespan.on", ("LifespanOn",), "gateway/server/process.py"),
    Part(
        "uvicorn",
        "uvicorn.protocols.http.flow_control",
        ("FlowControl",),
        "gateway/server/flow.py",
    ),
    Part(
        "uvicorn",
        "uvicorn.protocols.http.httptools_impl",
        ("HttpToolsProtocol", "RequestResponseCycle"),
        "gateway/server/http_protocol.py",
    ),
    Part("uvicorn", "uvicorn.server", ("ServerState",), "gateway/server/http_protocol.py"),
    Part(
        "uvicorn",
        "uvicorn.supervisors.multiprocess",
        ("Multiprocess", "Process"),
        "gateway/server/supervisor.py",
    ),
    Part(
        "prometheus-client",
        "prometheus_client.openmetrics.exposition",
        ("ALLOWUTF8", "CONTENT_TYPE_LATEST", "generate_latest"),
        "gateway/observability/metrics/formats.py",
    ),
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.module)
def test_a_part_that_is_not_documented_is_still_there(part: Part) -> None:
    module = import_module(part.module)
    missing = [name for name in part.names if not hasattr(module, name)]

    assert not missing, f"{part.package} no longer has {missing} in {part.module}: see {part.file}"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.module)
def test_one_file_imports_it(part: Part) -> None:
    importing = [path for path in FILES if f"from {part.module} import" in path.read_text("utf-8")]

    assert [str(path.relative_to(ROOT)) for path in importing] == [part.file]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.module)
def test_the_package_has_an_upper_bound_and_the_page_names_the_file(part: Part) -> None:
    extras = PROJECT["optional-dependencies"].values()
    needed = [*PROJECT["dependencies"], *(one for extra in extras for one in extra)]
    (requirement,) = (one for one in needed if one.startswith(part.package))

    assert "<" in requirement
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert {name for name in (part.file, *part.names) if f"`{name}`" not in page} == set()


async def test_attributes_that_are_not_documented_are_still_there() -> None:
    schema = build_schema("type Query { a: Int }")
    context = ValidationContext(schema, parse("{ a }"), TypeInfo(schema), print)
    async with TCPConnector() as connector:
        for owner, name in (
            (connector, "_factory"),
            (OverlappingFieldsCanBeMergedRule(context).rule_context, "remaining_complexity_budget"),
            (StrawberryResolver(print), "wrapped_func"),
        ):
            assert hasattr(owner, name), f"{type(owner)} has no {name}: see docs/architecture.md"


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
