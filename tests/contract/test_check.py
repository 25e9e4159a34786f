"""The check tells exactly how a changed PayEx differs from the documented and assumed one."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.contract import CheckNumbers, Status, check
from gateway.sandbox import create_sandbox
from gateway.settings.load import load_settings
from gateway.settings.settings import Settings

FAMILY = CheckNumbers("1234", "123456", "9999")
CONNECTED = {
    "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
    "GATEWAY_LEDGER_TOKENS": '{"1234": "sandbox-token-1234"}',
    "GATEWAY_INSECURE": "1",
}
Body = dict[str, Any]


class Changed(httpx.AsyncBaseTransport):
    """The sandbox, of which some answers are changed on their way.

    A change is told the path and the JSON of an answer; it alters the JSON, or returns another
    response.
    """

    def __init__(self, change: Callable[[str, Body], httpx.Response | None]) -> None:
        self._sandbox = httpx.ASGITransport(create_sandbox())
        self._change = change
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the sandbox does, but for the change."""
        path = request.url.raw_path.decode()
        self.asked.append(path)
        answer = await self._sandbox.handle_async_request(request)
        body = json.loads(await answer.aread())
        changed = self._change(path, body)
        headers = {"content-type": answer.headers["content-type"]}
        return changed or httpx.Response(
            answer.status_code, content=json.dumps(body), headers=headers
        )


def items(path: str, body: Body, route: str) -> list[Body]:
    """Return the items of an answer to this route, and nothing of any other answer."""
    found: list[Body] = body.get("items", []) if path.endswith(route) else []
    return found


async def report(
    http: httpx.AsyncBaseTransport | Callable[[str, Body], httpx.Response | None] | None = None,
    numbers: CheckNumbers = FAMILY,
    settings: Settings | None = None,
) -> tuple[str, Status]:
    """Check the sandbox behind this transport, or behind this change."""
    if http is not None and not isinstance(http, httpx.AsyncBaseTransport):
        http = Changed(http)
    settings = settings or load_settings(CONNECTED if http else {})
    return await check(settings, numbers, http=http)


def block(text: str, title: str) -> str:
    """Return the part of a report that begins with this title."""
    found = [part for part in text.split("\n\n") if part.startswith(title)]
    return "\n\n".join(found)


def row(text: str, start: str) -> list[str]:
    """Return the cells of the table row that starts so, without its first one."""
    line = next(line for line in text.splitlines() if line.strip().startswith(start))
    return [cell.strip() for cell in (line[44:60], line[60:])]


async def test_the_sandbox_is_all_green() -> None:
    text, status = await report()

    assert status is Status.EXPECTED
    assert text.startswith("Checked  the embedded sandbox")
    assert text.endswith("Result   Everything is as expected.\nExit     0\n")
    assert text.count("as expected ") == 16
    for title in ("DIFFERENCES", "UNMAPPED", "FIELD MAP", "WHAT TO DO", "MISSING"):
        assert not block(text, title)


@pytest.mark.parametrize(
    "numbers",
    [
        CheckNumbers("1234", "5800"),
        CheckNumbers("1234", "5901"),
        CheckNumbers("1234", "5902"),
        CheckNumbers("1234", "5903"),
        CheckNumbers("1234", "5600"),
        CheckNumbers("1234", "880044", "880044"),
        CheckNumbers("1234", "F/2026 & 10", "AB/12 & Å-3"),
        CheckNumbers("4321", "1", "1"),
    ],
)
async def test_what_is_documented_to_vary_is_no_difference(numbers: CheckNumbers) -> None:
    """Links or objects, pages or none, an `@id` or none, numbers to encode."""
    _, status = await report(numbers=numbers)

    assert status is Status.EXPECTED


@pytest.mark.parametrize("change", [None, lambda _, __: None])
async def test_a_report_fits_a_terminal_of_100_columns(change: Any) -> None:
    text, _ = await report(change)

    assert max(map(len, text.splitlines())) <= 100


async def test_each_route_is_asked_once_and_each_number_that_cannot_be() -> None:
    sandbox = Changed(lambda _, __: None)

    _, status = await report(sandbox)

    assert status is Status.EXPECTED
    assert len(sandbox.asked) == len(set(sandbox.asked)) == 16


