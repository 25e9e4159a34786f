"""The schema fits into a supergraph, by the two public composers."""

import pytest

from schema.subgraph import print_sdl
from schema.variants import Variant
from tests.supergraph.composing import CRM, USAGE, Composed, Subgraph, compose

pytestmark = pytest.mark.supergraph

RELAY = """
extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])
interface Node { id: ID! }
type Ticket implements Node @key(fields: "id") { id: ID! about: Customer }
type Customer @key(fields: "ownerNo customerNo") {
  ownerNo: ID!
  customerNo: ID!
  tickets(first: Int, after: String): TicketConnection!
}
type TicketConnection { nodes: [Ticket!]! pageInfo: PageInfo! }
type PageInfo @shareable {
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
  endCursor: String
}
"""
COMPOSERS = ["apollo", "guild"]
CUSTOMER = 'type Customer implements UsageHolder & Node @key(fields: "ownerNo customerNo")'


def composed(composer: str, **schemas: str) -> Composed:
    """Compose these schemas, by name."""
    subgraphs = {name: Subgraph(f"http://{name}.example", sdl) for name, sdl in schemas.items()}
    return compose(composer, subgraphs)


@pytest.mark.parametrize("composer", COMPOSERS)
@pytest.mark.parametrize(
    "others", [{}, {"crm": CRM}, {"relay": RELAY}, {"crm": CRM, "relay": RELAY}], ids="+".join
)
def test_the_schema_composes_without_an_error_or_a_hint(
    composer: str, others: dict[str, str]
) -> None:
    found = composed(composer, usage=USAGE, **others)

    assert (found.errors, found.hints) == ([], [])
    assert found.supergraph


@pytest.mark.parametrize("composer", COMPOSERS)
def test_the_supergraph_says_which_fields_are_null_only_with_an_error(composer: str) -> None:
    """Not one application is lost."""
    supergraph = composed(composer, usage=USAGE, crm=CRM).supergraph

    assert supergraph
    applied = "@semanticNonNull(levels:"
    assert supergraph.count(applied) == USAGE.count(applied) > 0


@pytest.mark.parametrize("composer", COMPOSERS)
@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        # Without a key, or with one that the other does not have, it is two types of one name.
        (CUSTOMER, CUSTOMER.split(" @key", maxsplit=1)[0], "INVALID_FIELD_SHARING"),
        (CUSTOMER, CUSTOMER.replace("ownerNo customerNo", "id"), "INVALID_FIELD_SHARING"),
        # Nothing leads from an order to its customer's usage.
        (CUSTOMER, CUSTOMER.replace('No")', 'No", resolvable: false)'), "SATISFIABILITY_ERROR"),
        ("  customerNo: ID!\n", "  customerNo: Int!\n", "FIELD_TYPE_MISMATCH"),
        ("  customerNo: ID!\n", "  number: ID!\n", "KEY_INVALID_FIELDS"),
    ],
    ids=["no key", "another key", "no reference", "another type", "no field of the key"],
)
def test_a_change_that_breaks_the_supergraph_is_refused(
    composer: str, old: str, new: str, code: str
) -> None:
    """So the composers look at what the test above relies on."""
    assert old in USAGE
    found = composed(composer, usage=USAGE.replace(old, new), crm=CRM)

    assert found.supergraph is None
    assert set(found.errors) == {code}


HEAD = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", '
    'import: ["@key", "@shareable"])\n'
)
TICKET = 'type Ticket implements Node @key(fields: "id") { id: ID! } interface Node { id: ID! }'
CLASHES = {
    "node": (f"type Query {{ node(id: ID!): Node }} {TICKET}", {"INVALID_FIELD_SHARING"}),
    "id": (
        (
            'type Query { c: Customer } type Customer @key(fields: "ownerNo customerNo") {'
            " ownerNo: ID! customerNo: ID! id: ID! }"
        ),
        {"INVALID_FIELD_SHARING"},
    ),
    "Money": (
        "type Query { price: Money } type Money { amount: Float! currency: String! }",
        {"FIELD_TYPE_MISMATCH", "INVALID_FIELD_SHARING"},
    ),
    "PageInfo": (
        "type Query { p: PageInfo } type PageInfo { hasNextPage: Boolean! endCursor: String }",
        {"INVALID_FIELD_SHARING"},
    ),
    "Volume": (
        "type Query { v: Volume } type Volume { value: Float! unit: String! }",
        {"FIELD_TYPE_MISMATCH", "INVALID_FIELD_SHARING"},
    ),
    "SortDirection": (
        "type Query { all(by: SortDirection): String } enum SortDirection { ASC DESC }",
        {"EMPTY_MERGED_ENUM_TYPE"},
    ),
    "ValidationProblem": (
        "type Query { problem: ValidationProblem } type ValidationProblem { message: String! }",
        {"SATISFIABILITY_ERROR"},
    ),
}


@pytest.mark.parametrize("composer", COMPOSERS)
@pytest.mark.parametrize("clash", CLASHES)
def test_a_clash_with_a_companys_own_types_is_solved_by_its_variant(
    composer: str, clash: str
) -> None:
    types, codes = CLASHES[clash]
    variant = Variant(prefix="Usage") if clash[0].isupper() else Variant(without_node=True)
    plain = composed(composer, usage=USAGE, company=HEAD + types)
    solved = composed(composer, usage=print_sdl(variant), company=HEAD + types)

    assert (plain.supergraph, set(plain.errors)) == (None, codes)
    assert (solved.errors, solved.hints) == ([], [])
    assert solved.supergraph


@pytest.mark.parametrize("composer", COMPOSERS)
def test_the_variants_compose_together_beside_all_of_a_companys_own_types(composer: str) -> None:
    everything = Variant(without_node=True, without_auth=True, prefix="Usage")
    companies = {f"company{place}": HEAD + one for place, (one, _) in enumerate(CLASHES.values())}
    found = composed(composer, usage=print_sdl(everything), **companies)

    assert (found.errors, found.hints) == ([], [])


@pytest.mark.parametrize("composer", COMPOSERS)
def test_a_plain_interface_node_elsewhere_composes_in_silence(composer: str) -> None:
    """And only this subgraph answers `node`: the page tells so."""
    company = f"{HEAD} type Query {{ ticket: Ticket }} {TICKET}"
    found = composed(composer, usage=USAGE, company=company)

    assert (found.errors, found.hints) == ([], [])


@pytest.mark.parametrize(("version", "taken"), [("v2.8", False), ("v2.9", True), ("v2.10", False)])
def test_the_version_is_the_one_that_both_composers_take(version: str, taken: bool) -> None:
    """It is the first with `@cost` and `@listSize`, and the last of The Guild's composer."""
    schema = USAGE.replace("federation/v2.9", f"federation/{version}")
    found = [composed(composer, usage=schema, crm=CRM) for composer in COMPOSERS]

    assert all(one.supergraph for one in found) is taken
