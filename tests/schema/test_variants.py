"""Variants of the schema: what is printed, what is served, and that the two agree."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import build_schema, find_breaking_changes, parse, print_ast, validate_schema

from gateway.cli import main
from gateway.settings.load import SettingsError, load_settings
from schema.scopes import ScopeTable
from schema.subgraph import build_schema as build_subgraph
from schema.subgraph import executable, print_sdl
from schema.variants import OF_OTHERS_TOO, Variant

WITHOUT_NODE = Variant(without_node=True)
WITHOUT_AUTH = Variant(without_auth=True)
PREFIXED = Variant(prefix="Usage")
ALL = Variant(without_node=True, without_auth=True, prefix="Usage")


def differences(variant: Variant) -> Iterator[str]:
    """Yield what a client of the plain schema would miss."""
    plain, other = (
        build_schema(sdl, assume_valid=True) for sdl in (print_sdl(), print_sdl(variant))
    )
    return (change.description for change in find_breaking_changes(plain, other))


def test_without_node_the_sdl_lacks_what_another_subgraph_has_and_nothing_else() -> None:
    holders = ("Customer", "Invoice", "Owner", "UsageHolder")
    assert set(differences(WITHOUT_NODE)) == {
        *(f"Field {name}.id was removed." for name in holders),
        *(f"{name} no longer implements interface Node." for name in holders),
        "UsageSubscription no longer implements interface Node.",
        "Node was removed.",
        "Field Query.node was removed.",
        "Field Query.nodes was removed.",
    }


def test_without_auth_the_sdl_lacks_two_directives_and_nothing_else() -> None:
    words = re.compile(r"[\s,]+")
    plain = print_ast(parse(print_sdl()))
    gone = re.sub(r'"?@authenticated"?|"@requiresScopes"|@requiresScopes\([^)]*\)', "", plain)

    assert "@authenticated" in plain
    assert words.sub("", gone) == words.sub("", print_sdl(WITHOUT_AUTH))


def test_a_prefix_renames_the_types_that_others_have_too_and_nothing_else() -> None:
    words = {name: f"Usage{name}" for name in OF_OTHERS_TOO}
    lines = sorted(
        re.sub(r"\w+", lambda found: words.get(found[0], found[0]), line)
        for line in print_sdl().splitlines()
    )

    assert sorted(print_sdl(PREFIXED).splitlines()) == lines


@pytest.mark.parametrize("variant", [WITHOUT_NODE, WITHOUT_AUTH, PREFIXED, ALL], ids=repr)
def test_each_variant_is_a_schema(variant: Variant) -> None:
    assert validate_schema(build_schema(print_sdl(variant), assume_valid_sdl=True)) == []
    assert print_sdl(variant) is print_sdl(variant)


def test_the_scopes_are_checked_in_every_variant() -> None:
    tables = (ScopeTable(executable(build_subgraph(variant=one))) for one in (WITHOUT_AUTH, ALL))
    plain = ScopeTable(executable(build_subgraph()))

    for table in tables:
        assert {str(one) for one in table.by_field.values()} == {
            str(one) for one in plain.by_field.values()
        }


@pytest.mark.parametrize(
    ("options", "variant"),
    [
        ([], Variant()),
        (["--without-node"], WITHOUT_NODE),
        (["--without-auth"], WITHOUT_AUTH),
        (["--prefix", "Usage"], PREFIXED),
        (["--without-node", "--without-auth", "--prefix=Usage"], ALL),
    ],
)
def test_the_command_prints_the_variant_of_its_options(
    capsys: pytest.CaptureFixture[str], options: list[str], variant: Variant
) -> None:
    assert main(["schema", *options]) == 0
    assert capsys.readouterr().out == print_sdl(variant)


@pytest.mark.parametrize("prefix", ["1", "a-b", "__x", "a b", "{", "x" * 41])
def test_a_prefix_that_no_name_begins_with_is_refused(
    capsys: pytest.CaptureFixture[str], prefix: str
) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_SCHEMA_PREFIX"):
        load_settings({"GATEWAY_SCHEMA_PREFIX": prefix})
    with pytest.raises(SystemExit):
        main(["schema", "--prefix", prefix])
    assert "prefix" in capsys.readouterr().err


@pytest.mark.parametrize("projection", [True, False], ids=["planned", "executed"])
async def test_the_server_says_what_the_command_prints(
    ask: Any, settings: dict[str, Any], projection: bool
) -> None:
    settings |= {
        "schema_without_node": True,
        "schema_without_auth": True,
        "schema_prefix": "Usage",
        "projection": projection,
    }
    reply = await ask(
        '{ _service { sdl } owner(ownerNo: "1234") { refused: invoice(invoiceNo: "") { __typename '
        "... on UsageValidationProblem { fieldErrors { code } } } "
        'invoice(invoiceNo: "55") { ... on Invoice { subscription(subscriptionNo: "70") { '
        "... on UsageSubscription { usageTotals { ... on UsageTotals { groups { amount { "
        "__typename amount } } } } } } } } } }"
    )

    assert "errors" not in reply
    assert reply["data"]["_service"]["sdl"] == print_sdl(ALL)
    found = reply["data"]["owner"]
    refused = {"__typename": "UsageValidationProblem", "fieldErrors": [{"code": "BLANK"}]}
    assert found["refused"] == refused
    (group,) = found["invoice"]["subscription"]["usageTotals"]["groups"]
    assert group["amount"] == {"__typename": "UsageMoney", "amount": "1.79"}