async def test_without_a_customer_its_routes_are_left_out() -> None:
    sandbox = Changed(lambda _, __: None)

    text, status = await report(sandbox, CheckNumbers("1234", "123456"))

    assert status is Status.EXPECTED
    assert len(sandbox.asked) == 8
    assert row(text, "/customers") == ["skipped", "give --customer"]


async def test_null_and_absent_members_are_said_in_how_many() -> None:
    text, status = await report(numbers=CheckNumbers("1234", "5700"))

    assert status is Status.EXPECTED
    assert "amount in 35 of 40" in text
    assert "/usage-details items[].tariffClass: text in 5 of 40" in block(text, "UNMAPPED")
    assert "as expected, except for unmapped members" in text


def renamed(path: str, body: Body) -> None:
    for record in items(path, body, "usage-details"):
        record["chargedAmount"] = record.pop("amount")
        record["startDateTime"] = record.pop("startTime")
        record["helt annat"] = record.pop("destination")
    for record in items(path, body, "usage-summaries"):
        record["totalAmount"] = record.pop("totalCharge")


async def test_a_renamed_member_is_missing_and_its_likely_name_is_suggested() -> None:
    text, status = await report(renamed)

    assert status is Status.DIFFERS
    differences = block(text, "DIFFERENCES")
    assert differences.count("items[].amount: missing in all 50 (expected: number, assumed)") == 2
    toml = "\n".join(
        line for line in text.splitlines() if line.startswith(("[field_map", "#")) or " = " in line
    )
    assert tomllib.loads(toml)["field_map"] == {
        "usage_details": {"amount": "chargedAmount", "startTime": "startDateTime"},
        "usage_summaries": {"totalCharge": "totalAmount"},
    }
    assert 'amount = "chargedAmount"  # a guess, in 100 of 100' in text
    assert "# destination: no unmapped member has its type" in text


@pytest.mark.parametrize("odd", [False, True], ids=["all there", "some null and absent"])
async def test_the_suggested_file_is_accepted_and_makes_the_check_green(
    tmp_path: Path, odd: bool
) -> None:
    def change(path: str, body: Body) -> None:
        for record in items(path, body, "usage-details"):
            for name, other in (("amount", "chargedAmount"), ("currency", "currencyCode")):
                if name in record:
                    record[other] = record.pop(name)
        for record in items(path, body, "usage-summaries"):
            record["periodStart"] = record.pop("startPeriod")

    numbers = CheckNumbers("1234", "5700") if odd else FAMILY
    text, before = await check(load_settings(CONNECTED), numbers, json=True, http=Changed(change))
    config = tmp_path / "gateway.toml"
    config.write_text(json.loads(text)["fieldMapToml"])

    settings = load_settings({**CONNECTED, "GATEWAY_CONFIG": str(config)})
    text, after = await report(change, numbers, settings)

    assert (before, after) == (Status.DIFFERS, Status.EXPECTED)
    assert "chargedAmount (read as amount)" in text
    assert not block(text, "FIELD MAP")


async def test_what_is_only_possible_stands_in_a_comment() -> None:
    def change(path: str, body: Body) -> None:
        for record in items(path, body, "usage-details"):
            record["ratedAmount"] = 1
            record["chargedAmount"] = record.pop("amount")

    text, _ = await report(change)

    assert "\n# amount: perhaps ratedAmount or chargedAmount, unmapped and of its type\n" in text


async def test_what_is_configured_and_fits_is_kept_in_the_suggestion() -> None:
    configured = '{"usage_details": {"amount": "chargedAmount", "currency": "valuta"}}'
    settings = load_settings({**CONNECTED, "GATEWAY_FIELD_MAP": configured})

    def change(path: str, body: Body) -> None:
        for record in items(path, body, "usage-details"):
            record["chargedAmount"] = record.pop("amount")

    text, status = await report(change, settings=settings)

    assert status is Status.DIFFERS
    assert '\namount = "chargedAmount"\ncurrency = "currency"  # a guess' in text


