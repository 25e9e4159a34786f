"""Bad input is answered in plain words that name the argument, and without a call."""

from typing import Any

import pytest

VALIDATION = "... on ValidationProblem { status fieldErrors { parameter message } }"


def owner(selection: str) -> str:
    return f'{{ owner(ownerNo: "1234") {{ {selection} }} }}'


@pytest.mark.parametrize(
    "number", ["", "   ", "1\x00", "1\n2", "1234567890123456", "..", "a/../b", "..\\b"]
)
@pytest.mark.parametrize("field", ["invoice", "customer"])
async def test_a_malformed_number_is_a_validation_problem_without_a_call(
    ask: Any, payex: Any, field: str, number: str
) -> None:
    reply = await ask(
        f'query ($no: ID!) {{ owner(ownerNo: "1234") {{ {field}({field}No: $no) '
        f"{{ __typename {VALIDATION} }} }} }}",
        no=number,
    )

    found = reply["data"]["owner"][field]
    assert found["__typename"] == "ValidationProblem"
    assert [error["parameter"] for error in found["fieldErrors"]] == [f"{field}No"]
    assert payex.calls == []


async def test_a_customer_number_outside_payex_s_characters_costs_no_call(
    ask: Any, payex: Any
) -> None:
    reply = await ask(owner(f'customer(customerNo: "a?b") {{ {VALIDATION} }}'))

    assert reply["data"]["owner"]["customer"]["fieldErrors"][0]["parameter"] == "customerNo"
    assert payex.calls == []


async def test_a_malformed_subscription_number_is_the_subscription_fields_answer(
    ask: Any, payex: Any
) -> None:
    reply = await ask(
        owner(
            'invoice(invoiceNo: "55") { ... on Invoice { subscription(subscriptionNo: "") '
            f"{{ __typename {VALIDATION} }} }} }}"
        )
    )

    found = reply["data"]["owner"]["invoice"]["subscription"]
    assert found["fieldErrors"][0]["parameter"] == "subscriptionNo"
    assert payex.calls == []


USAGE = (
    'invoice(invoiceNo: "55") {{ ... on Invoice {{ subscription(subscriptionNo: "70") '
    "{{ ... on UsageSubscription {{ {} }} }} }} }}"
)


@pytest.mark.parametrize("first", [0, -1, 10**9])
async def test_a_first_out_of_bounds_names_the_bound_and_its_setting(
    ask: Any, payex: Any, first: int
) -> None:
    reply = await ask(
        owner(USAGE.format(f"usageRecords(first: {first}) {{ __typename {VALIDATION} }}"))
    )

    found = reply["data"]["owner"]["invoice"]["subscription"]["usageRecords"]
    assert found["fieldErrors"] == [
        {
            "parameter": "first",
            "message": (f"first must be between 1 and 10000 (GATEWAY_MAX_RECORDS); it is {first}."),
        }
    ]
    assert payex.calls == []


@pytest.mark.parametrize("first", [0, -1, 10**9])
async def test_a_first_of_subscriptions_is_bounded_likewise(
    ask: Any, payex: Any, first: int
) -> None:
    reply = await ask(
        owner(
            'invoice(invoiceNo: "55") { ... on Invoice '
            f"{{ subscriptions(first: {first}) {{ {VALIDATION} }} }} }}"
        )
    )

    found = reply["data"]["owner"]["invoice"]["subscriptions"]
    assert "GATEWAY_MAX_SUBSCRIPTIONS" in found["fieldErrors"][0]["message"]
    assert payex.calls == []


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "=" * 50])
async def test_an_unknown_cursor_is_refused_without_a_call(
    ask: Any, payex: Any, cursor: str
) -> None:
    reply = await ask(
        "query ($after: String) "
        + owner(USAGE.format(f"usageRecords(after: $after) {{ {VALIDATION} }}")),
        after=cursor,
    )

    found = reply["data"]["owner"]["invoice"]["subscription"]["usageRecords"]
    assert found["fieldErrors"][0]["parameter"] == "after"
    assert payex.calls == []


async def test_a_cursor_of_another_list_is_refused_without_a_call(ask: Any, payex: Any) -> None:
    page = "usageRecords(first: 1) { ... on UsageRecordConnection { pageInfo { endCursor } } }"
    reply = await ask(owner(USAGE.format(page)))
    found = reply["data"]["owner"]["invoice"]["subscription"]["usageRecords"]
    payex.calls.clear()
    other = USAGE.replace('"70"', '"71"').format(f"usageRecords(after: $a) {{ {VALIDATION} }}")
    reply = await ask("query ($a: String) " + owner(other), a=found["pageInfo"]["endCursor"])

    (error,) = reply["data"]["owner"]["invoice"]["subscription"]["usageRecords"]["fieldErrors"]
    assert error == {"parameter": "after", "message": "after is a cursor of another list."}
    assert payex.calls == []


