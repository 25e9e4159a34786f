"""The page on trusted documents says what the code does."""

import inspect
import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLError, build_ast_schema, parse, validate

from gateway.documents.ids import digest
from gateway.documents.persisted_queries import PersistedQueries
from gateway.documents.source import DocumentCode, DocumentSource
from gateway.documents.trusted_documents import TrustedDocuments
from gateway.settings.documents import DocumentSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "trusted-documents.md").read_text("utf-8")
(MANIFEST,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    shlex.split(command)
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    for command in block.replace("\\\n", "").splitlines()
    if command.strip().startswith("curl")
]


def request_of(command: list[str]) -> dict[str, Any]:
    """Return the members of the request that a curl command sends."""
    data = [value for option, value in pairwise(command) if option in {"-d", "--data-urlencode"}]
    if "-G" not in command:
        request: dict[str, Any] = json.loads(data[0])
        return request
    parameters: dict[str, Any] = dict(item.split("=", 1) for item in data)
    return parameters | {"variables": json.loads(parameters["variables"])}


async def test_the_requests_that_the_page_shows_do_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    path.write_text(MANIFEST)
    source = DocumentSource(trusted=TrustedDocuments(path), persisted=PersistedQueries())
    (text,) = json.loads(MANIFEST).values()
    *by_id, registration = map(request_of, COMMANDS)
    assert len(by_id) == 3
    for request in by_id:
        requested = await source.text(request)
        assert requested.text == text
        assert request["variables"] == {"no": "55"}

    hashed = {"extensions": registration["extensions"]}
    with pytest.raises(GraphQLError, match=r"^PersistedQueryNotFound$"):
        await source.text(hashed)
    source.learned(await source.text(registration))
    assert (await source.text(hashed)).text == registration["query"]


def test_the_documents_that_it_shows_fit_the_schema() -> None:
    schema = build_ast_schema(
        parse((ROOT / "schema.graphql").read_text("utf-8")), assume_valid=True
    )
    texts = [*json.loads(MANIFEST).values(), request_of(COMMANDS[-1])["query"]]
    for text in texts:
        assert validate(schema, parse(text)) == []
        assert digest(text) in PAGE


def test_the_settings_that_it_names_are_those_of_documents() -> None:
    named = set(re.findall(r"GATEWAY_([A-Z_]+)", PAGE)) - {"CACHE_URL"}
    assert named == {name.upper() for name in DocumentSettings.model_fields}


def test_the_figures_that_it_names_are_the_defaults() -> None:
    bounds = inspect.signature(PersistedQueries).parameters
    most, size = bounds["max_entries"].default, bounds["max_bytes"].default
    poll = inspect.signature(TrustedDocuments).parameters["poll"].default

    assert f"at most {most} texts in at most {size // 1024**2} MiB" in " ".join(PAGE.split())
    assert f"checks the manifests every {poll:g} seconds" in PAGE


def test_every_code_is_on_the_page() -> None:
    assert set(re.findall(r"`((?:PERSISTED_)?QUERY_[A-Z_]+)`", PAGE)) == {*map(str, DocumentCode)}
