"""The document source: turns what a request names into the text of a document."""

import enum
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from graphql import GraphQLError, GraphQLSchema

from gateway.documents.ids import digest, is_digest, normalised
from gateway.documents.manifests import TrustedDocument
from gateway.documents.persisted_queries import PersistedQueries
from gateway.documents.trusted_documents import TrustedDocuments
from gateway.documents.unlisted_documents import UnlistedDocuments
from gateway.http.refusals import Refusal
from gateway.settings.documents import DocumentSettings, TrustedDocumentsMode
from resolvers.payex.cache.shared import SharedCache
from resolvers.payex.credentials.reloading import watching

_PROTOCOL: Final = 1


class DocumentCode(enum.StrEnum):
    """The stable `extensions.code` of a document that is refused for how it is named."""

    PERSISTED_QUERY_HASH_MISMATCH = "PERSISTED_QUERY_HASH_MISMATCH"
    PERSISTED_QUERY_ID_REQUIRED = "PERSISTED_QUERY_ID_REQUIRED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_IN_LIST = "PERSISTED_QUERY_NOT_IN_LIST"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    QUERY_NOT_IN_SAFELIST = "QUERY_NOT_IN_SAFELIST"


STEPS: Final = frozenset(
    {DocumentCode.PERSISTED_QUERY_NOT_FOUND, DocumentCode.PERSISTED_QUERY_NOT_SUPPORTED}
)
"""Codes that have the HTTP status 200 with either media type: they are steps of a protocol, upon
which a client sends the text, and nothing that anybody has to look into."""


@dataclass(frozen=True, slots=True)
class Requested:
    """The document that a request asks for.

    Attributes:
        text: the GraphQL.
        trusted: its entry in the manifests, if any.
        new: whether to keep it for clients that send its digest, once it is found valid.
    """

    text: str = field(repr=False)
    trusted: TrustedDocument | None = None
    new: bool = False

    @property
    def name(self) -> str:
        """The name for metrics, of a trusted document only: clients could make up others."""
        return self.trusted.name or "anonymous" if self.trusted else "anonymous"


