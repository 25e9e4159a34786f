"""However long PayEx's lists are, and however many are asked for, the memory has a bound."""

import gzip
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.gateway.service import Service, running

MIB = 1024 * 1024
OF_OPERATION = 24 * MIB
OF_PROCESS = 72 * MIB
RECORD = {
    "usageDetailId": "10000001",
    "startTime": "2026-10-01T12:00:00",
    "usageType": "call",
    "detailInfo": "A call to a mobile telephone",
    "destination": "Sverige",
    "quantity": 1,
    "chargedVolume": 60,
    "totalVolume": 60,
    "volumeCode": "S",
    "unitPrice": 0.49,
    "amount": 1.5,
    "currency": "SEK",
}
# Each takes 18 MiB.
LONG = json.dumps({"items": [RECORD] * 9000}).encode()
SHORT = json.dumps({"items": [RECORD]}).encode()
PAGE = "usageRecords(first: 1) { ... on UsageRecordConnection { nodes { destination } } }"


class PayEx(BaseHTTPRequestHandler):
    """Answers with lists: 20 pages, a compressed one, a short one, and one of a long text."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        path, _, query = self.path.partition("?page=")
        body, headers = LONG, {}
        if "/usage-details" not in path:
            body = b'{"subscriptionNo":"1"}'
        elif "/short" in path:
            body = SHORT
        elif "/wide" in path:
            body = json.dumps({"items": [{**RECORD, "destination": "x" * MIB}]}).encode()
        elif "/page" in path:
            page = int(query or 1)
            following = f"?page={page + 1}" if page < 20 else None
            items = [RECORD] * 1000
            body = json.dumps({"items": items, "navigation": {"next": following}}).encode()
        elif "/zip" in path:
            body = gzip.compress(b'{"items":[{"later":"' + bytes([32]) * 30 * MIB + b'"}]}')
            headers = {"Content-Encoding": "gzip"}
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            # The gateway does not read on.
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a gateway that has little memory for PayEx's answers, and keeps none."""
    payex = ThreadingHTTPServer(("127.0.0.1", 0), PayEx)
    thread = Thread(target=payex.serve_forever)
    thread.start()
    variables = {
        "GATEWAY_UPSTREAM_ORIGIN": f"http://127.0.0.1:{payex.server_port}",
        "GATEWAY_LEDGER_TOKENS": json.dumps({"1234": "a-token"}),
        "GATEWAY_INSECURE": "1",
        "GATEWAY_CACHE_BILLED_TTL": "0",
        "GATEWAY_OPERATION_BYTES": str(OF_OPERATION),
        "GATEWAY_PROCESS_BYTES": str(OF_PROCESS),
        "GATEWAY_OPERATION_BUDGET": "100000000",
    }
    try:
        log = tmp_path_factory.mktemp("memory") / "log"
        with running(log, "serve", "--port", "0", **variables) as service:
            yield service
    finally:
        payex.shutdown()
        payex.server_close()
        thread.join()


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[httpx.Client]:
    """Return a client of the gateway, whose memory is told after an ordinary question."""
    with httpx.Client(base_url=service.origin, trust_env=False, timeout=60) as client:
        assert counts(ask(client, "short")) == {"short": 1}
        yield client


def ask(
    client: httpx.Client,
    *numbers: str,
    usage: str = "usageTotals { ... on UsageTotals { recordCount } }",
) -> dict[str, Any]:
    """Ask for the usage of subscriptions of an invoice: their totals, unless it says otherwise."""
    fields = "".join(
        f's{number}: subscription(subscriptionNo: "{number}") {{ ... on UsageSubscription {{'
        f" {usage} }} }} "
        for number in numbers
    )
    holder = f'invoice(invoiceNo: "1") {{ ... on Invoice {{ {fields} }} }}'
    query = f'{{ owner(ownerNo: "1234") {{ {holder} }} }}'
    reply = client.post("/graphql", json={"query": query})
    assert reply.status_code == 200
    told: dict[str, Any] = reply.json()
    return told


def counts(told: dict[str, Any]) -> dict[str, int]:
    """Return how many records were summed of each subscription that was answered."""
    found = told["data"]["owner"]["invoice"]
    return {name[1:]: one["usageTotals"]["recordCount"] for name, one in found.items() if one}


