"""A route goes in; a reply, a problem or a fault comes out."""

import asyncio
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import msgspec
import pytest

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Answer, Call, CallContext, Unread
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.problems import Problem, ProblemType
from resolvers.payex.api.records import ItemList
from resolvers.payex.api.routes import Billing, Holder, Kind
from resolvers.payex.client import Payex
from resolvers.payex.credentials.access import derived_key
from resolvers.payex.http.breakages import Breakage
from resolvers.payex.resilience.retries import Backoff

Connect = Callable[..., AbstractAsyncContextManager[Payex]]
INVOICE = Holder("xxx", Billing.BILLED, "123456")
CUSTOMER = Holder("xxx", Billing.UNBILLED, "9999")
BASE = "/billing/usage/v1/xxx/invoices/123456/subscriptions"


def always(status: int, body: bytes) -> Callable[[httpx.Request], httpx.Response]:
    """A handler that always answers so."""
    return lambda _request: httpx.Response(status, content=body)


def context(stats: OperationStats) -> CallContext:
    """Whoever asks, with all the time there is."""
    return CallContext(stats, Deadline(math.inf), math.inf, rights="", turn="one")


async def ask(
    payex: Payex, kind: Kind, holder: Holder = INVOICE, wave: int = 1
) -> tuple[Answer, list[Call]]:
    """Ask for a route of a holder; return the answer and the calls that it took."""
    stats = OperationStats(500)
    route = payex.routes.of(holder, kind, "12345680")
    return await payex.answer(route, wave, context(stats)), stats.calls


def fault_of(answer: Answer) -> Fault:
    assert isinstance(answer.outcome, Fault)
    return answer.outcome


async def test_a_ledger_is_known_if_it_has_a_token(connect: Connect) -> None:
    async with connect(always(200, b"{}")) as payex:
        assert payex.knows("xxx")
        assert not payex.knows("yyy")


async def test_the_key_of_a_ledgers_cursors_is_known_to_its_gateways_alone(
    connect: Connect,
) -> None:
    """Without a token there is no cursor, and no key that another process or anyone could have."""
    async with connect(always(200, b"{}")) as payex, connect(always(200, b"{}")) as sibling:
        assert payex.cursor_key("xxx") == sibling.cursor_key("xxx")
        assert payex.cursor_key("yyy") not in {payex.cursor_key("xxx"), derived(""), derived("yyy")}


def derived(token: str) -> bytes:
    return derived_key(token, b"payex-cursors")


async def test_a_ledger_without_a_token_is_a_fault_without_a_call(connect: Connect) -> None:
    async with connect(always(200, b"{}")) as payex:
        answer, calls = await ask(payex, Kind.HOLDER, Holder("yyy", Billing.BILLED, "1"))
    assert fault_of(answer).code is FaultCode.LEDGER_NOT_CONFIGURED
    assert calls == []


async def test_nothing_is_kept_of_a_ledger_without_a_token(connect: Connect) -> None:
    async with connect(always(200, b"{}")) as payex:
        route = payex.routes.of(Holder("yyy", Billing.BILLED, "1"), Kind.HOLDER)
        assert payex.kept(route, 1, context(OperationStats(0))) is None


async def test_a_call_shows_the_ledgers_token_on_the_routes_path(connect: Connect) -> None:
    def check(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer a-token"
        assert request.url.path == "/billing/usage/v1/xxx/customers/9999"
        return httpx.Response(200, content=b'{"customerNo":"9999"}')

    async with connect(check) as payex:
        answer, _ = await ask(payex, Kind.HOLDER, CUSTOMER)
    assert isinstance(answer.outcome, msgspec.Raw)
    assert bytes(answer.outcome) == b'{"customerNo":"9999"}'


@pytest.mark.parametrize("kind", [Kind.SUBSCRIPTIONS, Kind.DETAILS, Kind.SUMMARIES])
async def test_a_list_follows_its_pages_each_one_wave_later(connect: Connect, kind: Kind) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params.get("page", 1))
        following = f"{request.url.path}?page={page + 1}" if page < 3 else None
        items = [{"usageType": f"{page}a", "subscriptionNo": f"{page}a"}]
        return httpx.Response(200, json={"items": items, "navigation": {"next": following}})

    async with connect(answer, max_pages=3) as payex:
        found, calls = await ask(payex, kind, wave=4)
    assert isinstance(found.outcome, ItemList)
    assert [msgspec.json.decode(i.raw)["usageType"] for i in found.outcome.items] == [
        "1a", "2a", "3a",
    ]  # fmt: skip
    assert found.wave == 6
    assert [call.wave for call in calls] == [4, 5, 6]


