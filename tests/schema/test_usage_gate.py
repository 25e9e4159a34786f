"""`usage`: one gate to the usage of a subscription, of some, or of a whole invoice or customer."""

import json
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import httpx
import pytest

RECORDS = "records { totalCount nodes { subscriptionNo amount { amount } } }"
TOTALS = "totals { byCurrency { currencyCode recordCount amount { amount } } }"
WHOLE = f"... on UsageSelection {{ subscriptionCount coversAllSubscriptions {RECORDS} {TOTALS} }}"
PROBLEM = (
    "__typename ... on Problem { status } ... on ValidationProblem { fieldErrors { code path } }"
)
ABSENT = "... on SubscriptionNotFound { subscriptionNo }"
SHORT = "totals(limitPerCurrency: 0, orderBy: {field: KEY, direction: ASCENDING}) { groupCount }"
LONG = f'(filter: {{detailInfoContains: "{"7" * 76}"}})'
INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


def base(number: str = "54", fields: str = "changeCount", arguments: str = "") -> str:
    return (
        f'comparedTo(invoiceNo: "{number}"{arguments}) '
        f"{{ {PROBLEM} ... on UsageComparison {{ {fields} }} }}"
    )


def usage(arguments: str = "", selection: str = WHOLE) -> str:
    return f"usage{arguments} {{ {PROBLEM} {ABSENT} {selection} }}"


def selected(fields: str, arguments: str = "") -> str:
    return usage(arguments, f"... on UsageSelection {{ {fields} }}")


def invoice(selection: str, number: str = "55") -> str:
    return (
        f'{{ owner(ownerNo: "1234") {{ invoice(invoiceNo: "{number}") '
        f"{{ __typename ... on Invoice {{ {selection} }} }} }} }}"
    )


def customer(selection: str) -> str:
    return (
        '{ owner(ownerNo: "1234") { invoice: customer(customerNo: "99") '
        f"{{ __typename ... on Customer {{ {selection} }} }} }} }}"
    )


def of_one(selection: str) -> str:
    return f'subscription(subscriptionNo: "70") {{ ... on UsageSubscription {{ {selection} }} }}'


def details(*numbers: str, number: str = "55") -> list[str]:
    return [f"/invoices/{number}/subscriptions/{no}/usage-details" for no in numbers]


def listed(*items: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"items": list(items)})


@pytest.fixture
def found(ask: Any) -> Any:
    """Return how to ask for fields of the invoice."""

    async def of(query: str, **variables: object) -> Any:
        reply = await ask(query, **variables)
        assert "errors" not in reply, reply["errors"]
        return reply["data"]["owner"]["invoice"]

    return of


