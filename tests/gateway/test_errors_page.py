"""The page on errors says what the gateway does."""

import json
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

import httpx
from graphql import GraphQLObjectType, is_introspection_type, is_non_null_type

from gateway.documents.source import DocumentCode
from gateway.http.refusals import Refusal
from gateway.limits.violations import LimitCode
from resolvers.errors import ErrorCode
from resolvers.payex.api.argument_errors import ArgumentErrorCode
from resolvers.payex.api.faults import FaultCode
from schema.subgraph import build_schema, executable

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([A-Z_]+)` \|(.*)\|$", PAGE, re.MULTILINE)
CODES = {code: [cell.strip() for cell in cells.split("|")] for code, cells in ROWS}


def test_the_tables_have_every_code_exactly_once() -> None:
    reasons = [code.value for code in ArgumentErrorCode]
    known = [*FaultCode, *ErrorCode, *reasons, *DocumentCode, *LimitCode]

    assert sorted(code for code, _ in ROWS) == sorted(known)


def test_every_code_says_when_whether_to_retry_and_where_null_stands() -> None:
    for code in (*FaultCode, *ErrorCode):
        when, retry, null = CODES[code]

        assert when.endswith("."), code
        assert retry.split()[0].rstrip(".:,") in {"No", "Yes", "Once", "Later"}, code
        assert null.endswith("."), code


def test_every_code_of_a_document_says_when_and_whether_to_retry() -> None:
    for code in DocumentCode:
        when, retry = CODES[code]

        assert when.endswith("."), code
        assert retry.split()[0].rstrip(".:,") in {"No", "Once"}, code


def test_the_page_explains_every_further_member_of_an_error() -> None:
    cells = re.findall(r"^\| (`[a-z][^|]*`) \|", PAGE, re.MULTILINE)
    explained = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]

    assert explained == [
        *("supportId", "limit", "measured", "missing", "of", "causes", "spent", "path", "share"),
        "variable",
        *("retryAfter", "fields", "argument", "reason", "instance", "title"),
    ]


def test_every_status_of_a_refusal_has_its_code() -> None:
    """By RFC 9110's names, which do not depend on the version of Python."""
    rows = re.findall(r"^\| (\d{3}) \| `([A-Z_]+)` \| .*\. \|$", PAGE, re.MULTILINE)

    assert rows == [(status, Refusal(HTTPStatus(int(status)), "").code) for status, _ in rows]
    codes = dict(rows)
    assert (codes["413"], codes["414"]) == ("CONTENT_TOO_LARGE", "URI_TOO_LONG")
    assert codes["422"] == "UNPROCESSABLE_CONTENT"


def test_the_page_has_every_status_that_the_gateway_refuses_with() -> None:
    """The sandbox and the check know PayEx's statuses, which are others."""
    gateway = ROOT / "gateway"
    its_own = [
        path
        for path in gateway.rglob("*.py")
        if path.relative_to(gateway).parts[0] not in {"sandbox", "contract"}
    ]
    statuses = {
        HTTPStatus[name]
        for path in its_own
        for name in re.findall(r"\bHTTPStatus\.([A-Z_]+)", path.read_text("utf-8"))
    }

    told = [int(status) for status in re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE)]
    assert told == sorted(status for status in statuses if status >= HTTPStatus.BAD_REQUEST)


def test_the_page_names_the_fields_that_may_not_be_null_for_an_argument() -> None:
    types = executable(build_schema()).type_map.values()
    fields = {
        name
        for type_ in types
        if isinstance(type_, GraphQLObjectType) and not is_introspection_type(type_)
        for name, field in type_.fields.items()
        if field.args and is_non_null_type(field.type)
    }
    (named,) = re.findall(r"((?:`\w+`(?:,| and)?\s+)+)may not be `null`", PAGE)

    assert set(re.findall(r"`(\w+)`", named)) == fields


async def test_the_query_that_the_page_shows_is_answered_as_shown(
    serve: Callable[..., Awaitable[httpx.AsyncClient]],
) -> None:
    (query,) = re.findall(r"^```graphql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (answer,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shown = json.loads(answer)
    gateway = await serve()

    reply = (await gateway.post("/graphql", json={"query": query})).json()

    del reply["extensions"]
    # A new one for each operation.
    shown["errors"][0]["extensions"]["supportId"] = reply["errors"][0]["extensions"]["supportId"]
    assert reply == shown