async def test_a_fault_is_of_the_wave_of_the_page_that_led_to_it(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        following = f"{BASE}?page={int(request.url.params.get('page', 1)) + 1}"
        return httpx.Response(200, json={"items": [], "navigation": {"next": following}})

    async with connect(answer, max_pages=3) as payex:
        found, calls = await ask(payex, Kind.SUBSCRIPTIONS)
    assert fault_of(found).code is FaultCode.UPSTREAM_TOO_MANY_PAGES
    assert fault_of(found).limit == {"GATEWAY_UPSTREAM_MAX_PAGES": 3}
    assert (len(calls), found.wave) == (3, 3)


async def test_a_link_that_is_too_long_for_a_url_is_refused(connect: Connect) -> None:
    body = msgspec.json.encode({"items": [], "navigation": {"next": f"?{'a' * 70_000}"}})
    async with connect(always(200, body)) as payex:
        found, calls = await ask(payex, Kind.SUBSCRIPTIONS)
    assert fault_of(found).code is FaultCode.UPSTREAM_LINK_REFUSED
    assert len(calls) == 2


@pytest.mark.parametrize("kind", Kind)
async def test_a_body_that_cannot_be_read_is_malformed_and_not_asked_for_again(
    connect: Connect, kind: Kind
) -> None:
    retries = {"backoff": Backoff(attempts=3)}
    async with connect(always(200, b"<html>070</html>"), policies=retries) as payex:
        found, calls = await ask(payex, kind)
    assert fault_of(found).code is FaultCode.UPSTREAM_MALFORMED
    assert "070" not in fault_of(found).hint
    assert (len(calls), calls[0].status) == (1, 200)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (204, "UPSTREAM_ERROR"),
        (302, "UPSTREAM_ERROR"),
        (401, "UPSTREAM_UNAUTHENTICATED"),
        (403, "UPSTREAM_FORBIDDEN"),
        (429, "UPSTREAM_RATE_LIMITED"),
        (500, "UPSTREAM_ERROR"),
        (501, "UPSTREAM_LEDGER_NOT_CONFIGURED"),
        (502, "UPSTREAM_UNAVAILABLE"),
        (503, "UPSTREAM_UNAVAILABLE"),
        (504, "UPSTREAM_UNAVAILABLE"),
        (599, "UPSTREAM_ERROR"),
    ],
)
@pytest.mark.parametrize(
    ("body", "instance"),
    [
        (b'{"Type":"problems/invoice-not-found","Instance":"i-1","Detail":"070"}', "i-1"),
        (b"<html>070</html>", None),
        (b"", None),
    ],
    ids=["problem", "html", "empty"],
)
async def test_a_status_that_is_no_answer_is_a_fault_even_with_a_problem_as_its_body(
    connect: Connect, status: int, code: str, body: bytes, instance: str | None
) -> None:
    async with connect(always(status, body)) as payex:
        found, [call] = await ask(payex, Kind.HOLDER)
    fault = fault_of(found)
    assert (fault.code.value, fault.instance, fault.hint) == (code, instance, f"HTTP {status}")
    assert (call.status, call.fault) == (status, fault.code)
    assert "070" not in repr(fault)


@pytest.mark.parametrize("status", [400, 404, 409, 422])
async def test_a_client_error_is_a_problem_only_if_its_body_is_one_of_payex(
    connect: Connect, status: int
) -> None:
    async with connect(always(status, b'{"type":"billing/usage/problems/new"}')) as payex:
        told, [call] = await ask(payex, Kind.HOLDER, wave=2)
    assert isinstance(told.outcome, Problem)
    assert (told.outcome.status, told.outcome.kind) == (status, ProblemType.UNRECOGNIZED)
    assert (told.wave, call.status, call.fault) == (2, status, None)
    code = FaultCode.UPSTREAM_ROUTE_ABSENT if status == 404 else FaultCode.UPSTREAM_ERROR
    for body in (b"not found", b"{}", b'{"type":"about:blank"}'):
        async with connect(always(status, body)) as payex:
            untold, _ = await ask(payex, Kind.HOLDER)
        assert fault_of(untold).code is code


