"""The page on settings says what the code does."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

from gateway.settings.load import load_settings
from gateway.settings.settings import Settings
from resolvers.payex.api.field_map import USAGE_DETAILS, USAGE_SUMMARIES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "settings.md").read_text("utf-8")
SCRIPT = runpy.run_path(str(DOCS / "settings_page.py"))
SAYS_WHEN = re.compile(r"\b(Set|Raise|Lower|Change) it\b")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_tables_are_those_of_the_code() -> None:
    """Otherwise run `.venv/bin/python docs/settings_page.py`, which writes them."""
    assert SCRIPT["written"](PAGE) == PAGE


def test_every_setting_stands_in_one_group_and_no_group_is_empty() -> None:
    groups = SCRIPT["grouped"]()

    assert sorted(name for names in groups.values() for name in names) == sorted(
        Settings.model_fields
    )
    assert all(groups.values())


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_description_says_when_somebody_would_change_it(name: str) -> None:
    assert SAYS_WHEN.search(Settings.model_fields[name].description or "")


def test_the_file_that_the_page_shows_is_one(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(BLOCKS[0])

    settings = load_settings({"GATEWAY_CONFIG": str(path)})

    assert settings.upstream_origin == "https://lf-api.payex.com"
    assert settings.identifies
    assert not settings.insecure
    assert set(settings.ledger_tokens) == {"1234", "5678"}
    assert settings.field_map.usage_details == {"amount": "chargedAmount"}


def test_the_field_map_that_the_page_shows_is_the_same_as_a_variable() -> None:
    (variable,) = re.findall(r"`GATEWAY_FIELD_MAP='(.*)'`", PAGE)

    settings = load_settings({"GATEWAY_FIELD_MAP": variable})

    assert {"field_map": settings.field_map.model_dump(exclude_defaults=True)} == tomllib.loads(
        BLOCKS[1]
    )


@pytest.mark.parametrize(
    ("route", "assumed"),
    [("usage_details", USAGE_DETAILS), ("usage_summaries", USAGE_SUMMARIES)],
)
def test_the_page_lists_the_keys_of_the_field_map(route: str, assumed: dict[str, str]) -> None:
    (keys,) = re.findall(rf"keys of `field_map\.{route}`: (.*?)\.\n", PAGE, re.DOTALL)

    assert re.findall(r"`(\w+)`", keys) == list(assumed)
