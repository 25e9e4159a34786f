"""Bad input is answered in plain words that name the argument, and without a call."""

import json
from typing import Any

import httpx
import pytest

VALIDATION = "... on ValidationProblem { status fieldErrors { parameter message } }"
CODED = "... on ValidationProblem { fieldErrors { code path parameter message } }"


@pytest.fixture(params=[True, False], ids=["projected", "executed"])
def post(http_post: Any, settings: dict[str, Any], request: pytest.FixtureRequest) -> Any:
    """Post a query with variables that are JSON text."""
    settings["projection"] = request.param

    async def send(query: str, variables: str) -> httpx.Response:
        response: httpx.Response = await http_post(
            content=f'{{"query": {json.dumps(query)}, "variables": {variables}}}',
            headers={
                "content-type": "application/json",
                "accept": "application/graphql-response+json",
            },
        )
        return response

    return send


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
        assert found["fieldErrors"][0]["parameter"] == "startTimeBefore"
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
async def test_more_numbers_than_the_bound_are_one_error_of_the_field(
    ask: Any, payex: Any, settings: dict[str, Any], field: str
) -> None:
    """The owner keeps its other fields."""
    settings["max_numbers"] = 2
    reply = await ask(
        owner(
            f'ownerNo {field}s({field}Nos: ["1", "2", "3"]) {{ __typename }} '
            f'two: {field}s({field}Nos: ["1", "2"]) {{ __typename }}'
        )
    )

    found = reply["data"]["owner"]
    assert (found["ownerNo"], found[f"{field}s"], len(found["two"])) == ("1234", None, 2)
    (error,) = reply["errors"]
    assert error["path"] == ["owner", f"{field}s"]
    assert "2 elements (GATEWAY_MAX_NUMBERS); it holds 3" in error["message"]
    del error["extensions"]["supportId"]
    assert error["extensions"] == {
        "code": "BAD_USER_INPUT",
        "argument": f"{field}Nos",
        "reason": "TOO_MANY",
        "limit": {"GATEWAY_MAX_NUMBERS": 2},
        "measured": 3,
    }
    assert len(payex.calls) == 2


INVALID, RANGE = "INVALID_CHARACTER", "OUT_OF_RANGE"
MALFORMED: dict[str, tuple[str, list[tuple[Any, str]]]] = {
    "minimumAmount": (
        "Decimal",
        [
            ("abc", INVALID),
            ("", "BLANK"),
            (True, INVALID),
            ("NaN", INVALID),
            ("Infinity", INVALID),
            ("1_000", INVALID),
            ("\uff11\uff12", INVALID),
            (" 1", INVALID),
            ("1e", INVALID),
            ("1E+" + "9" * 30, RANGE),
            ([1], INVALID),
            ({}, INVALID),
        ],
    ),
    "startTimeFrom": (
        "LocalDateTime",
        [
            ("yesterday", INVALID),
            (" 2026-11-01", INVALID),
            ("2026-11-01\n", INVALID),
            ("2026-11-31T00:00:00", RANGE),
            ("\uff12\uff10\uff12\uff16-11-01", INVALID),
            (5, INVALID),
            (1.5, INVALID),
            (False, INVALID),
        ],
    ),
    "startTimeBefore": ("LocalDateTime", [("2026-W01-1", INVALID), ("", "BLANK")]),
}


@pytest.mark.parametrize("field", ["usageRecords", "usageTotals"])
@pytest.mark.parametrize(
    ("name", "value", "code"),
    [(name, *one) for name, (_, values) in MALFORMED.items() for one in values],
)
async def test_a_malformed_value_is_a_problem_of_its_field_however_it_is_given(
    ask: Any, payex: Any, field: str, name: str, value: Any, code: str
) -> None:
    """As a literal, as a variable, and as a variable's member."""
    type_, _ = MALFORMED[name]
    asked = f"subscriptionNo bad: {field}(filter: %s) {{ {CODED} }}"
    for declared, given in (
        ("", f"{{{name}: {json.dumps(value, ensure_ascii=False)}}}"),
        (f"query ($x: {type_}) ", f"{{{name}: $x}}"),
        ("query ($x: UsageRecordFilter) ", "$x"),
    ):
        sent = {name: value} if given == "$x" else value
        reply = await ask(declared + owner(USAGE.format(asked % given)), x=sent)

        found = reply["data"]["owner"]["invoice"]["subscription"]
        assert found["subscriptionNo"] == "70"
        (error,) = found["bad"]["fieldErrors"]
        assert (error["parameter"], error["path"]) == (name, ["filter", name])
        assert error["code"] == code
        assert f"filter.{name} must be text such as" in error["message"]
        assert payex.calls == []


