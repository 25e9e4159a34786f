"""Scalars are written exactly, by whatever way is quickest."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.scalars import SCALARS, ExactDecimal, LocalDateTime


def written(scalar: object, value: object) -> object:
    """Return what a scalar makes of a value."""
    serialize = SCALARS[scalar].serialize
    assert serialize is not None
    return serialize(value)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_is_written_to_the_last_digit(value: Decimal) -> None:
    text = str(written(ExactDecimal, value))

    assert Decimal(text).as_tuple() == value.as_tuple() or (
        # In plain digits, the zeros behind a positive exponent are written out.
        Decimal(text) == value and "E" not in text
    )
    assert abs(value.adjusted()) > 60 or text == format(value, "f")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("463.42", "463.42"),
        ("463.420", "463.420"),
        ("-0.00", "-0.00"),
        ("1E+3", "1000"),
        ("1E-9", "0.000000001"),
        ("1E-90", "1E-90"),
        ("1E+90", "1E+90"),
        ("9" * 70, "9" * 70),
    ],
)
def test_a_decimal_has_no_exponent_unless_that_is_clearer(value: str, text: str) -> None:
    assert written(ExactDecimal, Decimal(value)) == text


@given(st.datetimes(timezones=st.none() | st.just(UTC) | st.timezones()))
def test_a_time_is_written_as_python_does(value: datetime) -> None:
    assert written(LocalDateTime, value) == value.isoformat()
