"""Scalars are written exactly, by whatever way is quickest."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from graphql import GraphQLError, GraphQLID, GraphQLInt, GraphQLScalarType
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from resolvers.malformed import Malformed
from schema.json_numbers import json_number
from schema.scalars import SCALARS, ExactDecimal, LocalDateTime, UtcDateTime


def written(scalar: object, value: object) -> object:
    """Return what a scalar makes of a value."""
    serialize = SCALARS[scalar].serialize
    assert serialize is not None
    return serialize(value)


@given(st.integers(0, 2**42))
def test_a_moment_is_written_in_utc_to_the_millisecond(milliseconds: int) -> None:
    text = str(written(UtcDateTime, milliseconds / 1000))

    assert (text[-5], text[-1]) == (".", "Z")
    read = datetime.fromisoformat(text)
    assert abs(read.timestamp() - milliseconds / 1000) <= 0.001


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
        ("-0.00", "0.00"),
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


def read(scalar: object, value: object) -> object:
    """Return what a scalar reads of a variable."""
    parse_value = SCALARS[scalar].parse_value
    assert parse_value is not None
    return parse_value(value)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_the_decimal_that_is_written_is_read_again(value: Decimal) -> None:
    assert read(ExactDecimal, written(ExactDecimal, value)) == value


@given(st.from_regex(r"-?[1-9][0-9]{0,30}(\.[0-9]{1,30}|e-?[0-9]{1,2})", fullmatch=True))
def test_a_json_number_is_read_to_the_last_digit(text: str) -> None:
    number = json.Decoder(float_hook=json_number).decode(text)

    assert read(ExactDecimal, number) == Decimal(text)


@given(st.integers())
def test_an_integer_is_read_to_the_last_digit(value: int) -> None:
    assert read(ExactDecimal, value) == Decimal(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_of_a_program_is_read_as_it_is_written(value: float) -> None:
    assert read(ExactDecimal, value) == Decimal(repr(value))


@given(st.text())
def test_a_decimal_has_the_digits_from_0_to_9_and_nothing_that_python_alone_takes(
    text: str,
) -> None:
    found = read(ExactDecimal, text)

    assert isinstance(found, Malformed) or set(text) <= set("0123456789+-.eE")


@pytest.mark.parametrize("scalar", [GraphQLID, GraphQLInt], ids=str)
@pytest.mark.parametrize(
    "text", ["55.5", "3.0000000000000001", "-0.0", "1e3", "1.0e3", "1e22", f"{10**19}.0", "1e999"]
)
def test_no_id_and_no_int_has_a_fraction_or_an_exponent(
    scalar: GraphQLScalarType, text: str
) -> None:
    with pytest.raises(GraphQLError):
        scalar.coerce_input_value(json_number(text))


@pytest.mark.parametrize("text", ["55.0", "-3.000", "0.0", "9007199254740993.0"])
def test_an_integer_that_is_written_with_a_point_is_one(text: str) -> None:
    assert GraphQLID.coerce_input_value(json_number(text)) == text.partition(".")[0]


@given(st.datetimes())
def test_the_time_that_is_written_is_read_again(value: datetime) -> None:
    assert read(LocalDateTime, written(LocalDateTime, value)) == value


@pytest.mark.parametrize("text", ["%s!", "1e%s!", ".%s!", "%s.%s!"])
def test_a_long_number_that_is_none_is_read_once(text: str) -> None:
    """In the square of its length it would take hours."""
    assert isinstance(read(ExactDecimal, text.replace("%s", "1" * 500_000)), Malformed)
