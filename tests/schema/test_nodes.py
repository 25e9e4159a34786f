"""Several nodes at once, ledgers as nodes, and the way back up: from usage to what holds it."""

from typing import Any

from resolvers.node_ids import NodeKind, encode

INVOICE = encode(NodeKind.INVOICE, "1234", "55")
CUSTOMER = encode(NodeKind.CUSTOMER, "1234", "9")
BILLED = encode(NodeKind.BILLED_SUBSCRIPTION, "1234", "55", "70")
LEDGER = encode(NodeKind.OWNER, "1234")
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


async def test_nodes_stand_in_the_order_of_their_ids_and_each_is_asked_for_once(
    ask: Any, payex: Any
) -> None:
    reply = await ask(NODES, ids=[CUSTOMER, BILLED, LEDGER, CUSTOMER, INVOICE])

    assert reply["data"]["nodes"] == [
        {"__typename": "Customer", "id": CUSTOMER},
        {"__typename": "UsageSubscription", "id": BILLED},
        {"__typename": "Owner", "id": LEDGER},
        {"__typename": "Customer", "id": CUSTOMER},
        {"__typename": "Invoice", "id": INVOICE},
    ]
    assert payex.routes == ["/customers/9", "/invoices/55", "/invoices/55/subscriptions/70"]
    assert reply["extensions"]["upstream"]["waves"] == 1


async def test_a_node_that_is_not_there_takes_no_other_with_it(
    ask: Any, payex: Any, telling: Any
) -> None:
    payex.answers["/invoices/55"] = telling("invoice-not-found")
    unknown = encode(NodeKind.OWNER, "9")
    reply = await ask(NODES, ids=[INVOICE, "x", CUSTOMER, unknown])

    assert reply["data"]["nodes"] == [None, None, {"__typename": "Customer", "id": CUSTOMER}, None]
    errors = {error["path"][1]: error["extensions"]["code"] for error in reply["errors"]}
    assert errors == {0: "NOT_FOUND", 1: "BAD_USER_INPUT", 3: "LEDGER_NOT_CONFIGURED"}
    assert {error["path"][0] for error in reply["errors"]} == {"nodes"}
    (malformed,) = (one for one in reply["errors"] if one["path"][1] == 1)
    assert malformed["extensions"]["argument"] == "ids[1]"


async def test_more_ids_than_the_bound_are_one_error_of_the_field(
    ask: Any, payex: Any, settings: dict[str, Any]
) -> None:
    settings["max_numbers"] = 2
    reply = await ask(NODES, ids=[INVOICE] * 3)

    (error,) = reply["errors"]
    assert (reply["data"], error["path"]) == ({"nodes": None}, ["nodes"])
    assert error["extensions"]["argument"] == "ids"
    assert error["extensions"]["reason"] == "TOO_MANY"
    assert payex.calls == []


async def test_what_is_selected_below_nodes_proves_them(ask: Any, payex: Any) -> None:
    """Each costs what it would alone."""
    query = (
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on UsageSubscription { "
        "usageTotals { ... on UsageTotals { recordCount } } } } }"
    )
    reply = await ask(query, ids=[BILLED])

    assert reply["data"]["nodes"] == [{"usageTotals": {"recordCount": 2}}]
    assert payex.routes == ["/invoices/55/subscriptions/70/usage-details"]


async def test_a_ledger_is_a_node_and_costs_no_call(ask: Any, payex: Any) -> None:
    reply = await ask(
        "query ($id: ID!) { node(id: $id) { __typename ... on Owner { id ownerNo } } "
        'owner(ownerNo: "1234") { id } }',
        id=LEDGER,
    )

    assert reply["data"] == {
        "node": {"__typename": "Owner", "id": LEDGER, "ownerNo": "1234"},
        "owner": {"id": LEDGER},
    }
    assert payex.calls == []


async def test_the_id_of_a_ledger_is_none_of_a_subscription(ask: Any) -> None:
    reply = await ask(
        "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
        r=[{"__typename": "UsageSubscription", "id": LEDGER}],
    )

    assert reply["data"]["_entities"] == [None]
    assert reply["errors"][0]["extensions"]["reason"] == "INVALID_CHARACTER"


UP = """holder { __typename id ownerNo owner { id ownerNo }
  ... on Invoice { invoiceNo } ... on Customer { customerNo } }"""


async def test_the_way_back_up_costs_no_call(ask: Any, payex: Any) -> None:
    """Whichever way leads down."""
    up = f"... on UsageSubscription {{ {UP} }}"
    one = f'subscription(subscriptionNo: "70") {{ {up} }}'
    listed = (
        "subscriptions(first: 1) { ... on UsageSubscriptionConnection "
        f"{{ edges {{ node {{ {UP} }} }} }} }}"
    )
    reply = await ask(
        "query ($id: ID!, $r: [_Any!]!) {"
        f'  owner(ownerNo: "1234") {{ invoice(invoiceNo: "55") {{ ... on Invoice {{ {one} }} }} '
        f'    customer(customerNo: "9") {{ ... on Customer {{ {listed} }} }} }} '
        f"  node(id: $id) {{ {up} }} _entities(representations: $r) {{ {up} }} }}",
        id=BILLED,
        r=[{"__typename": "UsageSubscription", "id": BILLED}],
    )

    ledger = {"ownerNo": "1234", "owner": {"id": LEDGER, "ownerNo": "1234"}}
    invoice = {"__typename": "Invoice", "id": INVOICE, "invoiceNo": "55", **ledger}
    customer = {"__typename": "Customer", "id": CUSTOMER, "customerNo": "9", **ledger}
    found = reply["data"]
    assert found["owner"]["invoice"]["subscription"] == {"holder": invoice}
    edges = found["owner"]["customer"]["subscriptions"]["edges"]
    assert edges == [{"node": {"holder": customer}}]
    assert found["node"] == {"holder": invoice}
    assert found["_entities"] == [{"holder": invoice}]
    assert payex.routes == ["/customers/9/subscriptions", "/invoices/55/subscriptions/70"]


async def test_what_is_below_the_holder_is_asked_for_once(ask: Any, payex: Any) -> None:
    """It is what the way down asked for already."""
    reply = await ask(
        '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { '
        "subscriptions { ... on UsageSubscriptionConnection { nodes { holder { "
        "subscriptions { ... on UsageSubscriptionConnection { totalCount } } } } } } } } } }"
    )

    nodes = reply["data"]["owner"]["invoice"]["subscriptions"]["nodes"]
    assert nodes == [{"holder": {"subscriptions": {"totalCount": 5}}}] * 5
    assert payex.routes == ["/invoices/55/subscriptions"]
