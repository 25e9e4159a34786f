"""The page on connecting says of credentials what the code does."""

import re
from pathlib import Path

import pytest

from gateway.settings.settings import Settings
from resolvers.payex.credentials.layout import read_layout
from resolvers.payex.credentials.watched_files import File, WatchedFiles

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "connect.md").read_text("utf-8")
CODE = " ".join(
    re.sub(r'"\s+f?"', "", path.read_text("utf-8"))
    for path in sorted((ROOT / "resolvers" / "payex").rglob("*.py"))
)
QUOTED = [
    phrase
    for row in re.findall(r"^\| (?:`[A-Z]+` \| )?(`.*?`) \|", PAGE, re.MULTILINE)
    for quote in re.findall(r"`(.*?)`", row)
    # What differs from case to case stands behind these.
    for phrase in re.split(r"…|; did|\(at|\(EE| has \d|\d|\[", quote)[:1]
    if phrase.strip(" :;") not in {"", "ERROR", "INFO", "WARNING"}
]


def test_the_file_that_the_page_shows_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(\[tenants.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    path = tmp_path / "credentials.toml"
    path.write_text(block)
    layout = read_layout(File(path, "credentials.toml"), WatchedFiles())
    assert set(layout.tenants) == {"acme"}
    assert set(layout.ledgers) == {"1234", "5678"}


def test_the_settings_that_it_names_exist() -> None:
    named = set(re.findall(r"GATEWAY_([A-Z_]+)", PAGE))
    assert named <= {name.upper() for name in [*Settings.model_fields, "config"]}
    assert named >= {"CREDENTIALS_FILE", "CREDENTIALS_POLL", "UPSTREAM_CA_FILE"}


@pytest.mark.parametrize("phrase", QUOTED)
def test_what_it_quotes_is_what_the_gateway_says(phrase: str) -> None:
    assert phrase.strip(" :;") in CODE
