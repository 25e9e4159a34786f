"""What the command line's servers log, and how: plain lines on stderr.

The configuration is handed to uvicorn, which applies it in every server process.
"""

import logging
from typing import Any, Final

from uvicorn.config import LOGGING_CONFIG


class LogLine(logging.Formatter):
    """A line with the ids by which people ask for it: `WARNING gateway.x: ... support_id='...'`."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return the line; ids come before what else the message has beyond its first line."""
        ids = [
            f" {name}={value!r}"
            for name in ("support_id", "caller", "instance")
            if (value := getattr(record, name, None)) is not None
        ]
        first, newline, rest = super().formatMessage(record).partition("\n")
        return first.rstrip() + "".join(ids) + newline + rest


LOGGING: Final[dict[str, Any]] = {
    **LOGGING_CONFIG,
    "formatters": {**LOGGING_CONFIG["formatters"], "gateway": {"()": LogLine}},
    "handlers": {
        **LOGGING_CONFIG["handlers"],
        "gateway": {"class": "logging.StreamHandler", "formatter": "gateway"},
    },
    "loggers": {
        **LOGGING_CONFIG["loggers"],
        # It has a line for each upstream call, with the URL and so with people's numbers.
        "httpx": {"level": "WARNING"},
    },
    "root": {"level": "INFO", "handlers": ["gateway"]},
}
