"""What PayEx sends and nobody can read: null in its field, whole in `raw`, told once, by no value.

The rules of reading are tested below (`tests/payex/api/test_decoders.py`); here is what of them
reaches a client, whoever completes the answer.
"""

from typing import Any

import httpx
import pytest

DETAILS = "/invoices/55/subscriptions/70/usage-details"
SUMMARIES = "/invoices/55/subscriptions/70/usage-summaries"
LIST = "/invoices/55/subscriptions"
WHOLE = b'{"amount": 0.10, "currency": "SEK", "startTime": "2026-10-01T08:00:00", "usageType": "A"}'
SECRET = "0701740605"  # noqa: S105 - a telephone number
USAGE = """
  usageRecords { ... on UsageRecordConnection { totalCount nodes {
    usageType startTime detailInfo amount { amount currencyCode } raw } } }
  usageTotals { ... on UsageTotals { recordCount groups {
    recordCount recordsWithoutAmount amount { amount currencyCode } } } }
"""
LISTED = """{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice { subscriptions {
  ... on UsageSubscriptionConnection { totalCount nodes { subscriptionNo } } } } } } }"""
SUBSCRIPTION = """{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice {
  subscription(subscriptionNo: "70") { ... on UsageSubscription { %s } } } } } }"""


def page_of(*items: bytes) -> httpx.Response:
    """Answer with a list of these elements."""
    return httpx.Response(200, content=b'{"items": [%b]}' % b", ".join(items))


def unread_of(reply: Any) -> list[Any]:
    """Return the warnings, but for those of fields that are deprecated."""
    warnings = reply["extensions"].get("warnings", [])
    return [warning for warning in warnings if warning["type"] != "DEPRECATION"]


