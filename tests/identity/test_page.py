"""The page on identity says what the code does."""

import json
import re
import runpy
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.identity.claims import ClaimNames, rights_of
from gateway.identity.configuration import identity_of
from gateway.settings.settings import Settings
from resolvers.rights import Numbers, Rights

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "identity.md").read_text("utf-8")
CODE = re.sub(
    r'"\s+f?"',
    "",
    " ".join(path.read_text("utf-8") for path in sorted((ROOT / "gateway").glob("**/*.py"))),
)
BLOCKS = dict(enumerate(re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)))
# What differs from case to case stands in place of these.
VARIABLE = r"…|payex-usage-(?:router|claims) |\(GATEWAY_CLAIM_"
QUOTED = [
    phrase.strip(" .,:(")
    for row in re.findall(r"^\| (?:\d{3}|`[A-Z]+`) \|.*$", PAGE, re.MULTILINE)
    for quote in re.findall(r"`([^`]{12,})`", row)
    for phrase in re.split(VARIABLE, quote)
    if len(phrase.strip(" .,:(")) > 8
]


def test_the_settings_that_it_names_exist() -> None:
    named = {name for name in re.findall(r"GATEWAY_([A-Z_]+[A-Z])", PAGE) if name != "CLAIM"}

    assert named <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("phrase", QUOTED)
def test_what_it_quotes_is_what_the_gateway_says(phrase: str) -> None:
    assert phrase in CODE


def test_each_claim_has_a_row() -> None:
    rows = re.findall(r"^\| `GATEWAY_(CLAIM_\w+)` \| `(\w+)` \|", PAGE, re.MULTILINE)
    defaults = {
        name.upper(): field.default
        for name, field in Settings.model_fields.items()
        if name.startswith("claim_") and isinstance(field.default, str)
    }

    assert dict(rows) == defaults


def test_the_claims_that_it_shows_give_what_it_says() -> None:
    agent, user = (json.loads(BLOCKS[n]) for n in range(2))
    read, raw = "usage:read", "usage:raw"

    assert rights_of(agent, ClaimNames()) == Rights(
        ledgers=frozenset({"1234"}), scopes=frozenset({read, raw})
    )
    assert rights_of(user, ClaimNames()) == Rights(
        numbers={
            "1234": Numbers(customers=frozenset({"9999"}), invoices=frozenset({"123456", "123457"}))
        },
        scopes=frozenset({read}),
    )


async def test_the_token_that_it_makes_is_taken(configured: Any, ask: Any, tmp_path: Path) -> None:
    (script,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for name in ("jwks.json", "token"):
        script = script.replace(f'"{name}"', repr(str(tmp_path / name)))
    (tmp_path / "tokens.py").write_text(script)
    runpy.run_path(str(tmp_path / "tokens.py"))
    variables = dict(re.findall(r"^export GATEWAY_(JWT_\w+)=(\S+)$", PAGE, re.MULTILINE))
    settings = {name.lower(): value for name, value in variables.items()}
    identity = identity_of(
        configured(**{**settings, "jwt_keys": tmp_path / "jwks.json"}), now=time.time
    )

    token = (tmp_path / "token").read_text()
    visitor = await identity.visitor(ask({"Authorization": f"Bearer {token}"}))

    assert visitor.caller(None).rights.sees_whole("1234")
