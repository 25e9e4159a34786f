"""What attackers' tools send to GraphQL servers, against the running gateway. Each has its defence.

The probes are those of graphql-cop, GraphQL Armor, InQL, CrackQL, BatchQL and of the advisories
of other servers, as far as they concern a read-only gateway; their sizes are those tools' own.
"""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

PREFLIGHT = {"graphql-require-preflight": "1"}
GRAPHQL_JSON = "application/graphql-response+json"


@pytest.fixture(autouse=True)
def alive(gateway: httpx.Client) -> Iterator[None]:
    """Assert that an honest query is answered after each attack."""
    yield
    assert ask(gateway, "{ __typename }").json()["data"] == {"__typename": "Query"}


@pytest.fixture(autouse=True, scope="module")
def _unshaken(gateway: httpx.Client, log: Path) -> Iterator[None]:
    yield
    assert gateway.get("/health/ready").status_code == 200
    printed = log.read_text("utf-8")
    assert "Traceback" not in printed
    assert "unexpected" not in printed


def ask(gateway: httpx.Client, query: str, **members: Any) -> httpx.Response:
    return gateway.post(
        "/graphql", json={"query": query, **members}, headers={"accept": GRAPHQL_JSON}
    )


def codes(reply: httpx.Response) -> set[str]:
    """Return the codes of a reply that has no data."""
    body = reply.json()
    assert reply.status_code == 400
    assert "data" not in body
    return {error["extensions"]["code"] for error in body["errors"]}


def limits(reply: httpx.Response) -> dict[str, tuple[int, int]]:
    """Return the limits that a refused operation exceeds: value and measure of each by its name."""
    found = {}
    for error in reply.json()["errors"]:
        ((name, value),) = error["extensions"]["limit"].items()
        assert name in error["message"]
        assert str(value) in error["message"]
        found[name] = (value, error["extensions"]["measured"])
    return found


# One document


def test_alias_overload_is_refused_by_the_number_of_aliases(gateway: httpx.Client) -> None:
    """`__typename` is not exempt: it is what graphql-cop sends."""
    query = "{" + " ".join(f"a{number}: __typename" for number in range(101)) + "}"

    assert limits(ask(gateway, query))["GATEWAY_MAX_ALIASES"] == (100, 101)


def test_aliases_in_fragments_count_each_time_they_are_spread(gateway: httpx.Client) -> None:
    query = (
        "{ a: owner(ownerNo: 1) { ...F } b: owner(ownerNo: 1) { ...F } } fragment F on Owner {"
        + " ".join(f"a{number}: ownerNo" for number in range(50))
        + "}"
    )

    assert limits(ask(gateway, query))["GATEWAY_MAX_ALIASES"] == (100, 102)


def test_numbers_cannot_be_guessed_by_the_hundred_in_one_operation(gateway: httpx.Client) -> None:
    """Brute force by aliases (CrackQL) meets their limit, and by a list the bound on its length."""
    fields = " ".join(f'i{n}: invoice(invoiceNo: "{n}") {{ __typename }}' for n in range(101))
    numbers = [str(number) for number in range(101)]

    by_alias = ask(gateway, f'{{ owner(ownerNo: "1234") {{ {fields} }} }}')
    by_list = ask(
        gateway,
        'query ($n: [ID!]!) { owner(ownerNo: "1234") { invoices(invoiceNos: $n) { __typename } } }',
        variables={"n": numbers},
    )

    assert "MAX_ALIASES_LIMIT" in codes(by_alias)
    assert by_list.json()["data"]["owner"]["invoices"] is None
    assert limits(by_list)["GATEWAY_MAX_NUMBERS"] == (100, 101)
    assert by_list.json()["extensions"]["upstream"]["calls"] == 0


