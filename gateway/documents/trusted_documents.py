"""The trusted documents: those that the manifests list, taken up anew when the manifests change."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final

from cachetools import LRUCache
from graphql import GraphQLError, GraphQLSchema, parse, validate

from gateway.documents.ids import digest, names_in, normalised, shape
from gateway.documents.manifest_files import ManifestFiles
from gateway.documents.manifests import ManifestError, TrustedDocument
from gateway.settings.load import SettingsError
from resolvers.payex.credentials.reloading import ReloadingFiles

_NAMED: Final = 10
# Another layout makes a text longer, but not by much more than this.
_LAYOUT: Final = 4
_COMPARED: Final = 1000


class _Listed:
    """The documents of one state of the manifests, and how they are found.

    Args:
        documents: all of them.
        unfit: the names of those that came with this state and do not fit the schema.
    """

    def __init__(self, documents: list[TrustedDocument], unfit: list[str]) -> None:
        self.documents = frozenset(documents)
        self.unfit = unfit
        # An id that looks like a digest was proved to be that of its text: the two never clash.
        self.by_id = {digest(document.text): document for document in reversed(documents)}
        self.by_id |= {document.id: document for document in documents}
        self._by_shape = {document.shape: document for document in reversed(documents)}
        self._names = {names_in(document.text) for document in documents}
        self._longest = _LAYOUT * max(len(document.text) for document in documents)
        # What it costs to compare names is to find them, and to compare shapes is parsing.
        self._compared: LRUCache[str, TrustedDocument | None] = LRUCache(_COMPARED)

    def find(self, text: str) -> TrustedDocument | None:
        """Return the document that the text is."""
        key = digest(text)
        if key in self.by_id:
            return self.by_id[key]
        if len(text) > self._longest:
            return None
        if key not in self._compared:
            self._compared[key] = self._compare(text)
        return self._compared[key]

    def _compare(self, text: str) -> TrustedDocument | None:
        if names_in(text) not in self._names:
            return None
        try:
            return self._by_shape.get(shape(parse(text, no_location=True)))
        except GraphQLError:
            return None


class TrustedDocuments(ReloadingFiles[_Listed, ManifestFiles]):
    """What the manifests list.

    A document that does not fit the schema is listed all the same, and told of in the log. A
    manifest is published with the clients, before or after the gateway that serves it, and one
    stale document must not take the others out of service; who asks for it is told what does not
    fit, which no other answer would tell.

    Args:
        path: a manifest, or a folder of them.
        schema: what the documents should fit; None does not look.
        poll: seconds between two looks at the manifests.

    Raises:
        SettingsError: the manifests cannot be used.
    """

    _broken_line = "the trusted documents are broken, the former stay in use"
    _mended_line = "the trusted documents are in order again"

    def __init__(
        self, path: Path, *, schema: GraphQLSchema | None = None, poll: float = 5.0
    ) -> None:
        self._schema = schema
        try:
            super().__init__(partial(ManifestFiles, path), poll=poll)
        except ManifestError as error:
            raise SettingsError(f"GATEWAY_TRUSTED_DOCUMENTS: {error}") from None
        self._log.info("%d trusted documents", len(self))
        self._warn()

    def get(self, document_id: str) -> TrustedDocument | None:
        """Return the document of an id in any spelling, or of the SHA-256 of its text."""
        return self.value.by_id.get(normalised(document_id))

    def holds(self, text: str) -> TrustedDocument | None:
        """Return the document that a text is, be it in another layout (see `shape`)."""
        return self.value.find(text)

    def __len__(self) -> int:
        return len(self.value.documents)

    def __repr__(self) -> str:
        return f"TrustedDocuments({len(self)})"

    def _load(self, files: ManifestFiles, former: _Listed | None) -> _Listed:
        documents = files.read()
        known = former.documents if former else frozenset()
        if former and known == frozenset(documents):
            return former
        return _Listed(documents, self._unfit(frozenset(documents) - known))

    def _took_up(self, former: _Listed) -> None:
        self._log.info(
            "took up changed trusted documents: %d, of which %d are new; %d are gone",
            len(self),
            len(self.value.documents - former.documents),
            len(former.documents - self.value.documents),
        )
        self._warn()

    def _unfit(self, documents: Iterable[TrustedDocument]) -> list[str]:
        """Return the names of those that do not fit the schema."""
        schema = self._schema
        if schema is None:
            return []
        return sorted(
            document.name or document.id
            for document in documents
            if validate(schema, parse(document.text, no_location=True), max_errors=1)
        )

    def _warn(self) -> None:
        names = self.value.unfit
        if names:
            self._log.warning(
                "%d trusted documents do not fit the schema: %s",
                len(names),
                ", ".join([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])]),
            )
