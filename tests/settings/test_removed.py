"""The gateway starts with a setting that is gone, and says so and what holds now."""

import re
from pathlib import Path

import pytest

from gateway.settings.contradictions import contradictions
from gateway.settings.load import SettingsError, load_settings
from gateway.settings.removed import REMOVED
from gateway.settings.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")


@pytest.mark.parametrize("name", REMOVED)
def test_a_variable_that_is_gone_is_reported_whatever_its_value(name: str) -> None:
    variable = f"GATEWAY_{name.upper()}"

    (sentence,) = contradictions(load_settings({variable: "whatever it was"}))

    assert sentence.startswith(f"{variable} no longer has an effect; leave it out. ")
    assert sentence.endswith(".")
    assert "whatever" not in sentence


def test_a_key_of_the_file_that_is_gone_is_reported_as_well(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text("retry_base = 3\nport = 9\n")

    settings = load_settings({"GATEWAY_CONFIG": str(path), "GATEWAY_RETRY_BASE": "4"})

    assert (settings.port, settings.removed) == (9, ("retry_base",))


def test_an_empty_variable_is_not_set() -> None:
    assert load_settings({"GATEWAY_RETRY_BASE": ""}).removed == ()


def test_what_is_gone_is_nothing_that_can_be_set_or_meant() -> None:
    assert not REMOVED.keys() & Settings.model_fields.keys()
    with pytest.raises(SettingsError) as caught:
        load_settings({"GATEWAY_RETRY_BAS": "3"})
    assert "GATEWAY_RETRY_BASE" not in str(caught.value)


@pytest.mark.parametrize("sentence", REMOVED.values())
def test_what_stands_in_its_place_can_be_set(sentence: str) -> None:
    named = re.findall(r"`GATEWAY_(\w+)`", sentence)

    assert {name.lower() for name in named} <= Settings.model_fields.keys()


def test_the_page_lists_them_all() -> None:
    shown = re.findall(r"^\| `GATEWAY_(\w+)` \| ([^|]*) \|$", PAGE, re.MULTILINE)

    assert [(name.lower(), text) for name, text in shown] == list(REMOVED.items())