def test_field_duplication_is_refused_by_the_size_of_the_document(gateway: httpx.Client) -> None:
    """500 are what graphql-cop sends. To compare them takes the square of their number."""
    deeper = '{ owner(ownerNo: "1234") {' + " ownerNo" * 500 + "} }"
    twice = "{ ...F ...F } fragment F on Query {" + " __typename" * 1500 + "}"

    assert codes(ask(gateway, "{" + " __typename" * 500 + "}")) == {"MAX_ROOT_FIELDS_LIMIT"}
    assert codes(ask(gateway, deeper)) == {"MAX_COMPARISONS_LIMIT"}
    assert "MAX_SELECTIONS_LIMIT" in codes(ask(gateway, twice))
    assert codes(ask(gateway, "{" + " a" * 5000 + "}")) == {"MAX_TOKENS_LIMIT"}


def test_directive_overload_brings_few_errors(gateway: httpx.Client) -> None:
    reply = ask(gateway, "{ __typename" + " @aa" * 10 + "}")

    assert codes(reply) == {"GRAPHQL_VALIDATION_FAILED"}
    assert len(reply.json()["errors"]) == 6
    assert reply.json()["errors"][-1]["extensions"]["limit"] == {"GATEWAY_MAX_VALIDATION_ERRORS": 5}


def test_many_directives_are_refused_before_they_are_looked_at(gateway: httpx.Client) -> None:
    reply = ask(gateway, "{ __typename" + " @include(if: true)" * 51 + "}")

    assert limits(reply) == {"GATEWAY_MAX_DIRECTIVES": (50, 51)}


def test_a_circular_query_is_refused_by_its_depth(gateway: httpx.Client) -> None:
    """Introspection counts as well as any other field, whether or not it is open."""
    query = "{ __schema { types { " + "fields { type { " * 9 + "name" + "} }" * 9 + "} } }"

    assert limits(ask(gateway, query)) == {"GATEWAY_MAX_DEPTH": (20, 21)}


def test_fragments_that_spread_each_other_are_an_error(gateway: httpx.Client) -> None:
    query = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"

    assert codes(ask(gateway, query)) == {"GRAPHQL_VALIDATION_FAILED"}


def test_a_fragment_bomb_is_counted_and_not_written_out(gateway: httpx.Client) -> None:
    """Thirty fragments that each spread the next twice are a thousand million selections."""
    bomb = "{ ...F0 }" + "".join(
        f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30)
    )

    reply = ask(gateway, bomb + "fragment F30 on Query { __typename }")

    assert "MAX_SELECTIONS_LIMIT" in codes(reply)


@pytest.mark.parametrize("opening", ["{ a ", "{ a(b: [", "{ a(b: {c: ", "query ($a: ["])
def test_deep_nesting_ends_at_a_limit_and_not_at_pythons(
    gateway: httpx.Client, opening: str
) -> None:
    found = codes(ask(gateway, opening * 3000))

    assert found <= {"MAX_NESTING_LIMIT", "MAX_TOKENS_LIMIT", "GRAPHQL_PARSE_FAILED"}


def test_a_huge_document_is_refused_by_its_tokens(gateway: httpx.Client) -> None:
    assert codes(ask(gateway, "{" + " a" * 20_000 + "}")) == {"MAX_TOKENS_LIMIT"}


def test_a_huge_comment_is_refused_by_the_size_of_the_document(gateway: httpx.Client) -> None:
    assert codes(ask(gateway, "#" * 200_000 + "\n{ __typename }")) == {"MAX_DOCUMENT_LIMIT"}


def test_nested_pages_are_refused_by_their_product(gateway: httpx.Client) -> None:
    query = """{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { ... on Invoice {
      subscriptions(first: 200) { ... on UsageSubscriptionConnection { nodes {
        usageRecords(first: 10000) { ... on UsageRecordConnection { nodes { usageType } } } } } }
    } } } }"""

    assert codes(ask(gateway, query)) == {"MAX_NODES_LIMIT", "MAX_COST_LIMIT"}


def test_a_page_of_99999999_is_a_problem_that_names_the_bound(gateway: httpx.Client) -> None:
    query = """{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { ... on Invoice {
      subscriptions(first: 999999) {
        ... on ValidationProblem { fieldErrors { message } } } } } } }"""

    reply = ask(gateway, query).json()

    invoice = reply["data"]["owner"]["invoice"]
    assert "GATEWAY_MAX_SUBSCRIPTIONS" in invoice["subscriptions"]["fieldErrors"][0]["message"]
    assert reply["extensions"]["upstream"]["calls"] == 0


