"""The exported schema is the committed one, and every part of it is described."""

from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLUnionType, parse
from graphql.type import GraphQLInterfaceType, GraphQLObjectType

from schema.subgraph import FEDERATION_VERSION, print_sdl
from schema.subgraph import build_schema as build_subgraph

COMMITTED = Path(__file__).parents[2] / "schema.graphql"
SCHEMA = build_subgraph()._schema
# Federation's own names; the schema's do not begin so.
FEDERATION = ("_", "link__")
OWN = {name: type_ for name, type_ in SCHEMA.type_map.items() if not name.startswith(FEDERATION)}
PROBLEMS = {
    "InvoiceResult": {"InvoiceNotFound", "InvoiceHasNoUsage"},
    "CustomerResult": {"CustomerNotFound"},
    "UsageSubscriptionsResult": {"InvoiceNotFound", "CustomerNotFound", "InvoiceHasNoUsage"},
    "UsageSubscriptionResult": {
        "InvoiceNotFound",
        "CustomerNotFound",
        "InvoiceHasNoUsage",
        "SubscriptionNotFound",
    },
}
USAGE_RESULTS = ("UsageRecordsResult", "UsageSummariesResult", "UsageTotalsResult")
PROBLEMS |= dict.fromkeys(USAGE_RESULTS, PROBLEMS["UsageSubscriptionResult"])


def test_the_committed_schema_is_the_exported_one() -> None:
    """`make schema` writes it anew."""
    assert COMMITTED.read_text("utf-8") == print_sdl()


def test_the_federation_version_is_one_that_every_composer_accepts() -> None:
    assert f"federation/v{FEDERATION_VERSION}" in print_sdl()
    assert tuple(map(int, FEDERATION_VERSION.split("."))) <= (2, 9)


@pytest.mark.parametrize("name", sorted(OWN))
def test_everything_is_described(name: str) -> None:
    """Types, fields, arguments and enum values alike."""
    type_ = OWN[name]
    described = {name: type_.description}
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        for field_name, field in type_.fields.items():
            if field_name.startswith("_"):
                continue
            described[f"{name}.{field_name}"] = field.description
            for argument_name, argument in getattr(field, "args", {}).items():
                described[f"{name}.{field_name}({argument_name})"] = argument.description
    if isinstance(type_, GraphQLEnumType):
        described |= {f"{name}.{key}": value.description for key, value in type_.values.items()}

    assert [key for key, text in described.items() if not text] == []


@pytest.mark.parametrize(("union", "problems"), PROBLEMS.items())
def test_a_result_names_exactly_the_problems_of_its_routes(union: str, problems: set[str]) -> None:
    type_ = SCHEMA.type_map[union]
    assert isinstance(type_, GraphQLUnionType)
    named = {member.name for member in type_.types if "Problem" in map(str, member.interfaces)}

    assert named == problems | {"ValidationProblem", "UnrecognizedProblem"}


def test_no_type_takes_the_name_of_the_root_of_graphql_subscriptions() -> None:
    assert "Subscription" not in SCHEMA.type_map


def test_the_exported_schema_is_graphql() -> None:
    assert parse(print_sdl()).definitions


def test_a_field_that_calls_upstream_is_null_only_with_an_error() -> None:
    """Such fields are nullable, so that a fault stays where it is, and say so."""
    sdl = print_sdl()
    for name in ("invoice", "customer", "subscriptions", "subscription", "usageRecords"):
        field = next(
            type_.fields[name]
            for type_ in OWN.values()
            if isinstance(type_, GraphQLObjectType) and name in type_.fields
        )
        assert not str(field.type).endswith("!")
        assert f"): {field.type} @semanticNonNull(levels: [0])" in sdl
