"""The service is what the settings say: a sandbox that says so, or PayEx within its limits."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.payex.upstream import SANDBOX_NOTICE
from gateway.sandbox import create_sandbox
from gateway.server.workload import MEMBER, Member, Workload
from gateway.settings.load import load_settings

Serve = Callable[..., Awaitable[httpx.AsyncClient]]

INVOICE = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { __typename } } }'
TOKEN_OF_1234 = "token-of-1234"  # noqa: S105 - opens nothing


def invoice(_: httpx.Request) -> httpx.Response:
    """Answer as PayEx does for an invoice."""
    return httpx.Response(200, json={"invoiceNo": "123456"})


class Recorder(httpx.AsyncBaseTransport):
    """An upstream that keeps what it was asked, and whether it was closed."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer every request with an invoice."""
        self.requests.append(request)
        return invoice(request)

    async def aclose(self) -> None:
        """Note the end."""
        self.closed = True


async def ask(gateway: httpx.AsyncClient, query: str) -> dict[str, Any]:
    body: dict[str, Any] = (await gateway.post("/graphql", json={"query": query})).json()
    return body


async def test_without_settings_those_of_the_process_are_served() -> None:
    """So does every server process of several."""
    app = create_app()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as gateway,
    ):
        reply = await gateway.get("/graphql?query={__typename}")

    assert ("payex-usage-upstream" in reply.headers) == load_settings().is_sandbox


async def test_the_sandbox_answers_where_no_upstream_is_configured(serve: Serve) -> None:
    reply = await ask(await serve(), INVOICE)

    assert reply["data"]["owner"]["invoice"] == {"__typename": "Invoice"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/graphql?query={__typename}", 200),
        ("GET", "/graphql", 400),
        ("PUT", "/graphql", 405),
        ("GET", "/graphiql/favicon.svg", 200),
        ("GET", "/nowhere", 404),
    ],
)
async def test_every_response_of_the_sandbox_says_so(
    serve: Serve, method: str, path: str, status: int
) -> None:
    preflight = {"graphql-require-preflight": "1"}
    reply = await (await serve()).request(method, path, headers=preflight)

    assert (reply.status_code, reply.headers["payex-usage-upstream"]) == (status, "sandbox")


@pytest.mark.parametrize("path", ["/", "/graphql?query={__typename}", "/graphql", "/nowhere"])
async def test_no_response_of_a_configured_upstream_speaks_of_a_sandbox(
    serve: Serve, connected: dict[str, str], path: str
) -> None:
    reply = await (await serve(connected, invoice)).get(path)

    assert "payex-usage-upstream" not in reply.headers


