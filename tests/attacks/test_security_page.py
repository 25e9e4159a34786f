"""The page on security names tests that are there, and settings that exist."""

import re
from pathlib import Path

import pytest

from gateway.limits.violations import FIXED
from gateway.settings.settings import Settings

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "security.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(test_\w+)`", PAGE)))
WRITTEN = {
    name
    for path in TESTS.rglob("test_*.py")
    for name in re.findall(r"def (test_\w+)\(", path.read_text("utf-8"))
}


@pytest.mark.parametrize("name", NAMED)
def test_the_test_of_a_promise_is_there(name: str) -> None:
    assert name in WRITTEN


def test_every_row_names_a_test() -> None:
    promises = PAGE.split("## Personal data")[0]
    rows = [line for line in promises.splitlines() if line.startswith("| ")]
    told = [row for row in rows if not row.startswith(("| Promise", "| Attack"))]

    assert told
    assert all("`test_" in row for row in told)


def test_every_attack_that_is_sent_is_on_the_page() -> None:
    text = (Path(__file__).parent / "test_attacks.py").read_text("utf-8")

    assert set(re.findall(r"def (test_\w+)\(", text)) <= set(NAMED)


def test_the_settings_and_limits_that_it_names_exist() -> None:
    named = set(re.findall(r"`GATEWAY_(\w+)`", PAGE))
    fixed = {code.setting.removeprefix("GATEWAY_") for code in FIXED}

    assert {name.lower() for name in named - fixed} <= set(Settings.model_fields)
