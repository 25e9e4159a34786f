"""A line of the log has what people look for, and nothing that is not meant for it."""

import json
import logging
import logging.config
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.observability.logs import KEYS, JsonLine, TextLine, log_config
from gateway.settings.logs import LogLevel, LogSettings
from tests.gateway.service import ELSE, ROOT, SECONDS

MOMENT = datetime(2026, 11, 23, 15, 55, 46, 123_400, UTC)
STYLES = {"text": TextLine(), "json": JsonLine()}


def record(message: str, *args: Any, name: str = "gateway.x", **known: Any) -> logging.LogRecord:
    """Return a record that carries what is known beside its message."""
    made = logging.LogRecord(name, logging.WARNING, __file__, 1, message, args, None)
    made.created, made.msecs = MOMENT.timestamp(), 123.4
    vars(made).update(known)
    return made


def text(message: str, *args: Any, **known: Any) -> str:
    """Return how a message is written for people, behind the time."""
    return TextLine().format(record(message, *args, **known)).partition(" ")[2]


def members(message: str, *args: Any, **known: Any) -> dict[str, Any]:
    """Return the members of a line for programs."""
    line: dict[str, Any] = json.loads(JsonLine().format(record(message, *args, **known)))
    return line


def failure(words: str) -> tuple[type[BaseException], BaseException, Any]:
    """Return an exception as records carry it."""
    with pytest.raises(ValueError, match=words) as caught:
        raise ValueError(words)
    return (caught.type, caught.value, caught.tb)


def test_a_line_of_text_has_the_local_time_the_level_and_the_logger() -> None:
    moment = MOMENT.astimezone().strftime("%H:%M:%S.123")

    assert TextLine().format(record("It %s.", "happened")) == (
        f"{moment} WARNING gateway.x: It happened."
    )


def test_the_ids_stand_behind_the_message_of_a_text() -> None:
    assert text("A fault ", support_id="s-1", instance="i-1", trace_id=None, calls=2) == (
        "WARNING gateway.x: A fault support_id='s-1' instance='i-1'"
    )


def test_a_json_line_has_the_time_in_utc_the_level_the_logger_and_the_process() -> None:
    line = members("It %s.", "happened")

    assert line.pop("pid") > 0
    assert line == {
        "time": "2026-11-23T15:55:46.123Z",
        "level": "WARNING",
        "logger": "gateway.x",
        "message": "It happened.",
    }


def test_a_json_line_has_what_is_known_and_nothing_else_that_a_record_carries() -> None:
    """Libraries put into a record what they like."""
    line = members("x", **{**dict.fromkeys(KEYS, 1), "support_id": None, "url": "/1"})

    assert list(line)[5:] == [key for key in KEYS if key != "support_id"]


def test_a_value_that_is_no_json_is_told_by_its_type() -> None:
    assert members("x", caller=object())["caller"] == "object"


@pytest.mark.parametrize("style", STYLES)
@given(said=st.text(), known=st.text(), package=st.sampled_from(["gateway.x", "uvicorn.error"]))
def test_whatever_is_said_a_record_begins_one_line_and_is_printable(
    style: str, said: str, known: str, package: str
) -> None:
    """A forged line must not look like one of the gateway's."""
    line = STYLES[style].format(record("%s", said, name=package, instance=known))

    first, *further = line.splitlines()
    assert all(one.startswith("  ") for one in further)
    assert all(one.isprintable() for one in (first, *further))
    if style == "json":
        assert line.isascii()
        assert json.loads(line)["level"] == "WARNING"


@pytest.mark.parametrize("style", STYLES)
def test_a_line_has_a_bounded_length(style: str) -> None:
    """Container runtimes break lines of more than 16 KB in two."""
    said = "\n".join("x" * 100 for _ in range(10_000))

    assert len(STYLES[style].format(record(said))) < 16_000
    assert len(STYLES[style].format(record("y" * 100_000))) < 16_000


def test_the_further_lines_of_a_message_are_indented_in_a_text() -> None:
    assert text("unexpected KeyError\n  in f", support_id="s-1") == (
        "WARNING gateway.x: unexpected KeyError support_id='s-1'\n    in f"
    )


def test_the_further_lines_of_a_message_are_the_stacktrace_of_a_json_line() -> None:
    line = members("unexpected KeyError\n  in f\n  in g")

    assert (line["message"], line["stacktrace"]) == ("unexpected KeyError", "  in f\n  in g")