@pytest.mark.parametrize("path", ["/nowhere", "/graphql/", "/health/live/", "/health"])
async def test_what_is_not_there_is_a_problem_document(serve: Serve, path: str) -> None:
    """Nobody is sent on to another address."""
    reply = await (await serve()).get(path)

    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")
    detail = "There is no such page. GraphQL is asked at /graphql."
    assert reply.json() == {
        "title": "Not Found",
        "status": 404,
        "detail": detail,
        "errors": [{"message": detail, "extensions": {"code": "NOT_FOUND"}}],
    }
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/health/live", "/metrics", "/", "/graphiql/page.css"])
async def test_a_method_that_a_page_has_not_is_a_problem_document(serve: Serve, path: str) -> None:
    reply = await (await serve()).post(path)

    assert (reply.status_code, reply.headers["content-type"]) == (405, "application/problem+json")
    assert set(reply.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert reply.json()["detail"] in {
        "This page is asked by GET or HEAD.",
        "This page is asked by HEAD or GET.",
    }


async def test_the_sandbox_says_so_in_the_log_when_it_starts(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    await serve()

    assert ("gateway.payex.upstream", logging.WARNING, SANDBOX_NOTICE) in caplog.record_tuples


async def test_a_configured_upstream_starts_without_the_notice(
    serve: Serve, connected: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    await serve(connected, invoice)

    assert SANDBOX_NOTICE not in caplog.messages


async def test_the_upstream_is_closed_when_the_service_ends(connected: dict[str, str]) -> None:
    upstream = Recorder()
    app = create_app(load_settings(connected), upstream=upstream)

    async with app.router.lifespan_context(app):
        assert not upstream.closed

    assert upstream.closed


async def test_a_call_carries_the_token_of_its_ledger_and_the_configured_headers(
    serve: Serve, connected: dict[str, str]
) -> None:
    upstream = Recorder()
    gateway = await serve(
        {**connected, "GATEWAY_UPSTREAM_HEADERS": '{"X-Trace": "abc"}'},
        upstream,
    )

    await ask(gateway, INVOICE)

    (request,) = upstream.requests
    assert request.headers["Authorization"] == f"Bearer {TOKEN_OF_1234}"
    assert request.headers["X-Trace"] == "abc"


async def test_a_call_goes_to_the_configured_origin_and_subdomain(
    serve: Serve, connected: dict[str, str]
) -> None:
    upstream = Recorder()
    gateway = await serve({**connected, "GATEWAY_UPSTREAM_SUBDOMAIN": "billing"}, upstream)

    await ask(gateway, INVOICE)

    (request,) = upstream.requests
    assert str(request.url) == "https://payex.example/billing/billing/v1/1234/invoices/123456"


async def test_the_sandbox_has_the_configured_subdomain(serve: Serve) -> None:
    reply = await ask(await serve({"GATEWAY_UPSTREAM_SUBDOMAIN": "billing"}), INVOICE)

    assert reply["data"]["owner"]["invoice"] == {"__typename": "Invoice"}


async def test_the_sandbox_makes_the_configured_faults(serve: Serve) -> None:
    gateway = await serve({"GATEWAY_SANDBOX_FAULTS": '["resource=429"]'})

    reply = await ask(gateway, INVOICE)

    assert reply["errors"][0]["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"


async def test_the_sandbox_waits_for_the_configured_latency(serve: Serve) -> None:
    """Told by the fault: the gateway waits less long than the sandbox does."""
    gateway = await serve(
        {"GATEWAY_SANDBOX_LATENCY": "60", "GATEWAY_UPSTREAM_TIMEOUT": "0.001"},
    )

    reply = await ask(gateway, INVOICE)

    extensions = reply["errors"][0]["extensions"]
    assert extensions["code"] == "UPSTREAM_TIMEOUT"
    assert extensions["limit"] == {"GATEWAY_UPSTREAM_TIMEOUT": 0.001}


async def test_a_fake_upstream_may_stand_in_for_the_sandbox(serve: Serve) -> None:
    upstream = Recorder()

    await ask(await serve({}, upstream), INVOICE)

    assert len(upstream.requests) == 1


async def test_an_upstream_body_has_the_configured_bound(
    serve: Serve, connected: dict[str, str]
) -> None:
    gateway = await serve(
        {**connected, "GATEWAY_UPSTREAM_MAX_BODY": "1024"},
        lambda _: httpx.Response(200, content=b" " * 1025),
    )

    reply = await ask(gateway, INVOICE)

    extensions = reply["errors"][0]["extensions"]
    assert extensions["code"] == "UPSTREAM_BODY_TOO_LARGE"
    assert extensions["limit"] == {"GATEWAY_UPSTREAM_MAX_BODY": 1024}


async def test_an_upstream_list_has_the_configured_number_of_pages(serve: Serve) -> None:
    gateway = await serve({"GATEWAY_UPSTREAM_MAX_PAGES": "2"})

    reply = await ask(
        gateway,
        '{ owner(ownerNo: "1234") { invoice(invoiceNo: "880044") { ... on Invoice {'
        " subscriptions { __typename } } } } }",
    )

    extensions = reply["errors"][0]["extensions"]
    assert extensions["code"] == "UPSTREAM_TOO_MANY_PAGES"
    assert extensions["limit"] == {"GATEWAY_UPSTREAM_MAX_PAGES": 2}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("MAX_NUMBERS", 'found: invoices(invoiceNos: ["123456", "123455"])'),
        (
            "MAX_SUBSCRIPTIONS",
            'invoice(invoiceNo: "55") { ... on Invoice { found: subscriptions(first: 2)',
        ),
        (
            "MAX_RECORDS",
            (
                'invoice(invoiceNo: "55") { ... on Invoice { subscription(subscriptionNo: "70") {'
                " ... on UsageSubscription { found: usageRecords(first: 2)"
            ),
        ),
    ],
)
async def test_an_operation_has_the_configured_bounds_and_they_name_themselves(
    serve: Serve, name: str, field: str
) -> None:
    opened = field.count("{")
    query = (
        f'{{ owner(ownerNo: "1234") {{ {field} {{ ... on ValidationProblem '
        f"{{ fieldErrors {{ message }} }} }} }} {'}' * opened} }}"
    )
    gateway = await serve({f"GATEWAY_{name}": "1"})

    reply = await gateway.post("/graphql", json={"query": query})

    assert f"GATEWAY_{name}" in reply.text
    assert "ValidationProblem" not in reply.text


async def test_the_process_has_the_configured_number_of_calls_under_way(serve: Serve) -> None:
    """One at a time here, where five could start at once."""
    under_way, most = 0, 0

    class Upstream(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            reply = await sandbox.handle_async_request(request)
            under_way -= 1
            return reply

    sandbox = httpx.ASGITransport(create_sandbox())
    gateway = await serve({"GATEWAY_UPSTREAM_MAX_IN_FLIGHT": "1"}, Upstream())

    await ask(
        gateway,
        '{ owner(ownerNo: "1234") { invoices(invoiceNos: ["123456", "123455", "55", "5600"]) '
        "{ __typename } } }",
    )

    assert most == 1


@pytest.mark.parametrize(("development", "shown"), [("1", True), ("0", False)])
async def test_a_configured_upstream_shows_the_calls_in_development_only(
    serve: Serve, connected: dict[str, str], development: str, *, shown: bool
) -> None:
    gateway = await serve({**connected, "GATEWAY_DEVELOPMENT": development}, invoice)

    reply = await ask(gateway, INVOICE)

    assert ("upstream" in reply["extensions"]) == shown


async def test_the_sandbox_always_shows_the_calls(serve: Serve) -> None:
    reply = await ask(await serve(), INVOICE)

    assert reply["extensions"]["upstream"]["calls"] == 1


async def test_a_field_map_of_the_file_decides_which_member_feeds_a_field(
    serve: Serve, connected: dict[str, str], tmp_path: Path
) -> None:
    """PayEx calls the amount `chargedAmount` here, from the file to the reply."""
    path = tmp_path / "gateway.toml"
    path.write_text('[field_map.usage_details]\namount = "chargedAmount"\n')
    gateway = await serve(
        {**connected, "GATEWAY_CONFIG": str(path)},
        lambda _: httpx.Response(
            200, json={"items": [{"chargedAmount": 463.42, "amount": "none", "currency": "sek"}]}
        ),
    )

    reply = await ask(
        gateway,
        '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice {'
        ' subscription(subscriptionNo: "70") { ... on UsageSubscription { usageRecords {'
        " ... on UsageRecordConnection { nodes { amount { amount currencyCode } } } }"
        " } } } } } }",
    )

    found = reply["data"]["owner"]["invoice"]["subscription"]["usageRecords"]
    assert found == {"nodes": [{"amount": {"amount": "463.42", "currencyCode": "SEK"}}]}


@pytest.mark.parametrize(
    "upstream",
    [
        lambda _: httpx.Response(401, text="token-of-1234 is expired"),
        lambda _: httpx.Response(500, json={"Type": "x", "Detail": "token-of-1234"}),
        lambda _: httpx.Response(200, text="token-of-1234"),
    ],
    ids=["401", "500", "no JSON"],
)
async def test_no_token_shows_in_an_error_or_in_the_log(
    serve: Serve,
    connected: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    upstream: Callable[[httpx.Request], httpx.Response],
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway = await serve(connected, upstream)

    reply = await gateway.post("/graphql", json={"query": INVOICE})

    assert reply.json()["errors"]
    assert TOKEN_OF_1234 not in reply.text + caplog.text


async def test_operations_are_counted_in_the_table_that_the_server_gives() -> None:
    """The processes of a gateway share it, and by it their room."""
    workload = Workload(2)
    number = workload.take_seat()
    assert number is not None
    app = create_app(load_settings({}))
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        if message["type"] == "lifespan.startup.complete":
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                asked = await client.post("/graphql", json={"query": "{ __typename }"})
                counts.append(asked.status_code)
            counts.append(workload.cells[:])

    counts: list[Any] = []
    before = workload.cells[:]
    member = Member(workload, number)
    await app({"type": "lifespan", "state": {MEMBER: member}}, receive, send)

    assert counts[0] == 200
    assert counts[1] != before
