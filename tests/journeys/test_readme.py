"""What the README shows is what the gateway answers."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import parser
from gateway.identity.claims import ClaimNames, rights_of
from gateway.settings.settings import Settings
from resolvers.payex.api.routes import Billing, Holder

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
ROWS = [
    [cell.strip().strip("`") for cell in row.strip("|").split("|")]
    for row in README.split("## Numbers to try")[1].split("## ")[0].splitlines()
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
        assert f"\n{target}:" in (Path(__file__).parents[2] / "Makefile").read_text("utf-8")


def test_its_field_map_is_one_that_settings_accept() -> None:
    (block,) = [text for text in blocks("toml") if "field_map" in text]
    settings = Settings(**tomllib.loads(block))

    assert settings.field_map.usage_details == {"amount": "chargedAmount"}


def test_the_claims_that_it_shows_give_what_it_says() -> None:
    anna, elsa = (
        rights_of(json.loads(line), ClaimNames()) for line in blocks("json")[1].splitlines()
    )
    own = [Holder("1234", Billing.UNBILLED, "9999"), Holder("1234", Billing.BILLED, "123456")]
    foreign = [Holder("1234", Billing.BILLED, "9999"), Holder("5678", Billing.UNBILLED, "9999")]

    assert anna.sees_whole("1234")
    assert not anna.sees_ledger("5678")
    assert all(map(elsa.sees, own))
    assert not any(map(elsa.sees, foreign))