FIVE = ("70", "71", "72", "73", "74")
LIST = "/invoices/55/subscriptions"
EVERYTHING = f"{RECORDS} {TOTALS} all: records(last: 1) {{ pageInfo {{ startCursor }} }}"
TWO = '(subscriptionNos: ["70", "71", "70"])'
COSTS = {
    "an invoice": (invoice(usage()), [LIST, *details(*FIVE)], 2),
    "an invoice, twice and beside its subscriptions' own": (
        invoice(
            f"{usage()} again: {selected(EVERYTHING)} subscriptions {{ "
            "... on UsageSubscriptionConnection { nodes { subscriptionNo "
            f"{usage()} }} }} }} {of_one(usage())}"
        ),
        [LIST, *details(*FIVE)],
        2,
    ),
    "some subscriptions": (invoice(usage(TWO)), details("70", "71"), 1),
    "one subscription": (invoice(of_one(usage())), details("70"), 1),
    "a customer": (
        customer(usage()),
        [
            "/customers/99/subscriptions",
            *(f"/customers/99/subscriptions/{no}/usage-details" for no in FIVE),
        ],
        2,
    ),
    "two invoices compared": (
        invoice(selected(f"{TOTALS} {base()} {base().replace('comparedTo', 'b: comparedTo')}")),
        [LIST, *details(*FIVE), "/invoices/54/subscriptions", *details(*FIVE, number="54")],
        2,
    ),
    "some subscriptions compared": (
        invoice(selected(base(), TWO)),
        [*details("70", "71"), *details("70", "71", number="54")],
        1,
    ),
    "one subscription compared": (
        invoice(of_one(selected(base()))),
        [*details("70"), *details("70", number="54")],
        1,
    ),
    "summaries of an invoice": (
        invoice("usageSummaries { ... on UsageSummaryList { items { subscriptionNo } } }"),
        [LIST, *(path.replace("details", "summaries") for path in details(*FIVE))],
        2,
    ),
    "summaries of some subscriptions": (
        invoice(f"usageSummaries{TWO} {{ ... on UsageSummaryList {{ items {{ usageType }} }} }}"),
        [path.replace("details", "summaries") for path in details("70", "71")],
        1,
    ),
    "nothing, for a filter that is refused": (
        invoice(usage("(filter: {minimumAmount: 2, maximumAmount: 1})")),
        [],
        0,
    ),
    "nothing, for no subscriptions": (invoice(usage("(subscriptionNos: [])")), [], 0),
}


@pytest.mark.parametrize(("query", "routes", "waves"), COSTS.values(), ids=COSTS)
@pytest.mark.parametrize("planned", [True, False])
async def test_usage_costs_exactly_these_calls_in_so_many_waves(
    ask: Any, payex: Any, query: str, routes: list[str], waves: int, planned: bool
) -> None:
    """Whether a plan answers or graphql-core; no route is called twice."""
    payex.subscriptions = [str(number) for number in range(70, 75)]
    other = " { __schema { queryType { name } } owner"
    reply = await ask(query if planned else query.replace("{ owner", other, 1))

    assert "errors" not in reply, reply["errors"]
    assert payex.routes == sorted(routes)
    assert reply["extensions"]["upstream"]["waves"] == waves


async def test_references_cost_the_same(ask: Any, payex: Any) -> None:
    """A router's reference stands unproven: nothing is asked beside the usage."""
    entity = {"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": "55"}
    reply = await ask(
        "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Invoice { "
        f"{selected(f'{TOTALS} {base()}')} }} }} }}",
        r=[entity],
    )

    assert "errors" not in reply
    assert (len(payex.calls), reply["extensions"]["upstream"]["waves"]) == (12, 2)


async def test_an_invoice_is_the_sum_of_its_subscriptions(found: Any) -> None:
    whole = (await found(invoice(usage())))["usage"]

    assert (whole["subscriptionCount"], whole["coversAllSubscriptions"]) == (5, True)
    nodes = whole["records"]["nodes"]
    assert whole["records"]["totalCount"] == len(nodes) == 10
    assert [node["subscriptionNo"] for node in nodes] == [no for no in FIVE for _ in range(2)]
    [total] = whole["totals"]["byCurrency"]
    assert total == {"currencyCode": "SEK", "recordCount": 10, "amount": {"amount": "8.95"}}


@pytest.mark.parametrize("of", [usage(TWO), of_one(usage())])
async def test_a_part_of_the_subscriptions_does_not_cover_all(found: Any, of: str) -> None:
    one = await found(invoice(of))
    part = one.get("usage") or one["subscription"]["usage"]

    assert part["coversAllSubscriptions"] is False
    assert part["subscriptionCount"] == (2 if "usage" in one else 1)


async def test_an_invoice_without_subscriptions_has_no_usage_and_covers_it(
    found: Any, payex: Any
) -> None:
    payex.subscriptions = []
    whole = (await found(invoice(usage("", f"{WHOLE[:-1]} {base()} }}"))))["usage"]

    assert (whole["subscriptionCount"], whole["coversAllSubscriptions"]) == (0, True)
    assert (whole["records"]["nodes"], whole["totals"]["byCurrency"]) == ([], [])
    assert whole["comparedTo"]["changeCount"] == 0


