"""A line of the log has what people look for, and keeps multi-line text below it."""

import logging
from typing import Any

import pytest

from gateway.logs import LOGGING, LogLine


def line(message: str, **ids: Any) -> str:
    """Return how a message is logged."""
    record = logging.LogRecord("gateway.x", logging.WARNING, __file__, 1, message, None, None)
    vars(record).update(ids)
    return LogLine().format(record)


def test_a_line_has_level_and_logger() -> None:
    assert line("It happened.") == "WARNING gateway.x: It happened."


def test_the_ids_stand_behind_the_message() -> None:
    assert line("A fault ", support_id="s-1", instance="i-1") == (
        "WARNING gateway.x: A fault support_id='s-1' instance='i-1'"
    )


def test_an_id_that_is_not_known_is_left_out() -> None:
    assert line("A fault", support_id="s-1", instance=None) == (
        "WARNING gateway.x: A fault support_id='s-1'"
    )


def test_the_ids_stand_before_the_further_lines() -> None:
    assert line("unexpected KeyError\n  in f", support_id="s-1") == (
        "WARNING gateway.x: unexpected KeyError support_id='s-1'\n  in f"
    )


def test_an_id_of_payex_cannot_begin_a_line() -> None:
    """It comes from outside: a forged line must not look like one of the gateway's."""
    assert "\n" not in line("A fault", instance="i-1\nERROR gateway.x: forged")


@pytest.mark.parametrize("logger", ["httpx"])
def test_upstream_calls_are_not_logged_one_by_one(logger: str) -> None:
    assert LOGGING["loggers"][logger]["level"] == "WARNING"