async def test_every_bad_argument_of_a_field_is_told(ask: Any, payex: Any) -> None:
    conditions = 'minimumAmount: "z", startTimeFrom: "x", currencyCode: "SEKK"'
    field = (
        f'usageRecords(filter: {{{conditions}}}, first: 0, after: "bad") {{ {CODED} }} '
        f"usageTotals(filter: {{{conditions}}}) {{ {CODED} }}"
    )
    reply = await ask(owner(USAGE.format(field)))

    found = reply["data"]["owner"]["invoice"]["subscription"]
    filtered = [
        ("filter.startTimeFrom", "INVALID_CHARACTER"),
        ("filter.minimumAmount", "INVALID_CHARACTER"),
        ("filter.currencyCode", "TOO_LONG"),
    ]
    assert _coded(found["usageTotals"]) == filtered
    assert _coded(found["usageRecords"]) == [
        ("first", "OUT_OF_RANGE"),
        ("after", "CURSOR_INVALID"),
        *filtered,
    ]
    assert payex.calls == []


def _coded(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(".".join(error["path"]), error["code"]) for error in found["fieldErrors"]]


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("", "BLANK"),
        ("   ", "BLANK"),
        ("SEKK", "TOO_LONG"),
        ("SE", "TOO_SHORT"),
        ("S1K", "INVALID_CHARACTER"),
        (" SEK", "TOO_LONG"),
        ("kr.", "INVALID_CHARACTER"),
        ("\uff33\uff25\uff2b", "INVALID_CHARACTER"),
    ],
)
async def test_a_currency_of_a_form_that_none_has_is_refused(
    ask: Any, payex: Any, code: str, wrong: str
) -> None:
    query = "query ($c: String) " + owner(
        USAGE.format(f"usageTotals(filter: {{currencyCode: $c}}) {{ {CODED} }}")
    )
    found = (await ask(query, c=code))["data"]["owner"]["invoice"]["subscription"]

    assert _coded(found["usageTotals"]) == [("filter.currencyCode", wrong)]
    assert payex.calls == []


@pytest.mark.parametrize("field", ["invoice", "customer"])
async def test_a_bad_number_of_a_list_is_told_by_its_place_in_the_argument(
    ask: Any, payex: Any, field: str
) -> None:
    numbers = f'{field}Nos: ["", "..", ""]'
    reply = await ask(owner(f"found: {field}s({numbers}) {{ {CODED} }}"))

    errors = [item["fieldErrors"][0] for item in reply["data"]["owner"]["found"]]
    assert [error["path"] for error in errors] == [[f"{field}Nos", place] for place in "012"]
    assert {error["parameter"] for error in errors} == {f"{field}No"}
    assert [error["code"] for error in errors] == ["BLANK", "INVALID_CHARACTER", "BLANK"]
    assert errors[1]["message"] == f"{field}Nos[1] could be read as a path."
    assert payex.calls == []


async def test_a_number_of_a_list_that_payex_refused_is_told_in_its_place_by_payex_s_name(
    ask: Any, payex: Any, telling: Any
) -> None:
    payex.answers["/invoices/a%20b"] = telling("validation", 400, Problems=[{"invoiceNo": "No"}])
    reply = await ask(owner(f'invoices(invoiceNos: ["55", "a b"]) {{ __typename {CODED} }}'))

    found, refused = reply["data"]["owner"]["invoices"]
    assert found == {"__typename": "Invoice"}
    assert refused["fieldErrors"] == [
        {
            "code": "REJECTED_BY_PAYEX",
            "path": ["invoiceNos", "1"],
            "parameter": "invoiceNo",
            "message": "No",
        }
    ]


@pytest.mark.parametrize("refused", ["ownerNo", "other", "invoiceNo"])
async def test_what_payex_refused_and_is_no_argument_of_the_field_has_an_empty_path(
    ask: Any, payex: Any, telling: Any, refused: str
) -> None:
    """The number of the invoice is one of the invoice's field alone."""
    answer = telling("validation", 400, Problems=[{refused: "No"}])
    payex.answers["/invoices/55/subscriptions"] = answer
    reference = {"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": "55"}
    reply = await ask(
        "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Invoice "
        f"{{ subscriptions {{ {CODED} }} }} }} }}",
        r=[reference],
    )

    (error,) = reply["data"]["_entities"][0]["subscriptions"]["fieldErrors"]
    assert (error["path"], error["parameter"]) == ([], refused)