@pytest.mark.parametrize("numbers", [("98", "70", "99"), ("70", "98")])
async def test_the_first_number_that_is_not_there_is_told(
    found: Any, payex: Any, telling: Any, numbers: tuple[str, ...]
) -> None:
    for path in details("98", "99"):
        payex.answers[path] = telling("subscription-not-found")
    answer = (await found(invoice(usage(f"(subscriptionNos: {json.dumps(numbers)})"))))["usage"]

    assert answer == {"__typename": "SubscriptionNotFound", "status": 404, "subscriptionNo": "98"}


@pytest.mark.parametrize(
    ("arguments", "code", "path"),
    [
        ("(subscriptionNos: [])", "BLANK", ["subscriptionNos"]),
        ('(subscriptionNos: ["70", " "])', "BLANK", ["subscriptionNos", "1"]),
        ('(filter: {detailInfoContains: "07"})', "TOO_SHORT", ["filter", "detailInfoContains"]),
        (
            LONG,
            "TOO_LONG",
            ["filter", "detailInfoContains"],
        ),
        ('(filter: {detailInfoContains: "   "})', "BLANK", ["filter", "detailInfoContains"]),
        ("(filter: {minimumAmount: 2, maximumAmount: 1})", "CONFLICT", ["filter", "maximumAmount"]),
        ('(filter: {maximumAmount: "x"})', "INVALID_CHARACTER", ["filter", "maximumAmount"]),
    ],
)
async def test_arguments_of_the_gate_are_refused_without_a_call(
    found: Any, payex: Any, arguments: str, code: str, path: list[str]
) -> None:
    answer = (await found(invoice(usage(arguments))))["usage"]

    assert answer["fieldErrors"] == [{"code": code, "path": path}]
    assert payex.calls == []


async def test_nulls_are_as_if_omitted(found: Any) -> None:
    nulls = "(first: null, after: null, last: null, before: null, orderBy: null)"
    fields = (
        f"records{nulls} {{ totalCount }} "
        "totals(groupBy: null, orderBy: null, limitPerCurrency: null) { groupCount } "
        + base(arguments=", groupBy: null, limitPerCurrency: null")
    )
    answer = await found(invoice(selected(fields, "(subscriptionNos: null, filter: null)")))

    assert answer["usage"]["records"]["totalCount"] == 10
    assert answer["usage"]["totals"]["groupCount"] == 1
    assert answer["usage"]["comparedTo"]["changeCount"] == 1


@pytest.mark.parametrize(
    ("field", "argument", "reason"),
    [
        ("records(first: 0) { totalCount }", "first", "OUT_OF_RANGE"),
        ("records(last: 0) { totalCount }", "last", "OUT_OF_RANGE"),
        ("records(first: 1, last: 1) { totalCount }", "last", "CONFLICT"),
        ('records(first: 1, before: "x") { totalCount }', "before", "CURSOR_INVALID"),
        ('records(before: "x") { totalCount }', "before", "CURSOR_INVALID"),
        ("totals(limitPerCurrency: 1) { groupCount }", "limitPerCurrency", "CONFLICT"),
        (
            SHORT,
            "limitPerCurrency",
            "OUT_OF_RANGE",
        ),
    ],
)
async def test_arguments_below_the_gate_are_errors_of_their_field(
    ask: Any, field: str, argument: str, reason: str
) -> None:
    """The rest is served."""
    reply = await ask(invoice(selected(f"subscriptionCount refused: {field}")))

    [error] = reply["errors"]
    extensions = error["extensions"]
    assert (extensions["code"], extensions["argument"], extensions["reason"]) == (
        "BAD_USER_INPUT",
        argument,
        reason,
    )
    assert error["path"][-1] == "refused"
    assert reply["data"]["owner"]["invoice"]["usage"]["subscriptionCount"] == 5


