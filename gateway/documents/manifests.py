"""Manifests: the files in which client tools list the documents of an application.

Apollo's tool writes `{"format": "apollo-persisted-query-manifest", "version": 1, "operations":
[{"id": ..., "body": ...}]}`. All others write a map from id to text: Relay's persisted queries, the
persisted documents of GraphQL Code Generator, Hive's applications.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from gateway.documents.ids import digest, is_digest, normalised, shape
from resolvers.payex.credentials.reloading import SourceError

_APOLLO: Final = "apollo-persisted-query-manifest"
_VERSION: Final = 1


class ManifestError(SourceError):
    """A manifest cannot be used. The message names the file and the place, and quotes no text."""


@dataclass(frozen=True, slots=True)
class TrustedDocument:
    """A document that an application was published with.

    Attributes:
        id: its id in the form of `normalised`.
        name: the name of its operation, if that has one.
        text: the GraphQL, as it was published.
        shape: what it has in common with the same document in another layout.
    """

    id: str
    name: str | None
    text: str = field(repr=False)
    shape: str = field(repr=False)


def read_manifests(files: Iterable[tuple[str, bytes]]) -> list[TrustedDocument]:
    """Return the documents of all manifests, each id once.

    Args:
        files: the name of each file, for messages, and its bytes.

    Raises:
        ManifestError: a file is no manifest, a document is not one query, an id that looks like a
            SHA-256 is not that of its text, or two texts have the same id.
    """
    found: dict[str, tuple[TrustedDocument, str]] = {}
    for file, content in files:
        for number, (given, text) in enumerate(_entries(file, content), 1):
            place = f"{file}: document {number}"
            document = _document(place, given, text)
            former, where = found.setdefault(document.id, (document, file))
            if former.text != document.text:
                raise ManifestError(f"{place}: has the id of another text in {where}.")
    return [document for document, _ in found.values()]


def _entries(file: str, content: bytes) -> Iterator[tuple[Any, Any]]:
    """Yield ids and texts as they stand there, of whatever type."""
    try:
        manifest = json.loads(content, object_pairs_hook=_Members)
    except (ValueError, RecursionError):
        raise ManifestError(f"{file}: is not JSON.") from None
    if not isinstance(manifest, _Members):
        raise ManifestError(f"{file}: is not a JSON object.")
    members = dict(manifest.pairs)
    # Any name may be an id of a map, whose values are texts. Apollo's has a number and a list.
    if "format" not in members or all(isinstance(value, str) for value in members.values()):
        yield from manifest.pairs
        return
    if members["format"] != _APOLLO or members.get("version") != _VERSION:
        raise ManifestError(f"{file}: is of another format than {_APOLLO}, version {_VERSION}.")
    operations = members.get("operations")
    if not isinstance(operations, list):
        raise ManifestError(f"{file}: has no list of operations.")
    for operation in operations:
        entry = dict(operation.pairs) if isinstance(operation, _Members) else {}
        yield entry.get("id"), entry.get("body")


class _Members:
    """A JSON object with all of its members, where a dict would keep the last of a name."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _document(place: str, given: Any, text: Any) -> TrustedDocument:
    if not isinstance(given, str) or not isinstance(text, str):
        raise ManifestError(f"{place}: is not an id with a text.")
    document_id = normalised(given)
    if not document_id:
        raise ManifestError(f"{place}: has an empty id.")
    if is_digest(document_id) and document_id != digest(text):
        raise ManifestError(f"{place}: its id is not the SHA-256 of its text.")
    try:
        node = parse(text, no_location=True)
    except GraphQLError:
        raise ManifestError(f"{place}: is not GraphQL.") from None
    operations = [item for item in node.definitions if isinstance(item, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        raise ManifestError(f"{place}: is not exactly one query.")
    name = operations[0].name
    return TrustedDocument(document_id, name.value if name else None, text, shape(node))
