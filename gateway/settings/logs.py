"""The settings of the log: its format, its level and its lines of requests."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

LogStyle = Literal["json", "text"]

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

LoggedOperations = Literal["all", "slow", "errors", "off"]
"""The requests that leave a line; each value logs fewer than the one before."""


class LogSettings(BaseSettings):
    """The settings of the log."""

    log_format: Literal["auto", "json", "text"] = Field(
        "auto",
        description=(
            "The form of log lines: `json`, one object a line, or `text` for people. `auto` is "
            "`text` on a terminal and `json` elsewhere; see [telemetry](telemetry.md#logs). Set it "
            "if you read the log of a container yourself."
        ),
    )
    log_level: LogLevel = Field(
        "INFO",
        description=(
            "The lowest level that is written: `DEBUG`, `INFO`, `WARNING` or `ERROR`. Lines of "
            "requests are `INFO`; `DEBUG` is the gateway's own, never a library's. Set it to "
            "`DEBUG` to look for a cause, or to `WARNING` to leave out requests."
        ),
    )
    log_operations: LoggedOperations = Field(
        "all",
        description=(
            "Which requests leave a line: `all`; `slow`, those that took `GATEWAY_LOG_SLOW` or "
            "ended in another way than `ok`; `errors`, those with errors or a failure, without "
            "refusals; or `off`. Change it if there are more lines than you keep."
        ),
    )
    log_slow: float = Field(
        1.0,
        ge=0,
        le=600,
        description=(
            "The duration in seconds from which a request is slow, for `GATEWAY_LOG_OPERATIONS`. "
            "Set it to your own target."
        ),
    )

    def log_style(self, *, terminal: bool) -> LogStyle:
        """Return the format of lines, on a terminal or elsewhere."""
        if self.log_format == "auto":
            return "text" if terminal else "json"
        return self.log_format
