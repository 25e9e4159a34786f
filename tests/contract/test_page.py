"""The page on connecting to PayEx says what the check does."""

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from gateway.cli import main, parser
from gateway.contract.command import _EPILOG
from gateway.settings.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "connect.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
DIAGNOSES = re.findall(
    r"^\| (.+?) \| .+ \|$", PAGE.split("## 4.")[1].split("## 5.")[0], re.MULTILINE
)
PAYEX = ROOT / "resolvers" / "payex" / "http"
SOURCES = [
    *(ROOT / "gateway" / "contract").glob("*.py"),
    PAYEX / "breakages.py",
    PAYEX / "handshake.py",
]
WORDS = [
    node.value
    for path in SOURCES
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
]


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def test_the_commands_that_it_shows_are_commands() -> None:
    commands = re.findall(r"-m gateway (.*)", "".join(blocks("sh")))

    assert [parser().parse_args(shlex.split(line)).command for line in commands] == [
        "check",
        "check",
        "serve",
    ]


def test_the_report_that_it_shows_is_the_one_that_the_command_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (command, *_) = re.findall(r"-m gateway (.*)", "".join(blocks("sh")))

    assert main(shlex.split(command), environment={}) == 0

    assert blocks("text")[0] in capsys.readouterr().out


def test_settings_that_it_names_exist() -> None:
    for name in re.findall(r"\bGATEWAY_([A-Z_]+)", PAGE):
        assert name.lower() in {*Settings.model_fields, "config"}


@pytest.mark.parametrize("said", DIAGNOSES[1:])
def test_a_diagnosis_that_it_explains_is_one_that_the_check_gives(said: str) -> None:
    assert any(said in words for words in WORDS)


def test_it_has_every_exit_status_of_the_help() -> None:
    assert re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE) == re.findall(
        r"^  (\d)  ", _EPILOG, re.MULTILINE
    )


@pytest.mark.parametrize("text", [text for text in blocks("toml") if "field_map" in text])
def test_a_field_map_that_it_shows_is_one_that_settings_accept(text: str) -> None:
    assert Settings(**tomllib.loads(text)).field_map.usage_details
