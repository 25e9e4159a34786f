"""The one rule for times: text of ISO 8601 is a Swedish local time without a zone.

It holds for records, summaries, filters and groups, so that what the schema gives out it takes back
in, and no record is displayed in one month and summed in another.

- A date is `2026-10-31` or `20261031`. A time of day follows it after `T`, `t` or a space: hours,
  minutes, seconds, with colons or without; what is missing is zero. A date alone is its midnight.
- A time of day may end with a zone: `Z`, `z`, `+01:00`, `+0100` or `+01`. Such a time is converted
  to Swedish local time. One without a zone is taken as it is (PayEx documents times without a zone;
  that they are Swedish is assumed).
- Fractions of a second follow a point or a comma. Digits beyond microseconds are cut off, never
  rounded: a moment before midnight stays on its day.
- `24:00:00` is the midnight that ends its day, as ISO 8601 has it.
- Where clocks go forward, a local time that no clock shows is taken as it is. Where they go back,
  an hour happens twice, and local times do not tell which it is.
- Blanks around the text are ignored. All other text cannot be read: week dates, days of the year,
  leap seconds, a zone without a time of day, digits other than 0 to 9, and what lies before year 1
  or after year 9999, be it only in Swedish time.
"""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_SWEDISH = ZoneInfo("Europe/Stockholm")
_FORM = re.compile(
    r"""
    (\d{4} (-?) \d\d \2 \d\d)                                              # the date
    (?:
        [T ] (?: (24) (:?00)* ([.,]0+)? | \d\d (?: (:?) \d\d (?: \6 \d\d ([.,]\d+)? )? )? )
        (?: Z | [+-]\d\d (?: :? [0-5]\d )? )?                               # the zone
    )?
    """,
    re.ASCII | re.VERBOSE,
)


class NoSuchMomentError(ValueError):
    """A text of the right form states a moment that does not exist, such as 31 November."""


def moment(text: str) -> datetime:
    """Return the Swedish local time that a text states, without a zone.

    Raises:
        NoSuchMomentError: there is no such moment.
        ValueError: the text cannot be read. The message does not repeat it.
    """
    text = text.strip().upper()
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError("Expected a date and a time of ISO 8601")
    try:
        if form[3]:
            text = text[: form.start(3)] + "00" + text[form.end(3) :]
        written = datetime.fromisoformat(text)
        if form[3]:
            written += timedelta(days=1)
        if written.tzinfo is not None:
            written = written.astimezone(_SWEDISH).replace(tzinfo=None, fold=0)
    except (ValueError, OverflowError):
        raise NoSuchMomentError("Expected a date and a time that exist") from None
    return written


def day(text: str) -> date:
    """Return the Swedish date of what a text states: a date, or a date and a time.

    Raises:
        ValueError: the text cannot be read. The message does not repeat it.
    """
    return moment(text).date()
