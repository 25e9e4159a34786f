"""Problems: the documented five, one that is not documented, and how their types are written."""

from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest

from gateway.sandbox import ProblemStyle

Connect = Callable[..., httpx.AsyncClient]
V1 = "/billing/usage/v1/1234"
EVERY_REST = [
    "",
    "/subscriptions",
    "/subscriptions/1",
    "/subscriptions/1/usage-details",
    "/subscriptions/1/usage-summaries",
]
TYPES = "billing/usage/problems"


@pytest.mark.parametrize("rest", EVERY_REST)
@pytest.mark.parametrize(
    ("account", "code"),
    [
        ("invoices/999", "invoice-not-found"),
        ("customers/999", "customer-not-found"),
        ("invoices/77", "invoice-has-no-usage"),
        ("invoices/78", "invoice-under-review"),
    ],
)
async def test_every_route_under_an_account_tells_its_problem(
    payex: httpx.AsyncClient, account: str, code: str, rest: str
) -> None:
    answer = await payex.get(f"{V1}/{account}{rest}")
    assert (answer.status_code, answer.json()["Type"]) == (404, f"{TYPES}/{code}")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("account", ["invoices/123456", "customers/9999"])
@pytest.mark.parametrize("rest", EVERY_REST[2:])
async def test_an_unknown_subscription_is_not_found_on_the_account(
    payex: httpx.AsyncClient, account: str, rest: str
) -> None:
    answer = await payex.get(f"{V1}/{account}{rest}")
    assert answer.status_code == 404
    assert answer.json()["Type"] == f"{TYPES}/subscription-not-found"


async def test_members_are_in_pascal_case(payex: httpx.AsyncClient) -> None:
    body = (await payex.get(f"{V1}/invoices/999")).json()
    assert list(body) == ["Type", "Title", "Status", "Instance", "Detail"]
    assert body["Status"] == 404


@pytest.mark.parametrize(
    ("path", "mistakes"),
    [
        (f"invoices/{'9' * 16}", [{"invoiceNo": "Not a valid invoice number"}]),
        ("invoices/1%3F", [{"invoiceNo": "Not a valid invoice number"}]),
        ("invoices/", [{"invoiceNo": "Not a valid invoice number"}]),
        ("invoices/%C3", [{"invoiceNo": "Not a valid invoice number"}]),
        ("customers/1%0A", [{"customerNo": "Not a valid customer number"}]),
        (
            f"customers/%C3%A9/subscriptions/{'1' * 35}",
            [
                {"customerNo": "Not a valid customer number"},
                {"subscriptionNo": "Not a valid subscription number"},
            ],
        ),
        (
            "invoices/55/subscriptions/7%3B/usage-details",
            [{"subscriptionNo": "Not a valid subscription number"}],
        ),
    ],
)
async def test_a_number_that_breaks_its_format_is_named(
    payex: httpx.AsyncClient, path: str, mistakes: list[dict[str, str]]
) -> None:
    answer = await payex.get(f"{V1}/{path}")
    assert (answer.status_code, answer.json()["Type"]) == (400, f"{TYPES}/validation")
    assert answer.json()["Problems"] == mistakes


@pytest.mark.parametrize("number", ["a" * 15, "!\"#$%&'()*+,-./", "äåöÄÅÖ_ 09azAZ"])
async def test_every_documented_character_is_valid(payex: httpx.AsyncClient, number: str) -> None:
    answer = await payex.get(f"{V1}/customers/{quote(number, safe='')}")
    assert answer.json()["Type"] == f"{TYPES}/customer-not-found"


async def test_a_subscription_number_has_up_to_34_characters(payex: httpx.AsyncClient) -> None:
    answer = await payex.get(f"{V1}/invoices/55/subscriptions/{'1' * 34}")
    assert answer.json()["Type"] == f"{TYPES}/subscription-not-found"


async def test_an_instance_stays_the_same_for_the_same_path(payex: httpx.AsyncClient) -> None:
    path = f"{V1}/invoices/999"
    first = (await payex.get(path)).json()["Instance"]
    assert first == (await payex.get(path)).json()["Instance"]
    assert first != (await payex.get(f"{V1}/invoices/998")).json()["Instance"]
    assert len(first) == 36


async def test_one_instance_is_null(payex: httpx.AsyncClient) -> None:
    body = (await payex.get(f"{V1}/invoices/404")).json()
    assert body["Instance"] is None
    assert body["Type"] == f"{TYPES}/invoice-not-found"


async def test_one_documented_and_one_new_problem_have_members_of_their_own(
    payex: httpx.AsyncClient,
) -> None:
    assert (await payex.get(f"{V1}/customers/404")).json()["SupportHint"]
    assert (await payex.get(f"{V1}/invoices/78")).json()["ReviewEnds"] == "2026-12-01"


@pytest.mark.parametrize(
    ("style", "validation", "subscription"),
    [
        ("plain", f"{TYPES}/validation", f"{TYPES}/subscription-not-found"),
        (
            "versioned",
            "billing/usage/v1/problems/validation",
            "billing/usage/v1/problems/subscription-not-found",
        ),
        (
            "absolute",
            "http://host.example/billing/usage/problems/validation",
            "http://host.example/billing/usage/problems/subscription-not-found",
        ),
        ("dotted", "billing.usage.validation-error", "billing.usage.subscription-not-found"),
        ("spaced", f"{TYPES}/validation", f"{TYPES}/subscription-not found"),
    ],
)
async def test_a_type_is_written_in_the_chosen_style(
    connect: Connect, style: str, validation: str, subscription: str
) -> None:
    payex = connect(problem_style=ProblemStyle(style))
    invalid = await payex.get(f"{V1}/invoices/55%3F")
    unknown = await payex.get(f"{V1}/invoices/55/subscriptions/71")
    assert invalid.json()["Type"] == validation
    assert unknown.json()["Type"] == subscription


async def test_the_odd_spelling_is_that_of_one_problem_only(connect: Connect) -> None:
    payex = connect(problem_style=ProblemStyle.SPACED)
    answer = await payex.get(f"{V1}/invoices/999")
    assert answer.json()["Type"] == f"{TYPES}/invoice-not-found"
