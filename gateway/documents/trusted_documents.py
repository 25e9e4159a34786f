"""The trusted documents: those that the manifests list, taken up anew when the manifests change."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final

from cachetools import LRUCache
from graphql import GraphQLError, GraphQLSchema, parse, validate

from gateway.documents.ids import digest, names_in, normalised, shape
from gateway.documents.manifest_files import ManifestFiles
from gateway.documents.manifests import ManifestError, TrustedDocument
from gateway.settings.load import SettingsError

logger = logging.getLogger(__name__)

_NAMED: Final = 10
# Another layout makes a text longer, but not by much more than this.
_LAYOUT: Final = 4
_COMPARED: Final = 1000


class TrustedDocuments:
    """What the manifests list.

    At the start they have to be usable. A later state that is not is refused as a whole and logged
    once; the former stays in use until the manifests are in order again.

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

    def __init__(
        self, path: Path, *, schema: GraphQLSchema | None = None, poll: float = 5.0
    ) -> None:
        self._path = path
        self._schema = schema
        self._poll = poll
        self._broken = ""
        # Whoever asks for a look must not meet the one that `watch` has under way in its thread.
        self._looking = threading.Lock()
        self._files = ManifestFiles(path)
        try:
            self._listed = _Listed(self._files.read())
        except ManifestError as error:
            raise SettingsError(f"GATEWAY_TRUSTED_DOCUMENTS: {error}") from None
        logger.info("%d trusted documents", len(self))
        self._object(self._listed.documents)

    def get(self, document_id: str) -> TrustedDocument | None:
        """Return the document of an id in any spelling, or of the SHA-256 of its text."""
        return self._listed.by_id.get(normalised(document_id))

    def holds(self, text: str) -> TrustedDocument | None:
        """Return the document that a text is, be it in another layout (see `shape`)."""
        return self._listed.find(text)

    def refresh(self) -> bool:
        """Look at the manifests now, and return whether anything changed.

        It reads files, so call it in a thread. What is wrong with them is logged, and not raised.
        """
        with self._looking:
            return not self._files.unchanged() and self._take_up()

    async def watch(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Look at the manifests again and again, until cancelled.

        Args:
            sleep: waits for so many seconds.
        """
        while True:
            await sleep(self._poll)
            try:
                await asyncio.to_thread(self.refresh)
            except Exception as error:  # noqa: BLE001 - unwatched, new clients would be refused
                name = type(error).__name__
                logger.error("looking at the trusted documents failed: %s", name)  # noqa: TRY400 -
                # a traceback may quote what the files hold.

    def __len__(self) -> int:
        return len(self._listed.documents)

    def __repr__(self) -> str:
        return f"TrustedDocuments({len(self)})"

    def _take_up(self) -> bool:
        former, files = self._listed, ManifestFiles(self._path)
        try:
            listed, broken = _Listed(files.read()), ""
        except ManifestError as error:
            listed, broken = former, str(error)
        # What changed while it was read may be half of a change; the next look sees all of it.
        if not files.unchanged():
            return False
        self._files, self._listed = files, listed
        if broken and broken != self._broken:
            logger.error("the trusted documents are broken, the former stay in use: %s", broken)
        if self._broken and not broken:
            logger.info("the trusted documents are in order again")
        self._broken = broken
        added, gone = listed.documents - former.documents, former.documents - listed.documents
        if added or gone:
            logger.info(
                "took up changed trusted documents: %d, of which %d are new; %d are gone",
                len(listed.documents),
                len(added),
                len(gone),
            )
            self._object(added)
        return bool(added or gone)

    def _object(self, documents: Iterable[TrustedDocument]) -> None:
        schema = self._schema
        if schema is None:
            return
        names = sorted(
            document.name or document.id
            for document in documents
            if validate(schema, parse(document.text, no_location=True), max_errors=1)
        )
        if names:
            logger.warning(
                "%d trusted documents do not fit the schema: %s",
                len(names),
                ", ".join([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])]),
            )


class _Listed:
    """The documents of one state of the manifests, and how they are found."""

    def __init__(self, documents: list[TrustedDocument]) -> None:
        self.documents = frozenset(documents)
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
