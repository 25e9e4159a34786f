"""Money and volumes beside their codes."""

from decimal import Decimal

import pytest

from resolvers.payex.api.amounts import Money, Volume, VolumeUnit, currency_code, number
from resolvers.payex.api.records import UsageRecord


@pytest.mark.parametrize(
    ("currency", "code"),
    [
        ("sek", "SEK"),
        (" Sek ", "SEK"),
        (None, None),
        ("", None),
        ("  ", None),
        # What is no code of three ASCII letters is not known to be the same as another.
        ("\u00df", "\u00df"),
        ("\ufb01n", "\ufb01n"),
        (" kr ", "kr"),
        ("s\u00e9k", "s\u00e9k"),
        ("sek1", "sek1"),
    ],
)
def test_a_code_of_three_letters_is_upper_case_and_any_other_as_it_came(
    currency: str | None, code: str | None
) -> None:
    assert currency_code(currency) == code


@pytest.mark.parametrize("unit", [unit for unit in VolumeUnit if unit is not VolumeUnit.UNKNOWN])
@pytest.mark.parametrize("spelling", ["{}", " {} "])
def test_a_documented_volume_code_is_known_in_any_casing_and_stays_as_it_came(
    unit: VolumeUnit, spelling: str
) -> None:
    for code in (spelling.format(unit.value), spelling.format(unit.value.lower())):
        found = Volume(Decimal(1), code)
        assert (found.unit, found.code) == (unit, code)


@pytest.mark.parametrize("code", ["TB", "unknown", "", None, "\u017f", "m\u0131n"])
def test_any_other_volume_code_is_unknown_and_stays_readable(code: str | None) -> None:
    found = Volume(Decimal(1), code)
    assert (found.unit, found.code) == (VolumeUnit.UNKNOWN, code)


def test_zero_is_a_value_and_none_is_not() -> None:
    zero = UsageRecord(amount=Decimal(0), total_volume=Decimal(0), currency="sek", volume_code="S")
    assert zero.charge == Money(Decimal(0), "SEK")
    assert zero.total == Volume(Decimal(0), "S")
    assert (zero.price, zero.charged) == (None, None)
    assert (UsageRecord().charge, UsageRecord().total) == (None, None)


def test_a_long_text_that_is_no_number_is_read_once() -> None:
    """In the square of its length it would take hours."""
    with pytest.raises(ValueError, match="Expected a number"):
        number("1" * 500_000 + "!")


@pytest.mark.parametrize(("largest", "beyond"), [("-1e59", "-1e60"), ("1e-60", "1e-61")])
def test_a_number_begins_at_most_60_places_from_the_point(largest: str, beyond: str) -> None:
    assert number(largest) == Decimal(largest)
    with pytest.raises(ValueError, match="ordinary size"):
        number(beyond)
