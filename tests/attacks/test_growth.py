"""No work per request grows faster than the request: what is small stays cheap, whatever it holds.

CPU is that of the server's process, and only compared: with that of another request to it.
"""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.gateway.service import Service, running
from tests.limits.introspected import EVERYTHING

JSON = {"content-type": "application/json"}
CHAIN = "".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(185))
CHAIN += "fragment F185 on Query { __typename }"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A gateway that shows its schema to everyone."""
    path = tmp_path_factory.mktemp("growth") / "log"
    with running(path, "--port", "0", GATEWAY_INTROSPECTION="everyone") as service:
        yield service
        assert "Traceback" not in service.printed


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=service.origin, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def ask(client: httpx.Client) -> Callable[..., Any]:
    """Asks it, and returns the reply."""

    def ask(query: str | None = None, **members: Any) -> Any:
        body = {"query": query, **members} if query else members
        return client.post("/graphql", json=body).json()

    ask("{ __typename }")
    return ask


def code(reply: Any) -> str:
    """Return the code of the one error of a reply without data."""
    (error,) = reply["errors"]
    assert "data" not in reply
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    ("count", "limit"),
    [(80, "MAX_DOCUMENT_OPERATIONS_LIMIT"), (320, "MAX_TOKENS_LIMIT"), (410, "MAX_TOKENS_LIMIT")],
)
def test_many_operations_over_many_fragments_are_refused_by_their_number(
    ask: Callable[..., Any], count: int, limit: str
) -> None:
    operations = "".join(f"query Q{n} {{ ...F0 }}" for n in range(count))

    assert code(ask(operations + CHAIN, operationName="Q1")) == limit


def test_of_many_operations_only_the_one_that_is_asked_for_is_worked_out(
    ask: Callable[..., Any], service: Service
) -> None:
    def cpu(count: int) -> float:
        text = "".join(f"query Q{n} {{ ...F0 }}" for n in range(count)) + CHAIN
        before = service.cpu
        assert ask(text, operationName="Q0")["data"] == {"__typename": "Query"}
        return service.cpu - before

    assert cpu(50) < 5 * cpu(2)


def test_a_body_of_many_values_costs_what_one_long_text_does(
    client: httpx.Client, service: Service
) -> None:
    """A megabyte of fractions took 0.3 seconds, in one piece."""

    def cpu(value: str) -> float:
        body = '{"query": "{ __typename }", "variables": {"r": [' + value + "]}}"
        before = service.cpu
        client.post("/graphql", content=body, headers=JSON)
        return service.cpu - before

    cpu("1")
    assert cpu(",".join(["1.5"] * 250_000)) < 5 * cpu('"' + "1234" * 250_000 + '"')


@pytest.mark.parametrize("part", ["\\ud83d", "\\n\\ud83d", "\\n"])
def test_a_body_of_half_characters_costs_what_one_long_text_does(
    client: httpx.Client, service: Service, part: str
) -> None:
    """A megabyte of them took 0.2 seconds, in one piece."""

    def cpu(text: str) -> float:
        body = f'{{"query": "{{ __typename }}", "variables": {{"a": "{text}\\ud83d"}}}}'
        before = service.cpu
        reply = client.post("/graphql", content=body, headers=JSON)
        assert "half a character" in reply.text
        return service.cpu - before

    cpu("")
    assert cpu(part * (900_000 // len(part))) < 10 * cpu("a" * 900_000)


@pytest.mark.parametrize("field", ["usageRecords(after: $a)", "node(id: $a)"])
def test_a_long_text_under_many_aliases_costs_what_a_short_one_does(
    ask: Callable[..., Any], service: Service, field: str
) -> None:
    """95 cursors of a megabyte took 1.4 seconds, in one piece."""
    aliases = " ".join(f"a{n}: {field} {{ __typename }}" for n in range(45))
    query = f"query ($a: ID!) {{ {aliases} }}"
    if "after" in field:
        invoice = 'invoice(invoiceNo: "10000") { ... on Invoice'
        within = 'subscription(subscriptionNo: "46701740690") { ... on UsageSubscription'
        query = (
            f'query ($a: String) {{ owner(ownerNo: "1234") {{ {invoice} {{ {within} '
            f"{{ {aliases} }} }} }} }} }} }}"
        )

    def cpu(text: str) -> float:
        before = service.cpu
        assert "errors" not in ask(query, variables={"a": text}) or "node" in field
        return service.cpu - before

    cpu("A")
    assert min(cpu("A" * 900_000) for _ in range(3)) < 5 * min(cpu("A" * 50) for _ in range(3))


def test_a_new_outcome_of_conditions_costs_the_same_after_hundreds(
    ask: Callable[..., Any], service: Service
) -> None:
    """Each takes a request of 300 bytes, once the document is known by its digest."""
    names = [f"b{n}" for n in range(14)]
    parts = (
        f'i{n}: invoice(invoiceNo: "") @include(if: ${name}) {{ ... on Invoice {{ invoiceNo }} }}'
        for n, name in enumerate(names * 3)
    )
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    text = f'query ({variables}) {{ owner(ownerNo: "1234") {{ {" ".join(parts)} }} }}'
    key = {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}

    def cpu(first: int, count: int) -> float:
        before = service.cpu
        for number in range(first, first + count):
            outcome = {name: bool(number >> n & 1) for n, name in enumerate(names)}
            assert "data" in ask(variables=outcome, extensions=key)
        return service.cpu - before

    ask(text, variables=dict.fromkeys(names, True), extensions=key)
    early = cpu(1, 50)
    cpu(100, 300)

    # The same bits but one, so that each has as many parts.
    assert cpu(1 + 2**13, 50) < 4 * early


def test_fields_that_are_repeated_by_the_thousand_are_refused_before_they_are_parsed(
    ask: Callable[..., Any], service: Service
) -> None:
    """20 KB took 55 milliseconds."""

    def cpu(text: str, limit: str) -> float:
        before = service.cpu
        assert code(ask(text)) == limit
        return service.cpu - before

    fields = " ".join(f"a{n}" for n in range(3990))
    one = f'{{ owner(ownerNo: "1234") {{ {"ownerNo " * 1990} }} }}'
    repeated = min(cpu(f"{one} #{n}", "MAX_COMPARISONS_LIMIT") for n in range(3))
    assert repeated < 4 * min(cpu(f"{{ {fields} }} #{n}", "MAX_TOKENS_LIMIT") for n in range(3))


@pytest.mark.parametrize("below", ["fields { type { fields { name } } }", "possibleTypes { kind }"])
def test_what_is_absurd_to_ask_of_the_schema_is_refused_before_it_is_read(
    ask: Callable[..., Any], below: str
) -> None:
    fields = " ".join(f"a{n}: {below}" for n in range(95))
    fragments = "fragment F on __Schema { types { %s } }" % fields  # noqa: UP031
    text = "{ ...G } fragment G on Query { a: __schema { ...F } } " + fragments

    assert code(ask(text)) == "MAX_INTROSPECTION_LIMIT"


def test_what_tools_ask_of_the_schema_is_answered(ask: Callable[..., Any]) -> None:
    assert ask(EVERYTHING)["data"]["__schema"]["queryType"] == {"name": "Query", "kind": "OBJECT"}


def test_a_document_of_lines_is_refused_by_their_number(ask: Callable[..., Any]) -> None:
    """The place of each error is found by counting the lines before it."""
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"

    assert code(ask("\n" * 40_000 + query, variables={"r": [{}] * 1000})) == "MAX_TOKENS_LIMIT"


FILTER = """query ($n: Decimal, $i: Int, $s: String) { owner(ownerNo: "1234") {
  invoice(invoiceNo: "123456") { ... on Invoice {
    subscriptions(first: $i, after: $s) { __typename }
    subscription(subscriptionNo: "") { ... on UsageSubscription {
      usageRecords(filter: {minimumAmount: $n}) { __typename } } } } } } }"""


@pytest.mark.parametrize(
    "variables",
    [
        {"n": "1" * 900_000 + "!"},
        {"n": "1e" + "1" * 900_000 + "!"},
        {"i": "Value '" * 130_000},
        {"i": " cannot represent " * 50_000},
        {"i": "' does not exist in '" * 40_000},
    ],
    ids=["digits", "exponent", "quotes", "words", "ends"],
)
def test_a_long_value_costs_what_any_of_its_length_does(
    ask: Callable[..., Any], service: Service, variables: dict[str, str]
) -> None:
    def cpu(variables: dict[str, str]) -> float:
        before = service.cpu
        reply = ask(FILTER, variables=variables)
        assert len(json.dumps(reply)) < 2000
        return service.cpu - before

    (value,) = variables.values()
    ask(FILTER, variables={"s": "x"})

    assert cpu(variables) < 20 * cpu({"s": "x" * len(value)})


DIGITS = "9" * 5000
RECORDS = """{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { ... on Invoice {
  subscription(subscriptionNo: "") { ... on UsageSubscription {
    usageRecords(%s) { ... on ValidationProblem { fieldErrors { message parameter } } }
} } } } } }"""
PLACES = {
    "first": RECORDS % "first: @",
    "first in a list": RECORDS % "first: [@]",
    "a default": "query ($n: Int = @)" + RECORDS % "first: $n",
    "a decimal": RECORDS % "filter: {minimumAmount: @}",
    "text in an object": RECORDS % "filter: {currencyCode: @}",
    "text in a list in an object": RECORDS % "filter: {usageTypes: [@]}",
    "an enum": RECORDS % "orderBy: {field: @}",
    "an ID": "{ owner(ownerNo: @) { ownerNo } }",
    "IDs": '{ owner(ownerNo: "1234") { invoices(invoiceNos: ["1", @]) { __typename } } }',
    "a reference": """{ _entities(representations: [
      {__typename: "Invoice", ownerNo: @, invoiceNo: "1"}]) { __typename } }""",
    "a condition": "{ __typename @skip(if: @) }",
}


@pytest.mark.parametrize("number", [DIGITS, f"-{DIGITS}", f"0.{DIGITS}", f"{DIGITS}e5"])
@pytest.mark.parametrize("text", PLACES.values(), ids=PLACES)
def test_a_number_of_thousands_of_digits_is_refused_in_our_words_at_its_place(
    client: httpx.Client, text: str, number: str
) -> None:
    reply = client.post("/graphql", json={"query": text.replace("@", number)})

    assert reply.status_code == 200
    assert not any(words in reply.text for words in ("99999", "sys.", "Exceeds", "encountered"))
    for error in reply.json().get("errors", ()):
        assert error["locations"] or error["path"]
        assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR"


@pytest.mark.parametrize("value", ["@", "[@]", '{"a": @}'])
@pytest.mark.parametrize("type_", ["Int", "ID", "Decimal", "UsageRecordFilter", "[_Any!]"])
def test_a_number_of_thousands_of_digits_in_a_variable_is_refused_in_our_words(
    client: httpx.Client, type_: str, value: str
) -> None:
    query = json.dumps(f"query ($n: {type_}) {{ __typename }}")
    body = f'{{"query": {query}, "variables": {{"n": {value.replace("@", DIGITS)}}}}}'

    reply = client.post("/graphql", content=body, headers={"content-type": "application/json"})

    assert reply.status_code == 400
    assert reply.json()["detail"] == "The request's body has an integer of more than 4300 digits."
