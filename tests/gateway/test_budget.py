"""The time that an operation has: the setting, or fewer seconds by a header of its request."""

import asyncio
from typing import Any

import httpx
import pytest

QUERY = {"query": '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }'}


async def silence(_: httpx.Request) -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize(
    ("variables", "headers", "name"),
    [
        ({"GATEWAY_DEADLINE": "0.05"}, {}, "GATEWAY_DEADLINE"),
        ({}, {"payex-usage-deadline": "0.05"}, "payex-usage-deadline"),
        ({}, {"payex-usage-deadline": "\t0.05 "}, "payex-usage-deadline"),
        ({"GATEWAY_DEADLINE": "0.05"}, {"payex-usage-deadline": "3600"}, "GATEWAY_DEADLINE"),
    ],
)
async def test_an_operation_whose_time_is_up_says_what_it_was(
    serve: Any,
    connected: dict[str, str],
    variables: dict[str, str],
    headers: dict[str, str],
    name: str,
) -> None:
    """A client may have less time than the setting, never more. The shorter one is named."""
    client = await serve({**connected, **variables}, httpx.MockTransport(silence))
    reply = await client.post("/graphql", json=QUERY, headers=headers)

    (error,) = reply.json()["errors"]
    assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"
    assert error["extensions"]["limit"] == {name: 0.05}


@pytest.mark.parametrize(
    "values",
    [["soon"], [""], [" "], ["0"], ["-1"], ["nan"], ["1e3"], ["5 6"], ["5, 5"], ["5", "5"]],
    ids=str,
)
async def test_a_header_that_is_no_time_is_refused_by_its_name(
    serve: Any, values: list[str]
) -> None:
    client = await serve()
    lines = [("payex-usage-deadline", value) for value in values]
    reply = await client.post("/graphql", json=QUERY, headers=lines)

    assert reply.status_code == 400
    assert reply.json()["detail"] == "payex-usage-deadline must be seconds, such as 2.5, once."
