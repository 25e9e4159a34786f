"""The page on federation, and its examples, say what is so."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.settings.settings import Settings
from tests.gateway.service import ROOT, SECONDS
from tests.supergraph.composing import (
    CRM,
    FOLDER,
    PAGE,
    USAGE,
    Subgraph,
    compose,
)
from tests.supergraph.programs import QUIET, node

TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
EXAMPLES = ROOT / "docs" / "routers"
LINKS = re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT)
STARTS = re.findall(r"\(routers/([^)]*)\) \| `([^`]*)`", TEXT)
SWITCHES = {"apollo": "APOLLO_TELEMETRY_DISABLED=true ", "cosmo": "COSMO_TELEMETRY_DISABLED=true "}
SECRET = ("payex-usage-router", "PAYEX_USAGE_ROUTER_SECRET")


def parsed(*texts: str) -> Any:
    """Return what YAML documents hold."""
    code = (
        "import { readFileSync } from 'node:fs'; import { parse } from 'yaml';"
        "const texts = JSON.parse(readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(texts.map((text) => parse(text))));"
    )
    ran = subprocess.run(  # noqa: S603 - our own command
        [node(FOLDER, "supergraph"), "--input-type=module", "--eval", code],
        cwd=FOLDER,
        input=json.dumps(texts),
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_somewhere(link: str) -> None:
    assert (PAGE.parent / link).exists()


def test_every_example_is_linked() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {
        Path(link).name for link in LINKS if link.startswith("routers/")
    }


def test_settings_that_it_names_exist() -> None:
    named = set(re.findall(r"\bGATEWAY_([A-Z_]+)", TEXT))

    assert named <= {name.upper() for name in Settings.model_fields}
    assert "ROUTER_SECRET_FILE" in named


@pytest.mark.parametrize(("name", "start"), STARTS)
def test_an_example_is_started_as_the_page_says(name: str, start: str) -> None:
    """With the switch that keeps the tool from reporting home, where there is one."""
    text = (EXAMPLES / name).read_text("utf-8")
    switch = SWITCHES.get(name.split("-", maxsplit=1)[0].removesuffix(".yaml"), "")

    assert f"{switch}{start}\n" in text
    assert switch.strip() in TEXT


def test_the_versions_that_it_names_are_those_that_are_run() -> None:
    locked = {
        name: version
        for folder in (FOLDER, FOLDER / "hive")
        for name, version in json.loads((folder / "package.json").read_text("utf-8"))[
            "dependencies"
        ].items()
    }
    for name, said in (
        ("@apollo/composition", "`@apollo/composition` {}"),
        ("@theguild/federation-composition", "`@theguild/federation-composition` {}"),
        ("@apollo/gateway", "Apollo Gateway {}"),
        ("@graphql-hive/gateway", "Hive Gateway {}"),
    ):
        assert said.format(locked[name]) in TEXT


@pytest.mark.parametrize("name", ["apollo-router.yaml", "cosmo.yaml", "hive-router.yaml"])
def test_the_options_of_a_configuration_are_yaml_of_other_keys(name: str) -> None:
    text = (EXAMPLES / name).read_text("utf-8")
    options = yaml.safe_load("\n".join(re.findall("^#: (.*)$", text, re.MULTILINE)))

    assert len(options) == 2
    assert not set(options) & set(yaml.safe_load(text))


@pytest.mark.supergraph
@pytest.mark.parametrize("name", ["apollo-router.yaml", "cosmo.yaml", "hive-router.yaml"])
def test_a_configuration_forwards_the_token_to_all_and_the_secret_to_one(name: str) -> None:
    (configuration,) = parsed((EXAMPLES / name).read_text("utf-8"))
    headers = configuration["headers"]

    assert "authorization" in json.dumps(headers["all"]).lower()
    assert list(headers["subgraphs"]) == ["usage"]
    secret = json.dumps(headers["subgraphs"])
    assert all(word in secret for word in SECRET)
    assert not any(word in json.dumps(headers["all"]) for word in SECRET)


@pytest.mark.supergraph
def test_the_other_examples_are_yaml() -> None:
    files = [EXAMPLES / "supergraph.yaml", EXAMPLES / "cosmo-graph.yaml"]
    rover, cosmo = parsed(*[path.read_text("utf-8") for path in files])

    assert list(rover["subgraphs"]) == [one["name"] for one in cosmo["subgraphs"]]
    assert f"v{rover['federation_version'].strip('=')}".startswith(
        re.findall(r"federation/(v\d+\.\d+)", USAGE)[0]
    )


@pytest.mark.supergraph
@pytest.mark.parametrize("composer", ["apollo", "guild"])
def test_its_crm_composes(composer: str) -> None:
    (crm,) = [text for name, text in BLOCKS if name == "graphql" and "@key" in text]
    found = compose(
        composer, {"usage": Subgraph("http://a", USAGE), "crm": Subgraph("http://b", crm)}
    )

    assert (found.errors, found.hints) == ([], [])


@pytest.mark.supergraph
def test_its_query_is_answered(router: Any, subgraphs: Any) -> None:
    (query,) = [text for name, text in BLOCKS if name == "graphql" and "@key" not in text]
    reply = router.ask(query)

    assert reply["data"]["order"]["customer"] == {"name": "Berg"}
    totals = reply["data"]["order"]["invoice"]["subscription"]["usageTotals"]
    assert totals == {"recordCount": 50}
    assert reply["data"]["owner"]["customer"] == {"customerNo": "9999", "name": "Berg"}
    assert len(subgraphs.payex.calls) == 2


@pytest.mark.supergraph
def test_apollo_gateway_refuses_what_the_variant_without_auth_leaves_out(tmp_path: Path) -> None:
    schemas = {"usage": Subgraph("http://a", USAGE), "crm": Subgraph("http://b", CRM)}
    (tmp_path / "supergraph.graphql").write_text(compose("apollo", schemas).supergraph or "")
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    example = (EXAMPLES / "apollo-gateway.mjs").read_bytes()
    (tmp_path / "apollo-gateway.mjs").write_bytes(example)
    ran = subprocess.run(  # noqa: S603 - our own command
        [node(FOLDER, "supergraph"), "apollo-gateway.mjs"],
        cwd=tmp_path,
        env=QUIET,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )

    assert ran.returncode == 1
    assert "is for: SECURITY but is unsupported" in ran.stderr + ran.stdout
