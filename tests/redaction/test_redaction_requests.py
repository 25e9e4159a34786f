"""Nothing that a client sends is seen by others: refused or not, forged or expired."""

from collections.abc import Mapping
from typing import Any

import pytest

from resolvers.node_ids import NodeKind, encode
from tests.redaction.known import IDS, NUMBERS, SECRETS, WORDS
from tests.redaction.surfaces import gateway
from tests.redaction.talkative_payex import CONNECTED, QUERY, VARIABLES, TalkativePayex

NUMBER = NUMBERS["subscription number"]
INVOICE = NUMBERS["invoice number"]
NAME = WORDS["name"]
WORD = WORDS["word in a document"]
CURSOR = encode(NodeKind.INVOICE, "1234", NUMBER)
JSON = {"content-type": "application/json"}
ENTITIES = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"


def of_invoice(selection: str) -> str:
    return (
        f'{{ owner(ownerNo: "1234") {{ invoice(invoiceNo: "{INVOICE}") '
        f"{{ ... on Invoice {{ {selection} }} }} }} }}"
    )


DOCUMENTS: Mapping[str, tuple[str, Any]] = {
    "no GraphQL": (f'{{ owner(ownerNo: "{NUMBER}" }}', None),
    "a text in the wrong place": (f'{{ "{NAME} {NUMBER}" }}', None),
    "a number in the wrong place": (f"{{ __typename }} {NUMBER}", None),
    "a comment": (f"{{ nothing }} # {WORD} {NUMBER}", None),
    "names of somebody": (f"query {WORD} {{ {WORD}: nothing }}", None),
    "a field that is a number": (f"{{ owner(ownerNo: 1) {{ a{NUMBER} }} }}", None),
    "an argument of another type": (of_invoice(f"subscriptions(first: {NUMBER}) {{ id }}"), None),
    "an enum that is a name": (
        of_invoice(
            f'subscription(subscriptionNo: "{NUMBER}") {{ ... on UsageSubscription '
            f'{{ usageTotals(groupBy: ["{NAME}"]) {{ __typename }} }} }}'
        ),
        None,
    ),
    "a cursor of something else": (
        of_invoice(f'subscriptions(first: 1, after: "{CURSOR}") {{ __typename }}'),
        None,
    ),
    "a number that is none": (
        'query ($n: ID!) { owner(ownerNo: "1234") { customer(customerNo: $n) { __typename } } }',
        {"n": f"{NAME}?{NUMBER}"},
    ),
    "a ledger that is a number": (f'{{ owner(ownerNo: "{NUMBER}") {{ ownerNo }} }}', None),
    "a ledger that is a name": (f'{{ owner(ownerNo: "{NAME}") {{ ownerNo }} }}', None),
    "a node that is none": (f'{{ node(id: "{CURSOR}x") {{ id }} }}', None),
    "a variable of another type": (
        "query ($n: ID!) { owner(ownerNo: $n) { ownerNo } }",
        {"n": {NAME: [NUMBER]}},
    ),
    "a variable that is missing": ("query ($n: ID!) { node(id: $n) { id } }", {NUMBER: NAME}),
    "a null": ("query ($n: ID) { node(id: $n) { id } }", {"n": None}),
    "a variable that is deep": (ENTITIES, {"r": [[[[[[[[[[[[[[[[[[[[NUMBER]]]]]]]]]]]]]]]]]]]]}),
    "a forged type": (ENTITIES, {"r": [{"__typename": NAME, "id": NUMBER}]}),
    "a forged key": (
        ENTITIES,
        {"r": [{"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": {NAME: NUMBER}}]},
    ),
    "a forged id": (ENTITIES, {"r": [{"__typename": "UsageSubscription", "id": CURSOR}]}),
    "too many": (ENTITIES, {"r": [NUMBER] * 2000}),
    "too many aliases": (
        "{" + " ".join(f"a{NUMBER}{n}: __typename" for n in range(200)) + "}",
        None,
    ),
    "the same name twice": (
        f'{{ node(id: "{NUMBER}") {{ id }} node(id: "{NAME}") {{ id }} }}',
        None,
    ),
    "a mutation": (f'mutation {WORD} {{ pay(invoice: "{INVOICE}") }}', None),
    "what the schema has not": (f'{{ __type(name: "{NAME}") {{ name }} }}', None),
    "an id of somebody": (f'{{ node(id: "{IDS["id of an invoice"]}") {{ id }} }}', None),
}
BODIES: Mapping[str, dict[str, Any]] = {
    "no JSON": {"content": f'{{"query": "{NUMBER}', "headers": JSON},
    "no UTF-8": {"content": f'{{"query": "{NAME} é"}}'.encode("latin-1"), "headers": JSON},
    "no object": {"json": NUMBER},
    "a batch": {"json": [{"query": WORD}]},
    "members of other types": {"json": {"query": {NAME: NUMBER}}},
    "variables of another type": {"json": {"query": "{ __typename }", "variables": NUMBER}},
    "an operation that is not there": {
        "json": {"query": QUERY, "operationName": f"{WORD}{NUMBER}"}
    },
    "an unknown document": {"json": {"documentId": f"{NAME}{NUMBER}"}},
    "two documents": {"json": {"documentId": NUMBER, "query": f"{{ {WORD} }}"}},
    "a digest that is none": {
        "json": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": NUMBER}}}
    },
    "a digest of another text": {
        "json": {
            "query": f"{{ {WORD} }}",
            "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}},
        }
    },
    "another version": {
        "json": {"extensions": {"persistedQuery": {"version": NUMBER, "sha256Hash": NAME}}}
    },
    "another type": {"content": NUMBER, "headers": {"content-type": f"text/x; name={WORD}"}},
    "a deadline that is none": {
        "json": {"query": "{ __typename }"},
        "headers": {"payex-usage-deadline": NUMBER + "x"},
    },
    "an odd Accept": {
        "json": {"query": "{ __typename }"},
        "headers": {"accept": f"application/{WORD}; q={NUMBER}"},
    },
    "forged headers": {
        "json": {"query": QUERY, "variables": VARIABLES},
        "headers": {
            "cookie": f"session={SECRETS['password of a client']}",
            "traceparent": f"00-{NUMBER}-{WORD}-01",
            "baggage": f"customer={NUMBER}",
            "tracestate": f"vendor={NUMBER}",
            "x-request-id": NUMBER,
            "x-forwarded-for": NUMBER,
            "x-apollo-operation-name": f"{WORD}\t{NUMBER}",
            "user-agent": f"{WORD}/{NUMBER}",
            "if-none-match": f'W/"{NUMBER}"',
        },
    },
    "too large": {"content": NUMBER * 200_000, "headers": JSON},
}
ADDRESSES = [
    ("GET", f"/graphql?query={{{WORD}:__typename}}"),
    ("GET", f"/graphql?query={{a:__typename}}&variables={NUMBER}&operationName={WORD}"),
    ("GET", f"/graphql?query={'x' * 9000}{NUMBER}"),
    ("GET", f"/graphql/{NUMBER}?name={WORD}"),
    ("GET", f"/{NUMBER}"),
    ("GET", f"/graphiql/{WORD}"),
    ("PUT", f"/graphql?query={NUMBER}"),
    (f"{WORD}", "/graphql"),
    ("GET", f"/metrics?name={WORD}"),
    ("GET", f"/health/ready?name={WORD}"),
    ("POST", f"/health/{NUMBER}"),
]


@pytest.mark.parametrize(("query", "variables"), DOCUMENTS.values(), ids=DOCUMENTS)
async def test_a_document_and_its_variables(query: str, variables: Any) -> None:
    async with gateway(TalkativePayex(), **CONNECTED) as served:
        await served.ask(query, variables)

    assert served.leaks() == []


async def test_the_members_of_a_request() -> None:
    async with gateway(TalkativePayex(), **CONNECTED) as served:
        for name, request in BODIES.items():
            served.forget()
            await served.send(**request)
            assert (name, served.leaks()) == (name, [])
            assert "gateway.operation_log" in served.shown["lines of the log"]


@pytest.mark.parametrize("preflight", [{}, {"graphql-require-preflight": "1"}])
async def test_the_address(preflight: Mapping[str, str]) -> None:
    async with gateway(TalkativePayex(), **CONNECTED) as served:
        for method, address in ADDRESSES:
            await served.send(method, address, headers=preflight)

    assert served.leaks() == []


async def test_watching_leaves_no_line() -> None:
    async with gateway(TalkativePayex(), **CONNECTED) as served:
        for path in ("/metrics", "/health/live", "/health/ready"):
            await served.send("GET", path)

        assert served.shown["lines of the log"] == ""
