"""Automatic persisted queries: texts that clients send once, and then name by their digest."""

import asyncio
import sys
from typing import Final

from cachetools import LRUCache

from gateway.documents.ids import digest
from resolvers.payex.cache.shared import SharedCache, Stored

_LARGEST_SHARE: Final = 8
# Of a text's place: its key, and what the cache itself keeps. In CPython 3.11 it is up to 280.
_BYTES_PER_ENTRY: Final = 320
# Nothing grows stale: a text is what its digest says. But what no client sends any more is not to
# stay, and what a day has passed over costs its next client one more request.
_SHARED_SECONDS: Final = 24 * 60 * 60.0


class PersistedQueries:
    """Texts by their SHA-256, in this process and in the shared cache, if there is one.

    It computes each digest itself, so a text always belongs to its digest.

    Args:
        max_entries: the most texts that this process keeps.
        max_bytes: the most bytes of memory they take. No text may take more than an eighth of it.
        shared: keeps texts for all instances. Its maker closes it, after this.
    """

    def __init__(
        self,
        *,
        max_entries: int = 1000,
        max_bytes: int = 8 * 1024 * 1024,
        shared: SharedCache | None = None,
    ) -> None:
        self._max_entries = max_entries
        self._largest = max_bytes // _LARGEST_SHARE
        self._shared = shared
        self._kept: LRUCache[str, str] = LRUCache(max_bytes, _weight)
        self._storing: set[asyncio.Task[None]] = set()

    def get(self, key: str) -> str | None:
        """Return the text of a digest, if this process keeps it."""
        return self._kept.get(key)

    async def recall(self, key: str) -> str | None:
        """Return the text of a digest from the shared cache.

        It is not kept here yet: another version of the gateway may have found it valid.
        """
        stored = await self._shared.get(_shared_key(key)) if self._shared is not None else None
        if stored is None or len(stored.bodies) != 1:
            return None
        try:
            text = stored.bodies[0].decode()
        except UnicodeDecodeError:
            return None
        return text if digest(text) == key else None

    def keep(self, text: str) -> None:
        """Keep a valid text, and store it for the other instances."""
        if _weight(text) > self._largest:
            return
        key = digest(text)
        self._kept.pop(key, None)
        while len(self._kept) >= self._max_entries:
            self._kept.popitem()
        self._kept[key] = text
        if self._shared is not None:
            stored = Stored(200, (text.encode(),))
            # Nobody waits for it to be stored as well.
            task = asyncio.create_task(self._shared.put(_shared_key(key), stored, _SHARED_SECONDS))
            self._storing.add(task)
            task.add_done_callback(self._storing.discard)

    async def aclose(self) -> None:
        """Finish storing."""
        await asyncio.gather(*self._storing, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """The bytes of memory that the texts take."""
        return int(self._kept.currsize)


def _weight(text: str) -> int:
    return _BYTES_PER_ENTRY + sys.getsizeof(text)


def _shared_key(key: str) -> str:
    # The keys of answers are tuples, as text: none of them is like this.
    return f"document {key}"
