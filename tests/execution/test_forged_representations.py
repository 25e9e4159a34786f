"""References that no router sends: each is answered by itself, and PayEx is not asked."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GOOD = {"__typename": "Owner", "ownerNo": "1234"}
INVOICE = {"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": "55"}
FORGED = {
    "no object": "Invoice",
    "a list": [["Invoice", "1234", "55"]],
    "a number": 7,
    "no type": {"ownerNo": "1234", "invoiceNo": "55"},
    "a type that is null": {**INVOICE, "__typename": None},
    "a type that is an object": {**INVOICE, "__typename": {"name": "Invoice"}},
    "an unknown type": {**INVOICE, "__typename": "Nobody"},
    "a type that is no entity": {"__typename": "Money", "amount": "1"},
    "an interface": {"__typename": "Node", "id": "x"},
    "a root": {"__typename": "Query"},
    "a type of the introspection": {"__typename": "__Schema"},
    "no key": {"__typename": "Invoice"},
    "half a key": {"__typename": "Invoice", "ownerNo": "1234"},
    "another type's key": {"__typename": "Invoice", "ownerNo": "1234", "customerNo": "9"},
    "a key that is null": {**INVOICE, "invoiceNo": None},
    "a key that is a list": {**INVOICE, "invoiceNo": ["55"]},
    "a key that is an object": {**INVOICE, "ownerNo": {"$ne": ""}},
    "a key that is no whole number": {**INVOICE, "invoiceNo": 5.5},
    "a key that is a truth": {**INVOICE, "invoiceNo": True},
    "an empty key": {**INVOICE, "invoiceNo": ""},
    "a long key": {**INVOICE, "invoiceNo": "5" * 100_000},
    "a path": {**INVOICE, "invoiceNo": "../../5678/invoices/1"},
    "a control character": {**INVOICE, "ownerNo": "1234\u0000"},
    "another ledger": {**INVOICE, "ownerNo": "5678"},
    "an id that is none": {"__typename": "UsageSubscription", "id": "x" * 1000},
    "an id of another type": {"__typename": "UsageSubscription", "id": "WyJpIiwiMTIzNCIsIjU1Il0"},
}
EVERYTHING = (
    "__typename ... on Owner { ownerNo } ... on Invoice { raw } ... on Customer { raw } "
    "... on UsageSubscription { raw }"
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
TYPES = st.sampled_from(["Owner", "Invoice", "Customer", "UsageSubscription", "Query"]) | JSON

Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def calls() -> list[str]:
    """Return the calls that PayEx gets."""
    return []


@pytest.fixture
async def ask(serve: Any, connected: dict[str, str], calls: list[str]) -> Ask:
    """Return how to ask for references."""

    def payex(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        return httpx.Response(200, json={"invoiceNo": "55"})

    client = await serve(connected, payex)

    async def send(*references: Any, selection: str = EVERYTHING) -> dict[str, Any]:
        document = f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {selection} }} }}"
        asked = {"query": document, "variables": {"r": references}}
        reply: dict[str, Any] = (await client.post("/graphql", json=asked)).json()
        return reply

    return send


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
async def test_a_forged_reference_is_an_error_of_its_own(
    ask: Ask, calls: list[str], forged: Any
) -> None:
    """Its neighbours are answered, and no text of it comes back."""
    reply = await ask(GOOD, forged, GOOD)

    (error,) = reply["errors"]
    assert reply["data"]["_entities"] == [GOOD, None, GOOD]
    assert error["path"] == ["_entities", 1]
    assert error["extensions"]["code"] in {"BAD_USER_INPUT", "LEDGER_NOT_CONFIGURED"}
    assert len(error["message"]) < 100
    assert calls == []


async def test_members_that_are_no_key_are_let_be(ask: Ask, calls: list[str]) -> None:
    """Routers send fields that another subgraph requires; none of them reaches the resolvers."""
    extra = {"info": 1, "self": 2, "__class__": {"x": 1}, "holder": "x", "rights": "all"}
    reply = await ask({**INVOICE, **extra}, selection="... on Invoice { ownerNo invoiceNo raw }")

    entity = {"ownerNo": "1234", "invoiceNo": "55", "raw": {"invoiceNo": "55"}}
    assert reply["data"]["_entities"] == [entity]
    assert calls == ["/billing/usage/v1/1234/invoices/55"]


@given(references=st.lists(st.fixed_dictionaries({"__typename": TYPES}) | JSON, max_size=4))
@settings(
    max_examples=60,
    deadline=None,
    # One gateway serves all examples: what it answers depends on nothing before.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_no_reference_whatever_is_a_failure_of_the_gateway(
    ask: Ask, calls: list[str], references: list[Any]
) -> None:
    reply = await ask(*references)

    codes = {error["extensions"]["code"] for error in reply.get("errors", [])}
    assert codes <= {"BAD_USER_INPUT", "LEDGER_NOT_CONFIGURED", "GRAPHQL_VALIDATION_FAILED"}
    assert calls == []


@pytest.mark.parametrize("reference", [INVOICE, FORGED["no key"], FORGED["an unknown type"]])
async def test_ten_thousand_references_are_refused_as_one(
    ask: Ask, calls: list[str], reference: dict[str, Any]
) -> None:
    """The error names the limit, its value and what was measured."""
    reply = await ask(*[reference] * 10_000)

    (error,) = reply["errors"]
    assert "data" not in reply
    assert error["extensions"]["code"] == "MAX_LIST_INPUT_LIMIT"
    assert error["extensions"]["limit"] == {"GATEWAY_MAX_LIST_INPUT": 1000}
    assert error["extensions"]["measured"] == 10_000
    assert calls == []


async def test_ten_thousand_references_in_the_document_are_refused_as_well(
    serve: Any, connected: dict[str, str]
) -> None:
    client = await serve(connected, lambda _: httpx.Response(500))
    references = '{ __typename: "Invoice" } ' * 10_000
    document = f"{{ _entities(representations: [{references}]) {{ __typename }} }}"
    reply = (await client.post("/graphql", json={"query": document})).json()

    (error,) = reply["errors"]
    assert "data" not in reply
    assert error["extensions"]["code"] in {"MAX_DOCUMENT_LIMIT", "MAX_TOKENS_LIMIT"}