class DocumentSource:
    """Finds documents in the request, in the manifests, or among texts sent before.

    Args:
        trusted: the listed documents, if any.
        mode: what happens to other documents.
        persisted: keeps texts, if clients may replace them by their digests.
        ill_formed: the status of a request that names its document wrongly.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        *,
        trusted: TrustedDocuments | None = None,
        mode: TrustedDocumentsMode = "log",
        persisted: PersistedQueries | None = None,
        ill_formed: HTTPStatus = HTTPStatus.BAD_REQUEST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._trusted = trusted
        self._mode = mode if trusted is not None else "log"
        self._persisted = persisted if self._mode == "log" else None
        self._ill_formed = ill_formed
        self._unlisted = UnlistedDocuments(clock)

    async def text(self, parameters: Mapping[str, Any]) -> Requested:
        """Return the document that a request asks for.

        Args:
            parameters: the request's; `query` and `documentId` are text and `extensions` is an
                object, if present.

        Raises:
            GraphQLError: the document is unknown or not allowed; `extensions.code` is a
                `DocumentCode`.
            Refusal: the request names none, two, or one in an unknown way.
        """
        # GET forms leave members empty where there are none.
        text = parameters.get("query") or None
        document_id = parameters.get("documentId") or None
        key = self._persisted_key(parameters.get("extensions"))
        if document_id is not None:
            if text is not None or key is not None:
                raise self._refusal("The request has a documentId and another document: send one.")
            return _of(self._listed(document_id))
        if text is not None:
            return self._sent(text, key)
        if key is not None:
            return await self._persisted_as(key)
        raise self._refusal("The request has no query.")

    def learned(self, requested: Requested) -> None:
        """Keep a valid document, and report it if it is not listed."""
        if requested.new and self._persisted is not None:
            self._persisted.keep(requested.text)
        if requested.trusted is None and self._trusted is not None:
            self._unlisted.log(requested.text)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Watch the manifests while the context lasts, and finish storing at its end."""
        try:
            async with watching(self._trusted):
                yield
        finally:
            if self._persisted is not None:
                await self._persisted.aclose()

    def _persisted_key(self, extensions: Mapping[str, Any] | None) -> str | None:
        """Return the digest in `extensions.persistedQuery`, in the form of `normalised`."""
        given = (extensions or {}).get("persistedQuery")
        if given is None:
            return None
        if not isinstance(given, dict):
            raise self._refusal("extensions.persistedQuery must be a JSON object.")
        version, key = given.get("version"), given.get("sha256Hash")
        if isinstance(version, bool) or version != _PROTOCOL:
            raise self._refusal("extensions.persistedQuery.version must be 1.")
        if not isinstance(key, str) or not key:
            raise self._refusal("extensions.persistedQuery.sha256Hash must be text.")
        return normalised(key)

    def _listed(self, document_id: str) -> TrustedDocument:
        if self._trusted is None:
            raise _refused(
                DocumentCode.PERSISTED_QUERY_NOT_IN_LIST,
                "No documentId is known: the gateway has no manifest (GATEWAY_TRUSTED_DOCUMENTS).",
            )
        document = self._trusted.get(document_id)
        if document is None:
            raise _refused(
                DocumentCode.PERSISTED_QUERY_NOT_IN_LIST,
                "No trusted document has this id (GATEWAY_TRUSTED_DOCUMENTS).",
            )
        return document

    def _sent(self, text: str, key: str | None) -> Requested:
        if key is not None and digest(text) != self._digest(key):
            raise _refused(
                DocumentCode.PERSISTED_QUERY_HASH_MISMATCH,
                "extensions.persistedQuery.sha256Hash is not the SHA-256 of the query.",
            )
        if self._mode == "ids":
            raise _refused(
                DocumentCode.PERSISTED_QUERY_ID_REQUIRED,
                "Send the id of a trusted document, not its text "
                "(GATEWAY_TRUSTED_DOCUMENTS_MODE=ids).",
            )
        trusted = self._trusted.holds(text) if self._trusted is not None else None
        if self._mode == "allow" and trusted is None:
            raise _refused(
                DocumentCode.QUERY_NOT_IN_SAFELIST,
                "The query is no trusted document (GATEWAY_TRUSTED_DOCUMENTS_MODE=allow).",
            )
        return Requested(text, trusted, new=key is not None)

    async def _persisted_as(self, key: str) -> Requested:
        if self._trusted is not None and (self._mode != "log" or self._trusted.get(key)):
            return _of(self._listed(key))
        key = self._digest(key)
        if self._persisted is None:
            raise _refused(DocumentCode.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
        kept = self._persisted.get(key)
        text = kept or await self._persisted.recall(key)
        if text is None:
            # Clients compare this message letter by letter.
            raise _refused(DocumentCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        trusted = self._trusted.holds(text) if self._trusted is not None else None
        return Requested(text, trusted, new=kept is None)

    def _digest(self, key: str) -> str:
        if not is_digest(key):
            raise self._refusal(
                "extensions.persistedQuery.sha256Hash must be 64 hexadecimal digits."
            )
        return key

    def _refusal(self, message: str) -> Refusal:
        return Refusal(self._ill_formed, message)


def document_source(
    settings: DocumentSettings,
    *,
    schema: GraphQLSchema,
    shared: SharedCache | None,
    ill_formed: HTTPStatus = HTTPStatus.BAD_REQUEST,
) -> DocumentSource:
    """Return the document source that the settings describe.

    Args:
        settings: the settings.
        schema: checks the trusted documents.
        shared: the cache of all instances. Its maker closes it, after this.
        ill_formed: the status of a request that names its document wrongly.

    Raises:
        SettingsError: a manifest cannot be used.
    """
    trusted = persisted = None
    if settings.trusted_documents:
        trusted = TrustedDocuments(Path(settings.trusted_documents), schema=schema)
    if settings.persisted_queries:
        persisted = PersistedQueries(shared=shared)
    return DocumentSource(
        trusted=trusted,
        mode=settings.trusted_documents_mode,
        persisted=persisted,
        ill_formed=ill_formed,
    )


def _of(document: TrustedDocument) -> Requested:
    return Requested(document.text, document)


def _refused(code: DocumentCode, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code.value})
