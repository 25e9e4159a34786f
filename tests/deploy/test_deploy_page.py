"""The page on deployment says what is so."""

import re

from gateway.settings.settings import PREFIX, Settings
from tests.deploy.shipped import compose, nginx
from tests.gateway.service import ROOT

TEXT = (ROOT / "docs" / "deploy.md").read_text("utf-8")


def test_settings_that_it_names_exist() -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+", TEXT))

    assert named <= {PREFIX + name.upper() for name in Settings.model_fields}


def test_files_of_its_commands_exist_or_are_made_by_them() -> None:
    made = {"deploy/secrets", "deploy/secrets/gateway", "deploy/supergraph.graphql"}
    named = set(re.findall(r"\bdeploy/[\w./-]*\w", re.sub(r"\]\([^)]*\)", "", TEXT)))

    assert {name for name in named if not (ROOT / name).exists()} <= made
    assert len(named) > 5


def test_what_it_says_of_nginx_is_there() -> None:
    for directive in (
        "proxy_next_upstream",
        "keepalive_timeout",
        "proxy_read_timeout",
        "error_log",
    ):
        (value,) = nginx(directive)
        assert f"`{directive} {value}`" in TEXT


def test_addresses_of_its_table_are_published() -> None:
    told = set(re.findall(r"`http://(127\.0\.0\.1:\d+)", TEXT))
    published = {
        port.rpartition(":")[0]
        for one in compose()["services"].values()
        for port in one.get("ports", [])
    }

    assert told == published
