"""Composition of subgraphs, by a public composer."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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


def without_authorization(folder: Path) -> str:
    """Return the gateway's schema without `@authenticated` and `@requiresScopes`.

    Args:
        folder: where the page's own command is run.
    """
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (command,) = [block for block in blocks if "sed" in block]
    (folder / "schema.graphql").write_text(USAGE)
    subprocess.run(  # noqa: S603 - the command of our own page
        ["/bin/sh", "-ec", command], cwd=folder, timeout=SECONDS, check=True
    )
    return (folder / "usage.graphql").read_text("utf-8")