def told(reply: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the data of the warnings, whose words tell of the same."""
    warnings = unread_of(reply)
    assert {warning["type"] for warning in warnings} == {"UNREADABLE_MEMBER"}
    for warning in warnings:
        assert str(warning["data"]["count"]) in warning["message"]
        assert warning["data"]["list"] in warning["message"]
        assert warning["data"]["member"] in warning["message"]
    return [warning["data"] for warning in warnings]


def unread(list_: str, member: str, count: int) -> dict[str, Any]:
    """Return the data of one warning."""
    return {"list": list_, "member": member, "field": member, "count": count}


@pytest.mark.parametrize(
    ("member", "odd"),
    [
        ("startTime", b'{"startTime": "", "amount": 0.20, "currency": "SEK"}'),
        ("detailInfo", rb'{"detailInfo": "\ud83d", "amount": 0.20, "currency": "SEK"}'),
        ("usageType", b'{"usageType": 7, "amount": 0.20, "currency": "SEK"}'),
    ],
)
async def test_one_odd_member_costs_its_own_field(
    ask: Any, payex: Any, member: str, odd: bytes
) -> None:
    payex.answers[DETAILS] = page_of(WHOLE, odd, WHOLE)
    reply = await ask(SUBSCRIPTION % (USAGE))

    assert "errors" not in reply
    found = reply["data"]["owner"]["invoice"]["subscription"]
    assert found["usageRecords"]["totalCount"] == 3
    assert [node["amount"]["amount"] for node in found["usageRecords"]["nodes"]] == [
        "0.10",
        "0.20",
        "0.10",
    ]
    assert found["usageRecords"]["nodes"][1][member] is None
    assert found["usageRecords"]["nodes"][2][member] == found["usageRecords"]["nodes"][0][member]
    [total] = found["usageTotals"]["groups"]
    assert total == {
        "recordCount": 3,
        "recordsWithoutAmount": 0,
        "amount": {"amount": "0.40", "currencyCode": "SEK"},
    }
    assert told(reply) == [unread("usage-details", member, 1)]


@pytest.mark.parametrize("amount", [b'"x"', b'""', b"1e999999999", b'"NaN"', b"[0.5]"])
async def test_a_total_says_which_amounts_it_lacks(ask: Any, payex: Any, amount: bytes) -> None:
    payex.answers[DETAILS] = page_of(WHOLE, b'{"amount": %b, "currency": "SEK"}' % amount)
    reply = await ask(SUBSCRIPTION % (USAGE))

    found = reply["data"]["owner"]["invoice"]["subscription"]
    assert found["usageRecords"]["nodes"][1]["amount"] is None
    assert found["usageTotals"]["groups"] == [
        {
            "recordCount": 2,
            "recordsWithoutAmount": 1,
            "amount": {"amount": "0.10", "currencyCode": "SEK"},
        }
    ]
    assert told(reply) == [unread("usage-details", "amount", 1)]


@pytest.mark.parametrize(
    "codes",
    [
        (b"1", b"2"),
        (b"{}", b"[]"),
        (rb'"\ud83d"', rb'"\ud83e"'),
        (b'""', b'"  "'),
        (rb'"s\u0000k"', b"true"),
    ],
)
async def test_no_sum_holds_what_has_a_code_that_cannot_be_read(
    ask: Any, payex: Any, codes: tuple[bytes, bytes]
) -> None:
    odd = b'{"amount": %b, "currency": %b, "totalVolume": 5, "volumeCode": %b}'
    payex.answers[DETAILS] = page_of(
        *(
            odd % (amount, code, code)
            for amount, code in zip((b"1.00", b"2.00"), codes, strict=True)
        ),
        b'{"amount": 0.25, "totalVolume": 1}',
        b'{"amount": 0.50, "totalVolume": 2, "currency": null, "volumeCode": null}',
    )
    usage = """usageRecords { ... on UsageRecordConnection { nodes {
        amount { amount currencyCode } totalVolume { unit code } } } }
      usageTotals { ... on UsageTotals { groups { currencyCode recordCount recordsWithoutAmount
        amount { amount } totalVolumes { value code } } } }"""
    reply = await ask(SUBSCRIPTION % usage)

    found = reply["data"]["owner"]["invoice"]["subscription"]
    shown = found["usageRecords"]["nodes"][:2]
    assert [one["amount"] for one in shown] == [
        {"amount": "1.00", "currencyCode": None},
        {"amount": "2.00", "currencyCode": None},
    ]
    assert [one["totalVolume"] for one in shown] == [{"unit": "UNKNOWN", "code": None}] * 2
    assert found["usageTotals"]["groups"] == [
        {
            "currencyCode": None,
            "recordCount": 4,
            "recordsWithoutAmount": 2,
            "amount": {"amount": "0.75"},
            "totalVolumes": [{"value": "3", "code": None}],
        }
    ]
    assert sorted(told(reply), key=str) == [
        unread("usage-details", "currency", 2),
        unread("usage-details", "volumeCode", 2),
    ]


async def test_raw_is_what_payex_sent_to_the_byte(payex: Any, http_post: Any) -> None:
    odd = rb'{ "detailInfo" : "\ud83d \u00e5",  "later": {"\udc00": 1.50}, "startTime": ""}'
    payex.answers[DETAILS] = page_of(odd, b"7")
    response = await http_post(json={"query": SUBSCRIPTION % (USAGE)})

    assert b'"raw":' + odd + b"}" in response.content
    assert b'"raw":7}' in response.content


LISTS = {
    "UsageRecord": (DETAILS, "usageRecords { ... on UsageRecordConnection { items: nodes"),
    "UsageSummary": (SUMMARIES, "usageSummaries { ... on UsageSummaryList { items"),
}


@pytest.mark.parametrize("projection", [True, False], ids=["projected", "executed"])
@pytest.mark.parametrize("type_", LISTS)
async def test_the_raw_of_an_element_that_is_null_is_null_where_the_schema_lets_it_be(
    ask: Any, payex: Any, settings: dict[str, Any], type_: str, projection: bool
) -> None:
    settings["projection"] = projection
    path, field = LISTS[type_]
    payex.answers[path] = page_of(b"null", b"1", b'{"amount":1}')
    reply = await ask(SUBSCRIPTION % f"found: {field} {{ raw usageType }} }} }}")
    schema = await ask(f'{{ __type(name: "{type_}") {{ fields {{ name type {{ kind }} }} }} }}')

    items = reply["data"]["owner"]["invoice"]["subscription"]["found"]["items"]
    assert [item["raw"] for item in items] == [None, 1, {"amount": 1}]
    assert "errors" not in reply
    kinds = {one["name"]: one["type"]["kind"] for one in schema["data"]["__type"]["fields"]}
    assert kinds["raw"] == "SCALAR"


async def test_it_is_told_of_what_a_cache_held_and_by_whoever_completes_the_answer(
    ask: Any, payex: Any, settings: dict[str, Any]
) -> None:
    settings["cache_billed_ttl"] = 60
    payex.answers[DETAILS] = page_of(b'{"startTime": ""}')
    query = SUBSCRIPTION % (USAGE)
    # With an error in the answer it is graphql-core that completes it.
    failing = query[:-1] + 'node(id: "x") { id } }'
    replies = [await ask(query), await ask(query), await ask(failing)]

    assert [told(reply) for reply in replies] == [[unread("usage-details", "startTime", 1)]] * 3
    assert replies[2]["errors"]
    assert sum(path.endswith("usage-details") for path in payex.calls) == 1


async def test_each_member_is_told_once_with_its_count_over_all_lists(ask: Any, payex: Any) -> None:
    payex.answers[DETAILS] = page_of(
        b'{"startTime": ""}', b"7", b'{"startTime": 5, "amount": true}'
    )
    payex.answers[SUMMARIES] = page_of(b'{"startPeriod": "x", "quantity": 1}')
    summaries = " usageSummaries { ... on UsageSummaryList { items { startPeriod } } }"
    reply = await ask(SUBSCRIPTION % (USAGE + summaries))

    assert sorted(told(reply), key=str) == sorted(
        [
            unread("usage-details", "startTime", 2),
            unread("usage-details", "items", 1),
            unread("usage-details", "amount", 1),
            unread("usage-summaries", "startPeriod", 1),
        ],
        key=str,
    )


async def test_a_warning_never_holds_the_value(ask: Any, payex: Any, caplog: Any) -> None:
    odd = f'{{"startTime": "{SECRET}", "amount": "{SECRET}x", "usageType": ["{SECRET}"]}}'
    payex.answers[DETAILS] = page_of(odd.encode())
    reply = await ask(SUBSCRIPTION % (USAGE).replace("raw", ""))

    assert len(told(reply)) == 3
    assert SECRET not in str(reply)
    assert SECRET not in caplog.text


async def test_a_subscription_without_a_number_is_left_out_and_told(ask: Any, payex: Any) -> None:
    payex.answers[LIST] = page_of(b'{"subscriptionNo": "70"}', b"{}", b'{"subscriptionNo": true}')
    reply = await ask(LISTED)

    found = reply["data"]["owner"]["invoice"]["subscriptions"]
    assert found == {"totalCount": 1, "nodes": [{"subscriptionNo": "70"}]}
    assert told(reply) == [unread("subscriptions", "subscriptionNo", 2)]


@pytest.mark.parametrize("element", [b"7", b"null", b'["a"]'])
async def test_a_subscription_that_is_no_object_is_left_out_and_told_once(
    ask: Any, payex: Any, element: bytes
) -> None:
    payex.answers[LIST] = page_of(b'{"subscriptionNo": "70"}', element)
    reply = await ask(LISTED)

    found = reply["data"]["owner"]["invoice"]["subscriptions"]
    assert found == {"totalCount": 1, "nodes": [{"subscriptionNo": "70"}]}
    assert told(reply) == [unread("subscriptions", "items", 1)]
    assert "such subscriptions are left out" in unread_of(reply)[0]["message"]


async def test_a_list_that_is_null_is_empty_and_told(ask: Any, payex: Any) -> None:
    payex.answers[LIST] = httpx.Response(200, content=b'{"items": null}')
    reply = await ask(LISTED)

    assert reply["data"]["owner"]["invoice"]["subscriptions"] == {"totalCount": 0, "nodes": []}
    assert told(reply) == [unread("subscriptions", "items", 1)]
    assert "taken as empty" in unread_of(reply)[0]["message"]


@pytest.mark.parametrize("zero", [b"-0", b"-0.00", b'"-0"', b"-0e-90", b"-0E+9"])
@pytest.mark.parametrize("neighbour", [b"{}", b'{"startTime": ""}'])
async def test_zero_has_no_sign(ask: Any, payex: Any, zero: bytes, neighbour: bytes) -> None:
    payex.answers[DETAILS] = page_of(b'{"amount": %b}' % zero, neighbour)
    reply = await ask(SUBSCRIPTION % (USAGE))

    found = reply["data"]["owner"]["invoice"]["subscription"]
    shown = [found["usageRecords"]["nodes"][0], *found["usageTotals"]["groups"]]
    assert {one["amount"]["amount"].strip("0.") for one in shown} == {""}
    assert shown[0]["amount"]["amount"] == shown[1]["amount"]["amount"]


async def test_an_answer_in_which_all_is_readable_has_no_warning(ask: Any, payex: Any) -> None:
    payex.answers[DETAILS] = page_of(WHOLE)
    reply = await ask(SUBSCRIPTION % (USAGE))

    assert unread_of(reply) == []
