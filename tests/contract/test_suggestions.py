"""A suggested field map is a guess from names and types, and a careful one."""

import json
from typing import Any

import msgspec
import pytest

from gateway.contract.bodies import Object
from gateway.contract.findings import compare
from gateway.contract.shapes import Shapes
from gateway.contract.suggestions import Suggestion, suggest
from resolvers.payex.api.routes import Routes

WHOLE = {
    "usageDetailId": "1",
    "startTime": "2026-10-01T08:00:00",
    "usageType": "VOICE",
    "productGroupId": "A",
    "detailInfo": "x",
    "destination": "y",
    "destinationCode": "z",
    "quantity": 1,
    "chargedVolume": 1,
    "totalVolume": 1,
    "volumeCode": "S",
    "unitPrice": 0.5,
    "amount": 0.5,
    "vatRate": 25,
    "currency": "SEK",
}


def suggested(missing: set[str], extra: dict[str, Any], **now: str) -> Suggestion:
    """Return the suggestion for records that lack these members and have those instead."""
    record = {name: value for name, value in WHOLE.items() if name not in missing} | extra
    objects = [msgspec.json.decode(json.dumps(record), type=Object)]
    shape = Shapes(Routes(), {"usage_details": now, "usage_summaries": {}}).details
    return suggest(shape, compare(shape, objects), objects, now)


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("amount", "chargedAmount", 1.5),
        ("amount", "totalCharge", 1.5),
        ("amount", "Amount", "1.5"),
        ("amount", "amount_", 1),
        ("startTime", "startDateTime", "2019-05-06T00:00:00"),
        ("startTime", "timestamp", "2019-05-06T00:00:00"),
        ("currency", "currencyCode", "SEK"),
        ("destinationCode", "destinationReferenceCode", "x"),
        ("unitPrice", "price", 1),
        ("vatRate", "vatPercent", 25),
        ("usageDetailId", "id", 7),
        ("productGroupId", "productGroup", "A"),
    ],
)
def test_a_like_name_with_a_fitting_type_is_a_guess(field: str, name: str, value: object) -> None:
    assert suggested({field}, {name: value}).guesses == {field: name}


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("amount", "chargedAmount", "12,50"),
        ("amount", "vatAmount", 1.5),
        ("amount", "discountAmount", 1.5),
        ("amount", "chargedAmount", None),
        ("amount", "belopp", 1.5),
        ("startTime", "startDateTime", "6 May"),
        ("destination", "destinationReferenceCode", "x"),
        ("usageType", "usageTypeId", "x"),
        ("currency", "currencyCode", 752),
    ],
)
def test_what_may_mean_something_else_is_no_guess(field: str, name: str, value: object) -> None:
    assert suggested({field}, {name: value}).guesses == {}


def test_between_two_likely_members_nobody_guesses() -> None:
    found = suggested({"amount"}, {"chargedAmount": 1, "ratedAmount": 2})

    assert found.guesses == {}
    assert found.open == {"amount": ["chargedAmount", "ratedAmount"]}


def test_one_member_is_not_suggested_twice() -> None:
    found = suggested({"chargedVolume", "totalVolume"}, {"volume": 1})

    assert found.guesses == {}


def test_the_clearly_likelier_of_two_is_the_guess() -> None:
    found = suggested({"amount"}, {"totalCharge": 1, "ratedAmount": 2})

    assert found.guesses == {"amount": "totalCharge"}
    assert found.open == {}


def test_a_member_whose_name_may_be_somebody_s_number_is_never_suggested() -> None:
    found = suggested({"amount"}, {"amount46701740605": 1})

    assert (found.guesses, found.open) == ({}, {"amount": []})


def test_a_member_of_another_type_may_be_replaced() -> None:
    assert suggested({"amount"}, {"amount": {"v": 1}, "chargedAmount": 1}).guesses == {
        "amount": "chargedAmount"
    }


def test_a_field_that_not_all_usage_has_is_not_asked_for() -> None:
    assert suggested({"vatRate"}, {"x": 1}).open == {}


def test_what_is_configured_is_kept_unless_the_guess_is_about_it() -> None:
    found = suggested({"amount"}, {"cost": 1}, amount="gone", quantity="quantity")

    assert found.kept == {"quantity": "quantity"}
    assert found.guesses == {"amount": "cost"}
