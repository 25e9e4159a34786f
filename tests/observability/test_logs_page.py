"""The page on telemetry says of logs what the code does."""

import json
import logging
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from gateway.observability.logs import FIRST, IDS, KEYS
from gateway.observability.operation_log import log_request
from gateway.observability.reports import Report, RequestResult
from gateway.settings.logs import LoggedOperations, LogSettings
from resolvers.budget import Budget
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Call
from resolvers.payex.api.work import Work

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "telemetry.md").read_text("utf-8").split("\n## Logs")[1].split("\n## Traces")[0]
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)\n^```", PAGE, re.MULTILINE | re.DOTALL))
SHOWN: dict[str, Any] = json.loads(BLOCKS["json"])


def first_cells(heading: str) -> list[str]:
    """Return what stands first in the rows of the first table below a heading."""
    _, table, *_ = re.split(r"\n(?=\|)", PAGE.split(heading)[1], maxsplit=1)
    rows = table.split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip(" `") for row in rows]


def test_the_table_of_keys_is_the_codes() -> None:
    keys = first_cells("### Keys")

    assert keys == [*FIRST, *KEYS]


def test_the_settings_are_the_codes() -> None:
    named = first_cells("collect stderr.")

    assert named == [f"GATEWAY_{name.upper()}" for name in LogSettings.model_fields]


def test_the_choices_of_requests_are_the_codes() -> None:
    named = first_cells("than the one before:")

    assert named == list(get_args(LoggedOperations))


def test_each_ending_is_explained() -> None:
    (meaning,) = re.findall(r"^\| `ending` \| (.*?) \|", PAGE, re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", meaning)) == {ending.value for ending in RequestResult}


def test_the_line_that_is_shown_is_one(caplog: pytest.LogCaptureFixture) -> None:
    """Made of a report of the same figures, it has the same message and the same members."""
    stats = OperationStats(10)
    stats.made(Call("/invoices/{invoiceNo}", 1, 200, 7.0, 7.015))
    stats.made(Call("/invoices/{invoiceNo}", 1, 503, 7.0, 7.015))
    stats.made(Call(SHOWN["slowest_route"], 1, 200, 7.015, 7.042, attempt=2))
    for note in (stats.hit, stats.coalesced, stats.missed, stats.missed):
        note()
    stats.problem("INVOICE_NOT_FOUND")
    times = iter([7.0, 7.0482])
    report = Report(
        clock=lambda: next(times),
        ending=RequestResult.ERRORS,
        status=200,
        name="MyPages",
        caller=SHOWN["caller"],
        support_id=SHOWN["support_id"],
        trace_id=SHOWN["trace_id"],
        codes=SHOWN["codes"],
        cost={"requested": 1240, "actual": 96},
        budget=Budget(),
        stats=stats,
    )
    assert report.budget
    report.budget.spend(Work.READ, 1350)
    report.close()
    with caplog.at_level(logging.INFO, "gateway.operation_log"):
        log_request(report)

    (line,) = caplog.records
    made = {key: vars(line)[key] for key in KEYS if vars(line).get(key) is not None}
    first = {"time", "level", "logger", "pid"}
    assert {name: value for name, value in SHOWN.items() if name not in first} == {
        "message": line.getMessage(),
        **made,
    }
    assert list(SHOWN) == [key for key in (*FIRST, *KEYS) if key in SHOWN]


def test_the_text_that_is_shown_is_the_same_line() -> None:
    ids = "".join(f" {name}={SHOWN[name]!r}" for name in IDS if name in SHOWN)

    assert BLOCKS["text"].partition(" ")[2] == (
        f"{SHOWN['level']} {SHOWN['logger']}: {SHOWN['message']}{ids}"
    )


def test_the_search_for_a_slow_request_reads_keys() -> None:
    page = (DOCS / "operate.md").read_text("utf-8")
    reasons = page.split("## Why was this request slow?")[1].split("**Precision")[0]
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", reasons))
    read = set(re.findall(r"[ (\[]\.(\w+)", reasons.split("```sh")[1]))

    assert {name for name in named | read if not name.startswith("payex_usage_")} <= set(KEYS)
