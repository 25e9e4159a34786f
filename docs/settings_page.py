"""Writes the tables of settings.md from the settings: `.venv/bin/python docs/settings_page.py`."""
# ruff: noqa: INP001 - a script

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from gateway.settings.removed import REMOVED
from gateway.settings.settings import PREFIX, FieldMap, Settings

PAGE: Final = Path(__file__).parent / "settings.md"

GROUPS: Final = {
    "PayEx and its credentials": "upstream_(origin|subdomain|headers|proxy|ca_file)|credentials_"
    "|client_|ledger_tokens|field_map",
    "Callers": "jwt_|claim_|router_|insecure|pseudonym_|introspection",
    "Addresses, HTTPS and processes": "host$|port|workers|tls_|shutdown_",
    "HTTP and browsers": "http_|csrf_|cors_|hosts|max_request_|max_header|head_|body_|send_"
    "|max_unsent",
    "Documents and the schema": "trusted_|persisted_|document_|projection|graphiql|schema_"
    "|development",
    "Limits of an operation": "max_(document|tokens|depth|aliases|root_fields|selections"
    "|list_input|nodes|errors|cost|calls|numbers|records|subscriptions)|cost_|operation_|deadline",
    "Calls to PayEx and limits of a process": "max_operations|process_bytes"
    "|upstream_max_|upstream_.*timeout",
    "Retries and the circuit breaker": "retry_|rate_limit_|breaker_",
    "Caches": "cache_",
    "Logs, metrics and traces": "log_|metrics_|traces",
    "The sandbox": "sandbox_",
}
"""Headings, with the beginnings of the names of their settings. The first that fits is it."""


def grouped() -> dict[str, list[str]]:
    """Return the names of all settings, by their headings.

    Raises:
        StopIteration: no heading fits a setting.
    """
    groups: dict[str, list[str]] = {heading: [] for heading in GROUPS}
    for name in Settings.model_fields:
        heading = next(heading for heading, names in GROUPS.items() if re.match(names, name))
        groups[heading].append(name)
    return groups


def tables() -> str:
    """Return a table of settings for each heading."""
    return "\n".join(
        line for heading, names in grouped().items() for line in _table(heading, names)
    )


def removed() -> str:
    """Return the table of the settings that have no effect."""
    rows = [f"| `{PREFIX}{name.upper()}` | {instead} |" for name, instead in REMOVED.items()]
    return "\n".join(["", "| Setting | Instead |", "|---|---|", *rows, ""])


def _table(heading: str, names: list[str]) -> Iterator[str]:
    yield from ("", f"### {heading}", "", "| Variable | Default | Meaning |", "|---|---|---|")
    for name in names:
        field = Settings.model_fields[name]
        default = _shown(field.get_default(call_default_factory=True))
        yield f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |"
    yield ""


def _shown(default: Any) -> str:
    """Return a default as a variable would have it."""
    match default:
        case None:
            return "unset"
        case bool():
            return f"`{int(default)}`"
        case str():
            return f"`{default}`"
        case FieldMap():
            return "`{}`"
        case _:
            return f"`{json.dumps(default)}`"


def written(page: str) -> str:
    """Return the page with its tables as the settings have them."""
    for name, text in (("settings", tables()), ("removed", removed())):
        begin, end = f"<!-- {name}: made by settings_page.py -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        page = before + begin + text + end + rest.partition(end)[2]
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