@pytest.mark.parametrize("style", STYLES)
def test_an_exception_is_told_by_its_type_and_its_places(style: str) -> None:
    line = STYLES[style].format(record("It failed.", exc_info=failure("46701740605")))

    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "46701740605" not in line


@pytest.mark.parametrize("style", STYLES)
def test_what_another_handler_has_written_of_an_exception_is_not_used(style: str) -> None:
    """`logging` keeps in the record what its own formatter makes of an exception."""
    failed = record("It failed.", exc_info=failure("46701740605"))
    logging.Formatter().format(failed)

    assert "46701740605" not in STYLES[style].format(failed)


def test_a_message_that_its_values_do_not_fit_is_written_without_them() -> None:
    """`logging` itself would print them."""
    assert members("Two: %s and %s", "46701740605")["message"] == "Two: %s and %s"


def test_of_a_traceback_that_uvicorn_prints_places_and_types_are_left() -> None:
    printed = (
        "Traceback (most recent call last):\n"
        '  File "/app/x.py", line 7, in start\n    use(secret)\n'
        "ValueError: 46701740605\nand more\n"
    )

    line = members(printed, name="uvicorn.error")

    assert line["message"] == "Traceback (most recent call last):"
    assert line["stacktrace"] == '  File "/app/x.py", line 7, in start\nValueError'


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Task exception was never retrieved\nfuture: <Task exception=ValueError('46701740605')>",
         "Task exception was never retrieved"),
        ("Exception in callback f('46701740605')\nhandle: <Handle f('46701740605')>",
         "Exception in callback f"),
    ],
)  # fmt: skip
def test_of_what_asyncio_says_nothing_is_left_that_it_quotes(said: str, told: str) -> None:
    line = members(said, name="asyncio")

    assert line["message"] == told
    assert "stacktrace" not in line


@pytest.mark.parametrize("level", ["INFO", "WARNING", "ERROR"])
def test_the_level_is_that_of_our_lines_and_of_the_servers(level: LogLevel) -> None:
    loggers = log_config("json", level)["loggers"]

    assert loggers == {
        name: {"level": level} for name in ("gateway", "resolvers", "schema", "uvicorn")
    }


def test_at_debug_the_server_says_no_more_than_at_info() -> None:
    loggers = log_config("json", "DEBUG")["loggers"]

    assert loggers == {
        **{name: {"level": "DEBUG"} for name in ("gateway", "resolvers", "schema")},
        "uvicorn": {"level": "INFO"},
    }


@pytest.mark.parametrize(
    ("level", "others"),
    [("DEBUG", "WARNING"), ("INFO", "WARNING"), ("WARNING", "WARNING"), ("ERROR", "ERROR")],
)
def test_what_libraries_say_below_a_warning_is_never_written(level: LogLevel, others: str) -> None:
    """One of httpx for each upstream call has its URL, and those of httpcore have headers."""
    assert log_config("text", level)["root"]["level"] == others


@pytest.mark.parametrize(
    ("format_", "terminal", "style"),
    [
        ("auto", True, "text"),
        ("auto", False, "json"),
        ("json", True, "json"),
        ("text", False, "text"),
    ],
)
def test_lines_are_text_on_a_terminal_unless_it_is_said_otherwise(
    format_: Any, terminal: bool, style: str
) -> None:
    assert LogSettings.model_construct(log_format=format_).log_style(terminal=terminal) == style


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_configuration_is_one_of_logging_and_writes_to_stderr(style: Any) -> None:
    """In a process of its own, because it is the whole process's."""
    program = (
        "import json, logging, logging.config, sys\n"
        "from gateway.observability.logs import log_config\n"
        f"logging.config.dictConfig(log_config({style!r}, 'INFO'))\n"
        "logging.getLogger('httpx').info('GET /invoices/123456')\n"
        "logging.getLogger('uvicorn.error').info('Started.')\n"
        "logging.getLogger('resolvers.x').info('Hello.', extra={'support_id': 's-1'})\n"
    )
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=ELSE,
        capture_output=True,
        timeout=SECONDS,
        check=True,
        text=True,
    )

    started, hello = ended.stderr.splitlines()
    if style == "json":
        assert json.loads(started)["message"] == "Started."
        assert json.loads(hello)["support_id"] == "s-1"
    else:
        assert started.endswith(" INFO uvicorn.error: Started.")
        assert hello.endswith(" INFO resolvers.x: Hello. support_id='s-1'")
