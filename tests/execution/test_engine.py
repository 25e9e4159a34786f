"""What is looked at before an operation is executed, and what its reply tells beside the data."""

import asyncio
import base64
import itertools
import json
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import strawberry
from graphql import GraphQLObjectType, is_non_null_type
from strawberry.federation import Schema

from gateway.documents.source import DocumentSource
from gateway.execution.engine import Engine, GraphQLRequest
from gateway.execution.plan import FallReason, Plan
from gateway.execution.prepared_documents import Document, Documents
from gateway.payex.upstream import Upstream
from gateway.settings.settings import Settings
from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.api.turns import Turns
from resolvers.payex.api.work import CALL, Work
from resolvers.rights import EVERYTHING, Rights
from schema.scopes import ScopeTable
from schema.subgraph import build_schema, executable

Serve = Callable[..., Awaitable[httpx.AsyncClient]]

GRAPHQL_JSON = "application/graphql-response+json"
SECRET = "a secret that the router and the gateway share"  # noqa: S105 - of this test
INVOICE = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { __typename } } }'
RAW = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { ... on Invoice { raw } } } }'
SCHEMA = "{ __schema { queryType { name } } }"


@pytest.fixture
def identified(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a gateway that takes its callers' claims from a router."""
    path = tmp_path / "router.secret"
    path.write_text(SECRET)
    return {"GATEWAY_ROUTER_SECRET_FILE": str(path)}


async def ask(
    gateway: httpx.AsyncClient, query: str, scope: str | None = None, **members: Any
) -> httpx.Response:
    """Ask as customer service with these scopes, or as anyone."""
    headers = {"accept": GRAPHQL_JSON}
    if scope is not None:
        claims = json.dumps({"ledgers": ["1234"], "scope": scope}).encode()
        headers["payex-usage-router"] = SECRET
        headers["payex-usage-claims"] = base64.urlsafe_b64encode(claims).decode()
    return await gateway.post("/graphql", json={"query": query, **members}, headers=headers)


def error(reply: httpx.Response) -> dict[str, Any]:
    (found,) = reply.json()["errors"]
    extensions: dict[str, Any] = found["extensions"]
    return extensions


@pytest.mark.parametrize("projection", ["1", "0"])
async def test_a_field_that_the_scopes_do_not_cover_is_null_and_the_others_are_answered(
    serve: Serve, identified: dict[str, str], projection: str
) -> None:
    gateway = await serve({**identified, "GATEWAY_PROJECTION": projection})
    reply = await ask(gateway, RAW.replace("raw", "invoiceNo raw"), "usage:read")

    assert reply.status_code == 200
    assert reply.json()["data"] == {"owner": {"invoice": {"invoiceNo": "123456", "raw": None}}}
    assert reply.json()["errors"][0]["path"] == ["owner", "invoice", "raw"]
    assert error(reply)["code"] == "FORBIDDEN"
    assert error(reply)["fields"] == [
        {"field": "Invoice.raw", "scopes": [["usage:raw", "usage:read"]]}
    ]


async def test_nothing_is_asked_for_a_field_that_the_scopes_do_not_cover(
    serve: Serve, identified: dict[str, str]
) -> None:
    """Not ahead either: what is beside it proves the invoice."""
    beside = """... on UsageHolder { raw subscription(subscriptionNo: "12345680") {
      ... on UsageSubscription { raw usageTotals { __typename } } } }"""
    query = f'{{ owner(ownerNo: "1234") {{ invoice(invoiceNo: "123456") {{ {beside} }} }} }}'
    gateway = await serve(identified)
    reply = (await ask(gateway, query, "usage:read")).json()

    found = reply["data"]["owner"]["invoice"]
    totals = {"usageTotals": {"__typename": "UsageTotals"}}
    assert found == {"raw": None, "subscription": {"raw": None, **totals}}
    at = ["owner", "invoice"]
    assert sorted(one["path"] for one in reply["errors"]) == [
        [*at, "raw"],
        [*at, "subscription", "raw"],
    ]
    calls, waves = (reply["extensions"]["upstream"][name] for name in ("calls", "waves"))
    assert (calls, waves) == (1, 1)


async def test_in_a_list_each_body_has_its_error_and_the_records_are_answered(
    serve: Serve, identified: dict[str, str]
) -> None:
    """No more errors are told than are of other fields."""
    nodes = "nodes { usageDetailId raw }"
    query = """{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { ... on Invoice {
      subscription(subscriptionNo: "12345680") { ... on UsageSubscription {
        usageRecords { ... on UsageRecordConnection { %s } } } } } } } }"""
    gateway = await serve({**identified, "GATEWAY_MAX_ERRORS": "3"})
    reply = (await ask(gateway, query % nodes, "usage:read")).json()

    below = reply["data"]["owner"]["invoice"]["subscription"]["usageRecords"]["nodes"]
    assert len(below) == 50
    assert all(one["raw"] is None and one["usageDetailId"] for one in below)
    codes = [one["extensions"]["code"] for one in reply["errors"]]
    assert codes == ["FORBIDDEN"] * 3 + ["ERRORS_LEFT_OUT"]
    assert reply["errors"][0]["path"][-2:] == [0, "raw"]


def test_every_field_that_scopes_guard_may_be_null() -> None:
    """So that one that is withheld takes nothing with it."""
    core = executable(build_schema())
    withheld = ScopeTable(core).withheld(Rights())

    assert withheld
    for type_, field in withheld:
        found = core.type_map[type_]
        assert isinstance(found, GraphQLObjectType)
        assert not is_non_null_type(found.fields[field].type)


async def test_a_field_that_the_scopes_cover_is_answered(
    serve: Serve, identified: dict[str, str]
) -> None:
    reply = await ask(await serve(identified), RAW, "usage:read usage:raw")

    assert reply.json()["data"]["owner"]["invoice"]["raw"]["invoiceNo"] == "123456"


async def test_a_caller_without_any_scope_is_told_which_one_is_missing(
    serve: Serve, identified: dict[str, str]
) -> None:
    reply = await ask(await serve(identified), INVOICE, "")

    assert reply.json()["data"] == {"owner": {"invoice": None}}
    assert reply.json()["extensions"]["upstream"]["calls"] == 0
    assert error(reply)["fields"] == [{"field": "Owner.invoice", "scopes": [["usage:read"]]}]


@pytest.mark.parametrize(
    ("introspection", "scope", "open_"),
    [
        ("scope", "usage:introspect", True),
        ("scope", "usage:read", False),
        ("everyone", "usage:read", True),
        ("nobody", "usage:introspect", False),
    ],
)
async def test_the_schema_is_told_to_whom_the_setting_says(
    serve: Serve, identified: dict[str, str], introspection: str, scope: str, *, open_: bool
) -> None:
    gateway = await serve({**identified, "GATEWAY_INTROSPECTION": introspection})

    reply = await ask(gateway, SCHEMA, scope)
    misspelt = await ask(gateway, "{ ownr { ownerNo } }", scope)

    assert ("data" in reply.json()) == open_
    assert ("Did you mean" in misspelt.text) == open_


async def test_where_callers_are_not_identified_the_schema_is_open(serve: Serve) -> None:
    assert (await ask(await serve(), SCHEMA)).json()["data"] == {
        "__schema": {"queryType": {"name": "Query"}}
    }


async def test_the_answer_of_an_introspection_is_worked_out_once(serve: Serve) -> None:
    gateway = await serve()
    first, second = [(await ask(gateway, SCHEMA)).json() for _ in range(2)]

    assert first["data"] == second["data"]
    assert "cost" not in second["extensions"]


async def test_what_is_asked_of_the_schema_is_bounded_by_its_answer(serve: Serve) -> None:
    gateway = await serve()
    often = " ".join(f"a{n}: fields {{ type {{ fields {{ name }} }} }}" for n in range(90))
    reply = (await ask(gateway, f"{{ __schema {{ types {{ {often} }} }} }}")).json()

    (error,) = reply["errors"]
    assert error["extensions"]["code"] == "MAX_INTROSPECTION_LIMIT"
    assert error["extensions"]["limit"] == {"GATEWAY_MAX_INTROSPECTION": 10000}
    assert error["extensions"]["measured"] == 10001


@pytest.mark.parametrize(("graphiql", "served"), [("auto", False), ("on", True), ("off", False)])
async def test_graphiql_is_closed_where_callers_are_identified_unless_it_is_asked_for(
    serve: Serve, identified: dict[str, str], graphiql: str, *, served: bool
) -> None:
    reply = await (await serve({**identified, "GATEWAY_GRAPHIQL": graphiql})).get("/")

    assert (reply.status_code == 200) == served


async def test_a_reply_tells_what_the_operation_costs(serve: Serve) -> None:
    """10 for the call, 1 for the ledger, 1 for the invoice; three objects with two links.

    The second time, nobody pays for the document or a call.
    """
    gateway = await serve()
    first, second = [(await ask(gateway, INVOICE)).json()["extensions"]["cost"] for _ in range(2)]

    estimate = {"requested": 12, "actual": 12, "limit": 400_000}
    assert second == {**estimate, "spent": 3 * 5 + 2 * 10, "budget": 350_000}
    assert first["spent"] > second["spent"] + CALL


async def test_a_cost_beyond_the_limit_is_only_told_where_it_is_measured(serve: Serve) -> None:
    gateway = await serve({"GATEWAY_MAX_COST": "11", "GATEWAY_COST_MODE": "measure"})

    reply = await ask(gateway, INVOICE)

    assert reply.json()["data"]["owner"]["invoice"] == {"__typename": "Invoice"}
    cost = reply.json()["extensions"]["cost"]
    assert cost.items() >= {"requested": 12, "actual": 12, "limit": 11}.items()


async def test_a_cost_beyond_the_limit_is_refused_by_default(serve: Serve) -> None:
    gateway = await serve({"GATEWAY_MAX_COST": "11"})

    reply = await ask(gateway, INVOICE)

    assert reply.status_code == 400
    assert "data" not in reply.json()
    assert error(reply)["code"] == "MAX_COST_LIMIT"
    assert (error(reply)["limit"], error(reply)["measured"]) == ({"GATEWAY_MAX_COST": 11}, 12)
    assert reply.json()["extensions"]["upstream"]["calls"] == 0


async def test_without_the_projection_the_answer_is_the_same(serve: Serve) -> None:
    replies = [
        (await ask(await serve({"GATEWAY_PROJECTION": switch}), RAW)).json()["data"]
        for switch in ("1", "0")
    ]

    assert replies[0] == replies[1]


async def test_a_document_and_variables_beyond_a_limit_are_refused(serve: Serve) -> None:
    gateway = await serve({"GATEWAY_MAX_DEPTH": "2", "GATEWAY_MAX_LIST_INPUT": "1"})
    many = {"n": ["1", "2"]}
    numbers = (
        'query ($n: [ID!]!) { owner(ownerNo: "1") { invoices(invoiceNos: $n) { __typename } } }'
    )

    assert error(await ask(gateway, INVOICE))["code"] == "MAX_DEPTH_LIMIT"
    gateway = await serve({"GATEWAY_MAX_LIST_INPUT": "1"})
    assert error(await ask(gateway, numbers, variables=many))["code"] == "MAX_LIST_INPUT_LIMIT"


async def test_a_digest_that_is_not_known_yet_is_told_so_with_200(serve: Serve) -> None:
    """Clients take it as a step of the protocol, and send the text."""
    key = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    reply = await (await serve()).post(
        "/graphql", json={"extensions": key}, headers={"accept": GRAPHQL_JSON}
    )

    assert (reply.status_code, error(reply)["code"]) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert reply.json()["errors"][0]["message"] == "PersistedQueryNotFound"


@strawberry.type
class Query:
    """A schema of which something is deprecated."""

    old: str = strawberry.field(
        default="x", deprecation_reason="Removed after 2027-03-01: use new."
    )


async def test_what_is_deprecated_is_warned_of_in_the_reply() -> None:
    settings = Settings()
    schema = Schema(query=Query)
    documents = Documents(executable(schema), settings, 1000)
    engine = Engine(schema, DocumentSource(), documents, settings)
    operation = Operation(Upstream(settings).payex, Bounds(), rights=EVERYTHING)
    asked = GraphQLRequest({"query": "{ old }"}, by_get=False, introspection=True)

    async with operation:
        outcome = await engine.run(asked, operation)

    assert outcome.extensions["warnings"] == [
        {
            "type": "DEPRECATION",
            "message": "The field Query.old is deprecated. Removed after 2027-03-01: use new.",
        }
    ]


async def test_what_graphql_core_takes_over_is_counted_once(serve: Serve) -> None:
    """A plan that gave up leaves neither calls nor needs behind that would count twice."""
    query = """{ owner(ownerNo: "9000") {
        a: invoice(invoiceNo: "1") { __typename }
        b: invoice(invoiceNo: "1") { __typename }
    } }"""
    told = []
    for projection in ("true", "false"):
        gateway = await serve({"GATEWAY_PROJECTION": projection})
        reply = (await gateway.post("/graphql", json={"query": query})).json()
        upstream = reply["extensions"]["upstream"]
        told.append((upstream["calls"], upstream["deduplicated"], len(reply["errors"])))

    assert told == [(1, 1, 2), (1, 1, 2)]


async def test_what_the_plan_cannot_answer_is_told_at_debug_with_its_reason(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "gateway.execution.engine")
    gateway = await serve()
    both = f'{SCHEMA[:-1]} owner(ownerNo: "1234") {{ ownerNo }} }}'

    reply = (await gateway.post("/graphql", json={"query": both})).json()

    assert reply["data"]["owner"] == {"ownerNo": "1234"}
    (line,) = (each for each in caplog.records if each.name == "gateway.execution.engine")
    assert line.getMessage().endswith("the plan fell: unplannable")
    assert line.__dict__["operation"] == "anonymous"


async def test_a_problem_and_an_expected_fault_are_executed_once(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "gateway.execution.engine")
    gateway = await serve()
    query = """{
        a: owner(ownerNo: "9000") { ownerNo invoice(invoiceNo: "1") { __typename } }
        b: owner(ownerNo: "") { ownerNo }
        c: owner(ownerNo: "1234") { invoice(invoiceNo: "77") { __typename } }
    }"""

    reply = (await gateway.post("/graphql", json={"query": query})).json()

    assert [each["path"] for each in reply["errors"]] == [["b"], ["a", "invoice"]]
    assert reply["data"] == {
        "a": {"ownerNo": "9000", "invoice": None},
        "b": None,
        "c": {"invoice": {"__typename": "InvoiceHasNoUsage"}},
    }
    assert "gateway.execution.engine" not in {each.name for each in caplog.records}


async def test_an_exception_that_nobody_foresaw_is_logged_with_the_support_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """graphql-core executes the operation after it, and the log has no value."""

    @strawberry.type
    class Query:
        @strawberry.field
        def broken(self) -> str | None:
            raise ValueError(str(123_456))

    settings, schema = Settings(), Schema(query=Query)
    make = partial(Plan, schema)
    documents = Documents(executable(schema), settings, 1000, make)
    engine = Engine(schema, DocumentSource(), documents, settings)
    operation = Operation(Upstream(settings).payex, Bounds(), rights=EVERYTHING)
    asked = GraphQLRequest({"query": "{ broken }"}, by_get=False, introspection=True)

    async with operation:
        outcome = await engine.run(asked, operation)

    assert outcome.fall is FallReason.UNEXPECTED
    assert outcome.data == {"broken": None}
    (line,) = caplog.records
    assert line.__dict__["support_id"] == operation.support_id
    assert line.getMessage().startswith("unexpected ValueError")
    assert "123456" not in line.getMessage()


async def test_between_documents_that_arrive_at_once_the_event_loop_gets_its_turn() -> None:
    class Recorded(Documents):
        def read(self, text: str, *, introspection: bool) -> Document:
            seen.append("document")
            return super().read(text, introspection=introspection)

    async def others() -> None:
        while seen.count("document") < 3:
            seen.append("others")
            await asyncio.sleep(0)

    seen: list[str] = []
    settings = Settings()
    schema = build_schema()
    engine = Engine(
        schema, DocumentSource(), Recorded(executable(schema), settings, 10**6), settings
    )
    payex = Upstream(settings).payex
    # Whatever was done has taken long.
    payex.turns = Turns(itertools.count().__next__)

    async def ask(number: int) -> None:
        asked = GraphQLRequest(
            {"query": f"{{ a{number}: __typename }}"}, by_get=False, introspection=True
        )
        async with Operation(payex, Bounds(), rights=EVERYTHING) as operation:
            await engine.run(asked, operation)

    await asyncio.gather(*map(ask, range(3)), others())

    assert "document document" not in " ".join(seen)


LOCATED = {
    "GRAPHQL_PARSE_FAILED": ("{ a(", {}),
    "GRAPHQL_VALIDATION_FAILED": ("{ nothing }", {}),
    "a variable": ("query ($n: ID!) { owner(ownerNo: $n) { ownerNo } }", {}),
    "several operations": ("query A { __typename } query B { __typename }", {}),
    "no query": ("subscription { a }", {}),
    "no operation": ("fragment A on Query { __typename }", {}),
    "a type": ("type A { a: Int }", {}),
    "MAX_TOKENS_LIMIT": ("{ a a a a a a a a a a }", {"GATEWAY_MAX_TOKENS": "10"}),
    "MAX_TOKENS_LIMIT of lines": ("{ a" + "\n" * 11 + "}", {"GATEWAY_MAX_TOKENS": "10"}),
    "MAX_NESTING_LIMIT": ("{a" * 250, {}),
    "MAX_DEPTH_LIMIT": (INVOICE, {"GATEWAY_MAX_DEPTH": "1"}),
    "MAX_ALIASES_LIMIT": ("{ a: __typename }", {"GATEWAY_MAX_ALIASES": "0"}),
    "MAX_ROOT_FIELDS_LIMIT": ("{ __typename a: __typename }", {"GATEWAY_MAX_ROOT_FIELDS": "1"}),
    "MAX_SELECTIONS_LIMIT": (INVOICE, {"GATEWAY_MAX_SELECTIONS": "1"}),
    "MAX_COST_LIMIT": (INVOICE, {"GATEWAY_MAX_COST": "1"}),
    "MAX_NODES_LIMIT": (
        INVOICE.replace('invoice(invoiceNo: "123456")', 'invoices(invoiceNos: ["1", "2"])'),
        {"GATEWAY_MAX_NODES": "1"},
    ),
}


@pytest.mark.parametrize(("query", "environment"), LOCATED.values(), ids=LOCATED)
async def test_an_error_that_has_a_place_in_the_text_says_where(
    serve: Serve, query: str, environment: dict[str, str]
) -> None:
    reply = (await ask(await serve(environment), query)).json()

    assert "data" not in reply
    for each in reply["errors"]:
        assert each["locations"]


async def test_a_variable_that_is_too_large_is_located_at_its_definition(serve: Serve) -> None:
    gateway = await serve({"GATEWAY_MAX_LIST_INPUT": "1"})
    query = (
        "query ($o: ID!, $n: [ID!]!) "
        "{ owner(ownerNo: $o) { invoices(invoiceNos: $n) { __typename } } }"
    )
    reply = await ask(gateway, query, variables={"o": "1", "n": ["1", "2"]})

    assert reply.json()["errors"][0]["locations"] == [{"line": 1, "column": 17}]


async def test_a_field_that_the_scopes_do_not_cover_is_located(
    serve: Serve, identified: dict[str, str]
) -> None:
    reply = await ask(await serve(identified), RAW, "usage:read")

    (found,) = reply.json()["errors"]
    assert found["locations"] == [{"line": 1, "column": RAW.index("raw") + 1}]


async def test_a_document_is_paid_by_its_tokens_where_it_is_read_and_not_again() -> None:
    """Whoever sends another one each time pays each time. Nobody else does."""
    settings, schema = Settings(), build_schema()
    documents = Documents(executable(schema), settings, 10_000_000)
    engine = Engine(schema, DocumentSource(), documents, settings)
    payex = Upstream(settings).payex
    fields = " ".join(f"a{number}: __typename" for number in range(49))

    async def spent(text: str) -> float:
        asked = GraphQLRequest({"query": text}, by_get=False, introspection=True)
        async with Operation(payex, Bounds(), rights=EVERYTHING) as operation:
            await engine.run(asked, operation)
        return operation.budget.spent.get(Work.DOCUMENT, 0)

    tokens = 49 * 3
    first, again, another = [await spent(f"{{ {fields} }} #{text}") for text in "112"]
    assert first == another > again + 30 * tokens
    assert again == 0