# Variables and bodies


@pytest.mark.parametrize(
    "value",
    ["[" * 100_000, "9" * 5000, "NaN", "1e999", "-Infinity", '"\\ud800"'],
    ids=["deep", "5000 digits", "NaN", "1e999", "Infinity", "half a character"],
)
def test_a_body_of_hostile_json_is_refused(gateway: httpx.Client, value: str) -> None:
    body = '{"query": "query ($n: Int) { __typename }", "variables": {"n": ' + value + "}}"

    reply = gateway.post(
        "/graphql", content=body, headers={"content-type": "application/json", **PREFLIGHT}
    )

    assert reply.status_code in {200, 400}
    assert "data" not in reply.json()


def test_variables_that_are_deep_are_refused_before_they_are_read(gateway: httpx.Client) -> None:
    deep: Any = "x"
    for _ in range(50):
        deep = [deep]

    reply = ask(
        gateway,
        "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
        variables={"r": deep},
    )

    assert codes(reply) == {"MAX_VARIABLE_DEPTH_LIMIT"}


def test_forged_representations_by_the_thousand_are_refused(gateway: httpx.Client) -> None:
    forged = [
        {"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": str(n)} for n in range(9999)
    ]

    reply = ask(
        gateway,
        "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
        variables={"r": forged},
    )

    assert limits(reply) == {"GATEWAY_MAX_LIST_INPUT": (1000, 9999)}


@pytest.mark.parametrize(
    "number", ["../../admin", "..%2f..%2f", "1?x=1", "1#", "a\r\nHost: x", "\0"]
)
def test_a_number_never_leads_to_another_path(gateway: httpx.Client, number: str) -> None:
    """Numbers are checked, and quoted into the path; the host is fixed."""
    query = """query ($n: ID!) { owner(ownerNo: "1234") { customer(customerNo: $n) {
      __typename ... on ValidationProblem { fieldErrors { parameter } } } } }"""

    reply = ask(gateway, query, variables={"n": number}).json()

    kind = reply["data"]["owner"]["customer"]["__typename"]
    assert kind in {"ValidationProblem", "CustomerNotFound"}


def test_a_body_of_megabytes_is_not_read(gateway: httpx.Client) -> None:
    assert ask(gateway, "#" * 2_000_000).status_code == 413


def test_a_body_that_comes_slowly_is_not_waited_for(gateway: httpx.Client) -> None:
    """Slowloris: a connection that is held open with a byte now and then."""
    address = urlsplit(str(gateway.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        answer = b""
        while part := connection.recv(65536):
            answer += part

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"GATEWAY_BODY_TIMEOUT" in answer


def test_batches_are_refused(gateway: httpx.Client) -> None:
    """Ten (graphql-cop), or ten thousand guesses at once (BatchQL)."""
    for count in (10, 10_000):
        reply = gateway.post("/graphql", json=[{"query": "{ __typename }"}] * count)

        assert (reply.status_code, "batches" in reply.json()["detail"]) == (400, True)


# What leaks


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { name } } }",
        '{ __type(name: "Owner") { name } }',
        "{ _service { sdl } }",
    ],
)
def test_the_schema_is_told_to_nobody_who_may_not_see_it(gateway: httpx.Client, query: str) -> None:
    assert codes(ask(gateway, query)) == {"INTROSPECTION_DISABLED"}


def test_a_misspelt_name_is_not_corrected_to_strangers(gateway: httpx.Client) -> None:
    """Clairvoyance reads a schema out of suggestions, letter by letter."""
    texts = ["{ ownr { __typename } }", '{ owner(ownerNr: "1") { __typename } }']
    texts += ['{ owner(ownerNo: "1") { invoice(invoiceNo: "1") { ... on Invoce { id } } } }']
    for text in texts:
        assert "Did you mean" not in ask(gateway, text).text