async def test_a_member_that_cannot_be_read_in_some_items_is_named() -> None:
    class Odd(Changed):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            body = await response.aread()
            if not request.url.path.endswith("usage-details"):
                return httpx.Response(response.status_code, content=body)
            odd = rb'7,{"startTime":"","amount":1e999999999,"detailInfo":"\ud83d"},'
            start, bracket, rest = body.partition(b"[")
            return httpx.Response(200, content=start + bracket + odd + rest)

    text, status = await report(Odd(lambda _, __: None))

    assert status is Status.DIFFERS
    words = " ".join(text.split())
    for said in (
        r"items: list with 1 of \d+ elements that is not an object \(expected: list of objects,",
        r"items\[\]\.startTime: text that is not a valid date-time in 1 of \d+ \(expected: date-t",
        r"items\[\]\.amount: number that cannot be read in 1 of \d+ \(expected: number,",
        r"items\[\]\.detailInfo: text with half a character in 1 of \d+ \(expected: text,",
    ):
        assert re.search(said, words)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("", "text that cannot be read"),
        (None, "null"),
        (["a"], "list"),
        (1.5, "number that cannot be read"),
        ("absent", "absent"),
    ],
)
async def test_an_odd_subscription_is_named_and_the_next_one_taken(
    number: object, told: str
) -> None:
    def change(path: str, body: Body) -> None:
        listed = items(path, body, "invoices/123456/subscriptions")
        for item in listed[:1]:
            item["subscriptionNo"] = number
            if number == "absent":
                del item["subscriptionNo"]

    sandbox = Changed(change)
    text, status = await report(sandbox, CheckNumbers("1234", "123456"))

    assert status is Status.DIFFERS
    assert sum(path.endswith("usage-details") for path in sandbox.asked) == 1
    assert (
        f"items[].subscriptionNo: {told} in 1 of 5 (expected: text or whole number, documented)"
        in " ".join(block(text, "DIFFERENCES").split())
    )


@pytest.mark.parametrize("number", ["..", "a/../b", "7" * 35])
async def test_a_listed_number_that_nobody_could_ask_for_is_passed_over(number: str) -> None:
    def change(path: str, body: Body) -> None:
        for item in items(path, body, "invoices/123456/subscriptions")[:1]:
            item["subscriptionNo"] = number

    sandbox = Changed(change)
    await report(sandbox, CheckNumbers("1234", "123456"))

    assert sum(path.endswith("usage-details") for path in sandbox.asked) == 1


async def test_a_number_that_is_no_text_is_no_difference() -> None:
    def change(path: str, body: Body) -> None:
        for item in items(path, body, "invoices/123456/subscriptions"):
            if item["subscriptionNo"].isdigit():
                item["subscriptionNo"] = int(item["subscriptionNo"])

    _, status = await report(change, CheckNumbers("1234", "123456"))

    assert status is Status.EXPECTED


async def test_types_stand_apart_from_the_names_of_their_members() -> None:
    def change(path: str, body: Body) -> None:
        for record in items(path, body, "usage-details")[:1]:
            record["amount"] = "12.50"

    text, _ = await report(change)

    assert "\n    number or text amount" in text
    assert "\n    date-time      startTime" in text


async def test_a_removed_member_is_missing_and_nothing_is_suggested() -> None:
    def change(path: str, body: Body) -> None:
        for record in items(path, body, "customers/9999/subscriptions/12345680/usage-details"):
            del record["quantity"]
        for record in items(path, body, "usage-summaries"):
            del record["quantity"]

    text, status = await report(change)

    assert status is Status.DIFFERS
    assert "usage-details\n    items[].quantity: missing in all 50" in block(text, "DIFFERENCES")
    assert not block(text, "FIELD MAP")


async def test_a_field_map_that_fits_one_side_only_is_told() -> None:
    def change(path: str, body: Body) -> None:
        for record in items(path, body, "customers/9999/subscriptions/12345680/usage-details"):
            del record["quantity"]
        for record in items(path, body, "usage-details"):
            record["cost"] = record.pop("amount")

    text, _ = await report(change)

    assert "Billed and unbilled usage differ in usage-details.quantity" in text