@pytest.mark.parametrize("of", ["listed", "named"])
async def test_more_subscriptions_than_may_be_searched_are_an_error_with_its_figures(
    ask: Any, payex: Any, settings: dict[str, Any], of: str
) -> None:
    settings["max_subscriptions"] = 4
    arguments = f"(subscriptionNos: {json.dumps(FIVE)})" if of == "named" else ""
    reply = await ask(invoice(f"{usage(arguments)} {of_one('id')}"))

    [error] = reply["errors"]
    extensions = error["extensions"]
    assert extensions["code"] == "TOO_MANY_SUBSCRIPTIONS"
    assert (extensions["limit"], extensions["measured"]) == ({"GATEWAY_MAX_SUBSCRIPTIONS": 4}, 5)
    assert reply["data"]["owner"]["invoice"]["usage"] is None
    assert reply["data"]["owner"]["invoice"]["subscription"]["id"]
    assert not [path for path in payex.routes if path.endswith("usage-details")]


@pytest.mark.parametrize("field", [usage(), usage(f"(subscriptionNos: {json.dumps(FIVE)})")])
async def test_usage_that_lacks_a_subscription_is_an_error_and_never_a_part(
    ask: Any, payex: Any, field: str
) -> None:
    payex.answers[details("71")[0]] = httpx.Response(500)
    payex.answers[details("73")[0]] = httpx.Response(200, content=b"<html>")
    reply = await ask(invoice(f"invoiceNo {field}"))

    [error] = reply["errors"]
    extensions = error["extensions"]
    assert extensions["code"] == "USAGE_INCOMPLETE"
    assert (extensions["missing"], extensions["of"]) == (2, 5)
    assert extensions["causes"] == {"UPSTREAM_ERROR": 1, "UPSTREAM_MALFORMED": 1}
    assert reply["data"]["owner"]["invoice"] == {
        "__typename": "Invoice",
        "invoiceNo": "55",
        "usage": None,
    }


async def test_a_listed_subscription_that_is_not_there_is_missing(
    ask: Any, payex: Any, telling: Any
) -> None:
    payex.answers[details("72")[0]] = telling("subscription-not-found")
    reply = await ask(invoice(usage()))

    assert reply["errors"][0]["extensions"]["causes"] == {"SUBSCRIPTION_NOT_FOUND": 1}


async def test_a_subscription_that_cannot_be_asked_for_is_missing(ask: Any, payex: Any) -> None:
    """It has no number that can be read, or its link leads elsewhere."""
    payex.answers[LIST] = listed(
        {"subscriptionNo": "70"},
        {"subscriptionNo": None},
        {"subscriptionNo": "72", "usageDetails": "/billing/usage/v1/5678/invoices/1"},
    )
    reply = await ask(invoice(usage()))

    extensions = reply["errors"][0]["extensions"]
    assert (extensions["missing"], extensions["of"]) == (2, 3)
    assert extensions["causes"] == {"UPSTREAM_LINK_REFUSED": 1, "UPSTREAM_MALFORMED": 1}


async def test_usage_that_two_subscriptions_link_to_is_nobodys(ask: Any, payex: Any) -> None:
    """It would be summed twice, or as another's."""
    link = "/billing/usage/v1/1234/invoices/55/subscriptions/70/usage-details"
    payex.answers[LIST] = listed(
        {"subscriptionNo": "70", "usageDetails": link},
        {"subscriptionNo": "71", "usageDetails": link},
    )
    reply = await ask(invoice(usage()))

    assert reply["errors"][0]["extensions"]["causes"] == {"UPSTREAM_LINK_REFUSED": 1}


