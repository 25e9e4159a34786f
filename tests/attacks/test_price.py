"""What costs work is priced by that work: references and errors, sent to the running gateway."""

from typing import Any

import httpx
import pytest

from gateway.settings.limits import LimitSettings
from resolvers.node_ids import NodeKind, encode

MOST_ERRORS = LimitSettings.model_fields["max_errors"].default
BUDGET = LimitSettings.model_fields["operation_budget"].default


def ask(gateway: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    reply = gateway.post("/graphql", json={"query": query, "variables": variables})
    assert reply.status_code == 200
    told: dict[str, Any] = reply.json()
    return told


def aliases(count: int, field: str) -> str:
    return "query ($r: [_Any!]!) {" + " ".join(f"a{n}: {field}" for n in range(count)) + "}"


NONE = "_entities(representations: $r) { __typename }"


@pytest.mark.parametrize("reference", [{}, [], 7, {"__typename": "Invoice"}], ids=str)
def test_references_by_the_thousand_under_many_aliases_are_refused_by_their_price(
    gateway: httpx.Client, reference: Any
) -> None:
    """7 KB would be 50,000 errors."""
    (error,) = ask(gateway, aliases(50, NONE), r=[reference] * 1000)["errors"]

    assert error["extensions"]["code"] == "MAX_COST_LIMIT"
    assert error["extensions"]["measured"] >= 50 * 1000 * 10


@pytest.mark.parametrize("count", [1, 20])
def test_of_many_errors_few_are_told_and_the_rest_is_counted(
    gateway: httpx.Client, count: int
) -> None:
    """So the reply is hardly larger than the request, which named each reference."""
    reply = ask(gateway, aliases(count, NONE), r=[{}] * 1000)

    *told, last = reply["errors"]
    assert len(told) == MOST_ERRORS
    assert last["extensions"]["code"] == "ERRORS_LEFT_OUT"
    assert last["extensions"]["limit"] == {"GATEWAY_MAX_ERRORS": MOST_ERRORS}
    assert last["extensions"]["measured"] == count * 1000
    assert reply["data"]["a0"] == [None] * 1000
    cost = reply["extensions"]["cost"]
    assert count * 1000 * 5 <= cost["spent"] <= cost["budget"] == BUDGET


def test_references_to_what_is_not_there_are_paid_by_their_calls(gateway: httpx.Client) -> None:
    def forged(count: int) -> list[dict[str, str]]:
        ids = (encode(NodeKind.UNBILLED_SUBSCRIPTION, "1234", str(n), "1") for n in range(count))
        return [{"__typename": "UsageSubscription", "id": one} for one in ids]

    raw = aliases(1, "_entities(representations: $r) { ... on UsageSubscription { raw } }")
    few, many = (ask(gateway, raw, r=forged(count)) for count in (10, 200))

    calls = [reply["extensions"]["upstream"]["calls"] for reply in (few, many)]
    spent = [reply["extensions"]["cost"]["spent"] for reply in (few, many)]
    assert calls == [10, 200]
    assert spent[1] - spent[0] > (200 - 10) * 100


def test_no_reply_tells_whether_others_have_sent_its_document(gateway: httpx.Client) -> None:
    """It may hold somebody's number, and whoever guesses it would learn that it is in use."""
    fields = " ".join(f'a{n}: owner(ownerNo: "1234") {{ ownerNo }}' for n in range(49))
    spent = [
        ask(gateway, f"{{ {fields} }} #{text}")["extensions"]["cost"]["spent"]
        for text in ("one", "one", "another")
    ]

    assert spent[0] == spent[1] == spent[2]


SUBSCRIPTION = encode(NodeKind.BILLED_SUBSCRIPTION, "1234", "10000", "46701740690")
REFUSED = {
    "a time": 'usageTotals(filter: {startTimeFrom: "x"}) { __typename }',
    "a currency": 'usageTotals(filter: {currencyCode: "x"}) { __typename }',
    "a page": "usageRecords(first: 0) { __typename }",
}


@pytest.mark.parametrize("field", [*REFUSED.values(), "raw"], ids=[*REFUSED, "none"])
def test_what_is_asked_of_references_under_many_aliases_is_ended_by_the_budget(
    gateway: httpx.Client, field: str
) -> None:
    """20,000 refused arguments took half a second, and more work was priced at a seventh."""
    fields = " ".join(f"a{n}: {field}" for n in range(20))
    query = aliases(
        1, f"_entities(representations: $r) {{ ... on UsageSubscription {{ {fields} }} }}"
    )
    r = [{"__typename": "UsageSubscription", "id": SUBSCRIPTION}]
    few, many = (ask(gateway, query, r=r * count) for count in (10, 1000))

    assert few["extensions"]["cost"]["spent"] > 10 * 20 * 50
    assert [error["extensions"]["code"] for error in many["errors"]] == ["OPERATION_BUDGET_LIMIT"]
