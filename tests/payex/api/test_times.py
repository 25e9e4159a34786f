"""The one rule for times: text of ISO 8601 is a Swedish local time without a zone."""

import contextlib
from datetime import MAXYEAR, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from resolvers.payex.api.times import day, moment

SWEDISH = ZoneInfo("Europe/Stockholm")


@given(st.datetimes())
def test_a_time_that_the_gateway_writes_is_read_as_the_same_time(time: datetime) -> None:
    assert moment(time.isoformat()) == time


@given(st.datetimes(), st.timezones())
def test_a_time_with_a_zone_is_converted_to_swedish_local_time(
    time: datetime, zone: ZoneInfo
) -> None:
    zoned = time.replace(tzinfo=zone)
    offset = zoned.utcoffset() or timedelta()
    # ISO 8601 has no seconds in an offset; local mean times had.
    assume(offset.seconds % 60 == 0 and 1 < time.year < MAXYEAR)

    assert moment(zoned.isoformat()) == zoned.astimezone(SWEDISH).replace(tzinfo=None)


@given(st.datetimes(), st.text("0123456789", max_size=20))
def test_digits_beyond_microseconds_are_cut_off(time: datetime, more: str) -> None:
    assert moment(time.isoformat(timespec="microseconds") + more) == time


@given(st.datetimes(), st.sampled_from("Tt "))
def test_what_the_fast_decoder_reads_is_read_alike(time: datetime, separator: str) -> None:
    text = time.isoformat(separator)

    assert moment(text) == msgspec.convert(text, datetime)


@given(st.text())
def test_no_text_fails_in_another_way_than_that_it_cannot_be_read(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert moment(text).tzinfo is None


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-10-31T08:30:05", "2026-10-31T08:30:05"),
        ("2026-10-31 08:30", "2026-10-31T08:30:00"),
        ("2026-10-31t08", "2026-10-31T08:00:00"),
        ("20261031T083005", "2026-10-31T08:30:05"),
        ("2026-10-31", "2026-10-31T00:00:00"),
        (" 2026-10-31T08:30:05\n", "2026-10-31T08:30:05"),
        ("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.999999"),
        ("9999-12-31T22:59:59Z", "9999-12-31T23:59:59"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
        ("2026-10-31T08:30:05,25", "2026-10-31T08:30:05.250000"),
        ("2026-10-31T23:59:59.9999999", "2026-10-31T23:59:59.999999"),
        ("2026-10-31T23:30Z", "2026-11-01T00:30:00"),
        ("2026-09-30T22:00:00z", "2026-10-01T00:00:00"),
        ("2026-10-31T08:30:05+0300", "2026-10-31T06:30:05"),
        ("2026-10-31T08:30:05-03", "2026-10-31T12:30:05"),
        ("2026-10-31T24:00:00", "2026-11-01T00:00:00"),
        ("2026-12-31T24:00", "2027-01-01T00:00:00"),
        ("2026-10-31T24:00:00.000Z", "2026-11-01T01:00:00"),
    ],
)
def test_each_spelling_of_iso_8601_is_read(text: str, time: str) -> None:
    assert moment(text).isoformat() == time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-29T02:30:00", "2026-03-29T02:30:00"),
        ("2026-03-29T01:30:00Z", "2026-03-29T03:30:00"),
        ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00"),
        ("2026-10-25T01:30:00Z", "2026-10-25T02:30:00"),
    ],
)
def test_the_hours_in_which_clocks_change_are_local_times_as_any(text: str, time: str) -> None:
    assert moment(text).isoformat() == time
    assert moment(text).fold == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "soon",
        "2026-W44-6",
        "2026-304",
        "2026-1031",
        "2026-02-30",
        "2026-10-31T25:00:00",
        "2026-10-31T24:00:01",
        "2026-10-31T24:00:00.5",
        "2026-10-31T08:60",
        "2026-10-31T08:00:60",
        "2026-10-31T08:00:00.",
        "2026-10-31T08:00:00+24:00",
        "2026-10-31T08:00:00+01:60",
        "2026-10-31T08:00:00+01:00:30",
        "2026-10-31Z",
        "2026-10-31x08:00:00",
        "0000-01-01T00:00:00",
        "10000-01-01T00:00:00",
        "9999-12-31T24:00:00",
        "9999-12-31T23:30:00Z",
        "9999-12-31T24:00:00+02:00",
        "0001-01-01T00:00:00+01:00",
        "0001-01-01T00:00:00+23:59",
        "\uff12\uff10\uff12\uff16-10-31T08:00:00",
        "1793430000",
    ],
)
def test_what_is_no_time_of_iso_8601_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a date and a time"):
        moment(text)


@pytest.mark.parametrize(
    ("text", "date_"),
    [
        ("2026-10-31", date(2026, 10, 31)),
        ("2026-10-31T23:59:59.9999999", date(2026, 10, 31)),
        ("2026-09-30T22:00:00Z", date(2026, 10, 1)),
        ("2026-09-30T21:59:59Z", date(2026, 9, 30)),
    ],
)
def test_the_day_of_a_time_is_the_swedish_one(text: str, date_: date) -> None:
    assert day(text) == date_
