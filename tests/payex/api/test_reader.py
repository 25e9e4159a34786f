"""What a route holds is read from its bodies, the pages of a list in order."""

from collections.abc import Hashable

import msgspec
import pytest

from resolvers.payex.api.body_slices import AT_ONCE
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.intake import Intake
from resolvers.payex.api.problems import Problem, ProblemType, parse_problem
from resolvers.payex.api.reader import Reader, Reading
from resolvers.payex.api.records import ItemList, SubscriptionItem
from resolvers.payex.api.routes import Billing, Holder, Kind, Route, Routes
from resolvers.payex.api.turns import Pace, Turns

INVOICE = Holder("xxx", Billing.BILLED, "123456")
CUSTOMER = Holder("xxx", Billing.UNBILLED, "9999")
BASE = "/billing/usage/v1/xxx/invoices/123456/subscriptions"
LISTS = [Kind.SUBSCRIPTIONS, Kind.DETAILS, Kind.SUMMARIES]


def page(*types: str, following: str | None = None) -> bytes:
    """Return a page of a list with these usage types."""
    items = [{"usageType": usage_type, "subscriptionNo": usage_type} for usage_type in types]
    return msgspec.json.encode({"items": items, "navigation": {"next": following}})


def problem(code: str, status: int = 404) -> Problem:
    """Return a problem as PayEx tells it."""
    told = parse_problem(status, msgspec.json.encode({"type": f"billing/usage/problems/{code}"}))
    assert told
    return told


class Source:
    """Hands out one body after the other, and writes down what it was asked."""

    def __init__(self, *bodies: bytes | Problem) -> None:
        self._bodies = bodies
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, route: Route, number: int) -> bytes | Problem:
        """Return the next body; the last one is handed out again and again."""
        self.asked.append((route.path, number))
        return self._bodies[min(number, len(self._bodies) - 1)]


async def read(
    source: Source, kind: Kind, holder: Holder = INVOICE, max_pages: int = 100
) -> Reading:
    routes = Routes()
    return await Reader(routes, max_pages, {}).read(routes.of(holder, kind, "12345680"), source)


async def refusal(source: Source, kind: Kind, max_pages: int = 100) -> Fault:
    with pytest.raises(Fault) as raised:
        await read(source, kind, max_pages=max_pages)
    return raised.value


async def test_a_holder_is_its_whole_body() -> None:
    body = b' {"invoiceNo":"1" } '
    reading = await read(Source(body), Kind.HOLDER)
    assert isinstance(reading.outcome, msgspec.Raw)
    assert bytes(reading.outcome).strip() == body.strip()
    assert (reading.status, reading.bodies, reading.size) == (200, (body,), len(body))


async def test_one_subscription_is_the_whole_body() -> None:
    body = b'{"subscriptionNo":"12345680","later":1}'
    reading = await read(Source(body), Kind.SUBSCRIPTION)
    assert isinstance(reading.outcome, SubscriptionItem)
    assert (reading.outcome.number, bytes(reading.outcome.raw)) == ("12345680", body)
    assert reading.bodies == (body,)


@pytest.mark.parametrize("kind", LISTS)
async def test_a_list_holds_all_its_pages_in_order(kind: Kind) -> None:
    path = Routes().of(INVOICE, kind, "12345680").path
    bodies = [page("a", "b", following=f"{path}?page=2"), page(following=f"{path}?x"), page("c")]
    source = Source(*bodies)
    reading = await read(source, kind, max_pages=3)
    assert isinstance(reading.outcome, ItemList)
    items = reading.outcome.items
    assert [msgspec.json.decode(item.raw)["usageType"] for item in items] == ["a", "b", "c"]
    assert source.asked == [(path, 0), (f"{path}?page=2", 1), (f"{path}?x", 2)]
    assert (reading.bodies, reading.size) == (tuple(bodies), sum(map(len, bodies)))


async def test_a_next_link_may_be_relative_to_its_page() -> None:
    second, third = " ?page=2#top ", "../123456/./subscriptions?page=3"
    source = Source(page("a", following=second), page("b", following=third), page("c"))
    reading = await read(source, Kind.SUBSCRIPTIONS)
    assert isinstance(reading.outcome, ItemList)
    assert [item.number for item in reading.outcome.items] == ["a", "b", "c"]
    assert [path for path, _ in source.asked] == [BASE, f"{BASE}?page=2", f"{BASE}?page=3"]


@pytest.mark.parametrize(
    "following",
    [
        "usage-summaries",
        "usage-summaries?page=2",
        "../12345681/usage-details",
        "../../usage-details?page=2",
        "/billing/usage/v1/xxx/invoices/2/subscriptions/12345680/usage-details",
        "/billing/usage/v1/xxx/customers/123456/subscriptions/12345680/usage-details",
        "/billing/usage/v1/xxx/somewhere/else",
    ],
)
async def test_records_of_another_list_are_never_counted(following: str) -> None:
    source = Source(page("a", following=following), page("b"))

    fault = await refusal(source, Kind.DETAILS)

    assert fault.code is FaultCode.UPSTREAM_LINK_REFUSED
    assert len(source.asked) == 1