async def test_a_member_that_not_all_usage_has_is_not_missed() -> None:
    def change(path: str, body: Body) -> None:
        for record in items(path, body, "usage-details"):
            del record["vatRate"]

    text, status = await report(change)

    assert status is Status.EXPECTED
    assert "usage-details: vatRate" in block(text, "MISSING")


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("amount", {"value": 1}, "object in 1"),
        ("amount", "12,50", "text that is not a valid number in 1"),
        ("amount", "NaN", "text that is not a valid number in 1"),
        ("startTime", 1700000000, "number in 1"),
        ("startTime", "7 May", "text that is not a valid date-time in 1"),
        ("usageType", 7, "number in 1"),
        ("usageType", "\ud83d", "text with half a character in 1"),
        ("currency", "SEK\0", "text that cannot be read in 1"),
        ("usageDetailId", 1.5, "number that cannot be read in 1"),
        ("usageDetailId", True, "true/false in 1"),
    ],
)
async def test_a_value_that_the_gateway_cannot_read_is_of_another_type(
    member: str, value: object, told: str
) -> None:
    def change(path: str, body: Body) -> None:
        for record in items(path, body, "usage-details")[:1]:
            record[member] = value

    text, status = await report(change)

    assert status is Status.DIFFERS
    (line, _) = [text for text in block(text, "DIFFERENCES").splitlines() if "items[]" in text]
    assert line.strip().startswith(f"items[].{member}: {told} of 50 (expected: ")


async def test_values_that_cannot_be_read_are_counted_by_what_they_are() -> None:
    def change(path: str, body: Body) -> None:
        for record, value in zip(items(path, body, "usage-details"), [7, "", "x"], strict=False):
            record["startTime"] = value

    text, _ = await report(change)

    assert "startTime: number in 1, text that is not a valid date-time in 2 of 50 (exp" in text


async def test_a_field_of_another_type_can_be_pointed_at_a_member_that_does_not_exist() -> None:
    """The rest of the list is then readable, and the check tells what is left."""
    settings = load_settings(
        {**CONNECTED, "GATEWAY_FIELD_MAP": '{"usage_details": {"quantity": "none"}}'}
    )

    def change(path: str, body: Body) -> None:
        for record in items(path, body, "usage-details"):
            record["quantity"] = {"n": 1}

    text, status = await report(change, settings=settings)

    assert status is Status.DIFFERS
    assert block(text, "DIFFERENCES").count("items[].") == 2
    assert "items[].none: missing in all 50 (expected: number, assumed)" in text


@pytest.mark.parametrize(("member", "value"), [("amount", "12.50"), ("usageDetailId", 77)])
async def test_a_value_that_the_gateway_reads_as_well_is_no_difference(
    member: str, value: object
) -> None:
    def change(path: str, body: Body) -> None:
        for record in items(path, body, "usage-details"):
            record[member] = value

    _, status = await report(change)

    assert status is Status.EXPECTED


async def test_an_added_member_is_told_and_is_no_difference() -> None:
    """PayEx may add members at any time, and none is lost."""

    def change(_: str, body: Body) -> None:
        if "items" in body:
            body["navigation"]["last"] = None
            body["totalCount"] = 1

    text, status = await report(change)

    assert status is Status.EXPECTED
    unmapped = block(text, "UNMAPPED")
    assert "/subscriptions navigation.last: null" in unmapped
    assert "/usage-details totalCount: number" in unmapped


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda body: body.pop("items"), "items: missing (expected: list of objects"),
        (lambda body: body.update(items={}), "items: object (expected: list of objects"),
        (lambda body: body.update(items=None), "items: null (expected: list of objects"),
        (
            lambda body: body["items"].extend(["x", 7]),
            "items: list with 2 of 7 elements that are not objects (expected",
        ),
        (lambda body: body.update(navigation=[]), "navigation: list (expected: object"),
        (
            lambda body: body["navigation"].update(next="https://elsewhere.example/"),
            "navigation.next: text that is not a valid link within the ledger (expected",
        ),
        (
            lambda body: body["items"][0].update(usageDetails="/billing/billing/v1/1234/x"),
            "items[].usageDetails: text that is not a valid link within the ledger in 1 of 5",
        ),
        (
            lambda body: body["items"][0].update(usageDetails={}),
            "items[].usageDetails: object in 1 of 5",
        ),
        (
            lambda body: body["items"][0].update(usageDetails="/\ud83d"),
            "items[].usageDetails: text with half a character in 1 of 5",
        ),
    ],
)
async def test_the_documented_shape_of_a_list_is_compared(
    change: Callable[[Body], Any], told: str
) -> None:
    def changed(path: str, body: Body) -> None:
        if path.endswith("invoices/123456/subscriptions"):
            change(body)

    numbers = CheckNumbers("1234", "123456", subscription_no="12345680")
    text, status = await report(changed, numbers)

    assert status is Status.DIFFERS
    assert told in block(text, "DIFFERENCES")