@pytest.mark.parametrize(
    ("refused", "path"), [("SubscriptionNo", ["subscriptionNo"]), ("other", [])]
)
async def test_a_subscription_that_payex_refused_is_told_by_the_fields_own_argument(
    ask: Any, payex: Any, telling: Any, refused: str, path: list[str]
) -> None:
    answer = telling("validation", 400, Problems=[{refused: "No"}])
    payex.answers["/invoices/55/subscriptions/70"] = answer
    field = (
        'invoice(invoiceNo: "55") { ... on Invoice { '
        f'subscription(subscriptionNo: "70") {{ {CODED} }} }} }}'
    )
    reply = await ask(owner(field))

    (error,) = reply["data"]["owner"]["invoice"]["subscription"]["fieldErrors"]
    assert (error["path"], error["parameter"]) == (path, refused)


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("usageRecords(first: 0)", "OUT_OF_RANGE"),
        ('usageRecords(after: "x")', "CURSOR_INVALID"),
        (
            'usageTotals(filter: {startTimeFrom: "2026-11-02", startTimeBefore: "2026-11-01"})',
            "CONFLICT",
        ),
    ],
)
async def test_what_is_wrong_with_an_argument_has_a_code(ask: Any, field: str, code: str) -> None:
    reply = await ask(owner(USAGE.format(f"bad: {field} {{ {CODED} }}")))

    (error,) = reply["data"]["owner"]["invoice"]["subscription"]["bad"]["fieldErrors"]
    assert error["code"] == code


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ('invoice(invoiceNo: "")', "BLANK"),
        ('invoice(invoiceNo: "1234567890123456")', "TOO_LONG"),
        ('customer(customerNo: "a?b")', "INVALID_CHARACTER"),
    ],
)
async def test_what_is_wrong_with_a_number_has_a_code(ask: Any, field: str, code: str) -> None:
    reply = await ask(owner(f"bad: {field} {{ {CODED} }}"))

    assert reply["data"]["owner"]["bad"]["fieldErrors"][0]["code"] == code


@pytest.mark.parametrize(
    ("field", "argument", "reason"),
    [
        ('owner(ownerNo: "12 34 !!") { ownerNo }', "ownerNo", "INVALID_CHARACTER"),
        ('node(id: "x") { id }', "id", "INVALID_CHARACTER"),
        ('node(id: "") { id }', "id", "BLANK"),
        (
            '_entities(representations: [{__typename: "Owner"}]) { __typename }',
            "ownerNo",
            "BLANK",
        ),
    ],
)
async def test_where_there_is_no_union_the_error_has_the_same_codes(
    ask: Any, payex: Any, field: str, argument: str, reason: str
) -> None:
    (error,) = (await ask(f"{{ {field} }}"))["errors"]

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["argument"] == argument
    assert error["extensions"]["reason"] == reason
    assert payex.calls == []


@pytest.mark.parametrize(
    ("definition", "field", "argument"),
    [
        ('$x: ID = "1"', "owner(ownerNo: $x) { ownerNo }", "ownerNo"),
        (
            '$x: ID = "1"',
            'owner(ownerNo: "1234") { invoices(invoiceNos: ["1", $x]) { __typename } }',
            "invoiceNos[1]",
        ),
        ("$x: Boolean = true", 'owner(ownerNo: "1234") @skip(if: $x) { ownerNo }', "if"),
        (
            "$x: SortDirection = ASCENDING",
            owner(
                USAGE.format("usageRecords(orderBy: {field: TIME, direction: $x}) { __typename }")
            )[1:-1],
            "orderBy.direction",
        ),
    ],
)
async def test_a_null_where_a_value_is_needed_has_a_code_and_its_argument(
    ask: Any, definition: str, field: str, argument: str
) -> None:
    (error,) = (await ask(f"query ({definition}) {{ {field} }}", x=None))["errors"]

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["reason"] == "BLANK"
    assert error["extensions"]["argument"] == argument


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("invoice(invoiceNo: $x)", "invoice"),
        ("invoices(invoiceNos: [$x])", "invoices"),
        ('customers(customerNos: ["1", $x])', "customers"),
    ],
)
async def test_a_null_where_a_value_is_needed_takes_its_field_alone(
    ask: Any, field: str, name: str
) -> None:
    asked = owner(f"{field} {{ __typename }} ok: ownerNo")
    reply = await ask(f'query ($x: ID = "1") {asked}', x=None)

    assert reply["data"] == {"owner": {name: None, "ok": "1234"}}
    assert len(reply["errors"]) == 1


