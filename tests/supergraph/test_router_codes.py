"""The codes of errors, through each router, as the page on federation says."""

import re
from http import HTTPStatus
from typing import Any

import pytest
from starlette.responses import JSONResponse

from gateway.http.refusals import Refusal
from tests.supergraph.composing import PAGE

pytestmark = pytest.mark.supergraph

(HEAD, *ROWS) = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text("utf-8")
    .split("## Errors through a router")[1]
    .split("\n## ")[0]
    .splitlines()
    if line.startswith("| ") and not line.startswith("|--")
]
USAGE = 'subscription(subscriptionNo: "12345680") { ... on UsageSubscription {'
QUERIES = {
    "A field's fault": (
        f'{{ order(id: "0") {{ id invoice {{ {USAGE} usageRecords {{ __typename }} }} }} }} }} }}'
    ),
    "A reference": '{ order(id: "stray") { id customer { subscriptions { __typename } } } }',
    "A field's argument": '{ node(id: "x") { id } order(id: "0") { id } }',
    "The whole request": (
        f'{{ order(id: "0") {{ id invoice {{ {USAGE} '
        f"{' '.join(f'a{n}: subscriptionNo' for n in range(101))} }} }} }} }} }}"
    ),
}
REFUSALS = {
    "401": HTTPStatus.UNAUTHORIZED,
    "403": HTTPStatus.FORBIDDEN,
    "503": HTTPStatus.SERVICE_UNAVAILABLE,
}
REFUSED = '{ order(id: "0") { id subscriptions { billing } } }'


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_code_becomes_what_the_page_says(router: Any, subgraphs: Any, row: list[str]) -> None:
    subgraphs.payex.failing = {"invoices/123456/subscriptions/12345680/usage-details"}
    query = QUERIES.get(row[0], REFUSED)
    if row[0] not in QUERIES:
        (status,) = re.findall(r"\d{3}", row[0])
        subgraphs.door.instead = Refusal(REFUSALS[status], "No.").response()

    reply = router.ask(query)

    (error,) = reply["errors"]
    code, *path = re.findall(r"`(.+?)`", row[HEAD.index(router.name)])
    assert error["extensions"]["code"] == code
    assert [".".join(map(str, error["path"]))] == path if "path" in error else path == []
    if row[0] in QUERIES:
        assert code == row[1].strip("`")
        assert error["extensions"]["supportId"]
    assert subgraphs.schemas["usage"].url not in str(reply)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_the_other_subgraphs_part_is_answered_all_the_same(
    router: Any, subgraphs: Any, query: str
) -> None:
    subgraphs.payex.failing = {"invoices/123456/subscriptions/12345680/usage-details"}
    reply = router.ask(query)

    assert reply["data"]["order"]["id"] in {"0", "stray"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (294, {"data": {"_entities": [None]}, "errors": [{"message": "m", "path": ["_entities"]}]}),
        (422, {"errors": [{"message": "m"}]}),
    ],
)
def test_the_statuses_of_the_draft_keep_the_code(
    router: Any, subgraphs: Any, status: int, body: dict[str, Any]
) -> None:
    """Apollo Gateway, which reads no body of a 4xx, takes anything: it is answered 200 instead."""
    error = {**body["errors"][0], "extensions": {"code": "SOME_CODE"}}
    subgraphs.door.instead = JSONResponse(
        {**body, "errors": [error]}, status, media_type="application/graphql-response+json"
    )
    reply = router.ask(REFUSED)

    lost = router.name == "Apollo Gateway" and status == 422
    assert reply["errors"][0]["extensions"]["code"] == (
        "INTERNAL_SERVER_ERROR" if lost else "SOME_CODE"
    )
    if lost:
        assert subgraphs.door.heard[0].headers["accept"] == "*/*"


@pytest.mark.parametrize("status", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_leaves_no_reference_in_the_routers_log(
    router: Any, subgraphs: Any, status: HTTPStatus
) -> None:
    subgraphs.door.instead = Refusal(status, "No.").response()
    before = router.program.printed

    router.ask(REFUSED)

    references = [reference["id"] for reference in subgraphs.door.heard[0].references]
    assert references
    assert not any(id_ in router.program.printed.removeprefix(before) for id_ in references)