async def test_a_problem_of_a_later_page_is_the_answer(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.query:
            return httpx.Response(404, json={"type": "billing/usage/problems/invoice-has-no-usage"})
        return httpx.Response(200, json={"items": [], "navigation": {"next": f"{BASE}?page=2"}})

    async with connect(answer) as payex:
        found, _ = await ask(payex, Kind.SUBSCRIPTIONS)
    assert isinstance(found.outcome, Problem)
    assert found.wave == 2


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (Kind.HOLDER, b"<html>", "UPSTREAM_MALFORMED"),
        (Kind.SUBSCRIPTIONS, b'{"items": 070}', "UPSTREAM_MALFORMED"),
        (
            Kind.SUBSCRIPTIONS,
            b'{"items": [], "navigation": {"next": "/elsewhere"}}',
            "UPSTREAM_LINK_REFUSED",
        ),
        (
            Kind.SUBSCRIPTIONS,
            f'{{"items": [], "navigation": {{"next": "{BASE}?page=2"}}}}'.encode(),
            "UPSTREAM_MALFORMED",
        ),
    ],
    ids=["no JSON", "no JSON of a list", "another route", "a page twice"],
)
async def test_an_answer_that_cannot_be_used_is_told_beside_its_call(
    connect: Connect, kind: Kind, body: bytes, code: str
) -> None:
    stats = OperationStats(500)
    async with connect(always(200, body)) as payex:
        answer = await payex.answer(payex.routes.of(INVOICE, kind), 1, context(stats))
    assert fault_of(answer).code.value == code
    assert {call.fault for call in stats.calls} == {None}
    route = payex.routes.of(INVOICE, kind).template
    assert stats.unread == [Unread(route, FaultCode(code))]


async def test_a_fault_of_a_call_is_told_once(connect: Connect) -> None:
    stats = OperationStats(500)
    async with connect(always(500, b"")) as payex:
        await payex.answer(payex.routes.of(INVOICE, Kind.HOLDER), 1, context(stats))
    assert [call.fault for call in stats.calls] == [FaultCode.UPSTREAM_ERROR]
    assert stats.unread == []


def refuse(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("070")


async def test_a_call_is_told_with_its_template_times_and_fault(connect: Connect) -> None:
    async with connect(refuse) as payex:
        holder = Holder("xxx", Billing.BILLED, "number-of-one")
        found, [call] = await ask(payex, Kind.DETAILS, holder, wave=3)
    assert call.route == "/invoices/{invoiceNo}/subscriptions/{subscriptionNo}/usage-details"
    assert (call.wave, call.status, call.fault) == (3, None, FaultCode.UPSTREAM_UNREACHABLE)
    assert call.started <= call.ended
    assert fault_of(found).hint == Breakage.OTHER
    assert not any(text in repr(call) for text in ("number-of-one", "xxx", "a-token"))


async def test_a_cancelled_call_is_told_as_well(connect: Connect) -> None:
    asked = asyncio.Event()

    async def hang(_request: httpx.Request) -> httpx.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    stats = OperationStats(500)
    async with connect(hang) as payex:
        route = payex.routes.of(INVOICE, Kind.HOLDER)
        task = asyncio.create_task(payex.answer(route, 1, context(stats)))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [(call.status, call.fault) for call in stats.calls] == [(None, None)]


@pytest.mark.parametrize(
    ("kind", "name", "member"),
    [(Kind.DETAILS, "usage_details", "amount"), (Kind.SUMMARIES, "usage_summaries", "totalCharge")],
)
async def test_a_deployments_field_map_reaches_its_route(
    connect: Connect, kind: Kind, name: str, member: str
) -> None:
    field_map: dict[str, Any] = {name: {member: "sum"}}
    async with connect(always(200, b'{"items":[{"sum":1.10}]}'), field_map=field_map) as payex:
        found, _ = await ask(payex, kind)
    assert isinstance(found.outcome, ItemList)
    assert str(found.outcome.items[0].charge.amount) == "1.10"