async def test_a_null_reference_in_a_variable_of_its_own_makes_null_of_the_data(ask: Any) -> None:
    reply = await ask(
        'query ($x: _Any = "1") { _entities(representations: [$x]) { __typename } __typename }',
        x=None,
    )

    assert reply["data"] is None
    assert len(reply["errors"]) == 1


@pytest.mark.parametrize("value", ["9007199254740993.0", "9007199254740993", '"9007199254740993"'])
async def test_a_decimal_finds_nothing_that_a_binary_float_would_round_to_it(
    ask: Any, payex: Any, value: str
) -> None:
    records = [{"amount": 9007199254740992, "currency": "SEK"}]
    answer = httpx.Response(200, json={"items": records})
    payex.answers["/invoices/55/subscriptions/70/usage-details"] = answer
    field = (
        f"usageTotals(filter: {{minimumAmount: {value}}}) "
        "{ ... on UsageTotals { recordCount } }"
    )

    reply = await ask(owner(USAGE.format(field)))

    found = reply["data"]["owner"]["invoice"]["subscription"]["usageTotals"]
    assert found == {"recordCount": 0}


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("2026-10-31T22:59:59Z", 1),
        ("2026-10-31T23:00:00Z", 0),
        ("2026-11-01T00:59:59+02:00", 1),
        ("2026-11-01", 0),
    ],
)
async def test_a_filters_time_with_a_zone_is_turned_into_swedish_time(
    ask: Any, payex: Any, written: str, count: int
) -> None:
    records = [{"startTime": "2026-10-31T23:59:59", "amount": 1, "currency": "SEK"}]
    answer = httpx.Response(200, json={"items": records})
    payex.answers["/invoices/55/subscriptions/70/usage-details"] = answer
    field = (
        f'usageTotals(filter: {{startTimeFrom: "{written}"}}) '
        "{ ... on UsageTotals { recordCount } }"
    )

    reply = await ask(owner(USAGE.format(field)))

    found = reply["data"]["owner"]["invoice"]["subscription"]["usageTotals"]
    assert found == {"recordCount": count}


async def test_several_operations_without_a_name_are_refused_rather_than_guessed(ask: Any) -> None:
    reply = await ask('query A { owner(ownerNo: "1234") { ownerNo } } query B { __typename }')

    assert "data" not in reply
    assert "operationName" in reply["errors"][0]["message"]


WRITTEN = pytest.mark.parametrize(
    "number", ["3.5", "3.0000000000000001", "-0.0", "1e22", "900719925474099301e-2", "1e999"]
)


@pytest.mark.parametrize("literal", [True, False])
@WRITTEN
async def test_a_reference_takes_no_number_with_a_fraction_or_an_exponent(
    post: Any, payex: Any, number: str, literal: bool
) -> None:
    reference = f'{{__typename: "Invoice", ownerNo: "1234", invoiceNo: {number}}}'
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
    variables = f'{{"r": [{{"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": {number}}}]}}'
    if literal:
        query, variables = f"{{ _entities(representations: [{reference}]) {{ __typename }} }}", "{}"
    reply = await post(query, variables)

    [error] = reply.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert payex.calls == []


@WRITTEN
async def test_an_id_takes_no_number_with_a_fraction_or_an_exponent(
    post: Any, payex: Any, number: str
) -> None:
    query = 'query ($i: ID!) { owner(ownerNo: "1234") { invoice(invoiceNo: $i) { __typename } } }'
    reply = await post(query, f'{{"i": {number}}}')

    assert reply.status_code == 400
    [error] = reply.json()["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error["message"] == "Variable '$i' has invalid value: An ID is text or an integer."
    assert payex.calls == []


async def test_an_integer_with_a_point_is_one_in_variables_alone(post: Any) -> None:
    """Some languages write integers so in JSON; in a document, GraphQL says that it is none."""
    found = await post("query ($o: ID!) { owner(ownerNo: $o) { ownerNo } }", '{"o": 1234.0}')
    refused = await post("{ owner(ownerNo: 1234.0) { ownerNo } }", "{}")

    assert found.json()["data"] == {"owner": {"ownerNo": "1234"}}
    [error] = refused.json()["errors"]
    assert error["message"] == "An ID is text or an integer."


async def test_a_reference_by_an_integer_of_too_many_digits_says_so(post: Any) -> None:
    reference = f'{{__typename: "Invoice", ownerNo: "1234", invoiceNo: {"9" * 4301}}}'
    reply = await post(f"{{ _entities(representations: [{reference}]) {{ __typename }} }}", "{}")

    [error] = reply.json()["errors"]
    assert error["message"] == "invoiceNo has too many characters."
