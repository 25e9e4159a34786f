"""What one caller makes of PayEx and its answers touches nobody else, whatever stands between."""

import json
import posixpath
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.gateway.service import running
from tests.supergraph.upstream import served

ISSUER = {"iss": "https://issuer.example/", "aud": "payex-usage"}
KEY = OKPKey.generate_key("Ed25519", {"kid": "key"})
SECRET = "of invoice 200001"  # noqa: S105 - what nobody but its owner may see


class CarelessPayex:
    """PayEx behind a proxy that decodes each path once more, and a server that resolves it.

    Attributes:
        paths: the paths that came, as they were sent.
        note: a member of each record that no field takes.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.note = "margin 1"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a record that says whose it is, or 500 for a subscription named so."""
        sent = scope["raw_path"].decode()
        self.paths.append(sent)
        path = posixpath.normpath(unquote(unquote(sent)).replace("\\", "/"))
        whose = SECRET if "/invoices/200001/" in f"{path}/" else "own"
        record = {"usageDetailId": "1", "usageType": "VOICE", "detailInfo": whose}
        items = [record | {"note": self.note}, record | {"usageDetailId": "2"}]
        failing = "/FAIL" in path
        answer = JSONResponse(
            {"items": items, "subscriptionNo": whose}, status_code=500 if failing else 200
        )
        await answer(scope, receive, send)


@pytest.fixture(scope="module")
def payex() -> CarelessPayex:
    return CarelessPayex()


@pytest.fixture(scope="module")
def gateway(
    payex: CarelessPayex, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("paths")
    keys = path / "jwks.json"
    keys.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    with served(payex) as origin:
        variables = {
            "GATEWAY_UPSTREAM_ORIGIN": origin,
            "GATEWAY_LEDGER_TOKENS": json.dumps({"1234": "a" * 32, "5678": "b" * 32}),
            "GATEWAY_JWT_KEYS": str(keys),
            "GATEWAY_JWT_ISSUER": ISSUER["iss"],
            "GATEWAY_JWT_AUDIENCE": ISSUER["aud"],
            "GATEWAY_CACHE_BILLED_TTL": "0",
        }
        with (
            running(path / "log", "serve", "--port", "0", **variables) as service,
            httpx.Client(base_url=service.origin, trust_env=False, timeout=30) as client,
        ):
            yield client


def ask(
    gateway: httpx.Client, caller: dict[str, Any], selection: str, **variables: Any
) -> dict[str, Any]:
    """Ask for what is selected of an invoice, as a caller with these claims."""
    said = {**ISSUER, "exp": int(time.time()) + 3600, "scope": "usage:read", **caller}
    token = jwt.encode({"alg": "Ed25519", "kid": "key"}, said, KEY, algorithms=["Ed25519"])
    query = f"""query ($o: ID!, $i: ID!, $s: ID = "S1", $after: String) {{
      owner(ownerNo: $o) {{ invoice(invoiceNo: $i) {{ ... on Invoice {{ {selection} }} }} }} }}"""
    reply = gateway.post(
        "/graphql",
        json={"query": query, "variables": variables},
        headers={"authorization": f"Bearer {token}"},
    )
    found: dict[str, Any] = reply.json()
    return found


def codes(reply: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in reply.get("errors", ())}


EVE = {"sub": "eve", "ledgers": [], "invoices": {"1234": ["123456"]}}
BERT = {"sub": "bert", "ledgers": [], "invoices": {"1234": ["200001"]}}
MALLORY = {"sub": "mallory", "ledgers": [], "invoices": {"1234": ["31"]}}
CARL = {"sub": "carl", "ledgers": ["5678"]}
RECORDS = """subscription(subscriptionNo: $s) {
  ... on ValidationProblem { fieldErrors { code } }
  ... on UsageSubscription { usageRecords(first: 1, after: $after) {
    ... on ValidationProblem { fieldErrors { code } }
    ... on UsageRecordConnection {
      pageInfo { endCursor } nodes { usageDetailId detailInfo } } } } }"""


@pytest.mark.parametrize(
    "number",
    [
        ".%2e/.%2e/200001/subscriptions/S1",
        "../../200001/subscriptions/S1",
        "..%2f..%2f200001%2fS1",
        "%252e%252e/%252e%252e/200001/S1",
        "..;/..;/200001/subscriptions/S1",
        "..\\..\\200001\\subscriptions\\S1",
        "\uff0e\uff0e/\uff0e\uff0e/200001/S1",
    ],
)
def test_no_number_leads_to_anothers_invoice_behind_a_proxy_that_decodes_once_more(
    gateway: httpx.Client, payex: CarelessPayex, number: str
) -> None:
    payex.paths.clear()

    reply = ask(gateway, EVE, RECORDS, o="1234", i="123456", s=number)

    found = reply["data"]["owner"]["invoice"]["subscription"]
    assert found == {"fieldErrors": [{"code": "INVALID_CHARACTER"}]}
    assert SECRET not in json.dumps(reply)
    assert payex.paths == []


@pytest.mark.parametrize("number", ["A/B", "50%", "A&B#1", "+46 70-123", "S1/x;y"])
def test_numbers_with_signs_are_sent_as_one_segment(
    gateway: httpx.Client, payex: CarelessPayex, number: str
) -> None:
    payex.paths.clear()

    reply = ask(gateway, EVE, RECORDS, o="1234", i="123456", s=number)

    (record,) = reply["data"]["owner"]["invoice"]["subscription"]["usageRecords"]["nodes"]
    assert record["detailInfo"] == "own"
    (path,) = payex.paths
    segments = [unquote(segment) for segment in path.split("/")]
    assert segments[5:] == ["invoices", "123456", "subscriptions", number, "usage-details"]


def test_who_makes_payex_fail_is_refused_alone(gateway: httpx.Client) -> None:
    """Neither a caller of another ledger nor another one of the same is, however often it is."""
    failing = " ".join(
        f's{n}: subscription(subscriptionNo: "FAIL{n}") {{ ... on UsageSubscription {{'
        " usageSummaries { __typename } } }"
        for n in range(30)
    )

    reply = ask(gateway, MALLORY, f"{failing} {RECORDS}", o="1234", i="31")

    assert "UPSTREAM_BREAKER_OPEN" in codes(reply)
    assert codes(ask(gateway, BERT, RECORDS, o="1234", i="200001")) == set()
    assert codes(ask(gateway, CARL, RECORDS, o="5678", i="123456")) == set()


def test_a_cursor_says_nothing_of_what_only_raw_has(
    gateway: httpx.Client, payex: CarelessPayex
) -> None:
    """It stays the same whatever the hidden members are, and leads on behind a changed one."""

    def page(**variables: str) -> dict[str, Any]:
        reply = ask(gateway, CARL, RECORDS, o="5678", i="123456", **variables)
        found: dict[str, Any] = reply["data"]["owner"]["invoice"]["subscription"]["usageRecords"]
        return found

    before = page()["pageInfo"]["endCursor"]
    payex.note = "margin 2"

    assert page()["pageInfo"]["endCursor"] == before
    assert [record["usageDetailId"] for record in page(after=before)["nodes"]] == ["2"]