async def test_the_documented_shape_of_a_holder_is_compared() -> None:
    def change(path: str, body: Body) -> None:
        if path.endswith("invoices/123456"):
            body["invoiceNo"] = 123456
            body["subscriptions"] = 5

    text, status = await report(change)

    assert status is Status.DIFFERS
    assert row(text, "/invoices/{invoiceNo} ") == ["differs", "1 of 3 found"]


@pytest.mark.parametrize(
    "absence",
    [
        httpx.Response(404),
        httpx.Response(404, html="<h1>Not Found</h1>"),
        httpx.Response(404, json={"Type": "about:blank", "Title": "x", "Status": 404}),
        httpx.Response(404, json={"type": "https://tools.ietf.org/html/rfc7231#section-6.5.4"}),
        httpx.Response(405),
        httpx.Response(501, json={"Type": "about:blank"}),
    ],
    ids=["empty", "page", "about:blank", "rfc", "405", "501"],
)
async def test_customer_routes_may_be_absent(absence: httpx.Response) -> None:
    def change(path: str, _: Body) -> httpx.Response | None:
        return absence if "/customers/" in path else None

    text, status = await report(change)

    assert status is Status.DIFFERS
    assert row(text, "/customers/{customerNo} ") == ["absent", ""]
    assert "PayEx does not document the routes below customers." in " ".join(text.split())
    assert row(text, "/invoices/{invoiceNo} ") == ["as expected", "3 of 3 found"]


async def test_a_ledger_that_payex_has_not_configured_is_no_difference() -> None:
    text, status = await report(numbers=CheckNumbers("9000", "1", "1"))

    assert status is Status.NOT_ASKED
    assert "ask PayEx to configure the ledger" in text
    assert not block(text, "DIFFERENCES")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(200, html="<html></html>"), "a page of HTML or XML"),
        (httpx.Response(200, content=b" "), "an empty body"),
        (httpx.Response(200, content=b'{"a":'), "a body that is not JSON"),
        (httpx.Response(200, content=b'{"a": "\xff"}'), "a body that is not JSON"),
        (
            httpx.Response(200, content=b'{"a": "%b"}' % (rb"\n\ud83d" * 10_000)),
            "a body that the gateway does not read: The body has too many lone surrogates",
        ),
        (httpx.Response(200, content=b"[1]"), "JSON, but not an object (list)"),
    ],
)
async def test_what_is_no_answer_of_payex_is_told(answer: httpx.Response, told: str) -> None:
    def change(path: str, _: Body) -> httpx.Response | None:
        return answer if path.endswith("usage-details") else None

    text, status = await report(change)

    assert status is Status.DIFFERS
    assert f"The answer is {told}." in text
    assert row(text, "/usage-details") == ["unreadable", ""]


async def test_a_body_over_the_limit_names_the_limit() -> None:
    settings = load_settings({**CONNECTED, "GATEWAY_UPSTREAM_MAX_BODY": "1024"})

    text, status = await report(lambda _, __: None, settings=settings)

    assert status is Status.DIFFERS
    assert "GATEWAY_UPSTREAM_MAX_BODY is 1024." in text


