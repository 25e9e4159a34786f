"""Money and volumes beside their codes."""

from decimal import Decimal

import pytest

from resolvers.payex.amounts import Money, Volume, VolumeUnit, money, volume


@pytest.mark.parametrize(
    ("currency", "code"),
    [("sek", "SEK"), ("SEK", "SEK"), (" Sek ", "SEK"), (None, None), ("", None), ("  ", None)],
)
def test_a_currency_is_upper_case_or_none(currency: str | None, code: str | None) -> None:
    assert money(Decimal("463.42"), currency) == Money(Decimal("463.42"), code)


def test_zero_is_an_amount_and_none_is_not() -> None:
    assert money(Decimal(0), "SEK") == Money(Decimal(0), "SEK")
    assert money(None, "SEK") is None


@pytest.mark.parametrize("unit", set(VolumeUnit) - {VolumeUnit.UNKNOWN})
@pytest.mark.parametrize("spelling", ["{}", " {} "])
def test_a_documented_volume_code_is_known_in_any_casing_and_stays_as_it_came(
    unit: VolumeUnit, spelling: str
) -> None:
    for code in (spelling.format(unit.value), spelling.format(unit.value.lower())):
        found = volume(Decimal(1), code)
        assert found == Volume(Decimal(1), code)
        assert found.unit is unit


@pytest.mark.parametrize("code", ["TB", "unknown", "", None])
def test_any_other_volume_code_is_unknown_and_stays_readable(code: str | None) -> None:
    found = volume(Decimal(1), code)
    assert found is not None
    assert (found.unit, found.code) == (VolumeUnit.UNKNOWN, code)


def test_zero_is_a_volume_and_none_is_not() -> None:
    assert volume(Decimal(0), "S") == Volume(Decimal(0), "S")
    assert volume(None, "S") is None
