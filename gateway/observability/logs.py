"""Lines of the log on stderr: one a record, as JSON or as text, with nothing that is not meant.

`logging` stays in front, since uvicorn and httpx speak by it. A library that writes records as
JSON takes over whatever a record carries, and the texts of exceptions; here neither may get out,
which leaves such a library nothing to do.
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
"""The keys that a line for programs begins with; the last only where there is an exception."""

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
"""What a record may carry beside its message. Anything else is left out of its line."""

IDS: Final = ("support_id", "caller", "trace_id", "instance")
"""What stands behind the message where lines are text."""

_OURS: Final = frozenset({"gateway", "resolvers", "schema"})
_SERVER: Final = "uvicorn"
# Where others begin to quote: the call of a callback, or the `repr` of an object.
_QUOTED: Final = re.compile(r"[(<]")
_JSON: Final = json.JSONEncoder(separators=(",", ":"), default=lambda value: type(value).__name__)
_MOST_LINES: Final = 60
_MOST_CHARACTERS: Final = 1000


class TextLine(logging.Formatter):
    """`08:30:00.000 WARNING gateway.x: what happened support_id='...'`, in local time.

    What belongs to it stands in further lines. These are indented, so that nothing which gets into
    a line can look like another one.
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
    """One JSON object in ASCII, with `time`, `level`, `logger`, `message` and what is known."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; what is not known is left out."""
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
    """Return the configuration of `logging`, which is handed to uvicorn for every server process.

    Libraries are heard from WARNING on, and uvicorn from INFO on. What they say below that quotes
    URLs and headers, and so people's numbers and tokens.

    Args:
        style: how lines are written.
        level: from which level on the gateway's own lines, and uvicorn's, are written.
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
    """Return what a record says, in lines that can be printed."""
    try:
        message = record.getMessage()
    except (KeyError, TypeError, ValueError):
        # `logging` itself would print what the message was to hold.
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
    # The innermost places tell most.
    return [_printable(line) for line in (first, *further[-_MOST_LINES:])]


def _printable(line: str) -> str:
    line = line[:_MOST_CHARACTERS]
    if line.isprintable():
        return line
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in line)
