"""The exported schema is the committed one, and every part of it is described."""

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    parse,
)
from graphql.type import GraphQLInterfaceType, GraphQLObjectType
from strawberry.federation.schema_directives import Authenticated, Cost, ListSize, RequiresScopes

from schema.directives import INTERNAL, ON_OBJECTS_ALONE, SIZED_BY
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
PROBLEMS["UsageComparisonResult"] = PROBLEMS["InvoiceResult"]
USAGE_RESULTS = (
    "UsageResult",
    "UsageRecordsResult",
    "UsageSummariesResult",
    "UsageTotalsResult",
)
PROBLEMS |= dict.fromkeys(USAGE_RESULTS, PROBLEMS["UsageSubscriptionResult"])


def test_the_text_is_printed_once() -> None:
    """To print it takes 14 milliseconds, and an operation may ask for it a hundred times."""
    assert print_sdl() is print_sdl()


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
        guards = '@requiresScopes(scopes: [["usage:read"]]) @cost(weight: 10)'
        assert f"): {field.type} {guards} @semanticNonNull(levels: [0])" in sdl


def objects() -> dict[str, GraphQLObjectType]:
    return {name: one for name, one in OWN.items() if isinstance(one, GraphQLObjectType)}


def directives(type_: GraphQLObjectType | GraphQLInterfaceType, field: str) -> list[Any]:
    declared: list[Any] = type_.fields[field].extensions["strawberry-definition"].directives
    return declared


def test_what_shows_what_payex_tells_needs_a_scope() -> None:
    """Every field that may cost a call does: what an entity's own numbers tell is free."""
    free = set()
    for name in ("Query", "Owner", "Invoice", "Customer", "UsageSubscription"):
        for field in objects()[name].fields:
            stated = set(map(type, directives(objects()[name], field)))
            assert (RequiresScopes in stated) == (Cost in stated)
            if Cost not in stated and not field.startswith("_"):
                free.add(field)
    keys = {"ownerNo", "invoiceNo", "customerNo", "id", "subscriptionNo", "billing"}
    assert free == {"owner", "holder", *keys}


def test_a_supergraphs_users_must_have_signed_in() -> None:
    for field in ("owner", "node", "nodes"):
        assert Authenticated in map(type, directives(objects()["Query"], field))


def test_an_interface_bears_nothing_that_composers_refuse_there() -> None:
    """Its types' fields bear it, and composers read the interface's from them."""
    interfaces = [one for one in OWN.values() if isinstance(one, GraphQLInterfaceType)]
    for one in interfaces:
        for field in one.fields:
            assert not [two for two in directives(one, field) if isinstance(two, ON_OBJECTS_ALONE)]
    assert any(isinstance(two, Cost) for two in directives(objects()["Invoice"], "raw"))


def test_no_entity_is_guarded_as_a_whole() -> None:
    """Another subgraph's fields of it are that subgraph's to guard."""
    for one in objects().values():
        definition = one.extensions["strawberry-definition"]
        guards = (Authenticated, RequiresScopes)
        assert not [two for two in definition.directives or () if isinstance(two, guards)]


def test_every_body_of_payex_can_be_left_out_by_a_contract() -> None:
    holders = [one for one in OWN.values() if "raw" in getattr(one, "fields", {})]
    assert len(holders) == 7
    for one in holders:
        assert isinstance(one, GraphQLObjectType | GraphQLInterfaceType)
        assert INTERNAL in directives(one, "raw")


def test_every_list_of_objects_has_a_size() -> None:
    for name, one in objects().items():
        for field, definition in one.fields.items():
            sized = any(isinstance(two, ListSize) for two in directives(one, field))
            costs = is_list_type(get_nullable_type(definition.type)) and not is_leaf_type(
                get_named_type(definition.type)
            )
            holds_a_page = "first" in definition.args and sized
            assert (sized or f"{name}.{field}" == "Query._entities") == (costs or holds_a_page)


def test_what_an_argument_sizes_is_known() -> None:
    """Every `first` and `last`, and every list of numbers that answers are given for."""
    sizing: dict[str, tuple[str, ...]] = {}
    found = (
        (f"{name}.{field}", argument)
        for name, one in OWN.items()
        if isinstance(one, GraphQLObjectType | GraphQLInterfaceType)
        for field, definition in one.fields.items()
        for argument, given in definition.args.items()
        if argument in {"first", "last"}
        or (is_list_type(get_nullable_type(given.type)) and is_required_argument(given))
    )
    for place, argument in found:
        sizing[place] = (*sizing.get(place, ()), argument)
    assert dict(SIZED_BY) == sizing


def test_what_other_subgraphs_have_as_well_can_be_shared() -> None:
    sdl = print_sdl()
    for name in ("PageInfo", "Money"):
        assert f"type {name} @shareable {{" in sdl