async def test_a_subscription_that_is_listed_twice_is_searched_once(found: Any, payex: Any) -> None:
    payex.answers[LIST] = listed({"subscriptionNo": "70"}, {"subscriptionNo": "70"})
    whole = (await found(invoice(usage())))["usage"]

    assert (whole["subscriptionCount"], whole["records"]["totalCount"]) == (1, 2)


@pytest.mark.parametrize("code", ["invoice-not-found", "invoice-has-no-usage"])
@pytest.mark.parametrize("at", [LIST, details("72")[0]])
async def test_an_invoice_that_goes_meanwhile_is_a_problem(
    ask: Any, payex: Any, telling: Any, code: str, at: str
) -> None:
    payex.answers[at] = telling(code)
    reply = await ask(invoice(usage()))

    assert "errors" not in reply
    answer = reply["data"]["owner"]["invoice"]
    name = "".join(part.title() for part in code.split("-"))
    assert name in {answer["__typename"], answer.get("usage", {}).get("__typename")}


async def test_a_record_leads_to_its_subscription_without_a_call(found: Any, payex: Any) -> None:
    fields = "records { nodes { subscription { id subscriptionNo billing } } }"
    answer = await found(invoice(f"{selected(fields, TWO)} {of_one('id')}"))
    subscriptions = [node["subscription"] for node in answer["usage"]["records"]["nodes"]]

    assert [one["subscriptionNo"] for one in subscriptions] == ["70", "70", "71", "71"]
    assert {one["billing"] for one in subscriptions} == {"BILLED"}
    assert subscriptions[0]["id"] == answer["subscription"]["id"]
    assert not [path for path in payex.routes if path.endswith("/71")]


async def test_summaries_of_malformed_subscriptions_are_refused(found: Any, payex: Any) -> None:
    problem = "{ __typename ... on ValidationProblem { fieldErrors { code path } } }"
    answer = await found(invoice(f"usageSummaries(subscriptionNos: []) {problem}"))

    [error] = answer["usageSummaries"]["fieldErrors"]
    assert error == {"code": "BLANK", "path": ["subscriptionNos"]}
    assert not [path for path in payex.routes if "summaries" in path]


async def test_summaries_are_told_with_their_subscription(found: Any) -> None:
    items = "items { subscriptionNo subscription { subscriptionNo } }"
    answer = await found(
        invoice(f"usageSummaries {{ ... on UsageSummaryList {{ asOf {items} }} }}")
    )
    numbers = [item["subscriptionNo"] for item in answer["usageSummaries"]["items"]]

    assert Counter(numbers) == dict.fromkeys(FIVE, 2)
    assert numbers == [
        item["subscription"]["subscriptionNo"] for item in answer["usageSummaries"]["items"]
    ]


@pytest.mark.parametrize("order", ["", ", orderBy: {field: AMOUNT, direction: DESCENDING}"])
@pytest.mark.parametrize("size", [1, 3, 4, 10, 11])
async def test_pages_go_through_all_subscriptions_in_both_directions(
    found: Any, order: str, size: int
) -> None:
    """Both flags are exact both ways, and each record comes once, though all look alike."""
    fields = f"nodes {{ subscriptionNo amount {{ amount }} }} {INFO}"

    async def page(arguments: str) -> Any:
        answer = await found(invoice(selected(f"records({arguments}{order}) {{ {fields} }}")))
        return answer["usage"]["records"]

    whole = (await page("first: 100"))["nodes"]
    assert len(whole) == 10
    for size_name, cursor_name, own, more, edge in (
        ("first", "after", "hasPreviousPage", "hasNextPage", "endCursor"),
        ("last", "before", "hasNextPage", "hasPreviousPage", "startCursor"),
    ):
        seen: list[Any] = []
        arguments = f"{size_name}: {size}"
        while True:
            got = await page(arguments)
            info = got["pageInfo"]
            assert info[own] is bool(seen)
            seen = seen + got["nodes"] if size_name == "first" else got["nodes"] + seen
            assert info[more] is (len(seen) < len(whole))
            if not info[more]:
                break
            arguments = f'{size_name}: {size}, {cursor_name}: "{info[edge]}"'
        assert seen == whole


