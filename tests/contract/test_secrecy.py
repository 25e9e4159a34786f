"""Nothing that PayEx sends as a value, and no secret, is in a report."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.contract import CheckNumbers, check
from gateway.sandbox import TOKENS, create_sandbox
from gateway.settings.load import load_settings

CONNECTED = {
    "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
    "GATEWAY_LEDGER_TOKENS": json.dumps(dict(TOKENS)),
    "GATEWAY_UPSTREAM_HEADERS": '{"x-tracking": "s3cret-tracking-header"}',
    "GATEWAY_INSECURE": "1",
}
ASKED = [
    CheckNumbers("1234", "123456", "9999"),
    CheckNumbers("1234", "5700", "404", "46701740682"),
    CheckNumbers("1234", "F/2026 & 10", "AB/12 & Å-3", "Växel 1/2"),
    CheckNumbers("1234", "78", "880044"),
    CheckNumbers("5678", "123456", "9999", "46313900611"),
    CheckNumbers("4321", "1", "1"),
    CheckNumbers("9000", "5555", "6666"),
]


class Recorded(httpx.AsyncBaseTransport):
    """The sandbox, whose bodies are kept. It may disguise the members that are known."""

    def __init__(self, *, disguised: bool) -> None:
        self._sandbox = httpx.ASGITransport(create_sandbox())
        self._disguised = disguised
        self.values: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the sandbox does, and keep all values."""
        answer = await self._sandbox.handle_async_request(request)
        body = json.loads(await answer.aread(), parse_float=str)
        self.values |= set(scalars(body))
        if self._disguised:
            body = disguise(body)
        return httpx.Response(answer.status_code, json=body)


def scalars(body: Any) -> Iterator[str]:
    """Yield all texts and numbers of a body as text."""
    match body:
        case dict():
            for value in body.values():
                yield from scalars(value)
        case list():
            for value in body:
                yield from scalars(value)
        case str() | int():
            yield str(body)


def is_of_somebody(value: object) -> bool:
    """Whether a value can be told from a name: it is longer and has spaces or several digits."""
    return bool(re.search(r"\s|\d{4}|^\d", str(value)))


def disguise(body: Any) -> Any:
    """Give members other types, and names that are values, as a map by number has."""
    if isinstance(body, dict) and "items" in body:
        body["items"] = [
            {
                **{name: [value] for name, value in item.items() if name != "subscriptionNo"},
                **{str(value): name for name, value in item.items() if is_of_somebody(value)},
            }
            for item in body["items"]
        ]
    elif isinstance(body, dict) and "Type" in body:
        body["Type"] = f"problems/{body['Detail']}"
        body["Problems"] = [{"Anna Andersson 46701740605": "Anna Andersson is unknown"}]
    return body


@pytest.mark.parametrize("disguised", [False, True], ids=["as documented", "disguised"])
@pytest.mark.parametrize("numbers", ASKED, ids=lambda numbers: numbers.owner_no)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
async def test_no_value_of_a_body_is_in_the_report(
    numbers: CheckNumbers, disguised: bool, as_json: bool
) -> None:
    """A value of three characters or fewer, such as a status, may stand there by accident."""
    sandbox = Recorded(disguised=disguised)

    text, _ = await check(load_settings(CONNECTED), numbers, json=as_json, http=sandbox)

    assert len(sandbox.values) > 3
    assert [value for value in sandbox.values if len(value) > 3 and value in text] == []
    assert "Andersson" not in text


@pytest.mark.parametrize("numbers", ASKED, ids=lambda numbers: numbers.owner_no)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
async def test_no_number_and_no_secret_of_the_deployment_is_in_the_report(
    numbers: CheckNumbers, as_json: bool
) -> None:
    text, _ = await check(
        load_settings(CONNECTED), numbers, json=as_json, http=Recorded(disguised=False)
    )

    given = (numbers.owner_no, numbers.invoice_no, numbers.customer_no, numbers.subscription_no)
    secrets = {*TOKENS.values(), "s3cret-tracking-header"}
    told = {number for number in given if number and len(number) > 3} | secrets
    assert [value for value in told if value in text] == []
    assert "999999999999999" not in text


def test_the_numbers_do_not_print_themselves() -> None:
    assert repr(ASKED[0]) == "CheckNumbers(owner_no='1234')"
