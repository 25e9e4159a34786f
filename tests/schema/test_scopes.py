"""Which scopes an operation needs, and who has them."""

import pytest
from graphql import (
    ObjectTypeDefinitionNode,
    OperationDefinitionNode,
    is_object_type,
    parse,
    validate,
)

from resolvers.rights import EVERYTHING, RAW_SCOPE, READ_SCOPE, Rights
from schema.scopes import ScopeRequirement, ScopeTable, missing
from schema.subgraph import build_schema

SCHEMA = build_schema()._schema
TABLE = ScopeTable(SCHEMA)
READ = [[READ_SCOPE]]
RAW = [[RAW_SCOPE, READ_SCOPE]]


def needs(text: str, operation: int = 0) -> tuple[ScopeRequirement, ...]:
    document = parse(text)
    assert validate(SCHEMA, document) == []
    definition = document.definitions[operation]
    assert isinstance(definition, OperationDefinitionNode)
    return tuple(TABLE.requirements(document, definition))


def shown(text: str, operation: int = 0) -> dict[str, list[list[str]]]:
    found = needs(text, operation)
    return {need.field: [sorted(one) for one in need.scopes] for need in found}


def test_a_ledger_alone_needs_no_scope() -> None:
    assert shown('{ owner(ownerNo: "1") { ownerNo } __typename }') == {}
    assert shown("{ __schema { types { name } } _service { sdl } }") == {}


def test_what_payex_tells_needs_the_scope_to_read_and_a_body_the_scope_of_bodies() -> None:
    query = """{ owner(ownerNo: "1") { invoice(invoiceNo: "2") { ... on Invoice {
      invoiceNo raw subscriptions { ... on UsageSubscriptionConnection { nodes { usageRecords {
        ... on UsageRecordConnection { nodes { amount { amount } raw } } } } } } } } } }"""

    assert shown(query) == {
        "Owner.invoice": READ,
        "Invoice.raw": RAW,
        "Invoice.subscriptions": READ,
        "UsageSubscription.usageRecords": READ,
        "UsageRecord.raw": RAW,
    }


def test_an_alias_a_directive_and_a_fragment_change_nothing() -> None:
    query = """query ($no: Boolean!) { owner(ownerNo: "1") { ...O } }
    fragment O on Owner { invoiceNo: invoice(invoiceNo: "2") @skip(if: true) { ...I }
      customer(customerNo: "3") @include(if: $no) { __typename } }
    fragment I on InvoiceResult { ... @include(if: false) { ... on Invoice { ownerNo: raw } } }"""

    assert shown(query) == {"Owner.invoice": READ, "Owner.customer": READ, "Invoice.raw": RAW}


def test_a_field_of_an_interface_needs_what_it_needs_on_each_of_its_types() -> None:
    query = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on UsageHolder {
      ownerNo raw subscription(subscriptionNo: "1") { ... on Node { id } } }
      ... on Node { id } } }"""

    assert shown(query) == {"UsageHolder.raw": RAW, "UsageHolder.subscription": READ}


def test_a_node_needs_the_scope_to_read_even_for_its_id() -> None:
    """That it is there is PayEx's to tell."""
    assert shown('{ node(id: "x") { id } }') == {"Query.node": READ}


def test_each_operation_of_a_document_needs_its_own() -> None:
    query = 'query A { ...F } query B { node(id: "x") { id } } fragment F on Query { __typename }'

    assert (shown(query, 0), shown(query, 1)) == ({}, {"Query.node": READ})


@pytest.mark.parametrize(
    ("rights", "fields"),
    [
        (Rights(), ["Owner.invoice", "Invoice.raw"]),
        (Rights(scopes=frozenset({RAW_SCOPE})), ["Owner.invoice", "Invoice.raw"]),
        (Rights(scopes=frozenset({READ_SCOPE})), ["Invoice.raw"]),
        (Rights(scopes=frozenset({READ_SCOPE, RAW_SCOPE})), []),
        (EVERYTHING, []),
    ],
)
def test_a_caller_needs_all_scopes_of_one_of_the_sets(rights: Rights, fields: list[str]) -> None:
    found = needs('{ owner(ownerNo: "1") { invoice(invoiceNo: "2") { ... on Invoice { raw } } } }')

    assert [need.field for need in missing(found, rights)] == fields


def test_any_of_several_sets_will_do() -> None:
    need = ScopeRequirement("A.b", (frozenset({"x", "y"}), frozenset({"z"})))

    assert not need.met(Rights(scopes=frozenset({"x"})))
    assert need.met(Rights(scopes=frozenset({"x", "y"})))
    assert need.met(Rights(scopes=frozenset({"z"})))


def test_the_table_holds_what_the_sdl_shows() -> None:
    """One source: what a router may enforce is what this gateway enforces."""
    printed = {
        f"{type_.name.value}.{field.name.value}"
        for type_ in parse(build_schema().as_str()).definitions
        if isinstance(type_, ObjectTypeDefinitionNode)
        for field in type_.fields or ()
        if any(one.name.value == "requiresScopes" for one in field.directives or ())
    }
    objects = {name for name, type_ in SCHEMA.type_map.items() if is_object_type(type_)}
    held = {
        need.field for (name, _), all_ in TABLE.by_field.items() if name in objects for need in all_
    }

    assert held == printed
    assert "UnrecognizedProblem.raw" in printed


def test_every_body_of_payex_needs_the_scope_of_bodies() -> None:
    bodies = [needs for (_, field), needs in TABLE.by_field.items() if field == "raw"]

    assert len(bodies) == 7
    assert {scopes for needs in bodies for need in needs for scopes in need.scopes} == {
        frozenset({READ_SCOPE, RAW_SCOPE})
    }


def test_a_fragment_is_read_once_however_often_it_is_spread() -> None:
    """Thirty levels that spread the next one twice are 2 ** 30 fields if they are expanded."""
    levels = [
        f"fragment F{n} on Owner {{ a: ownerNo ...F{n + 1} b: ownerNo ...F{n + 1} }}"
        for n in range(30)
    ]
    query = f'{{ owner(ownerNo: "1") {{ ...F0 }} }} {" ".join(levels)} fragment F30 on Owner {{ '
    query += 'invoice(invoiceNo: "2") { __typename } }'

    document = parse(query)
    definition = document.definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    assert [need.field for need in TABLE.requirements(document, definition)] == ["Owner.invoice"]
