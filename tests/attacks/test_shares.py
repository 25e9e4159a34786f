"""Whatever one user sends, another one is answered: each bound is one per caller as well."""

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from tests.gateway.service import running

SLOTS = 4
PENDING = 5 * SLOTS
BODY = 4096
ISSUER = {"iss": "https://issuer.example/", "aud": "payex-usage"}
KEY = OKPKey.generate_key("Ed25519", {"kid": "key"})
ONE = '{ owner(ownerNo: "1234") { customer(customerNo: "9999") { __typename } } }'


def bearer(**claims: Any) -> dict[str, str]:
    """Return the header of a user who may see ledger 1234."""
    said = {**ISSUER, "exp": int(time.time()) + 3600, "ledgers": ["1234"], "scope": "usage:read"}
    token = jwt.encode({"alg": "Ed25519", "kid": "key"}, said | claims, KEY, algorithms=["Ed25519"])
    return {"authorization": f"Bearer {token}"}


ANNA, BERT = bearer(sub="anna"), bearer(sub="bert")


class Issuer:
    """An issuer's keys over HTTP.

    Attributes:
        answers: whether it answers now.
        hangs: whether somebody has asked in vain.
    """

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.hangs = threading.Event()
        self.answers.set()

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve the keys, and yield their address."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not issuer.answers.is_set():
                    issuer.hangs.set()
                    issuer.answers.wait()
                body = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
                with suppress(ConnectionError):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/jwks"
            finally:
                self.answers.set()
                server.shutdown()
                thread.join()


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[str]:
    """Return the address of a gateway with little room, where PayEx takes half a second."""
    path = tmp_path_factory.mktemp("shares")
    variables = {
        "GATEWAY_JWT_KEYS_POLL": "1",
        "GATEWAY_JWT_ISSUER": ISSUER["iss"],
        "GATEWAY_JWT_AUDIENCE": ISSUER["aud"],
        "GATEWAY_MAX_OPERATIONS": str(SLOTS),
        "GATEWAY_MAX_REQUEST_BODY": str(BODY),
        "GATEWAY_UPSTREAM_MAX_IN_FLIGHT": "2",
        "GATEWAY_UPSTREAM_MAX_QUEUED": "4",
        "GATEWAY_SANDBOX_LATENCY": "0.5",
        "GATEWAY_CACHE_UNBILLED_TTL": "0",
    }
    with (
        issuer.served() as keys,
        running(
            path / "log", "serve", "--port", "0", GATEWAY_JWT_KEYS=keys, **variables
        ) as service,
    ):
        yield service.origin


@pytest.fixture
def bert(origin: str) -> Iterator[httpx.Client]:
    """Return a client of the user who sends little."""
    with httpx.Client(base_url=origin, headers=BERT, trust_env=False, timeout=60) as client:
        yield client


def slow_body(origin: str, headers: dict[str, str], body: bytes = b"{") -> socket.socket:
    """Send the head of a request and no more than the beginning of its body."""
    address = urlsplit(origin)
    connection = socket.create_connection((address.hostname, address.port), timeout=30)
    head = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += f"Authorization: {headers['authorization']}\r\n".encode()
    connection.sendall(head + b"Content-Length: 4096\r\n\r\n" + body)
    return connection


def ask(client: httpx.Client, query: str = ONE) -> httpx.Response:
    return client.post("/graphql", json={"query": query})


def test_slow_bodies_of_one_user_hold_no_place_of_another(origin: str, bert: httpx.Client) -> None:
    """More of them than there are places, and than may be pending."""
    with ExitStack() as stack:
        slow = [stack.enter_context(slow_body(origin, ANNA)) for _ in range(2 * PENDING)]
        answers = [ask(bert) for _ in range(2)]
        refused = slow[-1].recv(65536)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("errors" not in answer.json() for answer in answers)
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"at most 20 may be (5 for each of GATEWAY_MAX_OPERATIONS)" in refused


def test_large_bodies_of_one_user_take_no_room_of_another(origin: str, bert: httpx.Client) -> None:
    with ExitStack() as stack:
        body = b"{".ljust(BODY - 1)
        slow = [stack.enter_context(slow_body(origin, ANNA, body)) for _ in range(18)]
        answer = ask(bert)
        refused = [each.recv(65536) for each in slow[16:]]

    assert answer.status_code == 200
    assert all(b"16 times GATEWAY_MAX_REQUEST_BODY" in each for each in refused)


async def _storm(origin: str, storm: dict[str, str], other: dict[str, str]) -> Counter[Any]:
    """Ask 75 times at once as one user, and now and then as the other one; return its answers."""

    async def one(client: httpx.AsyncClient, headers: dict[str, str], query: str) -> Any:
        reply = await client.post("/graphql", json={"query": query}, headers=headers)
        codes = {error["extensions"]["code"] for error in reply.json().get("errors", ())}
        return reply.status_code, *sorted(codes)

    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(
        base_url=origin, trust_env=False, timeout=60, limits=limits
    ) as client:
        queries = [
            f'{{ owner(ownerNo: "1234") {{ a: customer(customerNo: "{n}1") {{ __typename }}'
            f' b: customer(customerNo: "{n}2") {{ __typename }}'
            f' c: customer(customerNo: "{n}3") {{ __typename }} }} }}'
            for n in range(75)
        ]
        crowd = [asyncio.create_task(one(client, storm, query)) for query in queries]
        await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
        answers = [await one(client, other, ONE) for _ in range(3)]
        await asyncio.gather(*crowd)
        return Counter(answers)


@pytest.mark.parametrize(
    ("storm", "other"),
    [(ANNA, BERT), (bearer(customers=["1"], ledger="1234"), bearer())],
    ids=["with a subject", "without"],
)
def test_75_requests_of_one_user_leave_another_ones_without_an_error(
    origin: str, storm: dict[str, str], other: dict[str, str]
) -> None:
    """Neither a place among the operations nor one among the calls to PayEx is refused."""
    assert asyncio.run(_storm(origin, storm, other)) == {(200,): 3}


def test_one_user_makes_no_instance_unready(origin: str, bert: httpx.Client) -> None:
    """A load balancer would send nobody there any more."""
    with ExitStack() as stack:
        slow = [stack.enter_context(slow_body(origin, ANNA)) for _ in range(2 * PENDING)]
        refused = slow[-1].recv(65536)
        ready = bert.get("/health/ready")

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert ready.status_code == 200


def test_tokens_of_unknown_keys_hold_nothing_while_the_issuer_does_not_answer(
    origin: str, issuer: Issuer, bert: httpx.Client
) -> None:
    """They are many times as many as there are places. The known keys are there before."""

    def junk(number: int) -> dict[str, str]:
        header = {"alg": "Ed25519", "kid": f"junk {number}"}
        return {"authorization": f"Bearer {jwt.encode(header, ISSUER, KEY, ['Ed25519'])}"}

    async def flood() -> tuple[Counter[int], list[int]]:
        async with httpx.AsyncClient(base_url=origin, trust_env=False, timeout=60) as client:

            async def status(headers: dict[str, str]) -> int:
                reply = await client.post("/graphql", json={"query": ONE}, headers=headers)
                return reply.status_code

            crowd = [asyncio.create_task(status(junk(number))) for number in range(10 * SLOTS)]
            known = [await status(BERT) for _ in range(2)]
            return Counter(await asyncio.gather(*crowd)), known

    assert ask(bert).status_code == 200
    issuer.answers.clear()
    issuer.hangs.wait()
    refused, known = asyncio.run(flood())
    issuer.answers.set()

    assert (refused, known) == ({503: 10 * SLOTS}, [200, 200])