async def test_a_cursor_of_the_invoice_holds_for_some_of_its_subscriptions(found: Any) -> None:
    fields = "nodes { subscriptionNo } pageInfo { endCursor }"
    first = await found(invoice(selected(f"records(first: 7) {{ {fields} }}")))
    cursor = first["usage"]["records"]["pageInfo"]["endCursor"]
    rest = await found(
        invoice(
            selected(
                f'records(after: "{cursor}") {{ {fields} }}', '(subscriptionNos: ["74", "73"])'
            )
        )
    )

    assert [node["subscriptionNo"] for node in rest["usage"]["records"]["nodes"]] == ["73"]


async def test_subscriptions_are_paged_backwards(found: Any) -> None:
    fields = f"asOf totalCount nodes {{ subscriptionNo }} {INFO}"

    async def page(arguments: str) -> Any:
        page = f"... on UsageSubscriptionConnection {{ {fields} }}"
        answer = await found(invoice(f"subscriptions({arguments}) {{ {page} }}"))
        return answer["subscriptions"]

    last = await page("last: 2")
    before = await page(f'last: 2, before: "{last["pageInfo"]["startCursor"]}"')
    assert [node["subscriptionNo"] for node in last["nodes"]] == ["73", "74"]
    assert [node["subscriptionNo"] for node in before["nodes"]] == ["71", "72"]
    assert (last["pageInfo"]["hasNextPage"], before["pageInfo"]["hasNextPage"]) == (False, True)


async def test_groups_and_their_remainder_make_the_whole(found: Any) -> None:
    fields = (
        "totals(groupBy: [SUBSCRIPTION], orderBy: {field: KEY, direction: DESCENDING}, "
        "limitPerCurrency: 2) { recordCount groupCount asOf "
        "groups { subscriptionNo amount { amount } recordCount } "
        "remainder { subscriptionNo amount { amount } recordCount } "
        "byCurrency { amount { amount } recordCount } }"
    )
    totals = (await found(invoice(selected(fields))))["usage"]["totals"]

    assert [group["subscriptionNo"] for group in totals["groups"]] == ["74", "73"]
    assert (totals["groupCount"], totals["recordCount"]) == (5, 10)
    [rest] = totals["remainder"]
    assert rest == {"subscriptionNo": None, "amount": {"amount": "5.37"}, "recordCount": 6}
    [whole] = totals["byCurrency"]
    amounts = [Decimal(group["amount"]["amount"]) for group in (*totals["groups"], rest)]
    assert sum(amounts) == Decimal(whole["amount"]["amount"])


async def test_a_comparison_tells_what_is_new_what_is_gone_and_by_how_much(
    found: Any, payex: Any
) -> None:
    payex.answers["/invoices/54/subscriptions"] = listed(
        {"subscriptionNo": "70"}, {"subscriptionNo": "60"}
    )
    payex.answers[details("70", number="54")[0]] = listed({"amount": 0.29, "currency": "SEK"})
    side = "{ amount { amount } }"
    fields = (
        f"current {side} base {side} remainder {{ amountChange {{ amount }} }} changes {{ "
        f"subscriptionNo base {side} current {side} amountChange {{ amount }} recordCountChange }}"
    )
    by = ", groupBy: [SUBSCRIPTION]"
    compared = (await found(invoice(selected(base(fields=fields, arguments=by)))))["usage"][
        "comparedTo"
    ]
    changes = {change["subscriptionNo"]: change for change in compared["changes"]}

    assert [one["subscriptionNo"] for one in compared["changes"]] == [
        *("71", "72", "73", "74"),
        "70",
        "60",
    ]
    assert changes["71"]["base"] is None
    assert changes["60"]["current"] is None
    assert changes["60"]["amountChange"] == {"amount": "-1.79"}
    assert changes["70"]["amountChange"] == {"amount": "1.50"}
    assert changes["70"]["recordCountChange"] == 1
    change = sum(Decimal(one["amountChange"]["amount"]) for one in compared["changes"])
    assert change == Decimal("8.95") - Decimal("2.08")
    assert compared["remainder"] == []


