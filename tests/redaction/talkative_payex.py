"""A PayEx whose every word is somebody's: its data, its problems, and how it fails."""

import asyncio
import json
import ssl
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import httpx

from tests.redaction.known import KNOWN, NUMBERS, SECRETS, WORDS

NAME = WORDS["name"]
SUBSCRIPTIONS = (NUMBERS["subscription number"], NUMBERS["other subscription number"])
ALL = " ".join(KNOWN.values())
ORIGIN: Final = "https://payex.example"
CONNECTED: Final = {
    "UPSTREAM_ORIGIN": ORIGIN,
    "UPSTREAM_HEADERS": json.dumps({"x-tracking": SECRETS["header for PayEx"]}),
    "UPSTREAM_MAX_BODY": "65536",
    "LEDGER_TOKENS": json.dumps({"1234": SECRETS["reference token"]}),
    "INSECURE": "1",
    "DEVELOPMENT": "1",
    "BREAKER_REQUESTS": "100000",
    "RETRY_ATTEMPTS": "2",
    "CACHE_BILLED_TTL": "0",
}
QUERY: Final = """
query ($invoice: ID!, $customer: ID!, $subscription: ID!) { owner(ownerNo: "1234") {
  invoice(invoiceNo: $invoice) { ...Usage } customer(customerNo: $customer) { ...Usage } } }
fragment Usage on UsageHolder { subscriptions { ... on UsageSubscriptionConnection { totalCount } }
  subscription(subscriptionNo: $subscription) { ... on UsageSubscription {
    usageRecords { ... on UsageRecordConnection { nodes { detailInfo } } } } } }
"""
VARIABLES: Final = {
    "invoice": NUMBERS["invoice number"],
    "customer": NUMBERS["customer number"],
    "subscription": NUMBERS["subscription number"],
}

Answer = Callable[[httpx.Request], httpx.Response]


def data(request: httpx.Request) -> httpx.Response:
    """Answer a route as PayEx does."""
    path = request.url.raw_path.decode()
    match path.split("/")[7:]:
        case []:
            body: Any = {"@id": path, "customer": {"name": NAME}}
        case ["subscriptions"]:
            body = {"items": [subscription(f"{path}/{quote(no)}", no) for no in SUBSCRIPTIONS]}
        case ["subscriptions", _]:
            body = subscription(path, SUBSCRIPTIONS[0])
        case _:
            body = {"items": [usage()]}
    return httpx.Response(200, json=body, headers={"set-cookie": f"who={SUBSCRIPTIONS[0]}"})


def subscription(path: str, number: str) -> dict[str, Any]:
    return {
        "subscriptionNo": number,
        "usageDetails": f"{path}/usage-details",
        "usageSummaries": f"{path}/usage-summaries",
        "owner": NAME,
    }


def usage() -> dict[str, Any]:
    return {
        "usageDetailId": NUMBERS["called number"],
        "usageType": "VOICE",
        "startTime": "2026-11-01T08:30:00",
        "detailInfo": NAME,
        "destination": NUMBERS["called number"],
        "quantity": 1,
        "amount": 0.69,
        "currency": "SEK",
        "calledBy": SUBSCRIPTIONS[0],
    }


def problem(code: str, status: int) -> Answer:
    """Return a problem that quotes in each of its members, its instance included."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = {
            "Type": f"https://payex.example/problems/{code}",
            "Title": f"What {NAME} asks for is not right: {SUBSCRIPTIONS[0]}",
            "Detail": f"{request.url} of {NAME}",
            "Status": status,
            "Instance": request.url.raw_path.decode(),
            "Problems": [
                {"subscriptionNo": f"{SUBSCRIPTIONS[0]} is not of {NAME}"},
                {SUBSCRIPTIONS[0]: "is unknown"},
                {f"usage[{NUMBERS['called number']}]": NAME},
            ],
        }
        return httpx.Response(status, json=body)

    return answer


def body(content: str | bytes, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, content=content, headers=named)


def items(link: str = "", **members: Any) -> Answer:
    return body(json.dumps({"items": [{**usage(), **members}], "navigation": {"next": link}}))


def failing(make: Callable[[str], BaseException]) -> Answer:
    """Return what breaks, with all that there is to quote in its text."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise make(f"{request.url} {request.headers} {ALL}")

    return answer


ANSWERS: Final[dict[str, Answer]] = {
    "data": data,
    **{
        f"{code} with {status}": problem(code, status)
        for code, status in (
            ("validation", 400),
            ("invoice-not-found", 404),
            ("customer-not-found", 404),
            ("invoice-has-no-usage", 404),
            ("subscription-not-found", 404),
            (f"new-{NAME}", 404),
            (f"{SUBSCRIPTIONS[0]}", 422),
            ("validation", 500),
            ("validation", 401),
            ("validation", 403),
            ("validation", 429),
            ("validation", 501),
            ("validation", 503),
        )
    },
    "text": body(ALL),
    "text with 500": body(ALL, 500),
    "truncated": body(f'{{"items": [{{"detailInfo": "{NAME}", "usageType": "{SUBSCRIPTIONS[0]}'),
    "another shape": body(json.dumps([ALL])),
    "members of another type": items(quantity=NAME, amount=SUBSCRIPTIONS[0], currency=NAME),
    "members of another shape": items(detailInfo={NAME: SUBSCRIPTIONS[0]}, startTime=[NAME]),
    "members that are numbers": body(json.dumps({"items": {SUBSCRIPTIONS[0]: {NAME: NAME}}})),
    "broken compression": body(ALL, content_encoding="gzip"),
    "too much": body(json.dumps({"items": [usage()] * 400})),
    "a redirect": body("", 302, location=f"https://evil.example/{SUBSCRIPTIONS[0]}"),
    "a wait of a number": body("", 429, retry_after=SUBSCRIPTIONS[0]),
    "a link to elsewhere": items(f"https://evil.example/{SUBSCRIPTIONS[0]}?name={quote(NAME)}"),
    "a link to another ledger": items(f"/billing/usage/v1/5678/invoices/{SUBSCRIPTIONS[0]}"),
    "a link that is none": items(f"../{SUBSCRIPTIONS[0]} {NAME}\n"),
    "no connection": failing(httpx.ConnectError),
    "no answer": failing(httpx.ReadTimeout),
    "no protocol": failing(httpx.RemoteProtocolError),
    "no operating system": failing(lambda text: OSError(7, text, text)),
    "no TLS": failing(lambda text: ssl.SSLCertVerificationError(1, text)),
    "no URL": failing(httpx.InvalidURL),
    "a bug": failing(RuntimeError),
    "a bug in a group": failing(lambda text: ExceptionGroup(text, [KeyError(text)])),
    "cancelled": failing(asyncio.CancelledError),
}


class TalkativePayex(httpx.AsyncBaseTransport):
    """Answers every route in one way, `answer`, which may be set."""

    def __init__(self, answer: Answer = data) -> None:
        self.answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        assert request.headers["authorization"] == f"Bearer {SECRETS['reference token']}"
        # Others may be asked for meanwhile, as over a network.
        await asyncio.sleep(0)
        return self.answer(request)