@pytest.mark.parametrize(
    ("answer", "outcome", "told"),
    [
        (httpx.Response(401), "refused", "PayEx refused the token (401)"),
        (httpx.Response(403), "refused", "PayEx refused access (403)"),
        (httpx.Response(400, html="No required SSL certificate"), "refused", "client certificate"),
        (httpx.Response(429), "failed", "slow down"),
        (httpx.Response(503), "failed", "PayEx failed (503)"),
        (httpx.Response(302), "failed", "The answer has the HTTP status 302."),
    ],
)
async def test_a_refusal_or_failure_is_told_with_what_to_do(
    answer: httpx.Response, outcome: str, told: str
) -> None:
    text, status = await report(lambda _, __: answer)

    assert status is Status.NOT_ASKED
    assert row(text, "/invoices/{invoiceNo} ") == [outcome, ""]
    assert told in " ".join(block(text, "WHAT TO DO").split())


async def test_credentials_that_are_refused_are_not_tried_again() -> None:
    sandbox = Changed(lambda _, __: httpx.Response(401))

    text, _ = await report(sandbox)

    assert len(sandbox.asked) == 1
    assert "\nToken    refused\n" in text
    assert "the credentials were refused before" in text


def broken(error: Exception, after: int = 0) -> httpx.MockTransport:
    calls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        if len(calls) > after:
            raise error
        return httpx.Response(200, json={"invoiceNo": "123456", "subscriptions": None})

    return httpx.MockTransport(answer)


async def test_an_upstream_that_is_not_reachable_is_asked_once() -> None:
    text, status = await report(broken(httpx.ConnectError("no")))

    assert status is Status.NOT_ASKED
    assert row(text, "/invoices/{invoiceNo} ") == ["unreachable", ""]
    assert row(text, "/subscriptions") == ["skipped", "PayEx was unreachable before"]
    assert "TLS      not reached. Client certificate: none configured" in text
    assert "Token    unknown" in text


async def test_an_upstream_that_does_not_answer_is_asked_once() -> None:
    text, status = await report(broken(httpx.ReadTimeout("late")))

    assert status is Status.NOT_ASKED
    assert row(text, "/invoices/{invoiceNo} ") == ["timed out", ""]
    assert row(text, "/subscriptions") == ["skipped", "PayEx did not answer before"]
    assert "GATEWAY_UPSTREAM_TIMEOUT (10 seconds)" in text
    assert "TLS      unknown." in text


async def test_one_route_that_is_late_does_not_keep_the_others_from_being_asked() -> None:
    def change(path: str, _: Body) -> None:
        if path.endswith("usage-details"):
            raise httpx.ReadTimeout("late")

    text, status = await report(change)

    assert status is Status.NOT_ASKED
    assert row(text, "/usage-details") == ["timed out", ""]
    assert row(text, "/usage-summaries") == ["as expected", "10 of 10 found, in 10 listed"]
    assert "TLS      established. Client certificate: none configured" in text


async def test_plain_http_has_no_tls() -> None:
    settings = load_settings({**CONNECTED, "GATEWAY_UPSTREAM_ORIGIN": "http://127.0.0.1:1"})

    text, _ = await report(lambda _, __: None, settings=settings)

    assert "TLS      not used: plain http on this machine" in text


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        (CheckNumbers("1234", "404"), "Give --invoice a number that has usage"),
        (CheckNumbers("1234", "77"), "Give --invoice a number that has usage"),
        (CheckNumbers("1234", "123456", "404"), "Give --customer a number that has usage"),
        (
            CheckNumbers("1234", "123456", subscription_no="404"),
            "Give --subscription a number that has usage",
        ),
    ],
)
async def test_a_number_that_payex_does_not_know_is_the_caller_s_to_mend(
    numbers: CheckNumbers, told: str
) -> None:
    text, status = await report(numbers=numbers)

    assert status is Status.NO_USAGE
    assert told in text
    assert "Not everything could be compared" in text


async def test_numbers_without_a_single_record_compare_nothing() -> None:
    def change(path: str, body: Body) -> None:
        items(path, body, "usage-details").clear()

    text, status = await report(change)

    assert status is Status.NO_USAGE
    assert row(text, "/usage-details") == ["as expected", "nothing listed"]


