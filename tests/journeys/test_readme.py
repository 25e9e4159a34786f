"""What the README shows, and the numbers to try, are what the gateway answers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import parser
from gateway.settings.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ERRORS = (ROOT / "docs" / "errors.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
ROWS = [
    [cell.strip().strip("`") for cell in row.strip("|").split("|")]
    for row in ERRORS.split("## Try it in the sandbox")[1].split("## ")[0].splitlines()
    if row.startswith("| `")
]
LOOK_UP = """
query ($owner: ID!, $number: ID!, $subscription: ID!, $single: Boolean!) {
  owner(ownerNo: $owner) { found: %s(%sNo: $number) { __typename ... on UsageHolder {
    subscription(subscriptionNo: $subscription) @include(if: $single) { __typename
      ... on UsageSubscription { usageRecords { ... on UsageRecordConnection { totalCount } } }
    } } } } }
"""


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


async def test_the_first_query_has_the_printed_answer(ask: Any) -> None:
    reply = await ask(blocks("graphql")[0])

    assert reply["data"] == json.loads(blocks("json")[0])
    assert reply["extensions"]["upstream"]["calls"] == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:4]))
async def test_each_number_to_try_answers_as_the_table_says(ask: Any, row: list[str]) -> None:
    ledger, field, number, subscription, answers = row
    query = LOOK_UP.replace("%s", field)
    reply = await ask(
        query,
        {
            "owner": ledger,
            "number": number,
            "subscription": subscription or "none",
            "single": bool(subscription),
        },
    )

    for name in re.findall(r"\b[A-Z]\w+\b", answers):
        assert f'"{name}"' in json.dumps(reply)
    if count := re.search(r"with ([\d,]+) records", answers):
        assert f'"totalCount": {count[1].replace(",", "")}' in json.dumps(reply)


def test_the_table_has_each_problem_type() -> None:
    shown = " ".join(row[4] for row in ROWS)

    for name in ("InvoiceNotFound", "CustomerNotFound", "InvoiceHasNoUsage", "ValidationProblem"):
        assert name in shown
    assert "SubscriptionNotFound" in shown
    assert "UnrecognizedProblem" in shown


def test_commands_and_settings_that_it_names_exist() -> None:
    for line in " ".join(blocks("sh")).split("\n"):
        if found := re.search(r"-m gateway ([^#]*)", line):
            assert parser().parse_args(found[1].split()).command in {"serve", "sandbox", "check"}
    for name in re.findall(r"\bGATEWAY_([A-Z_]+)", README):
        assert name.lower() in {*Settings.model_fields, "config"}
    for target in re.findall(r"`?make (\w+)", " ".join(blocks("sh"))):
        assert f"\n{target}:" in (ROOT / "Makefile").read_text("utf-8")
