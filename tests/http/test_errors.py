"""Every error leaves with a code and a support id, and nothing from within."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from graphql import GraphQLError, GraphQLSyntaxError, Source

from gateway.http.errors import MASKED, format_errors
from resolvers.errors import ErrorCode, RequestError
from resolvers.payex.api.faults import Fault, FaultCode

SUPPORT_ID = "6736297b-e012-407b-887b-092027b503f4"


def formatted(cause: Exception | None, *, executed: bool = True, **given: Any) -> dict[str, Any]:
    """Return how an error of this cause leaves the gateway."""
    error = GraphQLError("the words of graphql-core", original_error=cause, **given)
    (entry,) = format_errors([error], SUPPORT_ID, executed=executed)
    return entry


@pytest.mark.parametrize("code", FaultCode)
def test_a_fault_has_its_code_its_own_message_and_the_support_id(code: FaultCode) -> None:
    entry = formatted(Fault(code, hint="HTTP 500", instance="i-1"))

    assert entry["message"] == str(Fault(code))
    assert entry["extensions"] == {"code": code.value, "supportId": SUPPORT_ID}


def test_a_fault_names_the_limit_that_bit() -> None:
    entry = formatted(Fault(FaultCode.UPSTREAM_TIMEOUT, limit={"GATEWAY_UPSTREAM_TIMEOUT": 2.5}))

    assert entry["extensions"]["limit"] == {"GATEWAY_UPSTREAM_TIMEOUT": 2.5}


@pytest.mark.parametrize("code", ErrorCode)
def test_an_error_of_a_request_has_its_code_its_message_and_the_support_id(code: ErrorCode) -> None:
    entry = formatted(RequestError(code, "What is the matter."))

    assert entry["message"] == "What is the matter."
    assert entry["extensions"] == {"code": code.value, "supportId": SUPPORT_ID}


def test_an_error_of_a_request_names_its_argument_and_the_instance_of_payex() -> None:
    entry = formatted(
        RequestError(ErrorCode.NOT_FOUND, "Not there.", argument="invoiceNo", instance="i-1")
    )

    assert entry["extensions"]["argument"] == "invoiceNo"
    assert entry["extensions"]["instance"] == "i-1"


def test_an_error_says_where_in_the_document_and_in_the_data_it_is() -> None:
    entry = formatted(
        Fault(FaultCode.UPSTREAM_ERROR),
        source=Source("{\n  owner\n}"),
        positions=[4],
        path=["owner", 0],
    )

    assert entry["locations"] == [{"line": 2, "column": 3}]
    assert entry["path"] == ["owner", 0]


def test_an_error_without_a_place_has_neither_locations_nor_path() -> None:
    assert set(formatted(None, executed=False)) == {"message", "extensions"}


def test_an_error_of_syntax_has_a_code_of_its_own() -> None:
    error = GraphQLSyntaxError(Source("{"), 1, "Expected Name, found <EOF>.")

    (entry,) = format_errors([error], SUPPORT_ID, executed=False)

    assert entry["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert entry["message"] == "Syntax Error: Expected Name, found <EOF>."


def test_before_the_execution_graphql_core_speaks_for_itself() -> None:
    entry = formatted(None, executed=False)

    assert entry["message"] == "the words of graphql-core"
    assert entry["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_before_the_execution_a_long_number_in_a_name_is_not_repeated() -> None:
    error = GraphQLError("Cannot query field 'a46701740605' on type 'A1234'.")

    (entry,) = format_errors([error], SUPPORT_ID, executed=False)

    assert entry["message"] == "Cannot query field 'a...' on type 'A1234'."


def test_before_the_execution_an_exception_from_elsewhere_is_masked() -> None:
    """Strawberry wraps it in an error that would repeat its text and points nowhere."""
    entry = formatted(RuntimeError("SECRET"), executed=False)

    assert entry["message"] == MASKED
    assert entry["extensions"]["code"] == "INTERNAL_SERVER_ERROR"


@pytest.mark.parametrize(
    "cause",
    [RuntimeError("SECRET"), KeyError("SECRET"), GraphQLError("SECRET"), None],
    ids=["RuntimeError", "KeyError", "GraphQLError", "no cause"],
)
def test_while_executing_an_unexpected_error_is_masked_and_logged_by_its_type(
    cause: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    entry = formatted(cause, path=["owner"])

    assert entry["message"] == MASKED
    assert entry["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "supportId": SUPPORT_ID}
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == f"unexpected {type(cause or GraphQLError('')).__name__}\n"
    assert vars(record)["support_id"] == SUPPORT_ID
    assert record.exc_info is None


async def test_an_exception_inside_a_resolver_is_masked_from_end_to_end(
    serve: Callable[..., Awaitable[httpx.AsyncClient]], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the reply nor the log has its text, which may hold a number or a token."""
    caplog.set_level(logging.WARNING)

    def odd(request: httpx.Request) -> httpx.Response:
        text = f"{request.url} {request.headers['Authorization']}"
        raise RuntimeError(text)

    gateway = await serve({}, odd)

    reply = await gateway.post(
        "/graphql",
        json={
            "query": "query ($n: ID!) {"
            ' owner(ownerNo: "1234") { ownerNo invoice(invoiceNo: $n) { __typename } } }',
            "variables": {"n": "99887766"},
        },
    )

    (error,) = reply.json()["errors"]
    assert error["message"] == MASKED
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert reply.json()["data"] == {"owner": {"ownerNo": "1234", "invoice": None}}
    assert "unexpected RuntimeError" in caplog.text
    for private in ("99887766", "sandbox-token"):
        assert private not in reply.text + caplog.text


async def test_all_errors_of_an_operation_share_one_support_id_and_operations_do_not(
    serve: Callable[..., Awaitable[httpx.AsyncClient]],
) -> None:
    gateway = await serve()
    body = {"query": '{ a: owner(ownerNo: "") { ownerNo } b: owner(ownerNo: "0") { ownerNo } }'}

    ids = []
    for _ in range(2):
        errors = (await gateway.post("/graphql", json=body)).json()["errors"]
        assert [error["extensions"]["code"] for error in errors] == [
            "BAD_USER_INPUT",
            "LEDGER_NOT_CONFIGURED",
        ]
        ids.append({error["extensions"]["supportId"] for error in errors})

    assert [len(one) for one in ids] == [1, 1]
    assert ids[0].isdisjoint(ids[1])