async def test_a_subscription_that_the_base_lacks_is_new(
    found: Any, payex: Any, telling: Any
) -> None:
    payex.answers[details("71", number="54")[0]] = telling("subscription-not-found")
    fields = "changes { subscriptionNo base { recordCount } }"
    by = ", groupBy: [SUBSCRIPTION]"
    answer = await found(invoice(selected(base(fields=fields, arguments=by), TWO)))

    assert answer["usage"]["comparedTo"]["changes"] == [
        {"subscriptionNo": "71", "base": None},
        {"subscriptionNo": "70", "base": {"recordCount": 2}},
    ]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("invoice-not-found", "InvoiceNotFound"),
        ("invoice-has-no-usage", "InvoiceHasNoUsage"),
    ],
)
@pytest.mark.parametrize("arguments", ["", TWO])
async def test_a_base_that_is_gone_is_a_problem_and_never_a_zero(
    found: Any, payex: Any, telling: Any, code: str, name: str, arguments: str
) -> None:
    for path in ("/invoices/54/subscriptions", *details("70", "71", number="54")):
        payex.answers[path] = telling(code)
    answer = (await found(invoice(selected(f"{TOTALS} {base()}", arguments))))["usage"]

    assert answer["comparedTo"]["__typename"] == name
    assert answer["totals"]["byCurrency"]


@pytest.mark.parametrize(
    ("number", "arguments", "code", "path"),
    [
        ("55", "", "CONFLICT", ["invoiceNo"]),
        (" ", "", "BLANK", ["invoiceNo"]),
        ("54", ", limitPerCurrency: 0", "OUT_OF_RANGE", ["limitPerCurrency"]),
    ],
)
async def test_arguments_of_a_comparison_are_refused_without_a_call_of_its_own(
    found: Any, payex: Any, number: str, arguments: str, code: str, path: list[str]
) -> None:
    answer = await found(invoice(selected(base(number, arguments=arguments), TWO)))

    assert answer["usage"]["comparedTo"]["fieldErrors"] == [{"code": code, "path": path}]
    assert payex.routes == sorted(details("70", "71"))


async def test_a_base_that_lacks_a_part_is_an_error(ask: Any, payex: Any) -> None:
    payex.answers[details("70", number="54")[0]] = httpx.Response(500)
    reply = await ask(invoice(selected(f"{TOTALS} {base()}")))

    [error] = reply["errors"]
    assert error["extensions"]["code"] == "USAGE_INCOMPLETE"
    assert error["path"][-1] == "comparedTo"
    assert reply["data"]["owner"]["invoice"]["usage"]["totals"]["byCurrency"]


async def test_as_of_is_kept_by_caches_and_tells_the_oldest_part(
    found: Any, settings: dict[str, Any]
) -> None:
    """Each answer that a cache holds keeps its own time."""
    settings["cache_billed_ttl"] = 60
    fields = f"records {{ asOf }} totals {{ asOf }} {base(fields='asOf')}"
    first = (await found(invoice(of_one(selected("records { asOf }")))))["subscription"]["usage"]
    whole = (await found(invoice(selected(fields))))["usage"]
    again = (await found(invoice(selected(fields))))["usage"]
    only = '(subscriptionNos: ["70"])'
    part = (await found(invoice(selected("records { asOf }", only))))["usage"]

    assert part["records"]["asOf"] == first["records"]["asOf"]
    assert whole == again
    times = {whole[field]["asOf"] for field in ("records", "totals", "comparedTo")}
    assert times == {first["records"]["asOf"]}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", times.pop())
