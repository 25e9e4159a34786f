"""The page on settings says what the code does."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.settings.load import load_settings
from gateway.settings.settings import FieldMap, Settings
from resolvers.payex.api.field_map import USAGE_DETAILS, USAGE_SUMMARIES

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
ROWS = {
    name: cells
    for name, *cells in (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("| `GATEWAY_") and line.count(" | ") > 1
    )
}
SAYS_WHEN = re.compile(r"\b(Set|Raise|Lower|Change) it\b")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def shown(default: Any) -> str:
    """Return a default as the page shows it: as a variable would have it."""
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


def test_the_table_has_every_setting_once_in_the_order_of_the_code() -> None:
    assert list(ROWS) == [f"`GATEWAY_{name.upper()}`" for name in Settings.model_fields]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_row_has_the_key_the_default_and_the_description_of_the_code(name: str) -> None:
    field = Settings.model_fields[name]
    default = field.get_default(call_default_factory=True)

    assert ROWS[f"`GATEWAY_{name.upper()}`"] == [f"`{name}`", shown(default), field.description]


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