async def test_a_refused_argument_leaves_its_neighbours(ask: Any, payex: Any) -> None:
    reply = await ask(
        owner(
            USAGE.format(
                f"bad: usageRecords(first: 0) {{ {VALIDATION} }} "
                "good: usageTotals { ... on UsageTotals { recordCount } }"
            )
        )
    )

    assert reply["data"]["owner"]["invoice"]["subscription"]["good"] == {"recordCount": 2}
    assert len(payex.calls) == 1


async def test_an_empty_time_span_is_refused_without_a_call(ask: Any, payex: Any) -> None:
    span = 'startTimeFrom: "2026-11-02T00:00:00", startTimeBefore: "2026-11-01T00:00:00"'
    for field in ("usageRecords", "usageTotals"):
        reply = await ask(owner(USAGE.format(f"{field}(filter: {{{span}}}) {{ {VALIDATION} }}")))

        found = reply["data"]["owner"]["invoice"]["subscription"][field]
        assert found["fieldErrors"][0]["parameter"] == "filter"
        assert payex.calls == []


@pytest.mark.parametrize(
    "node_id", ["", "x", "é", "SW52b2ljZTox", "WyJpIl0", "WyJ6IiwiMSJd", "WyJpIiwiMTIzNCIsIiJd"]
)
async def test_a_foreign_node_id_is_a_coded_error_without_a_call(
    ask: Any, payex: Any, node_id: str
) -> None:
    reply = await ask("query ($id: ID!) { node(id: $id) { id } }", id=node_id)

    (error,) = reply["errors"]
    assert reply["data"] == {"node": None}
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["argument"] == "id"
    assert payex.calls == []


async def test_an_unknown_ledger_has_its_own_code_and_costs_no_call(ask: Any, payex: Any) -> None:
    reply = await ask('{ owner(ownerNo: "9") { invoice(invoiceNo: "1") { __typename } } }')

    (error,) = reply["errors"]
    assert reply["data"] == {"owner": None}
    assert error["extensions"]["code"] == "LEDGER_NOT_CONFIGURED"
    assert "ownerNo" in error["message"]
    assert payex.calls == []


@pytest.mark.parametrize("number", ["", "\x07", "1" * 16])
async def test_a_malformed_ledger_number_is_a_coded_error(ask: Any, number: str) -> None:
    reply = await ask("query ($no: ID!) { owner(ownerNo: $no) { ownerNo } }", no=number)

    assert reply["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert reply["errors"][0]["extensions"]["argument"] == "ownerNo"


@pytest.mark.parametrize("field", ["invoice", "customer"])
async def test_more_numbers_than_the_bound_are_refused_one_and_all(
    ask: Any, payex: Any, settings: dict[str, Any], field: str
) -> None:
    """The list keeps its length, and the owner its other fields."""
    settings["max_numbers"] = 2
    reply = await ask(
        owner(f'ownerNo {field}s({field}Nos: ["1", "2", "3"]) {{ __typename {VALIDATION} }}')
    )

    found = reply["data"]["owner"][f"{field}s"]
    assert [item["__typename"] for item in found] == ["ValidationProblem"] * 3
    assert "2 numbers (GATEWAY_MAX_NUMBERS); it holds 3" in str(found[0])
    assert payex.calls == []


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("Decimal", "abc"),
        ("Decimal", True),
        ("Decimal", "NaN"),
        ("LocalDateTime", "2026-11-01"),
        ("LocalDateTime", "2026-11-01T00:00:00Z"),
        ("LocalDateTime", 5),
    ],
)
async def test_a_scalar_of_the_wrong_form_says_what_it_should_be(
    ask: Any, payex: Any, type_: str, value: object
) -> None:
    name = "minimumAmount" if type_ == "Decimal" else "startTimeFrom"
    field = f"usageTotals(filter: {{{name}: $x}}) {{ __typename }}"
    reply = await ask(f"query ($x: {type_}) " + owner(USAGE.format(field)), x=value)

    assert "data" not in reply
    assert f"{type_} must be text such as" in reply["errors"][0]["message"]
    assert reply["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert payex.calls == []


async def test_several_operations_without_a_name_are_refused_rather_than_guessed(ask: Any) -> None:
    reply = await ask('query A { owner(ownerNo: "1234") { ownerNo } } query B { __typename }')

    assert "data" not in reply
    assert "operationName" in reply["errors"][0]["message"]
