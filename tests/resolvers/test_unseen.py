"""Nothing that a caller does not see is asked for, whatever the fields above it have checked."""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import msgspec
import pytest

from resolvers.errors import ErrorCode, RequestError
from resolvers.lookups import holder_reference
from resolvers.nodes import SubscriptionNode
from resolvers.operation import Operation
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.problems import Problem, ProblemType
from resolvers.payex.api.records import ItemList, SubscriptionItem
from resolvers.payex.api.routes import Billing, Holder, Kind
from resolvers.rights import EVERYTHING, Numbers, Rights, UnseenError, unseen

Operate = Callable[..., AbstractAsyncContextManager[Operation]]

USER = Rights(numbers={"xxx": Numbers(frozenset({"1"}), frozenset({"2"}))})
AGENT = Rights(ledgers=frozenset({"xxx"}))
OWN = Holder("xxx", Billing.BILLED, "1")
LEDGER = "/billing/usage/v1/xxx"
INSTANCE = "dd07e588-70c8-4b27-95f5-020cc2968c06"
FOREIGN = [
    Holder("xxx", Billing.BILLED, "2"),
    Holder("xxx", Billing.UNBILLED, "1"),
    Holder("xxx", Billing.BILLED, "12"),
    Holder("yyy", Billing.BILLED, "1"),
]


class Upstream:
    """Answers with what it is given, and notes what it is asked for."""

    def __init__(self, body: object = (), status: int = 200) -> None:
        self.asked: list[str] = []
        self._body = body
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.asked.append(request.url.raw_path.decode())
        return httpx.Response(self._status, json=self._body)


@pytest.mark.parametrize(
    ("holder", "code"),
    [
        *((holder, ErrorCode.NOT_FOUND) for holder in FOREIGN[:3]),
        (FOREIGN[3], ErrorCode.FORBIDDEN),
    ],
)
async def test_a_reference_to_what_the_caller_does_not_see_is_refused_without_a_call(
    operate: Operate, holder: Holder, code: ErrorCode
) -> None:
    """Its code is that of one that PayEx does not have, or of a ledger that is not open."""
    upstream = Upstream()
    key = {"ownerNo": holder.owner_no, holder.parameter: holder.number}
    async with operate(upstream, rights=USER) as operation:
        with pytest.raises(RequestError) as refused:
            holder_reference(operation, holder.billing, key)
    assert refused.value.code is code
    assert upstream.asked == []


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("holder", FOREIGN)
async def test_a_route_of_what_the_caller_does_not_see_is_never_called(
    operate: Operate, holder: Holder, kind: Kind
) -> None:
    """The last line of defence: a field that forgot to look fails as a fault of the gateway."""
    upstream = Upstream({"items": []})
    async with operate(upstream, rights=USER) as operation:
        route = operation.payex.routes.of(holder, kind, "70")
        with pytest.raises(UnseenError):
            await operation.routes.answer(route)
        with pytest.raises(UnseenError):
            await operation.subscriptions.answer(holder, "70")
        assert operation.stats.report()["calls"] == 0
    assert upstream.asked == []


@pytest.mark.parametrize("rights", [USER, AGENT, EVERYTHING])
async def test_what_the_caller_sees_is_asked_for(operate: Operate, rights: Rights) -> None:
    upstream = Upstream({"items": []})
    async with operate(upstream, rights=rights) as operation:
        route = operation.payex.routes.of(OWN, Kind.SUBSCRIPTIONS)
        answer = await operation.routes.answer(route)
    assert isinstance(answer.outcome, ItemList)
    assert upstream.asked == [f"{LEDGER}/invoices/1/subscriptions"]


