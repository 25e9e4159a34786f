"""Log lines on stderr, one for each record, as JSON or as text, with known keys only.

We use `logging` because uvicorn and httpx do. We do not use a library for JSON lines: these write
every attribute of a record and the texts of exceptions, which may hold secrets or personal data.
"""

import json
import logging
import re
import time
from datetime import UTC, datetime
from typing import Any, Final

from gateway.observability.tracebacks import places, places_in
from gateway.settings.logs import LogLevel, LogStyle

FIRST: Final = ("time", "level", "logger", "message", "pid", "stacktrace")
"""The first keys of a JSON line; the last one only if there is an exception."""

KEYS: Final = (
    "trace_id",
    "support_id",
    "caller",
    "operation",
    "ending",
    "status",
    "codes",
    "duration_ms",
    "upstream_ms",
    "loop_ms",
    "connection_ms",
    "place_ms",
    "pause_ms",
    "coalesced_ms",
    "overhead_ms",
    "calls",
    "retries",
    "waves",
    "deduplicated",
    "hits",
    "coalesced",
    "misses",
    "slowest_route",
    "slowest_ms",
    "problems",
    "cost_requested",
    "cost_actual",
    "budget_spent",
    "budget_used_up_by",
    "code",
    "route",
    "instance",
)
"""The attributes of a record that are written. All others are left out."""

IDS: Final = ("support_id", "caller", "trace_id", "instance")
"""The attributes that follow the message of a text line."""

_OURS: Final = frozenset({"gateway", "resolvers", "schema"})
_SERVER: Final = "uvicorn"
# From here libraries quote values: the call of a callback, or the `repr` of an object.
_QUOTED: Final = re.compile(r"[(<]")
_JSON: Final = json.JSONEncoder(separators=(",", ":"), default=lambda value: type(value).__name__)
_MOST_LINES: Final = 60
_MOST_CHARACTERS: Final = 1000


class TextLine(logging.Formatter):
    """`08:30:00.000 WARNING gateway.x: what happened support_id='...'`, in local time.

    A stack trace follows in further lines. These are indented, so that no logged text can imitate
    a line.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        first, *further = _lines(record)
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        ids = "".join(
            f" {name}={value!r}" for name in IDS if (value := getattr(record, name, None))
        )
        head = f"{moment}.{int(record.msecs):03} {record.levelname} {record.name}: {first}{ids}"
        return "\n  ".join([head, *further])


class JsonLine(logging.Formatter):
    """One JSON object in ASCII, with `time`, `level`, `logger`, `message` and the record's keys."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without keys that have no value."""
        first, *further = _lines(record)
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": first,
            "pid": record.process,
        }
        if further:
            line["stacktrace"] = "\n".join(further)
        carried = vars(record)
        line.update((key, value) for key in KEYS if (value := carried.get(key)) is not None)
        return _JSON.encode(line)


def log_config(style: LogStyle, level: LogLevel) -> dict[str, Any]:
    """Return the configuration of `logging`. uvicorn applies it in every server process.

    Messages of libraries below WARNING are dropped, and those of uvicorn below INFO: they quote
    URLs and headers, with customer numbers and tokens in them.

    Args:
        style: the format of lines.
        level: the lowest level of the gateway's own lines, and of uvicorn's.
    """
    levels = dict.fromkeys(sorted(_OURS), level) | {_SERVER: "INFO" if level == "DEBUG" else level}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonLine if style == "json" else TextLine}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {name: {"level": lowest} for name, lowest in levels.items()},
        "root": {"level": "ERROR" if level == "ERROR" else "WARNING", "handlers": ["stderr"]},
    }


def _lines(record: logging.LogRecord) -> list[str]:
    """Return the printable lines of a record."""
    try:
        message = record.getMessage()
    except (KeyError, TypeError, ValueError):
        # `logging` would print the arguments of the message.
        message = str(record.msg)
    first, _, rest = message.strip().partition("\n")
    package = record.name.partition(".")[0]
    if package in _OURS:
        further = rest.splitlines()
    else:
        further = places_in(rest)
        first = first if package == _SERVER else _QUOTED.split(first, maxsplit=1)[0].rstrip()
    if record.exc_info and record.exc_info[1]:
        further += places(record.exc_info[1])
    # The innermost places help most.
    return [_printable(line) for line in (first, *further[-_MOST_LINES:])]


def _printable(line: str) -> str:
    line = line[:_MOST_CHARACTERS]
    if line.isprintable():
        return line
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in line)
