"""Composition of subgraphs, by a public composer."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schema.subgraph import print_sdl
from schema.variants import Variant
from tests.gateway.service import ROOT, SECONDS
from tests.supergraph.programs import node

FOLDER = Path(__file__).parent
PAGE = ROOT / "docs" / "federate.md"
USAGE = (ROOT / "schema.graphql").read_text("utf-8")
CRM = (FOLDER / "crm.graphql").read_text("utf-8")


@dataclass(frozen=True)
class Subgraph:
    """A subgraph: where it is, and its schema."""

    url: str
    sdl: str


@dataclass(frozen=True)
class Composed:
    """What a composer says: the supergraph if there is one, and the codes of its remarks."""

    supergraph: str | None
    errors: list[str]
    hints: list[str]


def compose(composer: str, subgraphs: Mapping[str, Subgraph]) -> Composed:
    """Compose subgraphs.

    Args:
        composer: `apollo` or `guild`.
        subgraphs: the subgraphs by name.
    """
    given = [
        {"name": name, "url": subgraph.url, "sdl": subgraph.sdl}
        for name, subgraph in subgraphs.items()
    ]
    ran = subprocess.run(  # noqa: S603 - our own command
        [node(FOLDER, "supergraph"), "compose.mjs", composer],
        cwd=FOLDER,
        input=json.dumps(given),
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return Composed(**json.loads(ran.stdout))


WITHOUT_AUTH = print_sdl(Variant(without_auth=True))
"""The gateway's schema without `@authenticated` and `@requiresScopes`."""