async def test_a_holder_without_subscriptions_leaves_their_routes_out() -> None:
    text, status = await report(numbers=CheckNumbers("1234", "123456", "1001"))

    assert status is Status.EXPECTED
    assert "no subscription is known" in text


async def test_a_customer_is_asked_for_the_given_subscription_only_if_it_is_listed() -> None:
    sandbox = Changed(lambda _, __: None)

    _, status = await report(sandbox, CheckNumbers("1234", "55", "9999", "70"))

    assert status is Status.EXPECTED
    assert any(
        path.endswith("invoices/55/subscriptions/70/usage-details") for path in sandbox.asked
    )
    assert any(path.endswith("9999/subscriptions/12345680/usage-details") for path in sandbox.asked)


async def test_without_a_list_the_given_subscription_is_asked_for() -> None:
    def change(path: str, _: Body) -> httpx.Response | None:
        return httpx.Response(500) if path.endswith("subscriptions") else None

    text, status = await report(change, CheckNumbers("1234", "123456", "9999", "46701740605"))

    assert status is Status.NOT_ASKED
    assert text.count("15 of 15 found, in 50 listed") == 2


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            httpx.Response(
                404, json={"Type": "billing/problems/gone-fishing", "Title": "t", "Status": 1}
            ),
            "gone-fishing, not documented (404)",
        ),
        (
            httpx.Response(
                410,
                json={
                    "type": "billing/usage/problems/invoice-not-found",
                    "title": "t",
                    "status": 410,
                },
            ),
            "invoice-not-found with another status or route (410)",
        ),
        (httpx.Response(200, json={"invoiceNo": "1"}), "found: differs"),
        (
            httpx.Response(
                404,
                json={
                    "Type": "billing/usage/problems/invoice-has-no-usage",
                    "Title": "t",
                    "Status": 404,
                },
                headers={"content-type": "application/json; charset=utf-8"},
            ),
            "invoice-has-no-usage (404), sent as application/json",
        ),
    ],
)
async def test_an_impossible_number_that_is_told_otherwise_is_a_difference(
    answer: httpx.Response, told: str
) -> None:
    def change(path: str, _: Body) -> httpx.Response | None:
        return answer if path.endswith("invoices/999999999999999") else None

    text, status = await report(change)

    assert status is Status.DIFFERS
    assert "no such invoice\n" in block(text, "DIFFERENCES")
    assert told in " ".join(block(text, "DIFFERENCES").split())


async def test_an_undocumented_problem_of_a_number_with_usage_is_a_difference() -> None:
    text, status = await report(numbers=CheckNumbers("1234", "78"))

    assert status is Status.DIFFERS
    assert "found: invoice-under-review, not documented (404)" in text


async def test_the_members_of_a_problem_are_compared_in_any_casing() -> None:
    def change(path: str, body: Body) -> None:
        if path.endswith("invoices/999999999999999"):
            for name in list(body):
                body[name.lower()] = body.pop(name)
            del body["title"]

    text, status = await report(change)

    assert status is Status.DIFFERS
    assert "Title: missing (expected: text, documented)" in block(text, "DIFFERENCES")


async def test_the_json_says_what_the_table_says() -> None:
    text, status = await check(load_settings(CONNECTED), FAMILY, json=True, http=Changed(renamed))
    document = json.loads(text)

    assert document["status"] == status.value == 1
    assert document["upstream"] == "https://payex.example"
    assert [len(document["routes"]), len(document["problems"])] == [10, 6]
    details = next(one for one in document["routes"] if one["route"].endswith("usage-details"))
    members: Mapping[str, Body] = {one["member"]: one for one in details["members"]}
    assert members["items[].amount"]["standing"] == "missing"
    assert members["items[].chargedAmount"]["types"] == {"number": 50}
    assert members["items[].quantity"] == {
        "member": "items[].quantity",
        "field": "quantity",
        "mark": "assumed",
        "standing": "found",
        "differs": False,
        "expected": "number",
        "types": {"number": 50},
        "otherType": 0,
        "amiss": {},
        "filled": 50,
        "absent": 0,
        "of": 50,
    }
    assert document["fieldMap"]["usage_summaries"] == {"totalCharge": "totalAmount"}