def test_graphiql_is_not_there_where_it_is_switched_off(gateway: httpx.Client) -> None:
    reply = gateway.get("/", headers={"accept": "text/html"})

    assert reply.status_code == 404
    assert "graphiql" not in reply.text.lower()


def test_no_debugging_member_is_in_a_reply(gateway: httpx.Client) -> None:
    reply = ask(gateway, "{ nothing }", extensions={"tracing": True})
    traced = gateway.post(
        "/graphql",
        json={"query": "{ __typename }"},
        headers={"apollo-federation-include-trace": "ftv1", "apollo-tracing": "1"},
    )

    for body in (reply.json(), traced.json()):
        members = {*body.get("extensions", {}), *body.get("errors", [{}])[0].get("extensions", {})}
        assert members.isdisjoint({"tracing", "ftv1", "exception", "stacktrace"})


def test_an_error_repeats_no_text_of_the_server(gateway: httpx.Client) -> None:
    reply = ask(gateway, '{ owner(ownerNo: "9000") { invoice(invoiceNo: "1") { __typename } } }')

    assert 'File "' not in reply.text
    assert "/usr" not in reply.text


# Who makes whom send it


def test_a_get_without_a_header_is_refused(gateway: httpx.Client) -> None:
    assert gateway.get("/graphql", params={"query": "{ __typename }"}).status_code == 400


def test_a_get_of_an_odd_content_type_is_refused(gateway: httpx.Client) -> None:
    reply = gateway.get(
        "/graphql",
        params={"query": "{ __typename }"},
        headers={"content-type": "message/x", **PREFLIGHT},
    )

    assert reply.status_code == 415


def test_a_mutation_by_get_is_refused(gateway: httpx.Client) -> None:
    reply = gateway.get("/graphql", params={"query": "mutation { x }"}, headers=PREFLIGHT)

    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")


def test_a_form_is_refused(gateway: httpx.Client) -> None:
    assert gateway.post("/graphql", data={"query": "{ __typename }"}).status_code == 415


def test_there_is_no_websocket(gateway: httpx.Client) -> None:
    upgrade = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "x3JJHMbDL1EzLkh9GBhXDw==",
    }

    assert gateway.get("/graphql", headers=upgrade).status_code in {400, 403, 404}


@pytest.mark.parametrize(
    "headers", [{"x-forwarded-host": "evil.example"}, {"x-forwarded-for": "1.2.3.4"}]
)
def test_forwarding_headers_of_anyone_are_not_believed(
    gateway: httpx.Client, headers: dict[str, str]
) -> None:
    reply = gateway.post("/graphql", json={"query": "{ __typename }"}, headers=headers)

    assert "evil.example" not in reply.text + str(reply.headers)


# Logs and stores


def test_a_log_cannot_be_flooded_nor_forged(gateway: httpx.Client, log: Path) -> None:
    """A client's mistake is one line at INFO, a short one, with nothing of what it sent."""
    replies = [
        ask(
            gateway,
            "{" + " ".join(f"bad{n}" for n in range(10)) + "}",
            operationName="X\nCRITICAL forged",
        ),
        ask(gateway, "query SECRET46701740605 {" + " nothing @aa @bb @cc" * 3 + "}"),
    ]
    ids = {reply.json()["errors"][0]["extensions"]["supportId"] for reply in replies}
    # Lines are written when their replies have been sent, one after the other.
    assert ask(gateway, "{ late: __typename }").status_code == 200

    printed = log.read_text("utf-8")
    lines = [line for line in printed.splitlines() if any(one in line for one in ids)]
    assert len(lines) == 2
    assert all("INFO" in line and len(line) < 450 for line in lines)
    assert "forged" not in printed
    assert "SECRET" not in printed


def test_a_persisted_query_cannot_be_poisoned(gateway: httpx.Client) -> None:
    digest = "0" * 64
    members = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}

    poisoned = ask(gateway, "{ __typename }", **members)
    later = gateway.post("/graphql", json=members)

    assert codes(poisoned) == {"PERSISTED_QUERY_HASH_MISMATCH"}
    assert json.dumps(later.json()).count("PERSISTED_QUERY_NOT_FOUND") == 1
