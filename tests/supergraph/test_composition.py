"""The schema fits into a supergraph, by the two public composers."""

import pytest

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


@pytest.mark.parametrize(("version", "taken"), [("v2.8", False), ("v2.9", True), ("v2.10", False)])
def test_the_version_is_the_one_that_both_composers_take(version: str, taken: bool) -> None:
    """It is the first with `@cost` and `@listSize`, and the last of The Guild's composer."""
    schema = USAGE.replace("federation/v2.9", f"federation/{version}")
    found = [composed(composer, usage=schema, crm=CRM) for composer in COMPOSERS]

    assert all(one.supergraph for one in found) is taken
