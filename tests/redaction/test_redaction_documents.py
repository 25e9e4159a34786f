"""Nothing of what documents hold is seen by others, whoever trusts them."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.documents.ids import digest
from tests.redaction.known import NUMBERS, WORDS
from tests.redaction.surfaces import Surfaces, gateway
from tests.redaction.talkative_payex import CONNECTED, QUERY, VARIABLES, TalkativePayex

NUMBER = NUMBERS["subscription number"]
WORD = WORDS["word in a document"]


@pytest.mark.parametrize("mode", ["log", "allow", "ids"])
async def test_trusted_documents_and_others(mode: str, tmp_path: Path) -> None:
    """A trusted document's own name is told: its developers have chosen it."""
    path = tmp_path / "web.json"
    trusted = f'query Shown {{ owner(ownerNo: "1234") {{ ownerNo }} }} # {WORD}'
    unfit = f'{{ nothing(of: "{WORD}") }} # {NUMBER}'
    path.write_text(json.dumps({digest(text): text for text in (trusted, unfit)}))
    variables = {"TRUSTED_DOCUMENTS": str(path), "TRUSTED_DOCUMENTS_MODE": mode}
    async with gateway(TalkativePayex(), **CONNECTED, **variables) as served:
        await served.send(json={"documentId": digest(trusted)})
        await served.send(json={"documentId": digest(unfit)})
        await served.send(json={"documentId": NUMBER})
        await served.ask(QUERY, VARIABLES)
        await served.ask(f'{{ owner(ownerNo: "1234") {{ ownerNo }} }} # {WORD} {NUMBER}')

    assert '"operation":"Shown"' in served.shown["lines of the log"]
    assert served.leaks() == []


async def test_a_broken_manifest_tells_of_its_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    text = "{ __typename }"
    path.write_text(json.dumps({digest(text): text}))
    variables = {"TRUSTED_DOCUMENTS": str(path)}
    async with gateway(TalkativePayex(), **CONNECTED, **variables) as served:
        path.write_text(f'{{"{NUMBER}": "{WORD}')
        await until(served, "broken")

    assert served.leaks() == []


async def until(served: Surfaces, said: str) -> None:
    """Wait until a line says something, and go on asking meanwhile."""
    for _ in range(6000):
        if said in served.shown["lines of the log"]:
            return
        await served.ask("{ __typename }")
        # Nothing in that waits for anything; without this, nobody else would have a turn.
        await asyncio.sleep(0)
    pytest.fail(f"Nothing says that it is {said}.")
