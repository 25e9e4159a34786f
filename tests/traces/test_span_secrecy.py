"""No span holds anything of what a client sends, of what PayEx answers, or of any secret."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.traces.traced import Traced

PHONE, INVOICE, CUSTOMER, NAME = "46701740605", "771188220", "993355110", "Elsa Andersson"
SECRETS = (PHONE, INVOICE, CUSTOMER, NAME, quote(NAME), "Elsa", "token-of-1234", "Bearer", "secret")
QUERY = f"""
query Of{PHONE}($invoice: ID!, $no: ID!) {{ owner(ownerNo: "1234") {{
  a{PHONE}: customer(customerNo: "{CUSTOMER}") {{ ... on Customer {{ raw }} }}
  invoice(invoiceNo: $invoice) {{ ... on Invoice {{ raw subscription(subscriptionNo: $no) {{
    ... on UsageSubscription {{ usageRecords(first: 5) {{ ... on UsageRecordConnection {{
      nodes {{ destination }} }} }} usageSummaries {{ __typename }} }} }} }} }}
}} }}
"""
Start = Callable[..., Awaitable[Traced]]


def body(request: httpx.Request) -> dict[str, Any]:
    """Return a body that tells of everyone, as PayEx might send it for this path."""
    path = request.url.path
    return {
        "items": [{"destination": PHONE, "detailInfo": NAME, "amount": 771188220}],
        "customerNo": CUSTOMER,
        "navigation": {"next": path + f"?after={PHONE}"} if "page" in path else {},
    }


def problem(request: httpx.Request) -> dict[str, Any]:
    """Return a problem that quotes what was asked."""
    path = request.url.path
    return {
        "type": f"problems/{PHONE}",
        "title": f"{NAME} {path}",
        "detail": INVOICE,
        "instance": path,
        "problems": [{INVOICE: PHONE}],
    }


def answered(status: int) -> Callable[[httpx.Request], httpx.Response]:
    """Return what answers with the status, and with all that it knows."""

    def answer(request: httpx.Request) -> httpx.Response:
        content = body(request) if status == 200 else problem(request)
        headers = {"retry-after": "0", "location": f"/{PHONE}", "x-of": PHONE}
        return httpx.Response(status, json=content, headers=headers)

    return answer


def broken(request: httpx.Request) -> httpx.Response:
    """Fail with an error that quotes the URL."""
    raise httpx.ConnectError(f"cannot reach {request.url}")


def unexpected(request: httpx.Request) -> httpx.Response:
    """Fail as nobody expects."""
    raise LookupError(f"{NAME} {request.url}")


def link(request: httpx.Request) -> httpx.Response:
    """Answer with a link that leads astray."""
    next_page = f"/billing/usage/v1/999/customers/{PHONE}"
    return httpx.Response(200, json={**body(request), "navigation": {"next": next_page}})


PAYEXES = [
    *(pytest.param(answered(status), id=str(status)) for status in (200, 400, 401, 404, 429, 500)),
    *(pytest.param(answer, id=answer.__name__) for answer in (broken, unexpected, link)),
    pytest.param(lambda _: httpx.Response(200, text=f"<{PHONE}>"), id="malformed"),
]


def assert_silent(gateway: Traced) -> None:
    """Assert that nothing of all this stands in any span, in whatever part of it."""
    text = "\n".join(span.to_json() for span in gateway.spans)
    assert text
    assert [secret for secret in SECRETS if secret in text] == []
    for span in gateway.spans:
        assert not span.context or not span.context.trace_state


@pytest.mark.parametrize("answer", PAYEXES)
async def test_whatever_payex_answers(traced: Start, answer: Any) -> None:
    gateway = await traced(answer)
    variables = {"invoice": INVOICE, "no": PHONE}

    for _ in range(2):
        await gateway.client.post(
            f"/graphql?of={PHONE}",
            json={"query": QUERY, "operationName": f"Of{PHONE}", "variables": variables},
            headers={
                "authorization": "Bearer secret",
                "user-agent": NAME,
                "tracestate": f"of={PHONE}",
                "baggage": f"of={PHONE}",
                "cookie": f"of={PHONE}",
            },
        )

    assert gateway.named("GET")
    assert_silent(gateway)


@pytest.mark.parametrize(
    "sent",
    [
        {"query": f"{{ {NAME}"},
        {"query": f"{{ a{PHONE} }}"},
        {"query": QUERY, "variables": {"invoice": {NAME: PHONE}}},
        {"query": QUERY, "operationName": NAME},
        {"documentId": PHONE},
        {"query": QUERY, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": PHONE}}},
        PHONE,
    ],
    ids=lambda sent: "+".join(sent) if isinstance(sent, dict) else "text",
)
async def test_whatever_a_client_gets_wrong(traced: Start, sent: Any) -> None:
    gateway = await traced(answered(200))

    await gateway.client.post("/graphql", json=sent)
    await gateway.client.get("/graphql", params={"query": json.dumps(sent), PHONE: NAME})
    await gateway.client.request(f"X{PHONE}", "/graphql")

    assert len(gateway.spans) == 3
    assert_silent(gateway)


async def test_that_these_tests_can_fail(traced: Start) -> None:
    gateway = await traced(answered(200))
    gateway.provider.get_tracer("x").start_span("x", attributes={"of": [PHONE]}).end()

    with pytest.raises(AssertionError):
        assert_silent(gateway)