async def test_more_pages_than_the_cap_are_a_fault_that_names_the_cap() -> None:
    source = Source(*(page(following=f"{BASE}?page={number}") for number in range(9)))
    fault = await refusal(source, Kind.SUBSCRIPTIONS, max_pages=3)
    assert fault.code is FaultCode.UPSTREAM_TOO_MANY_PAGES
    assert fault.limit == {"GATEWAY_UPSTREAM_MAX_PAGES": 3}
    assert len(source.asked) == 3


@pytest.mark.parametrize(
    ("following", "code"),
    [
        (BASE, FaultCode.UPSTREAM_MALFORMED),
        ("#x", FaultCode.UPSTREAM_MALFORMED),
        ("\\evil\\x", FaultCode.UPSTREAM_LINK_REFUSED),
        (BASE.replace("subscriptions", "%73ubscriptions"), FaultCode.UPSTREAM_MALFORMED),
        ("/billing/usage/v1/yyy/invoices/1", FaultCode.UPSTREAM_LINK_REFUSED),
        (f"https://payex.test{BASE}?page=2", FaultCode.UPSTREAM_LINK_REFUSED),
    ],
    ids=["same", "same document", "none", "same spelled otherwise", "other ledger", "absolute"],
)
async def test_a_next_link_to_a_read_page_or_out_of_the_ledger_is_a_fault(
    following: str, code: FaultCode
) -> None:
    source = Source(page(following=following))
    fault = await refusal(source, Kind.SUBSCRIPTIONS)
    assert fault.code is code
    assert len(source.asked) == 1
    assert "yyy" not in fault.hint


@pytest.mark.parametrize("kind", Kind)
async def test_a_body_that_cannot_be_read_is_malformed(kind: Kind) -> None:
    fault = await refusal(Source(b"<html>070</html>"), kind)
    assert fault.code is FaultCode.UPSTREAM_MALFORMED
    assert "070" not in fault.hint


async def test_a_problem_is_known_by_what_its_route_can_answer() -> None:
    billed = await read(Source(problem("invoice-not-found")), Kind.DETAILS)
    unbilled = await read(Source(problem("invoice-not-found")), Kind.DETAILS, CUSTOMER)
    assert isinstance(billed.outcome, Problem)
    assert isinstance(unbilled.outcome, Problem)
    assert billed.outcome.kind is ProblemType.INVOICE_NOT_FOUND
    assert unbilled.outcome.kind is ProblemType.UNRECOGNIZED


async def test_a_problem_of_a_later_page_stands_in_place_of_all() -> None:
    source = Source(page("a", following=f"{BASE}?page=2"), problem("invoice-has-no-usage"))
    reading = await read(source, Kind.SUBSCRIPTIONS)
    body = b'{"type":"billing/usage/problems/invoice-has-no-usage"}'
    assert isinstance(reading.outcome, Problem)
    assert (reading.status, reading.bodies, reading.size) == (404, (body,), len(body))


async def test_a_reading_shows_nothing_of_what_was_read() -> None:
    reading = await read(Source(b'{"subscriptionNo":"070"}'), Kind.SUBSCRIPTION)
    assert "070" not in repr(reading)


class Busy(Turns):
    """Turns of a loop that is due one each time it is asked, a second after the last time."""

    def __init__(self) -> None:
        super().__init__(lambda: float(self.given))
        self.given = 0

    def is_due(self, now: float) -> bool:  # noqa: ARG002 - as its parent's
        """Say that it is."""
        return True

    async def wait(self, caller: Hashable, operation: Hashable) -> None:  # noqa: ARG002 - as above
        """Let a second pass."""
        self.given += 1


@pytest.mark.parametrize(("size", "least"), [(1000, 0), (100_000, 1), (1_000_000, 8)])
async def test_a_body_gives_the_loop_a_turn_for_each_slice(size: int, least: int) -> None:
    turns, text = Busy(), "x" * 1000
    body = page(*[text] * (size // 2000))
    routes = Routes()
    route = routes.of(INVOICE, Kind.DETAILS, "12345680")
    intake = Intake(Pace(turns, Deadline(1000), TimeoutError))
    reading = await Reader(routes, 1, {}).read(route, Source(body), intake)
    assert isinstance(reading.outcome, ItemList)
    assert len(reading.outcome.items) == size // 2000
    # As many for the slices as to add them to the list.
    assert least <= turns.given <= 2 * least + 2


async def test_a_body_is_not_decoded_beyond_the_deadline() -> None:
    turns, routes = Busy(), Routes()
    body = page(*["x" * 1000] * 1000)
    route = routes.of(INVOICE, Kind.DETAILS, "12345680")
    with pytest.raises(TimeoutError):
        await Reader(routes, 1, {}).read(
            route, Source(body), Intake(Pace(turns, Deadline(3), TimeoutError))
        )
    assert turns.given == 3


@pytest.mark.parametrize("kind", [Kind.HOLDER, Kind.SUBSCRIPTION])
async def test_a_body_of_one_object_is_read_up_to_2_mib(kind: Kind) -> None:
    body = b'{"a":"%b"}' % (b"x" * AT_ONCE)
    with pytest.raises(Fault) as caught:
        await read(Source(body), kind)

    assert caught.value.code is FaultCode.UPSTREAM_MALFORMED
    assert f"at most {AT_ONCE} bytes" in caught.value.hint
    assert (await read(Source(b"{}" + b" " * (AT_ONCE - 2)), kind)).size == AT_ONCE