def codes(told: dict[str, Any]) -> set[str]:
    """Return the codes of the errors, each of which names its limit and what was measured."""
    errors = [error["extensions"] for error in told.get("errors", [])]
    for error in errors:
        assert list(error["limit"]) == [f"GATEWAY_{error['code'].removesuffix('_LIMIT')}"]
        assert error["measured"] > 0
    return {error["code"] for error in errors}


def most_memory(service: Service) -> int:
    """Return the most bytes of memory that the gateway has taken until now."""
    status = Path(f"/proc/{service.pid}/status")
    if not status.exists():
        pytest.skip("Only Linux tells how much memory a process has taken.")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert found
    return int(found[1]) * 1024


def held(client: httpx.Client) -> float:
    """Return the bytes that answers take by the gateway's own account."""
    found = re.search(r"^payex_usage_answer_bytes (\S+)", client.get("/metrics").text, re.MULTILINE)
    assert found
    return float(found[1])


def test_lists_that_would_fill_the_memory_are_refused_one_by_one(
    client: httpx.Client, service: Service
) -> None:
    """Eight lists would take 140 MiB."""
    before = most_memory(service)

    told = ask(client, "short", *(f"long{n}" for n in range(8)))

    assert codes(told) == {"OPERATION_BYTES_LIMIT"}
    answered = counts(told)
    assert answered.pop("short") == 1
    assert len(answered) <= 1
    assert most_memory(service) - before < 2 * OF_OPERATION
    assert held(client) == 0


def test_one_list_that_fits_is_answered(client: httpx.Client) -> None:
    told = ask(client, "long")

    assert (counts(told), codes(told)) == ({"long": 9000}, set())


def test_a_list_on_many_pages_counts_as_a_whole(client: httpx.Client) -> None:
    """Each of its 20 pages takes 2 MiB."""
    told = ask(client, "page", "short")

    assert (counts(told), codes(told)) == ({"short": 1}, {"OPERATION_BYTES_LIMIT"})
    assert held(client) == 0


def test_what_a_reply_took_is_free_when_its_operation_has_ended(client: httpx.Client) -> None:
    """It was kept until Python's garbage collector came, and refused to others until then."""
    told = ask(client, "wide", usage=PAGE)

    (record,) = told["data"]["owner"]["invoice"]["swide"]["usageRecords"]["nodes"]
    assert len(record["destination"]) == MIB
    assert held(client) == 0


def test_a_long_text_is_paid_for_by_its_bytes_under_each_alias(client: httpx.Client) -> None:
    """A text of 1.5 MB under 98 aliases was a reply of 147 MB."""
    one, three = (
        ask(client, "wide", usage=" ".join(f"a{n}: {PAGE}" for n in range(count)))
        for count in (1, 3)
    )
    spent = [told["extensions"]["cost"]["spent"] for told in (one, three)]

    assert spent[1] - spent[0] > 2 * MIB * 0.005


def test_a_body_that_grows_when_it_is_decompressed_counts_as_it_grows(
    client: httpx.Client, service: Service
) -> None:
    """30 KB become 30 MiB."""
    before = most_memory(service)

    told = ask(client, "zip", "short")

    assert (counts(told), codes(told)) == ({"short": 1}, {"OPERATION_BYTES_LIMIT"})
    assert most_memory(service) - before < OF_OPERATION


def test_operations_that_fill_the_memory_together_are_refused_and_others_answered(
    client: httpx.Client, service: Service
) -> None:
    """Twelve operations would take 210 MiB."""
    before = most_memory(service)

    with ThreadPoolExecutor(24) as pool:
        large = [pool.submit(ask, client, "long") for _ in range(12)]
        small = [pool.submit(ask, client, "short") for _ in range(12)]
        refused = [codes(one.result()) for one in large]

    assert all(counts(one.result()) == {"short": 1} for one in small)
    assert set().union(*refused) <= {"PROCESS_BYTES_LIMIT"}
    assert most_memory(service) - before < 2 * OF_PROCESS
    assert held(client) == 0