@pytest.mark.parametrize(
    "path",
    [
        "/invoices/2/subscriptions/70/usage-details",
        "/invoices/12/subscriptions/70/usage-details",
        "/invoices/1%20/subscriptions/70/usage-details",
        "/invoices/1;x/subscriptions/70/usage-details",
        "/invoices",
        "/somewhere/else",
    ],
)
async def test_a_link_out_of_ones_own_invoice_is_followed_for_agents_alone(
    operate: Operate, path: str
) -> None:
    """Even a customer of the same caller's: what a link leads to is its holder's, or nobody's."""
    upstream = Upstream({"items": []})
    link = msgspec.Raw(msgspec.json.encode(f"{LEDGER}{path}"))
    node = SubscriptionNode(OWN, "70", item=SubscriptionItem(usage_details=link))
    for rights, followed in ((USER, False), (AGENT, True)):
        async with operate(upstream, rights=rights) as operation:
            answer = await operation.routes.answer(node.route(operation.payex.routes, Kind.DETAILS))
        refused = isinstance(answer.outcome, Fault) and answer.outcome.code
        assert refused == (False if followed else FaultCode.UPSTREAM_LINK_REFUSED)
        assert len(upstream.asked) == followed


@pytest.mark.parametrize("path", ["/all?page=2", "/all/", "/subscriptions/70/usage-details?a=b"])
async def test_a_link_within_ones_own_invoice_is_followed(operate: Operate, path: str) -> None:
    upstream = Upstream({"items": []})
    link = f"{LEDGER}/invoices/1{path}".rstrip("/")
    async with operate(upstream, rights=USER) as operation:
        route = operation.payex.routes.follow(link, OWN, Kind.DETAILS)
        assert isinstance((await operation.routes.answer(route)).outcome, ItemList)
    assert upstream.asked == [link]


async def test_a_next_page_out_of_ones_own_invoice_is_not_fetched(operate: Operate) -> None:
    navigation = {"next": f"{LEDGER}/invoices/2/subscriptions"}
    upstream = Upstream({"items": [], "navigation": navigation})
    async with operate(upstream, rights=USER) as operation:
        answer = await operation.routes.answer(
            operation.payex.routes.of(OWN, Kind.SUBSCRIPTIONS),
        )
    assert isinstance(answer.outcome, Fault)
    assert answer.outcome.code is FaultCode.UPSTREAM_LINK_REFUSED
    assert upstream.asked == [f"{LEDGER}/invoices/1/subscriptions"]


@pytest.mark.parametrize("holder", [OWN, Holder("xxx", Billing.UNBILLED, "2")])
async def test_that_payex_does_not_have_it_is_told_to_an_end_user_as_that_it_is_not_theirs(
    operate: Operate, holder: Holder, caplog: pytest.LogCaptureFixture
) -> None:
    """What PayEx says of it is for the log."""
    code = "invoice-not-found" if holder.billing is Billing.BILLED else "customer-not-found"
    body = {"type": code, "title": "t", "status": 404, "detail": "d-1", "instance": INSTANCE}
    upstream = Upstream(body, 404)
    with caplog.at_level(logging.INFO, "resolvers"):
        async with operate(upstream, rights=USER) as operation:
            route = operation.payex.routes.of(holder, Kind.SUBSCRIPTIONS)
            answer = await operation.routes.answer(route)
    assert answer.outcome == unseen(holder)
    [entry] = [record for record in caplog.records if record.name == "resolvers.operation"]
    assert vars(entry)["instance"] == INSTANCE
    assert vars(entry)["support_id"] == operation.support_id
    assert "d-1" not in caplog.text


@pytest.mark.parametrize(
    ("rights", "code"),
    [
        (AGENT, "invoice-not-found"),
        (EVERYTHING, "invoice-not-found"),
        (USER, "invoice-has-no-usage"),
        (USER, "subscription-not-found"),
    ],
)
async def test_any_other_problem_is_told_as_payex_tells_it(
    operate: Operate, rights: Rights, code: str
) -> None:
    body = {"type": code, "title": "t", "status": 404, "detail": "d-1", "instance": "i-1"}
    async with operate(Upstream(body, 404), rights=rights) as operation:
        route = operation.payex.routes.of(OWN, Kind.SUBSCRIPTION, "70")
        answer = await operation.routes.answer(route)
    assert isinstance(answer.outcome, Problem)
    assert answer.outcome.kind is not ProblemType.UNRECOGNIZED
    assert (answer.outcome.detail, answer.outcome.instance) == ("d-1", "i-1")
